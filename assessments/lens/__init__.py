"""The door to lenses: text in, content and all its problems out, and the text back.

Here: `read` for text that somebody wrote, `load` for content that was kept, and the names that others use. Not here:
risk (assessments.risk), remarks about rules (assessments.linter).
"""

from dataclasses import dataclass
from typing import Any

from assessments.lens.checks import check
from assessments.lens.content import (
    SCHEMA_VERSION,
    Choice,
    HelpfulResource,
    ImprovementPlan,
    Lens,
    Pillar,
    Question,
    RiskRule,
    RuleRisk,
    build,
)
from assessments.lens.difference import (
    Change,
    ChoiceDifference,
    DifferenceStatus,
    LensDifference,
    PillarDifference,
    QuestionDifference,
    difference,
)
from assessments.lens.export import export, export_problems
from assessments.lens.problems import Notes, Problem
from assessments.lens.source import MAXIMUM_BYTES, read_json

__all__ = [
    "MAXIMUM_BYTES",
    "SCHEMA_VERSION",
    "Change",
    "Choice",
    "ChoiceDifference",
    "DifferenceStatus",
    "HelpfulResource",
    "ImprovementPlan",
    "Lens",
    "LensDifference",
    "LensRefused",
    "Pillar",
    "PillarDifference",
    "Problem",
    "Question",
    "QuestionDifference",
    "Reading",
    "RiskRule",
    "RuleRisk",
    "difference",
    "export",
    "export_problems",
    "load",
    "read",
]


@dataclass(frozen=True)
class Reading:
    """What a text holds.

    `lens` is None if and only if a problem is an error; `raw` is None if the text holds no JSON object.
    """

    lens: Lens | None
    problems: tuple[Problem, ...]
    raw: dict[str, Any] | None


class LensRefused(ValueError):
    """Content that is no usable lens; `problems` says why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in errors))
        self.problems = problems


def read(text: bytes | str) -> Reading:
    """Read a lens as somebody wrote it; every problem is reported with its path. Never raises.

    More than MAXIMUM_BYTES are refused at once, without parsing.
    """
    source = read_json(text, "lens")
    if source.notes.has_error:
        return Reading(None, source.notes.when_read(), None)
    check(source.content, source.notes)
    raw = source.content if isinstance(source.content, dict) else None
    lens = None if raw is None or source.notes.has_error else build(raw)
    return Reading(lens, source.notes.when_read(), raw)


def load(raw: dict[str, Any]) -> Lens:
    """The lens in content that was read before; LensRefused where it is none."""
    notes = Notes()
    check(raw, notes)
    if notes.has_error:
        raise LensRefused(notes.when_read())
    return build(raw)
