"""What is wrong with a document, and where.

Here: one Problem and the collector that adds the line to it. Not here: the rules (checks*.py, parameters.py).
"""

from dataclasses import dataclass, field
from typing import Literal

from runbooks.automation.marks import Mark

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
MAXIMUM_PROBLEMS = 500


@dataclass(frozen=True)
class Problem:
    """One thing to mend; `path` reads like mainSteps[2].inputs.Choices[0], line and column count from 1."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    severity: Severity = "error"


@dataclass
class Problems:
    """Collects problems and puts each on its place in the text; beyond MAXIMUM_PROBLEMS it only counts."""

    root: Mark | None = None
    found: list[Problem] = field(default_factory=list)
    left_out: int = 0
    has_error: bool = False

    def error(self, path: Path, message: str, below: str = "") -> None:
        """Note an error at `path`, or at the place that the text `below` names underneath it."""
        self._note(path, message, below, "error")

    def warn(self, path: Path, message: str, below: str = "") -> None:
        """Note something that works but is probably not meant."""
        self._note(path, message, below, "warning")

    def note_at(self, mark: Mark | None, path: str, message: str, severity: Severity = "error") -> None:
        """Note a problem whose place is known already."""
        self.has_error = self.has_error or severity == "error"
        if len(self.found) >= MAXIMUM_PROBLEMS:
            self.left_out += 1
            return
        line, column = (mark.line, mark.column) if mark else (None, None)
        self.found.append(Problem(path, message, line, column, severity))

    def _note(self, path: Path, message: str, below: str, severity: Severity) -> None:
        written = spell(path)
        if below:
            written = f"{written}{'' if below.startswith('[') or not written else '.'}{below}"
        self.note_at(self.root.find(path, below) if self.root else None, written, message, severity)

    def all(self) -> tuple[Problem, ...]:
        """Every problem in the order of the text, and a last one that counts those left out."""
        ordered = sorted(self.found, key=lambda problem: (problem.line or 0, problem.column or 0))
        if self.left_out:
            severity: Severity = "error" if self.has_error else "warning"
            rest = f"{self.left_out} more problems are not listed. Mend these first and look again."
            ordered.append(Problem("", rest, None, None, severity))
        return tuple(ordered)


def spell(path: Path) -> str:
    """Write a path as people read it: mainSteps[2].inputs.Choices[0]."""
    words: list[str] = []
    for part in path:
        words.append(f"[{part}]" if isinstance(part, int) else f".{part}" if words else part)
    return "".join(words)
