"""Truth tables against a walk over every set of choices."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.lens.conditions import parse
from assessments.lens.truth import Space
from assessments.tests.lenses import all_sets, conditions, is_true, question

IDS = ["aa0", "aa1", "aa2", "aa3", "aa4"]


def mask(chosen: tuple[str, ...]) -> int:
    return sum(1 << IDS.index(name) for name in chosen)


@given(condition=conditions(IDS))
def test_a_table_holds_the_value_for_every_set(condition: str) -> None:
    space = Space(tuple(IDS))
    table = space.table(parse(condition))
    sets = list(all_sets(question("asked", " ".join(IDS), [])))
    assert [bool(table >> mask(chosen) & 1) for chosen in sets] == [is_true(condition, set(chosen)) for chosen in sets]
    true = [chosen for chosen in sets if is_true(condition, set(chosen))]
    smallest = [chosen for chosen in true if len(chosen) == len(true[0])]
    assert set(space.all_smallest(table)) == set(smallest)
    assert space.smallest(table) == (min(smallest, key=mask) if smallest else None)


@given(condition=conditions(IDS), added=st.sampled_from(IDS))
def test_a_choice_can_be_added_to_all_sets_at_once(condition: str, added: str) -> None:
    space = Space(tuple(IDS))
    table = space.when_added(space.table(parse(condition)), added)
    for chosen in all_sets(question("asked", " ".join(IDS), [])):
        if added not in chosen:
            assert bool(table >> mask(chosen) & 1) == is_true(condition, {*chosen, added})


def test_sets_by_what_they_hold() -> None:
    space = Space(("aaa", "bbb", "ccc"))
    assert list(space.all_smallest(space.any_chosen(("aaa", "ccc")))) == [("aaa",), ("ccc",)]
    assert list(space.all_smallest(space.all_chosen(("aaa", "ccc")))) == [("aaa", "ccc")]
    assert space.smallest(space.everything ^ space.nothing_chosen) == ("aaa",)
    assert space.smallest(0) is None


def test_sixteen_choices_and_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 15"):
        Space(tuple(f"aa{number}" for number in range(16)))
    outside: Any = parse("zzz")
    with pytest.raises(KeyError):
        Space(("aaa",)).table(outside)
