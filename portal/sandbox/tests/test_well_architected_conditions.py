"""The grammar of risk rules as the sandbox reads it: against Python's own reading, and what is refused."""

import itertools
import re

import pytest

from portal.sandbox.well_architected_conditions import BadCondition, compiled, holds, names_in, risk_of


@pytest.mark.parametrize(
    "condition",
    [
        "aaa", "!aaa", "aaa && bbb", "aaa || bbb && ccc", "(aaa || bbb) && ccc", "!(aaa && bbb) || ccc", "!!aaa",
        "!aaa&&!bbb||!(ccc)", "((aaa))", "aaa || !(bbb || ccc) && aaa",
    ],
)  # fmt: skip
def test_a_condition_means_what_python_says_it_means(condition: str) -> None:
    words = re.sub(r"\w+", lambda match: f"({match[0]!r} in chosen)", condition)
    python = words.replace("!", " not ").replace("&&", " and ").replace("||", " or ")
    for size in range(4):
        for chosen in itertools.combinations(("aaa", "bbb", "ccc"), size):
            assert holds(compiled(condition), chosen) is eval(python, {"chosen": chosen}), chosen


@pytest.mark.parametrize(
    "condition", ["", "&&", "aaa &&", "aaa bbb", "(aaa", "aaa)", "aaa & bbb", "!", "()", "aaa-bbb"]
)
def test_what_is_not_of_the_grammar_is_refused(condition: str) -> None:
    with pytest.raises(BadCondition):
        compiled(condition)


def test_default_always_holds_and_names_nothing() -> None:
    assert holds(compiled(" default "), ())
    assert names_in(compiled("default")) == set()


def test_the_first_rule_that_holds_gives_the_risk() -> None:
    rules = [(compiled("aaa && bbb"), "NO_RISK"), (compiled("aaa"), "MEDIUM_RISK"), (compiled("default"), "HIGH_RISK")]
    risks = [risk_of(rules, chosen, True) for chosen in ({"aaa", "bbb"}, {"aaa"}, {"bbb"}, set())]
    assert risks == ["NONE", "MEDIUM", "HIGH", "UNANSWERED"]
    assert risk_of(rules, {"aaa"}, False) == "NOT_APPLICABLE"
