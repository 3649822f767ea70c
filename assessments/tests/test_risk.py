"""Risk: every question's risk against a second reading of its rules, counts, and improvements against brute force."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.lens import load
from assessments.risk import (
    GivenAnswer,
    Improvement,
    Risk,
    answer_problems,
    improvement_order,
    improvements,
    judge,
    risk_of,
    rule_that_decides,
)
from assessments.tests.lenses import (
    STEPPED,
    all_sets,
    as_published,
    backup,
    expected_risk,
    is_true,
    lens,
    only_question,
    pillar,
    question,
    questions,
    small,
)

RANK = {Risk.UNANSWERED: 0, Risk.HIGH: 0, Risk.MEDIUM: 1, Risk.NONE: 2}


def answer(*selected: str, without: str = "") -> GivenAnswer:
    return GivenAnswer(frozenset(selected), frozenset(without.split()))


@given(raw=questions())
def test_every_set_of_choices_has_the_risk_of_a_second_reading_of_the_rules(raw: dict[str, Any]) -> None:
    asked = only_question(raw)
    for chosen in all_sets(raw):
        assert risk_of(asked, frozenset(chosen)) == expected_risk(raw, set(chosen))


def test_every_question_of_a_lens_with_published_oddities_has_the_risk_of_a_second_reading() -> None:
    raw = as_published()
    asked = load(raw).questions
    raw_questions = [one for group in raw["pillars"] for one in group["questions"]]
    raw_questions[1]["riskRules"][2]["condition"] = "default"
    for one in raw_questions:
        for chosen in all_sets(one):
            assert risk_of(asked[one["id"]], chosen) == expected_risk(one, set(chosen))


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "lenses").glob("*.json")), ids=lambda path: path.stem
)
def test_the_lenses_we_ship_have_the_risks_of_a_second_reading(path: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    asked = load(raw).questions
    for one in (one for group in raw["pillars"] for one in group["questions"]):
        for chosen in itertools.islice(all_sets(one), 2000):
            assert risk_of(asked[one["id"]], chosen) == expected_risk(one, set(chosen)), (one["id"], chosen)


def test_the_first_true_rule_decides_though_a_later_one_is_true_too() -> None:
    asked = only_question(question("asked", "aaa bbb", [("aaa", "MEDIUM_RISK"), ("bbb", "NO_RISK")]))
    assert risk_of(asked, {"aaa", "bbb"}) is Risk.MEDIUM
    assert rule_that_decides(asked, {"aaa", "bbb"}) == 0


def test_default_decides_at_its_place_and_not_only_at_the_end() -> None:
    asked = only_question(question("asked", "aaa", [("default", "MEDIUM_RISK"), ("aaa", "NO_RISK")]))
    assert risk_of(asked, {"aaa"}) is Risk.MEDIUM


def test_what_no_rule_covers_is_high() -> None:
    asked = only_question(question("asked", "aaa bbb", [("aaa", "NO_RISK")]))
    assert risk_of(asked, {"bbb"}) is Risk.HIGH
    assert rule_that_decides(asked, {"bbb"}) is None


def test_nothing_chosen_is_unanswered_even_where_a_rule_would_be_true() -> None:
    asked = only_question(question("asked", "aaa", [("!aaa", "NO_RISK"), ("default", "HIGH_RISK")]))
    assert risk_of(asked, frozenset()) is Risk.UNANSWERED
    assert rule_that_decides(asked, frozenset()) is None


def test_a_question_that_does_not_apply_is_not_applicable_whatever_is_chosen() -> None:
    assert risk_of(only_question(backup()), {"tested"}, is_applicable=False) is Risk.NOT_APPLICABLE


def test_a_choice_that_is_not_applicable_counts_as_chosen() -> None:
    asked = only_question(backup())
    assert risk_of(asked, {"tested", "copied"}) is Risk.MEDIUM
    assert risk_of(asked, {"tested", "copied"}, not_applicable_choices={"owned"}) is Risk.NONE
    assert risk_of(asked, frozenset(), not_applicable_choices={"owned"}) is Risk.HIGH


def test_none_of_these_cannot_be_made_to_count_by_marking_it() -> None:
    rules = [("backup_no", "HIGH_RISK"), ("default", "NO_RISK")]
    asked = only_question(question("asked", "tested backup_no", rules))
    assert risk_of(asked, {"tested"}, not_applicable_choices={"backup_no"}) is Risk.NONE
    assert risk_of(asked, frozenset(), not_applicable_choices={"backup_no"}) is Risk.UNANSWERED


@pytest.mark.parametrize(("selected", "marked"), [({"tsted"}, set()), ({"tested"}, {"tsted"})])
def test_a_choice_that_the_question_lacks_is_refused_by_name(selected: set[str], marked: set[str]) -> None:
    asked = only_question(backup())
    with pytest.raises(ValueError, match="tsted: no such choice in backup"):
        risk_of(asked, selected, not_applicable_choices=marked)
    assert "tsted is no choice of backup" in answer_problems(asked, selected, marked)[0]


@pytest.mark.parametrize(
    ("selected", "marked", "says"),
    [
        ("tested backup_no", "", "tested is chosen too"),
        ("tested", "backup_no", "cannot be not applicable"),
        ("tested", "tested", "both chosen and not applicable"),
    ],
)
def test_an_answer_that_contradicts_itself_is_told(selected: str, marked: str, says: str) -> None:
    (problem,) = answer_problems(only_question(backup()), selected.split(), marked.split())
    assert says in problem


@pytest.mark.parametrize(("selected", "marked"), [("tested copied", "owned"), ("backup_no", ""), ("", "")])
def test_an_answer_without_contradiction_has_no_problem(selected: str, marked: str) -> None:
    assert answer_problems(only_question(backup()), selected.split(), marked.split()) == ()


def test_questions_are_counted_by_pillar_and_lens_and_choices_are_not() -> None:
    raw = lens(
        pillar("one_pillar", backup(), backup(id="b_2"), backup(id="b_3")), pillar("two_pillar", backup(id="b_4"))
    )
    given_answers = {
        "backup": answer("tested", "copied"),
        "b_2": GivenAnswer(is_applicable=False),
        "b_4": answer("owned"),
    }
    result = judge(load(raw), given_answers)
    assert result.risks == {"backup": "MEDIUM", "b_2": "NOT_APPLICABLE", "b_3": "UNANSWERED", "b_4": "HIGH"}
    assert [item.pillar_id for item in result.pillars] == ["one_pillar", "two_pillar"]
    assert result.pillars[0].counts == {"UNANSWERED": 1, "HIGH": 0, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 1}
    assert result.counts == {"UNANSWERED": 1, "HIGH": 1, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 1}


def test_an_answer_to_a_question_that_the_lens_lacks_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="failback: no such question"):
        judge(load(small()), {"failback": answer("tested")})


def test_the_smallest_additions_lead_to_medium_and_to_none() -> None:
    assert improvements(only_question(backup()), {"owned"}) == (
        Improvement(Risk.MEDIUM, (("tested",), ("copied",)), 2),
        Improvement(Risk.NONE, (("tested", "copied"),), 1),
    )


def test_none_of_these_is_given_up_for_an_improvement() -> None:
    assert improvements(only_question(backup()), {"backup_no"}) == (
        Improvement(Risk.MEDIUM, (("tested",), ("copied",)), 2, ("backup_no",)),
        Improvement(Risk.NONE, (("tested", "copied", "owned"),), 1, ("backup_no",)),
    )


def test_giving_up_none_of_these_may_be_all_that_is_needed() -> None:
    rules = [("backup_no", "HIGH_RISK"), ("default", "NO_RISK")]
    asked = only_question(question("asked", "tested backup_no", rules))
    assert improvements(asked, {"tested", "backup_no"}) == (Improvement(Risk.NONE, ((),), 1, ("backup_no",)),)


def test_what_is_not_applicable_need_not_be_added() -> None:
    steps = improvements(only_question(backup()), {"tested"}, {"owned"})
    assert steps == (Improvement(Risk.NONE, (("copied",),), 1),)


def test_no_step_is_promised_where_adding_never_helps() -> None:
    asked = only_question(question("asked", "yes not", [("not", "HIGH_RISK"), ("yes", "NO_RISK")]))
    assert improvements(asked, {"not"}) == ()


def test_beyond_fifteen_choices_no_search_is_made_but_the_risk_is_known() -> None:
    ids = [f"aa{number}" for number in range(16)]
    asked = only_question(question("asked", " ".join(ids), [(" && ".join(ids), "NO_RISK")]))
    assert improvements(asked, {"aa1"}) is None
    assert risk_of(asked, ids) is Risk.NONE


def test_fifteen_choices_are_searched_exactly() -> None:
    ids = [f"aa{number}" for number in range(15)]
    halves = [f"({' && '.join(ids[:7])})", f"({' && '.join(ids[7:])})"]
    asked = only_question(question("asked", " ".join(ids), [(" || ".join(halves), "NO_RISK")]))
    assert improvements(asked, {"aa7"}) == (Improvement(Risk.NONE, (tuple(ids[:7]), tuple(ids[8:])), 2),)


def test_of_many_equal_additions_twenty_are_shown_and_all_are_counted() -> None:
    ids = [f"aa{number:02}" for number in range(15)]
    pairs = " || ".join(f"{first} && {second}" for first, second in itertools.combinations(ids, 2))
    (step,) = improvements(only_question(question("asked", " ".join(ids), [(pairs, "NO_RISK")])), ()) or ()
    assert (len(step.additions), step.number) == (20, 105)
    assert step.additions[0] == ("aa00", "aa01")


@given(raw=questions(maximum=5), chance=st.randoms(use_true_random=False))
def test_improvements_are_those_that_trying_everything_finds(raw: dict[str, Any], chance: Any) -> None:
    asked = only_question(raw)
    ids = [item["id"] for item in raw["choices"]]
    chosen = {name for name in ids if chance.random() < 0.4}
    marked = {name for name in ids if name not in chosen and chance.random() < 0.2}
    now = risk_of(asked, chosen, not_applicable_choices=marked)
    kept = {name for name in chosen | marked if not name.endswith("_no")}
    free = [name for name in ids if name not in kept and not name.endswith("_no")]
    expected = {}
    for risk in (Risk.MEDIUM, Risk.NONE):
        if RANK[risk] <= RANK[now]:
            continue
        for size in range(len(free) + 1):
            found = [
                extra for extra in itertools.combinations(free, size) if expected_risk(raw, kept | {*extra}) == risk
            ]
            if found:
                expected[risk] = set(found)
                break
    steps = improvements(asked, chosen, marked)
    assert steps is not None
    assert {step.risk: set(step.additions) for step in steps} == expected


@given(raw=questions())
def test_the_rule_that_decides_is_the_first_true_one(raw: dict[str, Any]) -> None:
    asked = only_question(raw)
    for chosen in all_sets(raw):
        true = [index for index, rule in enumerate(raw["riskRules"]) if is_true(rule["condition"], set(chosen))]
        assert rule_that_decides(asked, chosen) == (true[0] if true and chosen else None)


def test_high_risks_come_first_and_of_equals_those_with_the_least_to_do() -> None:
    hard = question("hard", "aaa bbb ccc ddd", [("aaa && bbb && ccc", "NO_RISK"), ("default", "HIGH_RISK")])
    stuck = question("stuck", "aaa bbb", [("default", "HIGH_RISK")])
    easy = question("easy", "aaa bbb", [("aaa", "NO_RISK"), ("default", "HIGH_RISK")])
    middle = question("middle", "tested copied owned", STEPPED)
    done = question("done", "aaa", [("default", "NO_RISK")])
    raw = lens(pillar("one_pillar", middle, done, stuck, hard), pillar("two_pillar", easy, backup()))
    answers = {name: answer("ddd" if name == "hard" else "bbb") for name in ("hard", "stuck", "easy")}
    planned = improvement_order(load(raw), answers | {"middle": answer("tested"), "done": answer("aaa")})
    assert [(item.pillar_id, item.question_id, item.risk) for item in planned] == [
        ("two_pillar", "easy", "HIGH"),
        ("one_pillar", "hard", "HIGH"),
        ("one_pillar", "stuck", "HIGH"),
        ("one_pillar", "middle", "MEDIUM"),
    ]
    assert [item.steps[0].additions if item.steps else () for item in planned] == [
        (("aaa",),),
        (("aaa", "bbb", "ccc"),),
        (),
        (("copied", "owned"),),
    ]
