"""Remarks about rules: each by an example, and all that can be searched against a walk over every set of choices."""

import time
from typing import Any

import pytest
from hypothesis import given

from assessments.lens import load
from assessments.linter import Finding, lint, lint_question
from assessments.tests.lenses import (
    Rule,
    all_sets,
    as_published,
    backup,
    choice,
    expected_risk,
    is_true,
    lens,
    only_question,
    pillar,
    question,
    questions,
    small,
)

WORST_FIRST = ["HIGH", "MEDIUM", "NONE"]
DEFAULT: Rule = ("default", "HIGH_RISK")


def findings(choices: str, *rules: Rule, code: str) -> list[Finding]:
    """The findings of one kind for one question."""
    asked = only_question(question("asked", choices, list(rules)))
    return [finding for finding in lint_question(asked, "here") if finding.code == code]


def one(choices: str, *rules: Rule, code: str) -> Finding:
    (finding,) = findings(choices, *rules, code=code)
    return finding


def test_a_good_lens_has_nothing_but_a_note_about_the_order_of_stepped_rules() -> None:
    assert {(finding.code, finding.severity) for finding in lint(load(small()))} == {
        ("order-decides", "note"),
        ("choice-not-read", "note"),
        ("none-of-these-with-others", "note"),
    }


def test_a_condition_that_contradicts_itself_never_fires() -> None:
    finding = one("aaa bbb", ("aaa && bbb && !aaa", "NO_RISK"), DEFAULT, code="never-fires")
    assert (finding.path, finding.rules, finding.choices) == ("here.riskRules[0]", (0,), None)
    assert "no set of choices" in finding.message


def test_a_rule_hidden_by_earlier_ones_names_them_and_the_smallest_set_they_take() -> None:
    rules = [("aaa", "NO_RISK"), ("bbb", "MEDIUM_RISK"), ("aaa && ccc || bbb && ccc", "HIGH_RISK"), DEFAULT]
    finding = one("aaa bbb ccc", *rules, code="never-fires")
    assert (finding.rules, finding.choices) == ((2, 0, 1), ("aaa", "ccc"))
    assert "riskRules[0], riskRules[1]" in finding.message


def test_a_hidden_rule_names_only_the_rules_that_hide_it() -> None:
    rules = [("ccc", "HIGH_RISK"), ("aaa", "NO_RISK"), ("aaa && bbb && !ccc", "MEDIUM_RISK"), DEFAULT]
    finding = one("aaa bbb ccc", *rules, code="never-fires")
    assert (finding.rules, finding.choices) == ((2, 1), ("aaa", "bbb"))


def test_rules_behind_default_never_fire() -> None:
    finding = one("aaa", DEFAULT, ("aaa", "NO_RISK"), code="never-fires")
    assert (finding.rules, finding.choices, finding.severity) == ((1, 0), ("aaa",), "warning")


def test_a_rule_for_nothing_chosen_never_fires() -> None:
    finding = one("aaa bbb", ("!aaa && !bbb", "HIGH_RISK"), ("default", "NO_RISK"), code="never-fires")
    assert (finding.rules, finding.choices) == ((0,), ())


def test_a_default_that_covers_nothing_is_a_note_since_aws_wants_it() -> None:
    finding = one("aaa", ("aaa", "NO_RISK"), DEFAULT, code="never-fires")
    assert (finding.rules, finding.severity) == ((1,), "note")


def test_a_rule_for_none_of_these_with_others_decides_contradictions_only() -> None:
    finding = one("aaa q_no", ("aaa && q_no", "MEDIUM_RISK"), DEFAULT, code="fires-in-contradictions-only")
    assert (finding.rules, finding.choices) == ((0,), ("aaa", "q_no"))


def test_order_decides_where_two_rules_with_different_risks_are_true() -> None:
    rules = [("aaa && bbb", "NO_RISK"), ("aaa || ccc", "MEDIUM_RISK"), DEFAULT]
    finding = one("aaa bbb ccc", *rules, code="order-decides")
    assert (finding.rules, finding.choices) == ((1, 0), ("aaa", "bbb"))
    assert "NONE and not MEDIUM" in finding.message


def test_order_does_not_decide_between_rules_of_one_risk_or_that_are_never_true_together() -> None:
    assert findings("aaa bbb", ("aaa", "NO_RISK"), ("bbb", "NO_RISK"), DEFAULT, code="order-decides") == []
    assert findings("aaa bbb", ("aaa", "NO_RISK"), ("bbb && !aaa", "MEDIUM_RISK"), DEFAULT, code="order-decides") == []


def test_a_missing_default_is_shown_by_the_smallest_set_that_no_rule_covers() -> None:
    finding = one("aaa bbb", ("aaa", "NO_RISK"), code="no-default")
    assert (finding.path, finding.choices) == ("here.riskRules", ("bbb",))
    assert "covered by none and is HIGH" in finding.message


