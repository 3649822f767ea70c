"""What the page of one question shows beside its answer: the standing, choice by choice, with what was seen. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments.checks.registry import CHECKS
from assessments.evidence_age import AnswerStanding, ChoiceStanding
from assessments.lens import Choice, Question
from assessments.models import Answer, Assessment
from assessments.operations.standings import standings_of


@dataclass(frozen=True)
class ChoiceLine:
    """A chosen choice that checks can prove; `missing` are the titles of those that never came to a result."""

    choice: Choice
    standing: ChoiceStanding
    missing: tuple[str, ...]


@dataclass(frozen=True)
class StandingBoard:
    """The standing of one answer for its page. `unbound` counts the chosen choices that no check can prove."""

    standing: AnswerStanding
    lines: tuple[ChoiceLine, ...]
    unbound: int
    now: datetime


def standing_context(assessment: Assessment, question: Question, answer: Answer | None) -> dict[str, Any]:
    """What `standing.html` shows, nothing while nothing is chosen; and the drills and executions named as evidence, by id."""
    if answer is None:
        return {"board": None, "named": {}}
    standings = standings_of(assessment, [answer])
    found = standings.answers.get(question.id)
    if found is None:
        return {"board": None, "named": standings.named}
    lines = [_line(choice, found.choices[choice.id]) for choice in question.choices if choice.id in found.choices]
    bound = tuple(line for line in lines if line.standing.is_bound)
    return {"board": StandingBoard(found, bound, len(lines) - len(bound), standings.now), "named": standings.named}


def _line(choice: Choice, standing: ChoiceStanding) -> ChoiceLine:
    return ChoiceLine(choice, standing, tuple(CHECKS[name].title for name in standing.missing))
