"""What is wrong with a lens, and where.

Here: one Problem, the grades that things wrong have, and the collector. Not here: the rules (checks*.py, source.py).
"""

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
MAXIMUM_PROBLEMS = 500
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SHOWN = 60


class Grade(Enum):
    """How bad a thing is, for us who read it and for AWS who may be given it."""

    UNUSABLE = "nobody can tell what is meant: refused here and by AWS"
    REFUSED = "read here as well as can be; AWS's import refuses it"
    ODD = "AWS takes it too, but it is probably not meant"
    LONG = "within the file format's limits, beyond those of AWS's API"


_WHEN_READ: dict[Grade, Severity] = {Grade.UNUSABLE: "error", Grade.REFUSED: "warning", Grade.ODD: "warning"}
_WHEN_EXPORTED: dict[Grade, Severity] = {Grade.UNUSABLE: "error", Grade.REFUSED: "error", Grade.LONG: "warning"}


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `path` reads like pillars[0].questions[3].choices[1].id, empty for the whole text."""

    path: str
    message: str
    severity: Severity = "error"
    code: str = ""


@dataclass(frozen=True)
class _Note:
    grade: Grade
    code: str
    path: Path
    message: str


@dataclass
class Notes:
    """Collects what is wrong; of each grade it keeps MAXIMUM_PROBLEMS and counts the rest."""

    _noted: list[_Note] = field(default_factory=list)
    _counts: dict[Grade, int] = field(default_factory=dict)

    def note(self, grade: Grade, code: str, path: Path, message: str) -> None:
        """Note one thing; `code` names its kind in words with hyphens."""
        self._counts[grade] = self._counts.get(grade, 0) + 1
        if self._counts[grade] <= MAXIMUM_PROBLEMS:
            self._noted.append(_Note(grade, code, path, message))

    @property
    def has_error(self) -> bool:
        """Whether something makes the text unusable."""
        return Grade.UNUSABLE in self._counts

    def when_read(self) -> tuple[Problem, ...]:
        """What a reader must know: errors for what cannot be used, warnings for the rest."""
        return self._problems(_WHEN_READ)

    def when_exported(self) -> tuple[Problem, ...]:
        """What AWS makes of it: errors for what its import refuses, warnings for what its API may cut or refuse."""
        return self._problems(_WHEN_EXPORTED)

    def _problems(self, severities: dict[Grade, Severity]) -> tuple[Problem, ...]:
        problems = [
            Problem(spell(note.path), note.message, severities[note.grade], note.code)
            for note in self._noted
            if note.grade in severities
        ]
        for grade, severity in severities.items():
            left_out = self._counts.get(grade, 0) - MAXIMUM_PROBLEMS
            if left_out > 0:
                rest = f"{left_out} more problems like these are not listed. Mend the first ones and look again."
                problems.append(Problem("", rest, severity, "more-problems"))
        return tuple(sorted(problems, key=lambda problem: problem.severity))


def spell(path: Path) -> str:
    """Write a path as people read it: pillars[0].questions[3]; keys that are no plain word stand in brackets."""
    words: list[str] = []
    for part in path:
        if isinstance(part, int):
            words.append(f"[{part}]")
        elif _PLAIN_KEY.fullmatch(part):
            words.append(f".{part}" if words else part)
        else:
            words.append(f"[{json.dumps(shorten(part))}]")
    return "".join(words)


def shorten(text: str) -> str:
    """The text, or its beginning where it is too long to be shown in a sentence."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
