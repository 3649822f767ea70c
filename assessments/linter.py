"""Remarks about the questions of a lens: rules and choices that cannot mean what their author meant.

Here: for each question an exact look at all sets of its choices, by truth tables, and the smallest set that shows each
finding. Beyond 15 choices only what needs no search is said, and that the rest is not proved. Not here: what makes a
lens unusable (assessments.lens). An answer with no choice at all is UNANSWERED, so no rule ever judges the empty set.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from assessments.lens.checks import check
from assessments.lens.conditions import choices_read
from assessments.lens.content import Lens, Question
from assessments.lens.problems import Notes
from assessments.lens.truth import MAXIMUM_CHOICES, Space
from assessments.risk import FALLBACK, RISK_OF_RULE, Risk, risk_tables

_NONE_TITLE = re.compile(r"\W*none of (these|(the )?above|them)\W*", re.IGNORECASE)
_ORDER = (Risk.HIGH, Risk.MEDIUM, Risk.NONE)
_FROM_READING = {"text-too-long", "bad-identifier"}


@dataclass(frozen=True)
class Finding:
    """One remark about a question.

    `code` names its kind, `path` its place as Problem's does. `rules` are the indexes of the risk rules concerned, the
    one remarked on first. `choices` is the smallest set of choices that shows it; None where it holds for every set, or
    where no set is needed to see it. A warning is a mistake; a note may be meant.
    """

    code: str
    path: str
    message: str
    question_id: str = ""
    rules: tuple[int, ...] = ()
    choices: tuple[str, ...] | None = None
    severity: Literal["warning", "note"] = "warning"


@dataclass(frozen=True)
class _Searched:
    """A question with its tables; `answers` are the sets that can be judged, all but the empty one."""

    question: Question
    path: str
    space: Space
    holds: tuple[int, ...]
    fires: tuple[int, ...]
    by_risk: dict[Risk, int]

    @property
    def answers(self) -> int:
        return self.space.everything ^ self.space.nothing_chosen

    @property
    def consistent(self) -> int:
        """The answers in which no "none of these" stands beside another choice."""
        table = self.answers
        for choice_id in self.question.none_of_these:
            others = [other for other in self.question.choice_ids if other != choice_id]
            table &= ~(self.space.chosen(choice_id) & self.space.any_chosen(others))
        return table

    def risk_at(self, choices: tuple[str, ...]) -> Risk:
        place = self.space.all_chosen(choices)
        for other in self.question.choice_ids:
            if other not in choices:
                place &= ~self.space.chosen(other)
        return next(risk for risk, table in self.by_risk.items() if table & place)

    def rule(self, index: int) -> str:
        return f"{self.path}.riskRules[{index}]"


def lint(lens: Lens) -> tuple[Finding, ...]:
    """Everything remarkable about a lens, question by question, then over-long texts and bad identifiers."""
    found: list[Finding] = []
    for place, pillar in enumerate(lens.pillars):
        for number, question in enumerate(pillar.questions):
            found.extend(lint_question(question, f"pillars[{place}].questions[{number}]"))
    notes = Notes()
    check(lens.raw, notes)
    for problem in notes.when_read():
        if problem.code in _FROM_READING:
            found.append(Finding(problem.code, problem.path, problem.message))
    return tuple(found)


def lint_question(question: Question, path: str) -> Iterator[Finding]:
    """Everything remarkable about the rules and choices of one question, whose place in the lens is `path`."""
    yield from _none_by_title_only(question, path)
    yield from _choices_that_no_rule_reads(question, path)
    if len(question.choices) > MAXIMUM_CHOICES:
        number = len(question.choices)
        message = (
            f"Not proved: {number} choices have too many sets to search, {MAXIMUM_CHOICES} are the most. Split it."
        )
        if question.rules and not any(rule.is_default for rule in question.rules):
            yield Finding("no-default", f"{path}.riskRules", "No rule has the condition default.", question.id)
        yield Finding("not-proved", path, message, question.id)
        return
    space, fires, by_risk = risk_tables(question)
    holds = tuple(space.table(rule.expression) for rule in question.rules)
    searched = _Searched(question, path, space, holds, fires, by_risk)
    for search in _SEARCHES:
        yield from search(searched)


def _none_by_title_only(question: Question, path: str) -> Iterator[Finding]:
    for index, choice in enumerate(question.choices):
        if _NONE_TITLE.fullmatch(choice.title) and not choice.is_none_of_these:
            message = f'{choice.id} is titled "none of these", but only an id that ends in _no excludes the others.'
            place = f"{path}.choices[{index}].id"
            yield Finding("none-of-these-by-title-only", place, message, question.id, choices=(choice.id,))


def _choices_that_no_rule_reads(question: Question, path: str) -> Iterator[Finding]:
    read = {mention.choice_id for rule in question.rules for mention in choices_read(rule.expression)}
    for index, choice in enumerate(question.choices):
        if choice.id in read:
            continue
        message = f"No rule reads {choice.id}: choosing it changes no risk. Name it in a condition."
        severity: Literal["warning", "note"] = "warning"
        if choice.is_none_of_these:
            message = f"No rule reads {choice.id}, so it has the risk of any answer that no rule names."
            severity = "note"
        place = f"{path}.choices[{index}]"
        yield Finding("choice-not-read", place, message, question.id, choices=(choice.id,), severity=severity)


def _rules_that_never_fire(at: _Searched) -> Iterator[Finding]:
    for index, fires in enumerate(at.fires):
        if fires & at.answers:
            yield from _fires_in_contradictions_only(at, index)
            continue
        if at.question.rules[index].is_default:
            message = "default decides no answer: the other rules cover all. AWS wants it all the same."
            if any(rule.is_default for rule in at.question.rules[:index]):
                message = "This default never decides: another one stands before it. Remove one."
            yield Finding("never-fires", at.rule(index), message, at.question.id, (index,), severity="note")
            continue
        if fires:
            message = "This rule decides only when nothing is chosen, and then the question is UNANSWERED. Remove it."
            yield Finding("never-fires", at.rule(index), message, at.question.id, (index,), ())
            continue
        holds = at.holds[index]
        if not holds:
            message = "This condition is true for no set of choices. Mend it."
            yield Finding("never-fires", at.rule(index), message, at.question.id, (index,))
            continue
        earlier = tuple(before for before in range(index) if at.fires[before] & holds)
        witness = at.space.smallest(holds & at.answers)
        witness = at.space.smallest(holds) if witness is None else witness
        names = ", ".join(f"riskRules[{before}]" for before in earlier)
        message = (
            f"This rule never decides: wherever it is true, {names} stands before it and is true. Move or remove it."
        )
        yield Finding("never-fires", at.rule(index), message, at.question.id, (index, *earlier), witness)


def _fires_in_contradictions_only(at: _Searched, index: int) -> Iterator[Finding]:
    if at.fires[index] & at.consistent:
        return
    witness = at.space.smallest(at.fires[index] & at.answers)
    message = 'This rule decides only when "none of these" is chosen together with others. Mend its condition.'
    yield Finding("fires-in-contradictions-only", at.rule(index), message, at.question.id, (index,), witness)


def _order_that_decides(at: _Searched) -> Iterator[Finding]:
    rules = at.question.rules
    for first, earlier in enumerate(rules):
        for second in range(first + 1, len(rules)):
            if earlier.risk == rules[second].risk or earlier.is_default or rules[second].is_default:
                continue
            witness = at.space.smallest(at.fires[first] & at.holds[second] & at.answers)
            if witness is not None:
                risks = RISK_OF_RULE[earlier.risk], RISK_OF_RULE[rules[second].risk]
                message = (
                    f"For {_set(witness)} this rule and riskRules[{first}] are both true; their order alone makes it "
                    f"{risks[0]} and not {risks[1]}."
                )
                concerned = (second, first)
                yield Finding(
                    "order-decides", at.rule(second), message, at.question.id, concerned, witness, severity="note"
                )


def _missing_default(at: _Searched) -> Iterator[Finding]:
    if any(rule.is_default for rule in at.question.rules):
        return
    left = at.answers
    for fires in at.fires:
        left &= ~fires
    witness = at.space.smallest(left)
    message = (
        "No rule has the condition default, though the others cover every answer. AWS wants one; add it at the end."
        if witness is None
        else f"No rule has the condition default; {_set(witness)} is covered by none and is {FALLBACK}. Add one at the end."
    )
    yield Finding("no-default", f"{at.path}.riskRules", message, at.question.id, choices=witness)


def _none_of_these(at: _Searched) -> Iterator[Finding]:
    """What the choices that exclude all others may do wrong."""
    for choice_id in (choice for choice in at.question.choice_ids if choice in at.question.none_of_these):
        place = f"{at.path}.choices[{at.question.choice_ids.index(choice_id)}]"
        alone = at.risk_at((choice_id,))
        others = [other for other in at.question.choice_ids if other not in at.question.none_of_these]
        with_others = at.space.chosen(choice_id) & at.space.any_chosen(others)
        better = _tables_better_than(at, alone)
        witness = at.space.smallest(better & with_others)
        if witness is not None:
            message = (
                f"{choice_id} excludes the others, yet the rules give {_set(witness)} the risk {at.risk_at(witness)}, "
                f"{choice_id} alone {alone}."
            )
            yield Finding("none-of-these-with-others", place, message, at.question.id, choices=witness, severity="note")
        practised = at.space.any_chosen(others) & at.consistent
        worse = at.space.smallest(_tables_worse_than(at, alone) & practised)
        if worse is not None:
            message = f"Choosing only {choice_id} is {alone}, better than {_set(worse)} with {at.risk_at(worse)}."
            yield Finding("none-of-these-is-better", place, message, at.question.id, choices=worse)
    several = tuple(choice for choice in at.question.choice_ids if choice in at.question.none_of_these)
    if len(several) > 1:
        message = f"{', '.join(several)} each exclude all others. Keep one."
        yield Finding("several-none-of-these", f"{at.path}.choices", message, at.question.id, choices=several)


def _choices_without_effect(at: _Searched) -> Iterator[Finding]:
    read = {mention.choice_id for rule in at.question.rules for mention in choices_read(rule.expression)}
    for index, choice_id in enumerate(at.question.choice_ids):
        without = at.answers & ~at.space.chosen(choice_id)
        changes = 0
        for table in at.by_risk.values():
            changes |= (table ^ at.space.when_added(table, choice_id)) & without
        if choice_id in read and not changes:
            message = (
                f"Rules read {choice_id}, but adding it to any other choices changes no risk. Mend the conditions."
            )
            yield Finding("choice-without-effect", f"{at.path}.choices[{index}]", message, at.question.id)


def _more_that_is_worse(at: _Searched) -> Iterator[Finding]:
    """The smallest answer to which a practice can be added so that the risk rises."""
    for index, choice_id in enumerate(at.question.choice_ids):
        if choice_id in at.question.none_of_these:
            continue
        rises = 0
        for risk in (Risk.MEDIUM, Risk.NONE):
            rises |= at.by_risk[risk] & at.space.when_added(_tables_worse_than(at, risk), choice_id)
        witness = at.space.smallest(
            rises & at.consistent & ~at.space.any_chosen((choice_id, *at.question.none_of_these))
        )
        if witness is not None:
            after = tuple(other for other in at.question.choice_ids if other in witness or other == choice_id)
            message = f"Adding {choice_id} to {_set(witness)} raises the risk from {at.risk_at(witness)} to {at.risk_at(after)}."
            place = f"{at.path}.choices[{index}]"
            yield Finding("more-is-worse", place, message, at.question.id, choices=witness, severity="note")


def _risks_out_of_reach(at: _Searched) -> Iterator[Finding]:
    reached = [risk for risk in _ORDER if at.by_risk[risk] & at.answers]
    if len(reached) == 1:
        message = f"Every answer is {reached[0]}: the question decides nothing. Write rules that read its choices."
        yield Finding("always-the-same-risk", f"{at.path}.riskRules", message, at.question.id)
    elif Risk.NONE not in reached:
        message = f"No answer reaches the risk {Risk.NONE}. Write a rule with NO_RISK."
        yield Finding("no-risk-out-of-reach", f"{at.path}.riskRules", message, at.question.id)


def _tables_better_than(at: _Searched, risk: Risk) -> int:
    table = 0
    for better in _ORDER[_ORDER.index(risk) + 1 :]:
        table |= at.by_risk[better]
    return table


def _tables_worse_than(at: _Searched, risk: Risk) -> int:
    table = 0
    for worse in _ORDER[: _ORDER.index(risk)]:
        table |= at.by_risk[worse]
    return table


def _set(choices: tuple[str, ...]) -> str:
    return f"{{{', '.join(choices)}}}"


_SEARCHES: tuple[Callable[[_Searched], Iterator[Finding]], ...] = (
    _rules_that_never_fire,
    _order_that_decides,
    _missing_default,
    _none_of_these,
    _choices_without_effect,
    _more_that_is_worse,
    _risks_out_of_reach,
)
