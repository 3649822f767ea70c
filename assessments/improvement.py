"""The improvement plan: which choices bring a question down from its risk, and which question comes first.

Pure: a lens and answers in, lines out. Not here: who does it until when (`assessments.operations.improvement`) and the
search for the smallest sets of choices (`assessments.risk.improvements`).

The order is by risk removed per choice added, the most first; of equals the one that removes more, then the lens's order.
What a risk weighs is our own rule: a question at high risk weighs as much as three at medium.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from assessments.lens import Choice, Lens, Pillar, Question
from assessments.risk import GivenAnswer, Improvement, Risk, improvement_order

WEIGHTS = {Risk.HIGH: 3, Risk.MEDIUM: 1}


@dataclass(frozen=True)
class PlanLine:
    """One question at high or medium risk and the step that pays most.

    `choices` are to be added for `reached`; `others` counts further sets of the same size. `given_up` are the "none of these"
    choices that must go for it. No step (`reached` is None) where adding choices never helps, or there are too many to search.
    """

    question: Question
    pillar: Pillar
    risk: Risk
    reached: Risk | None = None
    choices: tuple[Choice, ...] = ()
    given_up: tuple[Choice, ...] = ()
    others: int = 0

    @property
    def removed(self) -> int:
        """How much risk goes, in weights."""
        return WEIGHTS[self.risk] - WEIGHTS.get(self.reached, 0) if self.reached else 0

    @property
    def cost(self) -> int:
        """How many choices it takes. Giving up a wrong "none of these" is an effort too, so never less than one."""
        return max(1, len(self.choices))

    @property
    def worth(self) -> Fraction:
        """Risk removed per choice; the plan's order."""
        return Fraction(self.removed, self.cost)


def plan_of(lens: Lens, answers: Mapping[str, GivenAnswer]) -> tuple[PlanLine, ...]:
    """Every question at high or medium risk, the one worth most first. ValueError as `assessments.risk.judge`."""
    pillars = {pillar.id: pillar for pillar in lens.pillars}
    places = {question_id: place for place, question_id in enumerate(lens.questions)}
    lines = [
        _line(pillars[planned.pillar_id], lens.questions[planned.question_id], planned.risk, planned.steps)
        for planned in improvement_order(lens, answers)
    ]
    return tuple(
        sorted(lines, key=lambda line: (-line.worth, -line.removed, -WEIGHTS[line.risk], places[line.question.id]))
    )


def weight_of(risks: Iterable[Risk]) -> int:
    """How much risk there is altogether, in weights."""
    return sum(WEIGHTS.get(risk, 0) for risk in risks)


def _line(pillar: Pillar, question: Question, risk: Risk, steps: tuple[Improvement, ...]) -> PlanLine:
    choices = {choice.id: choice for choice in question.choices}
    lines = [
        PlanLine(
            question,
            pillar,
            risk,
            step.risk,
            tuple(choices[choice_id] for choice_id in step.additions[0]),
            tuple(choices[choice_id] for choice_id in step.given_up),
            step.number - 1,
        )
        for step in steps
    ]
    return max(lines, key=lambda line: (line.worth, line.removed), default=PlanLine(question, pillar, risk))