def test_a_missing_default_that_nothing_needs_is_told_too() -> None:
    finding = one("aaa bbb", ("aaa", "NO_RISK"), ("bbb", "HIGH_RISK"), code="no-default")
    assert finding.choices is None


def test_none_of_these_with_others_is_shown_where_it_gains_by_them() -> None:
    finding = one("aaa q_no", ("aaa", "NO_RISK"), DEFAULT, code="none-of-these-with-others")
    assert (finding.path, finding.choices) == ("here.choices[1]", ("aaa", "q_no"))
    assert findings("aaa q_no", ("aaa && !q_no", "NO_RISK"), DEFAULT, code="none-of-these-with-others") == []


def test_none_of_these_better_than_a_practice_is_a_warning() -> None:
    finding = one("aaa q_no", ("aaa", "HIGH_RISK"), ("default", "NO_RISK"), code="none-of-these-is-better")
    assert (finding.severity, finding.choices) == ("warning", ("aaa",))


def test_two_choices_that_each_exclude_all_others_are_told() -> None:
    assert one("aaa q_no r_no", DEFAULT, code="several-none-of-these").choices == ("q_no", "r_no")


@pytest.mark.parametrize("title", ["None of these.", "none of the above", "None of above"])
def test_none_of_these_in_the_title_only_is_told(title: str) -> None:
    raw = question("asked", "aaa", [DEFAULT])
    raw["choices"].append(choice("bbb", title=title))
    found = [item for item in lint_question(only_question(raw), "here") if item.code == "none-of-these-by-title-only"]
    assert [(item.path, item.choices) for item in found] == [("here.choices[1].id", ("bbb",))]


def test_a_choice_that_no_rule_reads_is_a_warning_but_of_none_of_these_a_note() -> None:
    found = findings("aaa bbb q_no", ("aaa", "NO_RISK"), DEFAULT, code="choice-not-read")
    assert [(item.choices, item.severity) for item in found] == [(("bbb",), "warning"), (("q_no",), "note")]


def test_a_choice_that_is_read_without_effect_is_told() -> None:
    finding = one("aaa bbb", ("aaa && (bbb || !bbb)", "NO_RISK"), DEFAULT, code="choice-without-effect")
    assert finding.path == "here.choices[1]"


def test_a_practice_that_raises_the_risk_is_shown_by_the_smallest_answer_it_spoils() -> None:
    finding = one("aaa bbb", ("!aaa", "NO_RISK"), ("default", "MEDIUM_RISK"), code="more-is-worse")
    assert (finding.path, finding.choices) == ("here.choices[0]", ("bbb",))
    assert "from NONE to MEDIUM" in finding.message


def test_a_question_with_one_risk_for_all_answers_is_told() -> None:
    assert "Every answer is HIGH" in one("aaa bbb", DEFAULT, code="always-the-same-risk").message


def test_a_question_that_no_answer_brings_to_no_risk_is_told() -> None:
    rules: list[Rule] = [("aaa", "MEDIUM_RISK"), DEFAULT]
    assert one("aaa bbb", *rules, code="no-risk-out-of-reach").path == "here.riskRules"


def test_a_question_without_rules_is_linted() -> None:
    codes = {finding.code for finding in lint_question(only_question(question("asked", "aaa", [])), "here")}
    assert codes == {"choice-not-read", "no-default", "always-the-same-risk"}


def test_beyond_fifteen_choices_nothing_is_proved_and_it_says_so() -> None:
    ids = " ".join(f"aa{number}" for number in range(16))
    asked = only_question(question("asked", ids, [("aa1 && !aa1", "NO_RISK")]))
    found = list(lint_question(asked, "here"))
    assert {item.code for item in found} == {"choice-not-read", "no-default", "not-proved"}
    assert sum(item.code == "choice-not-read" for item in found) == 15


def test_long_texts_and_bad_identifiers_are_found_with_their_path() -> None:
    found = {(item.code, item.path) for item in lint(load(as_published()))}
    assert ("text-too-long", "pillars[0].questions[2].choices[1].title") in found
    assert {("bad-identifier", f"pillars[1]{rest}") for rest in (".id", ".questions[0].id")} <= found


def test_a_lens_as_large_as_aws_takes_is_linted_in_seconds() -> None:
    ids = [f"aa{number}" for number in range(15)]
    rules = [(" && ".join(ids), "NO_RISK"), (" || ".join(ids[:8]), "MEDIUM_RISK"), DEFAULT]
    groups = [
        pillar(f"pillar_{group}", *(question(f"q_{group}_{n}", " ".join(ids), rules) for n in range(20)))
        for group in range(10)
    ]
    began = time.process_time()
    assert len(lint(load(lens(*groups)))) == 200
    assert time.process_time() - began < 20


