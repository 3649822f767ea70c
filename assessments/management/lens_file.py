"""Files that commands are given: read no further than the bound, and told of in one form.

Here: a lens or answers from disk, and problems and findings as JSON objects. Not here: what makes them usable.
"""

from pathlib import Path
from typing import Any

from assessments.lens import MAXIMUM_BYTES, Problem, Reading, read
from assessments.linter import Finding


def text_of(path: Path) -> bytes:
    """The bytes of a file, at most one more than may be read; OSError as the system says it."""
    with path.open("rb") as file:
        return file.read(MAXIMUM_BYTES + 1)


def read_lens(path: Path) -> Reading:
    """The lens in a file; a file that cannot be read is a problem of the reading."""
    try:
        return read(text_of(path))
    except OSError as error:
        return Reading(
            None, (Problem("", f"The file cannot be read: {error.strerror}. Check its name and rights."),), None
        )


def told_problem(problem: Problem) -> dict[str, Any]:
    """A problem as a JSON object."""
    return {
        "severity": problem.severity,
        "code": problem.code,
        "path": problem.path,
        "message": problem.message,
    }


def told_finding(finding: Finding) -> dict[str, Any]:
    """A finding as a JSON object; `choices` is null where no set of choices is needed to see it."""
    return {
        "severity": finding.severity,
        "code": finding.code,
        "path": finding.path,
        "question": finding.question_id,
        "message": finding.message,
        "rules": list(finding.rules),
        "choices": None if finding.choices is None else list(finding.choices),
    }


def line(severity: str, path: str, message: str) -> str:
    """A problem or finding as a line for people."""
    return f"  {severity:<8} {path + ': ' if path else ''}{message}"
