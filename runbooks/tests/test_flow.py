"""What follows a step: the table of the user guide's step properties, row by row."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.document import Document, load
from runbooks.automation.flow import (
    Edge,
    End,
    Next,
    Outcome,
    Retry,
    edges,
    first_step,
    follow,
    follow_cancel,
)

SUCCESS, FAILED, TIMED_OUT = Outcome("Success"), Outcome("Failed"), Outcome("TimedOut")


def document(*steps: dict[str, Any]) -> Document:
    return load(
        {"schemaVersion": "0.3", "mainSteps": [{"action": "aws:pause", "inputs": {}, **step} for step in steps]}
    )


def one_then_rest(**properties: Any) -> Document:
    return document({"name": "one", **properties}, {"name": "two"}, {"name": "mend"})


@pytest.mark.parametrize(
    ("properties", "outcome", "expected"),
    [
        pytest.param({}, SUCCESS, Next("two", None), id="success goes to the next in the list"),
        pytest.param({"nextStep": "mend"}, SUCCESS, Next("mend", None), id="success takes nextStep"),
        pytest.param({"isEnd": True}, SUCCESS, End("Success"), id="isEnd ends"),
        pytest.param({"isEnd": "true"}, SUCCESS, End("Success"), id="isEnd may be a text"),
        pytest.param({"isEnd": "false"}, SUCCESS, Next("two", None), id="the text false is false"),
        pytest.param({}, Outcome("Success", "mend"), Next("mend", None), id="a branch jumps"),
        pytest.param(
            {"isEnd": True}, Outcome("Success", "mend"), Next("mend", None), id="a branch jumps despite isEnd"
        ),
        pytest.param({"nextStep": "two"}, Outcome("Success", "mend"), Next("mend", None), id="the jump beats nextStep"),
        pytest.param({}, FAILED, End("Failed"), id="Abort is the default"),
        pytest.param({}, TIMED_OUT, End("TimedOut"), id="a timeout ends as TimedOut"),
        pytest.param({"isCritical": False}, FAILED, End("Success"), id="Abort of what is not critical"),
        pytest.param({"isCritical": "false"}, TIMED_OUT, End("Success"), id="isCritical may be a text"),
        pytest.param({"onFailure": "Continue"}, FAILED, Next("two", None), id="Continue is not critical by itself"),
        pytest.param(
            {"onFailure": "Continue", "isCritical": True}, FAILED, Next("two", "Failed"), id="Continue, but critical"
        ),
        pytest.param(
            {"onFailure": "Continue", "nextStep": "mend"}, FAILED, Next("mend", None), id="Continue takes nextStep"
        ),
        pytest.param({"onFailure": "Continue", "isEnd": True}, FAILED, End("Success"), id="Continue at the end"),
        pytest.param({"onFailure": "step:mend"}, FAILED, Next("mend", "Failed"), id="a jump is critical by default"),
        pytest.param({"onFailure": "step:mend"}, TIMED_OUT, Next("mend", "TimedOut"), id="a timeout jumps too"),
        pytest.param(
            {"onFailure": "step:mend", "isEnd": True},
            FAILED,
            Next("mend", "Failed"),
            id="a failure jumps despite isEnd",
        ),
        pytest.param(
            {"onFailure": "step:mend", "isCritical": False, "isEnd": True},
            FAILED,
            Next("mend", None),
            id="a jump that is not critical",
        ),
        pytest.param(
            {"onFailure": "step:mend", "nextStep": "two"}, FAILED, Next("mend", "Failed"), id="step: beats nextStep"
        ),
        pytest.param({}, Outcome("Failed", "mend"), End("Failed"), id="a failed branch does not jump"),
        pytest.param({"onFailure": "step:mend"}, Outcome("Cancelled"), End("Cancelled"), id="cancelled ends"),
    ],
)
def test_what_follows_a_step(properties: dict[str, Any], outcome: Outcome, expected: object) -> None:
    assert follow(one_then_rest(**properties), "one", outcome, 1, None) == expected


def test_the_last_step_needs_no_is_end() -> None:
    assert follow(one_then_rest(), "mend", SUCCESS, 1, None) == End("Success")


def test_a_compensation_that_succeeds_leaves_the_execution_failed() -> None:
    decision = follow(one_then_rest(onFailure="step:mend"), "one", TIMED_OUT, 1, None)
    assert isinstance(decision, Next)
    assert follow(one_then_rest(onFailure="step:mend"), decision.step, SUCCESS, 1, decision.worst) == End("TimedOut")


def test_the_first_critical_failure_wins() -> None:
    assert follow(one_then_rest(), "mend", TIMED_OUT, 1, "Failed") == End("Failed")


def test_an_abort_that_is_not_critical_keeps_an_earlier_failure() -> None:
    assert follow(one_then_rest(isCritical=False), "one", TIMED_OUT, 1, "Failed") == End("Failed")


@pytest.mark.parametrize("outcome", [FAILED, TIMED_OUT])
def test_a_step_is_tried_as_often_as_it_says(outcome: Outcome) -> None:
    tried = one_then_rest(maxAttempts=3)
    assert follow(tried, "one", outcome, 1, None) == Retry(2, timedelta(seconds=1))
    assert follow(tried, "one", outcome, 2, None) == Retry(3, timedelta(seconds=2))
    assert follow(tried, "one", outcome, 3, None) == End(outcome.status)


def test_the_delay_between_attempts_stops_growing_at_half_a_minute() -> None:
    assert follow(one_then_rest(maxAttempts=100), "one", FAILED, 99, None) == Retry(100, timedelta(seconds=30))


def test_success_is_not_retried() -> None:
    assert follow(one_then_rest(maxAttempts=3), "one", SUCCESS, 1, None) == Next("two", None)


def test_a_cancel_runs_the_chain_that_on_cancel_names_and_ends_cancelled() -> None:
    cancelled = one_then_rest(onCancel="step:mend")
    decision = follow_cancel(cancelled, "one")
    assert decision == Next("mend", "Cancelled")
    assert follow(cancelled, "mend", SUCCESS, 1, "Cancelled") == End("Cancelled")
    assert follow(cancelled, "mend", FAILED, 1, "Cancelled") == End("Cancelled")


@pytest.mark.parametrize("properties", [{}, {"onCancel": "Abort"}])
def test_a_cancel_without_a_chain_ends_at_once(properties: dict[str, Any]) -> None:
    assert follow_cancel(one_then_rest(**properties), "one") == End("Cancelled")


def test_a_step_the_document_does_not_have_is_named() -> None:
    with pytest.raises(KeyError, match="no step three"):
        follow(one_then_rest(), "three", SUCCESS, 1, None)


def test_the_picture_shows_every_way_once() -> None:
    drawn = document(
        {
            "name": "ask",
            "action": "aws:branch",
            "inputs": {"Choices": [{"NextStep": "shift"}, {"NextStep": "shift"}], "Default": "leave"},
            "onFailure": "step:leave",
        },
        {"name": "shift", "onCancel": "step:leave"},
        {"name": "leave", "isEnd": True},
        {"name": "spare"},
    )
    assert edges(drawn) == (
        Edge("ask", "shift", "choice"),
        Edge("ask", "leave", "choice"),
        Edge("ask", "leave", "failure"),
        Edge("shift", "leave", "next"),
        Edge("shift", "leave", "cancel"),
        Edge("leave", "", "end"),
        Edge("spare", "", "end"),
    )


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, Edge("one", "two", "next")),
        ({"isEnd": True}, Edge("one", "", "end")),
        ({"nextStep": "mend"}, Edge("one", "mend", "next")),
    ],
)
def test_a_branch_without_default_may_go_on(properties: dict[str, Any], expected: Edge) -> None:
    branch = one_then_rest(action="aws:branch", inputs={"Choices": [{"NextStep": "mend"}]}, **properties)
    assert [edge for edge in edges(branch) if edge.source == "one"] == [Edge("one", "mend", "choice"), expected]


def test_a_failed_branch_with_default_that_continues_goes_on_by_the_list() -> None:
    branch = one_then_rest(action="aws:branch", inputs={"Choices": [], "Default": "mend"}, onFailure="Continue")
    assert Edge("one", "two", "failure") in edges(branch)


NAMES = ["a", "b", "c"]
JUMPS = st.sampled_from(["Abort", "Continue", *(f"step:{name}" for name in NAMES)])
STEPS = st.fixed_dictionaries(
    {},
    optional={
        "onFailure": JUMPS,
        "onCancel": st.sampled_from(["Abort", "step:a", "step:c"]),
        "isCritical": st.sampled_from([True, False, "true", "false"]),
        "isEnd": st.sampled_from([True, False, "true"]),
        "nextStep": st.sampled_from(NAMES),
        "maxAttempts": st.integers(1, 4),
    },
)


@given(
    steps=st.tuples(STEPS, STEPS, STEPS),
    name=st.sampled_from(NAMES),
    status=st.sampled_from(["Success", "Failed", "TimedOut", "Cancelled"]),
    attempt=st.integers(1, 5),
    worst=st.sampled_from([None, "Failed", "TimedOut", "Cancelled"]),
)
def test_every_outcome_has_a_decision_that_agrees_with_the_picture(
    steps: tuple[dict[str, Any], ...], name: str, status: Any, attempt: int, worst: str | None
) -> None:
    drawn = document(*({"name": letter, **step} for letter, step in zip(NAMES, steps, strict=True)))
    decision = follow(drawn, name, Outcome(status), attempt, worst)
    if isinstance(decision, Next):
        assert any((edge.source, edge.target) == (name, decision.step) for edge in edges(drawn))
        assert decision.worst in ({worst} if worst else {None, status})
    elif isinstance(decision, Retry):
        assert decision.attempt == attempt + 1 <= drawn.step(name).max_attempts
    else:
        possible = {"Cancelled"} if status == "Cancelled" else {worst or "Success", worst or status}
        assert decision.status in possible


@given(attempts=st.integers(1, 6), failures=st.integers(0, 8))
def test_a_step_never_gets_more_attempts_than_it_says(attempts: int, failures: int) -> None:
    drawn, attempt = one_then_rest(maxAttempts=attempts), 1
    for _ in range(failures):
        decision = follow(drawn, "one", FAILED, attempt, None)
        if not isinstance(decision, Retry):
            break
        attempt = decision.attempt
    assert attempt == min(attempts, failures + 1)


def test_an_execution_begins_with_the_first_step() -> None:
    assert first_step(one_then_rest()) == "one"
