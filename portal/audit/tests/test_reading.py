"""How an event reads: changes with both sides, everything else as it is."""

import pytest

from portal.audit.models import Event
from portal.audit.reading import Line, reading_of, spoken


def test_changes_come_first_with_both_sides() -> None:
    event = Event(
        detail={"reason": "late", "changed": {"tier": {"from": "Important", "to": "Critical"}}, "began_from": "x"}
    )
    assert reading_of(event).lines == [Line("tier", "Important", "Critical"), Line("reason", None, "late")]


def test_an_event_without_detail_has_no_lines() -> None:
    assert reading_of(Event(detail={})).lines == []


@pytest.mark.parametrize("changed", ["a word", ["a", "list"], {"field": "no sides"}, {"field": None}])
def test_a_detail_of_another_shape_is_still_shown(changed: object) -> None:
    for line in reading_of(Event(detail={"changed": changed})).lines:
        assert line.before is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ("", "none"),
        ([], "none"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a, b"),
        ([{"a": 1}], '[{"a": 1}]'),
        ("word", "word"),
    ],
)
def test_values_are_put_into_words(value: object, words: str) -> None:
    assert spoken(value) == words
