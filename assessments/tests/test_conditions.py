"""Conditions: the grammar, its errors with their places, and values against Python's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.lens.conditions import AllOf, AnyOf, Chosen, ConditionError, Default, Not, choices_read, parse
from assessments.risk import evaluate
from assessments.tests.lenses import conditions, is_true

IDS = ["aaa", "bbb", "ccc", "d_1"]


def test_not_binds_closer_than_and_and_closer_than_or() -> None:
    expected = AnyOf((AllOf((Not(Chosen("a")), Chosen("b"))), Chosen("c")))
    assert parse("!a && b || c") == expected
    assert parse(" ! a&&b||c ") == expected


def test_brackets_change_what_binds() -> None:
    assert parse("!(a && (b || c))") == Not(AllOf((Chosen("a"), AnyOf((Chosen("b"), Chosen("c"))))))


def test_default_is_a_condition_of_its_own() -> None:
    assert parse(" default ") == Default()
    assert evaluate(parse("default"), frozenset()) is True


def test_a_choice_knows_where_it_stands() -> None:
    assert [(read.choice_id, read.position) for read in choices_read(parse("(a || !bb) && a"))] == [
        ("a", 2),
        ("bb", 8),
        ("a", 15),
    ]


@given(condition=conditions(IDS), chosen=st.sets(st.sampled_from(IDS)))
def test_a_condition_has_the_value_that_python_gives_it(condition: str, chosen: set[str]) -> None:
    assert evaluate(parse(condition), chosen) == is_true(condition, chosen)


@pytest.mark.parametrize(
    ("condition", "position", "says"),
    [
        ("", 1, "the condition ends there"),
        ("  ", 3, "the condition ends there"),
        ("a &&", 5, "the condition ends there"),
        ("a && && b", 6, "&& stands there"),
        ("a & b", 3, "Write &&"),
        ("a | b", 3, "Write ||"),
        ("a and b", 3, "Write &&"),
        ("a OR b", 3, "Write ||"),
        ("a b", 3, "No operator stands before b"),
        ("(a || b", 1, "never closed"),
        ("a)", 2, "closes nothing"),
        ("(a b)", 4, "No operator stands before b"),
        ("()", 2, ") stands there"),
        ("!", 2, "the condition ends there"),
        ("a !b", 3, "No operator stands before !"),
        ("(" * 51 + "a" + ")" * 51, 51, "deeper than 50"),
        ("!" * 9_000 + "a", 51, "deeper than 50"),
        ("a" * 10_001, 10_001, "at most 10,000"),
    ],
)
def test_a_bad_condition_is_refused_with_the_place_and_the_remedy(condition: str, position: int, says: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(condition)
    assert caught.value.position == position
    assert says in caught.value.message


@given(text=st.text(alphabet="ab_ &|!()d", max_size=30))
def test_any_text_is_a_condition_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        parsed: Any = parse(text)
    except ConditionError as error:
        assert 1 <= error.position <= len(text) + 1
    else:
        assert evaluate(parsed, {"a"}) in (True, False)


def test_a_long_condition_is_read_at_once() -> None:
    assert len(list(choices_read(parse("&&".join(["abc"] * 2_000))))) == 2_000
