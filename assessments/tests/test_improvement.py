"""The improvement plan: each line is true by the rules themselves, and the order follows what is worth most."""

from typing import Any

import pytest
from hypothesis import given

from assessments.improvement import WEIGHTS, plan_of, weight_of
from assessments.lens import load
from assessments.risk import GivenAnswer, Risk, risk_of
from assessments.tests.lenses import STEPPED, all_sets, lens, only_question, pillar, question, questions


def given_(*chosen: str) -> GivenAnswer:
    return GivenAnswer(frozenset(chosen))


def three() -> Any:
    """`dear`: HIGH to NONE by three. `cheap`: HIGH to NONE by one. `middle`: MEDIUM to NONE by one."""
    return load(
        lens(
            pillar(
                "ppp",
                question("dear", "aaa bbb ccc ddd", [("aaa && bbb && ccc", "NO_RISK"), ("default", "HIGH_RISK")]),
                question("middle", "aaa bbb ccc", [("aaa", "NO_RISK"), ("default", "MEDIUM_RISK")]),
                question("cheap", "aaa bbb ccc", [("aaa", "NO_RISK"), ("default", "HIGH_RISK")]),
            )
        )
    )


def test_what_removes_most_risk_with_fewest_choices_comes_first() -> None:
    answers = {"dear": given_("ddd"), "middle": given_("ccc"), "cheap": given_("ccc")}
    plan = plan_of(three(), answers)
    assert [line.question.id for line in plan] == ["cheap", "dear", "middle"]
    assert [(line.removed, line.cost) for line in plan] == [(3, 1), (3, 3), (1, 1)]


def test_the_step_that_pays_most_is_shown_even_where_a_better_risk_can_be_reached() -> None:
    asked = load(lens(pillar("ppp", question("backup", "tested copied owned other", STEPPED))))
    (line,) = plan_of(asked, {"backup": given_("other")})
    assert (line.reached, line.removed, line.cost, line.others) == (Risk.MEDIUM, 2, 1, 1)
    (line,) = plan_of(asked, {"backup": given_("tested")})
    assert (line.reached, [choice.id for choice in line.choices]) == (Risk.NONE, ["copied", "owned"])


def test_a_question_that_no_choice_helps_is_in_the_plan_without_a_step_and_last() -> None:
    stuck = question("stuck", "aaa bbb", [("default", "HIGH_RISK")])
    asked = load(
        lens(pillar("ppp", stuck, question("easy", "aaa bbb", [("bbb", "NO_RISK"), ("default", "MEDIUM_RISK")])))
    )
    plan = plan_of(asked, {"stuck": given_("aaa"), "easy": given_("aaa")})
    assert [(line.question.id, line.reached) for line in plan] == [("easy", Risk.NONE), ("stuck", None)]


@pytest.mark.parametrize("answer", [GivenAnswer(), GivenAnswer(is_applicable=False), given_("aaa")])
def test_unanswered_not_applicable_and_riskless_questions_are_not_in_it(answer: GivenAnswer) -> None:
    assert all(line.question.id != "cheap" for line in plan_of(three(), {"cheap": answer}))


@given(raw=questions())
def test_taking_the_step_really_brings_the_promised_risk(raw: dict[str, Any]) -> None:
    asked = only_question(raw)
    held = load(lens(pillar("only", raw)))
    for chosen in all_sets(raw):
        for line in plan_of(held, {asked.id: GivenAnswer(frozenset(chosen))}):
            if line.reached is None:
                continue
            after = (set(chosen) - {each.id for each in line.given_up}) | {each.id for each in line.choices}
            assert risk_of(asked, after) is line.reached
            assert line.removed > 0


def test_the_weight_counts_a_high_risk_as_three_medium_ones() -> None:
    assert weight_of([Risk.HIGH, Risk.MEDIUM, Risk.NONE, Risk.UNANSWERED]) == WEIGHTS[Risk.HIGH] + 1 == 4
