"""What changed between two versions of a lens.

Here: pillars, questions and choices that are NEW, UPDATED or DELETED (Well-Architected's DifferenceStatus), and what of
them changed. Not here: whether an answer keeps its risk (assessments.risk judges it by the other version).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assessments.lens.content import Choice, Lens, Pillar, Question, value_of

_CHILDREN = frozenset({"id", "pillars", "questions", "choices"})


class DifferenceStatus(StrEnum):
    """What became of a thing."""

    NEW = "NEW"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


@dataclass(frozen=True)
class Change:
    """One field of a thing: its JSON values, None where it was or is missing. `order of ...` holds lists of ids."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class ChoiceDifference:
    """A choice that is not what it was; changes is empty unless UPDATED."""

    id: str
    title: str
    status: DifferenceStatus
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class QuestionDifference:
    """A question that is not what it was; a question that moved has a change of the field `pillar`."""

    id: str
    title: str
    status: DifferenceStatus
    changes: tuple[Change, ...] = ()
    choices: tuple[ChoiceDifference, ...] = ()


@dataclass(frozen=True)
class PillarDifference:
    """A pillar that is not what it was, in itself or in its questions."""

    id: str
    name: str
    status: DifferenceStatus
    changes: tuple[Change, ...] = ()
    questions: tuple[QuestionDifference, ...] = ()


@dataclass(frozen=True)
class LensDifference:
    """All that changed; `changes` are those of the lens's own fields."""

    changes: tuple[Change, ...]
    pillars: tuple[PillarDifference, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not self.changes and not self.pillars


def difference(old: Lens, new: Lens) -> LensDifference:
    """What changed from `old` to `new`: the pillars of `new` in its order, then those that are gone."""
    places = _Places(old, new)
    found: list[PillarDifference] = []
    old_pillars = {pillar.id: pillar for pillar in old.pillars}
    for pillar in new.pillars:
        before = old_pillars.pop(pillar.id, None)
        changes = _changes(places.old[before.id], places.new[pillar.id]) if before else ()
        if before:
            changes += _order("questions", _ids(before.questions), _ids(pillar.questions))
        questions = places.questions_of(pillar, before)
        if before is None or changes or questions:
            status = DifferenceStatus.UPDATED if before else DifferenceStatus.NEW
            found.append(PillarDifference(pillar.id, pillar.name, status, changes, questions))
    for pillar in old_pillars.values():
        questions = places.gone(pillar)
        found.append(PillarDifference(pillar.id, pillar.name, DifferenceStatus.DELETED, (), questions))
    changes = _changes(old.raw, new.raw) + _order("pillars", _ids(old.pillars), _ids(new.pillars))
    return LensDifference(changes, tuple(found))


class _Places:
    """Both versions by id: pillar id or (question id,) or (question id, choice id) to raw content."""

    def __init__(self, old: Lens, new: Lens) -> None:
        self.old, self.new = _by_id(old.raw), _by_id(new.raw)
        self._old_questions, self._new_questions = old.questions, new.questions
        self._old_pillar = {question.id: pillar.id for pillar in old.pillars for question in pillar.questions}

    def questions_of(self, pillar: Pillar, before: Pillar | None) -> tuple[QuestionDifference, ...]:
        compared = (self._question(question, pillar.id) for question in pillar.questions)
        return tuple(item for item in compared if item) + (self.gone(before) if before else ())

    def gone(self, pillar: Pillar) -> tuple[QuestionDifference, ...]:
        return tuple(
            QuestionDifference(question.id, question.title, DifferenceStatus.DELETED)
            for question in pillar.questions
            if question.id not in self._new_questions
        )

    def _question(self, question: Question, pillar_id: str) -> QuestionDifference | None:
        before = self._old_questions.get(question.id)
        if before is None:
            return QuestionDifference(question.id, question.title, DifferenceStatus.NEW)
        changes = _changes(self.old[question.id,], self.new[question.id,])
        if self._old_pillar[question.id] != pillar_id:
            changes += (Change("pillar", self._old_pillar[question.id], pillar_id),)
        changes += _order("choices", before.choice_ids, question.choice_ids)
        choices = self._choices(before, question)
        if not changes and not choices:
            return None
        return QuestionDifference(question.id, question.title, DifferenceStatus.UPDATED, changes, choices)

    def _choices(self, before: Question, after: Question) -> tuple[ChoiceDifference, ...]:
        found: list[ChoiceDifference] = []
        old_choices = {choice.id: choice for choice in before.choices}
        for choice in after.choices:
            if old_choices.pop(choice.id, None) is None:
                found.append(ChoiceDifference(choice.id, choice.title, DifferenceStatus.NEW))
                continue
            place = (after.id, choice.id)
            if changes := _changes(self.old[place], self.new[place]):
                found.append(ChoiceDifference(choice.id, choice.title, DifferenceStatus.UPDATED, changes))
        gone = old_choices.values()
        found.extend(ChoiceDifference(choice.id, choice.title, DifferenceStatus.DELETED) for choice in gone)
        return tuple(found)


def _by_id(raw: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    places: dict[Any, dict[str, Any]] = {}
    for pillar in value_of(raw, "pillars"):
        places[value_of(pillar, "id")] = pillar
        for question in value_of(pillar, "questions"):
            question_id = value_of(question, "id")
            places[question_id,] = question
            for choice in value_of(question, "choices"):
                places[question_id, value_of(choice, "id")] = choice
    return places


def _changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    """The fields that differ, those of `new` first; children are compared on their own."""
    keys = [key for key in dict.fromkeys((*new, *old)) if key.lower() not in _CHILDREN]
    return tuple(Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key))


def _ids(things: Iterable[Pillar | Question | Choice]) -> tuple[str, ...]:
    return tuple(thing.id for thing in things)


def _order(noun: str, old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    """Whether those that both have stand in another order."""
    had, has = set(old), set(new)
    before, after = [item for item in old if item in has], [item for item in new if item in had]
    return (Change(f"order of {noun}", before, after),) if before != after else ()
