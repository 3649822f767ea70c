"""What answers amount to: the risk of every question, progress and counts of pillars and of the whole.

Pure: a lens and answers in, values out; pages, reports, milestones and evidence all ask here. Not here: how a risk comes out
(assessments.risk) and rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from assessments.lens import Lens, Pillar, Question
from assessments.risk import GivenAnswer, Risk, judge

SELECTED, NOT_APPLICABLE = "SELECTED", "NOT_APPLICABLE"


class Answered(Protocol):
    """What is read of an answer, be it a row or part of a milestone."""

    @property
    def question_id(self) -> str: ...
    @property
    def choices(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def is_applicable(self) -> bool: ...


@dataclass(frozen=True)
class QuestionResult:
    """One question and its risk; `number` counts from 1 through the whole lens."""

    number: int
    question: Question
    pillar: Pillar
    risk: Risk

    @property
    def is_answered(self) -> bool:
        return self.risk is not Risk.UNANSWERED


@dataclass(frozen=True)
class PillarResult:
    """One pillar, counted from 1: its questions, how many have each risk (every risk is a key), and how many are answered."""

    number: int
    pillar: Pillar
    questions: tuple[QuestionResult, ...]
    counts: Mapping[Risk, int]

    @property
    def total(self) -> int:
        return len(self.questions)

    @property
    def answered(self) -> int:
        return self.total - self.counts[Risk.UNANSWERED]

    @property
    def percent(self) -> int:
        """Whole percent that are answered; 100 only when all are."""
        return 100 * self.answered // self.total if self.total else 100


@dataclass(frozen=True)
class Results:
    """The whole assessment; `questions` are all questions in the lens's order."""

    pillars: tuple[PillarResult, ...]
    counts: Mapping[Risk, int]

    @property
    def questions(self) -> tuple[QuestionResult, ...]:
        return tuple(question for pillar in self.pillars for question in pillar.questions)

    def pillar_of(self, question: QuestionResult) -> PillarResult:
        """The pillar that a question of these results stands in."""
        return next(pillar for pillar in self.pillars if pillar.pillar is question.pillar)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def answered(self) -> int:
        return self.total - self.counts[Risk.UNANSWERED]

    @property
    def percent(self) -> int:
        return 100 * self.answered // self.total if self.total else 100


def given_answer(question: Question, answer: Answered) -> GivenAnswer:
    """An answer as the rules judge it. Choices that this version of the lens does not have are passed over."""
    known = set(question.choice_ids)
    by_status: dict[str, set[str]] = {SELECTED: set(), NOT_APPLICABLE: set()}
    for choice_id, choice in answer.choices.items():
        if choice_id in known and choice["status"] in by_status:
            by_status[choice["status"]].add(choice_id)
    return GivenAnswer(frozenset(by_status[SELECTED]), frozenset(by_status[NOT_APPLICABLE]), answer.is_applicable)


def given_answers(lens: Lens, answers: Iterable[Answered]) -> dict[str, GivenAnswer]:
    """Answers by question id. Those to questions that this version of the lens does not have are passed over."""
    questions = lens.questions
    return {
        answer.question_id: given_answer(questions[answer.question_id], answer)
        for answer in answers
        if answer.question_id in questions
    }


def results_of(lens: Lens, answers: Iterable[Answered]) -> Results:
    """Judge everything. The order is the lens's."""
    judged = judge(lens, given_answers(lens, answers))
    pillars: list[PillarResult] = []
    number = 0
    for place, (pillar, counted) in enumerate(zip(lens.pillars, judged.pillars, strict=True), start=1):
        questions: list[QuestionResult] = []
        for question in pillar.questions:
            number += 1
            questions.append(QuestionResult(number, question, pillar, judged.risks[question.id]))
        pillars.append(PillarResult(place, pillar, tuple(questions), counted.counts))
    return Results(tuple(pillars), judged.counts)


def next_unanswered(results: Results, after: str = "") -> QuestionResult | None:
    """The first unanswered question after one, going round at the end; None when all are answered."""
    questions = results.questions
    places = {each.question.id: place for place, each in enumerate(questions)}
    start = places.get(after, -1) + 1
    return next((each for each in (*questions[start:], *questions[:start]) if not each.is_answered), None)
