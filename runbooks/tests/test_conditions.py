"""Conditions of a branch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.conditions import OPERATORS, ConditionError, choose, is_true


@pytest.mark.parametrize(
    ("variable", "operator", "constant", "expected"),
    [
        ("up", "StringEquals", "up", True),
        ("up", "StringEquals", "Up", False),
        (5, "StringEquals", "5", True),
        (True, "StringEquals", "true", True),
        ("{{ find.State }}", "StringEquals", "{{ find.State }}", True),
        ("Straße", "EqualsIgnoreCase", "STRASSE", True),
        ("up", "EqualsIgnoreCase", "down", False),
        ("arn:aws", "StartsWith", "arn:", True),
        ("arn:aws", "StartsWith", "aws", False),
        ("a.yaml", "EndsWith", ".yaml", True),
        ("a.yaml", "EndsWith", "a", False),
        ("a,b", "Contains", ",", True),
        ("a,b", "Contains", "c", False),
        (["ab", "c"], "Contains", "c", True),
        (["ab", "c"], "Contains", "a", False),
        ([1, 2], "Contains", "2", True),
        (5, "NumericEquals", 5, True),
        ("5", "NumericEquals", 5.0, True),
        (5, "NumericGreater", 4, True),
        (5, "NumericGreater", 5, False),
        (5, "NumericLesser", "5.5", True),
        (5, "NumericLesser", 5, False),
        (5, "NumericGreaterOrEquals", 5, True),
        (4, "NumericGreaterOrEquals", 5, False),
        (5, "NumericLesserOrEquals", 5, True),
        (6, "NumericLesserOrEquals", 5, False),
        ("{{ find.Count }}", "NumericGreater", 0, False),
        (True, "BooleanEquals", True, True),
        ("True", "BooleanEquals", True, True),
        ("false", "BooleanEquals", True, False),
        ("{{ find.Ready }}", "BooleanEquals", False, False),
    ],
)
def test_an_operator_decides(variable: Any, operator: str, constant: Any, expected: bool) -> None:
    assert is_true({"Variable": variable, operator: constant}) is expected


def test_every_operator_of_the_user_guide_is_known() -> None:
    assert set(OPERATORS) == {
        "StringEquals",
        "EqualsIgnoreCase",
        "StartsWith",
        "EndsWith",
        "Contains",
        "NumericEquals",
        "NumericGreater",
        "NumericLesser",
        "NumericGreaterOrEquals",
        "NumericLesserOrEquals",
        "BooleanEquals",
    }


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"Variable": "many", "NumericGreater": 3}, "NumericGreater compares numbers, but was given 'many'"),
        ({"Variable": True, "NumericEquals": 1}, "was given 'true'"),
        ({"Variable": [1], "NumericEquals": 1}, "compares numbers"),
        ({"Variable": "1_000", "NumericEquals": 1000}, "compares numbers"),
        ({"Variable": "maybe", "BooleanEquals": True}, "BooleanEquals compares true and false"),
        ({"Variable": 1, "BooleanEquals": True}, "was given '1'"),
        ({"Variable": "x"}, "exactly one operator"),
        ({"Variable": "x", "StringEquals": "x", "Contains": "x"}, "exactly one operator"),
        ({"StringEquals": "x"}, "needs Variable"),
        ({"Not": []}, "Not holds one condition"),
        ({"And": []}, "And holds a list"),
        ({"Or": ["x"]}, "Or holds a list"),
    ],
)
def test_a_condition_that_cannot_be_decided_says_why(condition: dict[str, Any], message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        is_true(condition)


YES, NO = {"Variable": "a", "StringEquals": "a"}, {"Variable": "a", "StringEquals": "b"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"And": [YES, YES]}, True),
        ({"And": [YES, NO]}, False),
        ({"Or": [NO, YES]}, True),
        ({"Or": [NO, NO]}, False),
        ({"Not": NO}, True),
        ({"Not": YES}, False),
        ({"And": [{"Or": [NO, YES]}, {"Not": NO}]}, True),
    ],
)
def test_conditions_are_joined(condition: dict[str, Any], expected: bool) -> None:
    assert is_true(condition) is expected


def test_the_first_true_choice_is_taken() -> None:
    choices = [{"NextStep": "one", **NO}, {"NextStep": "two", **YES}, {"NextStep": "three", **YES}]
    assert choose(choices, "otherwise") == "two"


def test_without_a_true_choice_the_default_is_taken() -> None:
    assert choose([{"NextStep": "one", **NO}], "otherwise") == "otherwise"


@pytest.mark.parametrize("default", [None, ""])
def test_without_a_default_nothing_is_taken(default: str | None) -> None:
    assert choose([{"NextStep": "one", **NO}], default) is None


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.text(max_size=3))


@given(VALUES, st.sampled_from(sorted(OPERATORS)), VALUES)
def test_any_operands_are_decided_or_refused_in_words(variable: Any, operator: str, constant: Any) -> None:
    try:
        assert is_true({"Variable": variable, operator: constant}) in {True, False}
    except ConditionError as error:
        assert operator in str(error)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_numeric_operators_agree_with_each_other(left: int, right: int) -> None:
    def holds(operator: str) -> bool:
        return is_true({"Variable": left, operator: right})

    assert [holds("NumericLesser"), holds("NumericEquals"), holds("NumericGreater")].count(True) == 1
    assert holds("NumericLesserOrEquals") is not holds("NumericGreater")
    assert holds("NumericGreaterOrEquals") is not holds("NumericLesser")
