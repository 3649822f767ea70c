"""What changed between two texts, by line and by step."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.differences import Change, Comparison, compare, summarise

LINES = st.lists(st.sampled_from(["a", "b", "c", "  d: 1", ""]), max_size=30)


def rebuilt(comparison: Comparison, side: str) -> list[str]:
    """One side's lines put together again from the rows."""
    found = [getattr(row, side) for row in comparison.rows if row.kind != "gap"]
    return [one.before + one.changed + one.after for one in found if one is not None]


@given(old=LINES, new=LINES)
def test_both_texts_can_be_put_together_again_from_the_rows(old: list[str], new: list[str]) -> None:
    old, new = [*old, "the old end"], [*new, "the new end"]
    comparison = compare("\n".join(old), "\n".join(new), context=1_000)
    assert (rebuilt(comparison, "left"), rebuilt(comparison, "right")) == (old, new)


@given(old=LINES, new=LINES)
def test_gaps_and_shown_lines_count_up_to_the_whole_text(old: list[str], new: list[str]) -> None:
    rows = compare("\n".join(old), "\n".join(new)).rows
    shown = sum(row.right is not None for row in rows) + sum(row.skipped for row in rows)
    assert shown == len("\n".join(new).splitlines())


def test_only_what_differs_in_a_line_is_marked() -> None:
    (row,) = compare("  Duration: PT5S", "  Duration: PT90S").rows
    assert row.left is not None
    assert row.right is not None
    assert (row.left.before, row.left.changed, row.left.after) == ("  Duration: PT", "5", "S")
    assert (row.right.before, row.right.changed, row.right.after) == ("  Duration: PT", "90", "S")


def test_far_equal_lines_are_folded_and_numbers_stay_right() -> None:
    old = "\n".join(f"line {number}" for number in range(1, 41))
    rows = compare(old, old.replace("line 20", "line twenty")).rows
    assert [row.kind for row in rows] == ["gap", "same", "same", "same", "changed", "same", "same", "same", "gap"]
    assert (rows[0].skipped, rows[-1].skipped) == (16, 17)
    assert [row.left.number for row in rows if row.left] == [17, 18, 19, 20, 21, 22, 23]


def test_line_ends_of_another_system_are_no_difference() -> None:
    assert compare("a\r\nb\r\n", "a\nb\n").is_same


def test_very_long_texts_are_not_compared_by_line() -> None:
    comparison = compare("a\n" * 7_000, "b\n" * 7_000)
    assert (comparison.is_too_long, comparison.is_same) == (True, False)


@pytest.mark.parametrize("text", ["a\n" * 6_000, "".join(f"{number % 70}\n" for number in range(6_000))])
def test_repetitive_texts_are_compared_in_bounded_time(text: str) -> None:
    began = time.monotonic()
    compare(text, "x\n".join(text.split("\n")[::2]))
    assert time.monotonic() - began < 10


def step(name: str, **properties: object) -> dict[str, object]:
    return {"name": name, "action": "aws:sleep", "inputs": {"Duration": "PT1S"}, **properties}


def test_added_removed_changed_and_moved_steps_are_named() -> None:
    old = {"mainSteps": [step("a"), step("b"), step("c"), step("d")]}
    new = {"mainSteps": [step("b"), step("a"), step("c", timeoutSeconds=5, inputs={"Duration": "PT2S"}), step("e")]}
    summary = summarise(old, new)
    assert Change("d", "removed") in summary.steps
    assert Change("e", "added") in summary.steps
    assert Change("c", "changed", ("inputs.Duration", "timeoutSeconds")) in summary.steps
    assert [change.kind for change in summary.steps].count("moved") == 1


def test_parameters_and_other_parts_are_told_apart() -> None:
    old = {"parameters": {"A": {"type": "String"}, "B": {"type": "String"}}, "description": "x", "assumeRole": "r"}
    new = {"parameters": {"B": {"type": "Integer"}, "C": {"type": "String"}}, "description": "y", "assumeRole": "r"}
    summary = summarise(old, new)
    assert summary.parameters == (Change("A", "removed"), Change("B", "changed", ("type",)), Change("C", "added"))
    assert summary.others == ("description",)


def test_equal_contents_have_an_empty_summary() -> None:
    content = {"mainSteps": [step("a")], "parameters": {"A": {"type": "String"}}}
    assert summarise(content, content).is_empty


@pytest.mark.parametrize("content", [{}, {"mainSteps": None}, {"mainSteps": "text", "parameters": [1]}])
def test_shapes_that_are_no_document_do_not_break_it(content: dict[str, object]) -> None:
    assert summarise(content, {"mainSteps": [step("a")]}).steps == (Change("a", "added"),)
