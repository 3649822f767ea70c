"""Risk: what a lens says of answers, and which choices would lower it.

Here: the risk of a question, the counts of pillars and of the lens, the smallest improvements and their order. Not here:
the grammar of conditions (assessments.lens.conditions), remarks about rules (assessments.linter), rows.

The rules, from AWS's "Lens format specification" and API reference: a question that does not apply is NOT_APPLICABLE,
one without any choice is UNANSWERED, else the first rule whose condition is true gives the risk; default is a condition
that is always true, at its place in the list. Where no rule is true the risk is HIGH. One rule is our own: a choice that
is marked as not applicable counts as chosen, unless it is a "none of these", which cannot be marked.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from assessments.lens.conditions import ConditionError, Expression, evaluate, parse
from assessments.lens.content import Lens, Question, RuleRisk
from assessments.lens.truth import MAXIMUM_CHOICES, Space

__all__ = [
    "ConditionError",
    "Expression",
    "GivenAnswer",
    "Improvement",
    "LensRisk",
    "PillarRisk",
    "PlannedImprovement",
    "Risk",
    "answer_problems",
    "evaluate",
    "improvement_order",
    "improvements",
    "judge",
    "parse",
    "risk_of",
    "risk_tables",
    "rule_that_decides",
]


class Risk(StrEnum):
    """The Well-Architected Tool's risks, the worst first but for those that are none yet."""

    UNANSWERED = "UNANSWERED"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    NONE = "NONE"
    NOT_APPLICABLE = "NOT_APPLICABLE"


RISK_OF_RULE = {RuleRisk.HIGH_RISK: Risk.HIGH, RuleRisk.MEDIUM_RISK: Risk.MEDIUM, RuleRisk.NO_RISK: Risk.NONE}
FALLBACK = Risk.HIGH
_BETTER = {
    Risk.UNANSWERED: (Risk.MEDIUM, Risk.NONE),
    Risk.HIGH: (Risk.MEDIUM, Risk.NONE),
    Risk.MEDIUM: (Risk.NONE,),
}
_SHOWN_SETS = 20


@dataclass(frozen=True)
class GivenAnswer:
    """What somebody answered to one question."""

    selected: frozenset[str] = frozenset()
    not_applicable_choices: frozenset[str] = frozenset()
    is_applicable: bool = True


@dataclass(frozen=True)
class PillarRisk:
    """How many questions of a pillar have each risk; every risk is a key."""

    pillar_id: str
    counts: dict[Risk, int]


@dataclass(frozen=True)
class LensRisk:
    """The risk of every question by its id, and the counts; questions are counted, not choices."""

    risks: dict[str, Risk]
    pillars: tuple[PillarRisk, ...]
    counts: dict[Risk, int]


@dataclass(frozen=True)
class Improvement:
    """The smallest sets of choices that bring a question to a better risk when added to what is chosen.

    `additions` are all sets of the smallest size, at most 20 of the `number` there are, the lens's first choices first.
    `given_up` are the "none of these" choices that must go for it. An addition may be empty: giving up is enough.
    """

    risk: Risk
    additions: tuple[tuple[str, ...], ...]
    number: int
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedImprovement:
    """A question worth improving: its risk now, and the steps to better ones; no steps where adding choices never helps."""

    pillar_id: str
    question_id: str
    risk: Risk
    steps: tuple[Improvement, ...]


