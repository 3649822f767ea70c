"""How an assessment moved: the counts of its milestones in a row, and what differs between any two of them, question by question.

Pure: it reads what milestones froze (`assessments.operations.milestones.frozen`) and the same of the present. Not here: rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from assessments.risk import Risk

Frozen = Mapping[str, Any]
_ORDER = (Risk.HIGH, Risk.MEDIUM, Risk.UNANSWERED, Risk.NONE, Risk.NOT_APPLICABLE)
_WORDS = {"SELECTED": "chosen", "NOT_APPLICABLE": "not applicable", "UNSELECTED": "not chosen"}


class Change(StrEnum):
    """What became of a question; the first three are the Well-Architected Tool's words."""

    NEW = "NEW"
    DELETED = "DELETED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


class Direction(StrEnum):
    """Whether the risk went down, up, or neither. Answering for the first time is neither."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


@dataclass(frozen=True)
class Difference:
    """One field of an answer that two states tell differently, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class QuestionChange:
    """One question in two states. A risk is None where the state does not have the question."""

    question_id: str
    title: str
    pillar: str
    change: Change
    before: Risk | None
    after: Risk | None
    differences: tuple[Difference, ...] = ()

    @property
    def direction(self) -> Direction:
        known = (Risk.NONE, Risk.MEDIUM, Risk.HIGH)
        if self.before not in known or self.after not in known:
            return Direction.SAME
        step = known.index(self.after) - known.index(self.before)
        return Direction.BETTER if step < 0 else Direction.WORSE if step > 0 else Direction.SAME


@dataclass(frozen=True)
class Comparison:
    """Two states of one assessment. `questions` are all, those of the later state first in its order, then the deleted ones."""

    before: Mapping[Risk, int]
    after: Mapping[Risk, int]
    questions: tuple[QuestionChange, ...]

    @property
    def changed(self) -> tuple[QuestionChange, ...]:
        return tuple(each for each in self.questions if each.change is not Change.UNCHANGED)

    @property
    def better(self) -> int:
        return sum(each.direction is Direction.BETTER for each in self.questions)

    @property
    def worse(self) -> int:
        return sum(each.direction is Direction.WORSE for each in self.questions)


@dataclass(frozen=True)
class Moment:
    """The counts at one moment: of a milestone, or of the present where `number` is None."""

    number: int | None
    name: str
    at: datetime
    counts: Mapping[Risk, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Band:
    """One risk of one moment in a stacked column, in percent of the column's height from its top."""

    risk: Risk
    count: int
    top: float
    height: float


@dataclass(frozen=True)
class Column:
    """One moment of the trend with its bands, the worst risk lowest, and its place among `of` columns."""

    moment: Moment
    bands: tuple[Band, ...]


def counts_of(told: Mapping[str, Any]) -> dict[Risk, int]:
    """The counts as they were frozen; every risk is a key."""
    return {risk: int(told.get(risk.value, 0)) for risk in Risk}


def columns_of(moments: Iterable[Moment]) -> tuple[Column, ...]:
    """The trend as stacked columns, the oldest first. A moment without questions has no bands."""
    return tuple(Column(moment, _bands(moment)) for moment in sorted(moments, key=lambda each: each.at))


def _bands(moment: Moment) -> tuple[Band, ...]:
    bands: list[Band] = []
    bottom = 100.0
    for risk in _ORDER:
        count = moment.counts.get(risk, 0)
        if count:
            height = 100.0 * count / moment.total
            bottom -= height
            bands.append(Band(risk, count, bottom, height))
    return tuple(bands)


def compare(before: Frozen, after: Frozen) -> Comparison:
    """What differs between two frozen states, question by question."""
    old, new = _questions(before), _questions(after)
    changes = [_change(old.get(question_id), told, pillar) for question_id, (pillar, told) in new.items()]
    changes += [
        QuestionChange(question_id, told["title"], pillar, Change.DELETED, Risk(told["risk"]), None)
        for question_id, (pillar, told) in old.items()
        if question_id not in new
    ]
    return Comparison(counts_of(before["counts"]), counts_of(after["counts"]), tuple(changes))


def _questions(state: Frozen) -> dict[str, tuple[str, Mapping[str, Any]]]:
    return {told["id"]: (pillar["name"], told) for pillar in state["pillars"] for told in pillar["questions"]}


def _change(old: tuple[str, Mapping[str, Any]] | None, new: Mapping[str, Any], pillar: str) -> QuestionChange:
    risk = Risk(new["risk"])
    if old is None:
        return QuestionChange(new["id"], new["title"], pillar, Change.NEW, None, risk)
    was = Risk(old[1]["risk"])
    found = tuple(_differences(old[1], new))
    change = Change.UPDATED if found or was is not risk else Change.UNCHANGED
    return QuestionChange(new["id"], new["title"], pillar, change, was, risk, found)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[Difference]:
    told = (
        ("Title", _title),
        ("Applies", _applies),
        ("Notes", _notes),
        ("Assignee", _assignee),
        ("Evidence", _evidence),
    )
    for label, said in told:
        if said(old) != said(new):
            yield Difference(label, said(old), said(new))
    before, after = _choices(old), _choices(new)
    for choice_id in [*after, *(each for each in before if each not in after)]:
        was, now = before.get(choice_id, ("", "not chosen")), after.get(choice_id, ("", "not chosen"))
        if was[1] != now[1]:
            yield Difference(now[0] or was[0] or choice_id, was[1], now[1])


def _choices(told: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each choice's title and what was said of it, by its id."""
    return {choice["id"]: (choice["title"], _said(choice)) for choice in told.get("choices", ())}


def _said(choice: Mapping[str, str]) -> str:
    parts = [_WORDS.get(choice["status"], choice["status"]), _reason(choice), choice.get("notes", "")]
    return ": ".join(part for part in parts if part)


def _title(told: Mapping[str, Any]) -> str:
    return str(told["title"])


def _applies(told: Mapping[str, Any]) -> str:
    return "yes" if told.get("is_applicable", True) else f"no: {_reason(told)}"


def _reason(told: Mapping[str, Any]) -> str:
    """The Tool's code of a reason as people read it: `OUT_OF_SCOPE` -> `out of scope`."""
    return str(told.get("reason", "")).replace("_", " ").lower()


def _notes(told: Mapping[str, Any]) -> str:
    return str(told.get("notes", ""))


def _assignee(told: Mapping[str, Any]) -> str:
    return str(told.get("assignee") or "nobody")


def _evidence(told: Mapping[str, Any]) -> str:
    pieces: Sequence[Mapping[str, Any]] = told.get("evidence", ())
    return ", ".join(sorted(f"{each['kind']} {each['value']}" for each in pieces)) or "none"