class Walk:
    """What a walk over every set of choices says of a raw question."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.rules = raw["riskRules"]
        self.ids = [item["id"] for item in raw["choices"]]
        self.answers = [chosen for chosen in all_sets(raw) if chosen]
        self.risk = {chosen: expected_risk(raw, set(chosen)) for chosen in self.answers}
        self.true = {
            chosen: [index for index, rule in enumerate(self.rules) if is_true(rule["condition"], set(chosen))]
            for chosen in self.answers
        }

    def size(self, wanted: list[tuple[str, ...]]) -> int | None:
        return min(map(len, wanted)) if wanted else None

    def never_fire(self) -> set[int]:
        return set(range(len(self.rules))) - {true[0] for true in self.true.values() if true}

    def order(self) -> dict[tuple[int, int], int]:
        pairs: dict[tuple[int, int], int] = {}
        for chosen, true in self.true.items():
            for later in true[1:]:
                rules = self.rules[true[0]], self.rules[later]
                if rules[0]["risk"] != rules[1]["risk"] and "default" not in (rule["condition"] for rule in rules):
                    pair = later, true[0]
                    pairs[pair] = min(pairs.get(pair, 99), len(chosen))
        return pairs

    def without_effect(self) -> set[str]:
        return {name for name in self.ids if all(self.same_with(chosen, name) for chosen in self.answers)}

    def same_with(self, chosen: tuple[str, ...], name: str) -> bool:
        return self.risk[chosen] == self.risk[self.added(chosen, name)]

    def added(self, chosen: tuple[str, ...], name: str) -> tuple[str, ...]:
        return tuple(other for other in self.ids if other in chosen or other == name)

    def worse(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in (name for name in self.ids if not name.endswith("_no")):
            plain = [chosen for chosen in self.answers if not any(other.endswith("_no") for other in chosen)]
            rises = [
                chosen
                for chosen in plain
                if WORST_FIRST.index(self.risk[self.added(chosen, name)]) < WORST_FIRST.index(self.risk[chosen])
            ]
            if rises:
                found[name] = min(map(len, rises))
        return found


@given(raw=questions(maximum=5))
def test_the_linter_finds_what_a_walk_over_every_set_finds(raw: dict[str, Any]) -> None:
    walk = Walk(raw)
    found: dict[str, list[Finding]] = {}
    for finding in lint_question(only_question(raw), "here"):
        found.setdefault(finding.code, []).append(finding)

    assert {item.rules[0] for item in found.get("never-fires", [])} == walk.never_fire()
    assert {item.rules: len(item.choices or ()) for item in found.get("order-decides", [])} == walk.order()
    uncovered = walk.size([chosen for chosen, true in walk.true.items() if not true])
    has_default = any(rule["condition"] == "default" for rule in raw["riskRules"])
    sizes = [None if item.choices is None else len(item.choices) for item in found.get("no-default", [])]
    assert sizes == ([] if has_default else [uncovered])
    idle = [item for code in ("choice-not-read", "choice-without-effect") for item in found.get(code, [])]
    assert {walk.ids[int(item.path[13:-1])] for item in idle} == walk.without_effect()
    assert {
        walk.ids[int(item.path[13:-1])]: len(item.choices or ()) for item in found.get("more-is-worse", [])
    } == walk.worse()
    risks = set(walk.risk.values())
    assert ("always-the-same-risk" in found) == (len(risks) == 1)
    assert ("no-risk-out-of-reach" in found) == (len(risks) > 1 and "NONE" not in risks)


@given(raw=questions(maximum=4))
def test_none_of_these_is_remarked_on_as_a_walk_over_every_set_would(raw: dict[str, Any]) -> None:
    walk = Walk(raw)
    found = {item.code: item for item in lint_question(only_question(raw), "here") if "-of-these-" in item.code}
    if "qq_no" not in walk.ids:
        assert found == {}
        return
    alone = WORST_FIRST.index(walk.risk["qq_no",])
    others = [chosen for chosen in walk.answers if set(chosen) - {"qq_no"}]
    gaining = [chosen for chosen in others if "qq_no" in chosen and WORST_FIRST.index(walk.risk[chosen]) > alone]
    losing = [chosen for chosen in others if "qq_no" not in chosen and WORST_FIRST.index(walk.risk[chosen]) < alone]
    expected = {"none-of-these-with-others": walk.size(gaining), "none-of-these-is-better": walk.size(losing)}
    assert {code: len(item.choices or ()) for code, item in found.items()} == {
        code: size for code, size in expected.items() if size
    }


@pytest.mark.parametrize("severity", ["warning", "note"])
def test_every_message_of_an_odd_lens_says_where_and_what(severity: str) -> None:
    found = [item for item in lint(load(as_published())) if item.severity == severity]
    assert found
    assert all(item.path.startswith("pillars[") and item.message.endswith(".") for item in found)


def test_no_finding_names_another_place_than_its_question() -> None:
    raw = lens(pillar("one_pillar", backup(), question("asked", "aaa bbb", [DEFAULT])))
    places = {
        item.question_id: item.path.partition(".riskRules")[0].partition(".choices")[0] for item in lint(load(raw))
    }
    assert places == {"backup": "pillars[0].questions[0]", "asked": "pillars[0].questions[1]"}