def answer_problems(
    question: Question, selected: Collection[str], not_applicable_choices: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """Why an answer contradicts its question or itself, in sentences; empty when it does not."""
    found: list[str] = []
    known = set(question.choice_ids)
    for choice_id in sorted({*selected, *not_applicable_choices} - known):
        found.append(f"{choice_id} is no choice of {question.id}. Its choices are {', '.join(question.choice_ids)}.")
    alone = [choice_id for choice_id in question.choice_ids if choice_id in question.none_of_these]
    for choice_id in alone:
        others = [other for other in question.choice_ids if other != choice_id and other in selected]
        if choice_id in selected and others:
            found.append(f"{choice_id} means none of the others, but {', '.join(others)} is chosen too. Keep either.")
        if choice_id in not_applicable_choices:
            found.append(f"{choice_id} means none of the others and cannot be not applicable. Leave it out.")
    both = [choice for choice in question.choice_ids if choice in selected and choice in not_applicable_choices]
    if both:
        found.append(f"{', '.join(both)} cannot be both chosen and not applicable. Keep either.")
    return tuple(found)


def risk_of(
    question: Question,
    selected: Collection[str],
    is_applicable: bool = True,
    not_applicable_choices: Collection[str] = frozenset(),
) -> Risk:
    """The risk of a question. ValueError names ids that are no choices of it; contradictions are judged as they stand."""
    counted = _counted(question, selected, not_applicable_choices)
    if not is_applicable:
        return Risk.NOT_APPLICABLE
    if not counted:
        return Risk.UNANSWERED
    index = _first_rule(question, counted)
    return FALLBACK if index is None else RISK_OF_RULE[question.rules[index].risk]


def rule_that_decides(
    question: Question, selected: Collection[str], not_applicable_choices: Collection[str] = frozenset()
) -> int | None:
    """The index of the first rule that is true for an answer; None where no rule is, or nothing is chosen."""
    counted = _counted(question, selected, not_applicable_choices)
    return _first_rule(question, counted) if counted else None


def _counted(question: Question, selected: Collection[str], not_applicable_choices: Collection[str]) -> frozenset[str]:
    unknown = sorted({*selected, *not_applicable_choices} - set(question.choice_ids))
    if unknown:
        message = f"{', '.join(unknown)}: no such choice in {question.id}. Choose of {', '.join(question.choice_ids)}."
        raise ValueError(message)
    return frozenset(selected) | (frozenset(not_applicable_choices) - question.none_of_these)


def _first_rule(question: Question, counted: frozenset[str]) -> int | None:
    return next((index for index, rule in enumerate(question.rules) if evaluate(rule.expression, counted)), None)


def judge(lens: Lens, answers: Mapping[str, GivenAnswer]) -> LensRisk:
    """The risk of every question, by question id; one without an answer is UNANSWERED.

    ValueError names questions or choices that the lens does not have.
    """
    unknown = sorted(answers.keys() - lens.questions.keys())
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such question in the lens {lens.name}.")
    risks: dict[str, Risk] = {}
    for question in lens.questions.values():
        given = answers.get(question.id, GivenAnswer())
        risks[question.id] = risk_of(question, given.selected, given.is_applicable, given.not_applicable_choices)
    pillars = tuple(
        PillarRisk(pillar.id, _counts([risks[question.id] for question in pillar.questions])) for pillar in lens.pillars
    )
    return LensRisk(risks, pillars, _counts(list(risks.values())))


def _counts(risks: list[Risk]) -> dict[Risk, int]:
    counter = Counter(risks)
    return {risk: counter[risk] for risk in Risk}


def risk_tables(question: Question) -> tuple[Space, tuple[int, ...], dict[Risk, int]]:
    """The sets of choices of a question, for each rule where it is the first to be true, and for each risk where it is so.

    Exact over all sets, the empty one too; ValueError beyond 15 choices. Tables are assessments.lens.truth's.
    """
    space = Space(question.choice_ids)
    fires: list[int] = []
    left = space.everything
    by_risk = dict.fromkeys(RISK_OF_RULE.values(), 0)
    for rule in question.rules:
        first = space.table(rule.expression) & left
        left ^= first
        fires.append(first)
        by_risk[RISK_OF_RULE[rule.risk]] |= first
    by_risk[FALLBACK] |= left
    return space, tuple(fires), by_risk


def improvements(
    question: Question, selected: Collection[str], not_applicable_choices: Collection[str] = frozenset()
) -> tuple[Improvement, ...] | None:
    """The steps from the risk of an answer to MEDIUM and to NONE, as far as adding choices leads there.

    An exact search over all sets; None beyond 15 choices, where none is made. ValueError names unknown choices.
    """
    now = risk_of(question, selected, True, not_applicable_choices)
    if len(question.choice_ids) > MAXIMUM_CHOICES:
        return None
    kept = _counted(question, selected, not_applicable_choices) - question.none_of_these
    given_up = tuple(
        choice for choice in question.choice_ids if choice in selected and choice in question.none_of_these
    )
    space, _, by_risk = risk_tables(question)
    reachable = space.all_chosen(kept) & ~space.any_chosen(question.none_of_these) & ~space.nothing_chosen
    steps: list[Improvement] = []
    for better in _BETTER.get(now, ()):
        sets = list(space.all_smallest(by_risk[better] & reachable))
        if sets:
            additions = [tuple(choice for choice in chosen if choice not in kept) for chosen in sets]
            steps.append(Improvement(better, tuple(additions[:_SHOWN_SETS]), len(additions), given_up))
    return tuple(steps)


def improvement_order(lens: Lens, answers: Mapping[str, GivenAnswer]) -> tuple[PlannedImprovement, ...]:
    """The questions at HIGH, then at MEDIUM risk; of equals those first whose first step adds fewest choices.

    Then the lens's order decides. Questions that are unanswered, at no risk or not applicable are not in it.
    """
    risks = judge(lens, answers).risks
    planned: list[tuple[tuple[bool, int], PlannedImprovement]] = []
    for pillar in lens.pillars:
        for question in pillar.questions:
            risk = risks[question.id]
            if risk not in (Risk.HIGH, Risk.MEDIUM):
                continue
            given = answers.get(question.id, GivenAnswer())
            steps = improvements(question, given.selected, given.not_applicable_choices) or ()
            effort = len(steps[0].additions[0]) if steps else MAXIMUM_CHOICES + 1
            item = PlannedImprovement(pillar.id, question.id, risk, steps)
            planned.append(((risk is Risk.MEDIUM, effort), item))
    return tuple(item for _, item in sorted(planned, key=lambda entry: entry[0]))
