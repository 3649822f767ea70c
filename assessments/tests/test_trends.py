"""Differences between frozen states, and the trend's columns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assessments.risk import Risk
from assessments.trends import Change, Direction, Moment, columns_of, compare

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def asked(id_: str = "backup", risk: str = "HIGH", **more: Any) -> dict[str, Any]:
    return {"id": id_, "title": f"How do you {id_}?", "risk": risk, **more}


def chosen(**statuses: str) -> list[dict[str, str]]:
    return [
        {"id": id_, "title": f"We do {id_}", "status": status, "reason": "", "notes": ""}
        for id_, status in statuses.items()
    ]


def state(*questions: dict[str, Any]) -> dict[str, Any]:
    counts = {risk.value: sum(each["risk"] == risk for each in questions) for risk in Risk}
    return {"counts": counts, "pillars": [{"id": "ppp", "name": "Recovery", "questions": list(questions)}]}


def test_equal_states_differ_in_nothing() -> None:
    same = state(asked(choices=chosen(tested="SELECTED"), notes="weekly"))
    assert compare(same, same).changed == ()


@pytest.mark.parametrize(
    ("before", "after", "label", "said"),
    [
        (
            {"choices": chosen(tested="UNSELECTED")},
            {"choices": chosen(tested="SELECTED")},
            "We do tested",
            ("not chosen", "chosen"),
        ),
        ({"choices": chosen(tested="SELECTED")}, {"choices": []}, "We do tested", ("chosen", "not chosen")),
        ({"notes": "weekly"}, {"notes": "daily"}, "Notes", ("weekly", "daily")),
        ({}, {"assignee": "otto"}, "Assignee", ("nobody", "otto")),
        ({}, {"is_applicable": False, "reason": "OUT_OF_SCOPE"}, "Applies", ("yes", "no: out of scope")),
        (
            {"choices": chosen(tested="UNSELECTED")},
            {"choices": [{**chosen(tested="NOT_APPLICABLE")[0], "reason": "BUSINESS_PRIORITIES", "notes": "2027"}]},
            "We do tested",
            ("not chosen", "not applicable: business priorities: 2027"),
        ),
        ({}, {"evidence": [{"kind": "drill", "value": "abc"}]}, "Evidence", ("none", "drill abc")),
    ],
)
def test_each_field_of_an_answer_that_changed_is_told_before_and_after(
    before: dict[str, Any], after: dict[str, Any], label: str, said: tuple[str, str]
) -> None:
    (change,) = compare(state(asked(**before)), state(asked(**after))).changed
    (difference,) = change.differences
    assert (difference.label, (difference.before, difference.after)) == (label, said)


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("HIGH", "NONE", Direction.BETTER),
        ("NONE", "MEDIUM", Direction.WORSE),
        ("HIGH", "HIGH", Direction.SAME),
        ("UNANSWERED", "HIGH", Direction.SAME),
        ("HIGH", "NOT_APPLICABLE", Direction.SAME),
    ],
)
def test_only_a_risk_that_was_known_gets_better_or_worse(before: str, after: str, direction: Direction) -> None:
    (change,) = compare(state(asked(risk=before)), state(asked(risk=after))).questions
    assert change.direction is direction


def test_questions_that_came_and_went_are_told_with_the_risk_they_have() -> None:
    found = compare(state(asked("old", "HIGH")), state(asked("new", "NONE"))).changed
    assert [(each.question_id, each.change, each.before, each.after) for each in found] == [
        ("new", Change.NEW, None, Risk.NONE),
        ("old", Change.DELETED, Risk.HIGH, None),
    ]


def test_columns_stand_in_order_of_time_and_their_bands_fill_them() -> None:
    counts = {Risk.HIGH: 1, Risk.NONE: 3}
    moments = [Moment(None, "Now", NOW, counts), Moment(1, "First", NOW - timedelta(days=9), {Risk.UNANSWERED: 4})]
    first, now = columns_of(moments)
    assert first.moment.name == "First"
    assert [(band.risk, band.count, band.top, band.height) for band in now.bands] == [
        (Risk.HIGH, 1, 75.0, 25.0),
        (Risk.NONE, 3, 0.0, 75.0),
    ]


def test_a_moment_without_questions_has_no_bands() -> None:
    (column,) = columns_of([Moment(1, "Empty", NOW, {})])
    assert column.bands == ()
