"""A slice of work: what one step costs the database, and that nothing is overlooked between a step and the next one.

The record of a step and the note of the next are one transaction; what comes in meanwhile must count all the same.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, connection
from pytest_django import Settings

from portal import statements
from portal.audit import log as audit
from portal.people.models import User
from runbooks import attempts, runner, workers
from runbooks.actions import registry
from runbooks.models import Execution, SignalKind, Status
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import interrupted, let_the_lease_run_out
from runbooks.tests.test_runner import TWO_CALLS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
PAUSED = """
schemaVersion: "0.3"
description: Waits for a person.
mainSteps:
  - {name: Wait, action: aws:pause, inputs: {}}
"""


def a_text(steps: int, call: str) -> str:
    step = "  - {{name: Step{0}, action: aws:executeAwsApi, inputs: {{Service: dynamodb, {1}}}}}\n"
    return 'schemaVersion: "0.3"\nmainSteps:\n' + "".join(step.format(number, call) for number in range(steps))


@pytest.mark.parametrize("call", ["Api: ListTables", "Api: DeleteItem, TableName: shop, Key: {Id: {S: a}}"])
def test_a_step_more_takes_few_statements_more(start: Start, aws: AwsDouble, call: str) -> None:
    """Lock and look of the log are one on PostgreSQL; its begin and commit are no statements of Django's."""

    def statements(steps: int) -> int:
        execution, seen = start(a_text(steps, call), name=f"Of{steps}"), []

        def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            seen.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            runner.advance(execution.pk)
        execution.refresh_from_db()
        assert execution.status == Status.SUCCESS, execution.status_message
        assert audit.broken_link(f"execution:{execution.pk}") is None
        return len(seen)

    assert statements(12) - statements(2) <= 10 * 6


def test_a_pause_sent_during_a_call_holds_the_next_step(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    execution = start(TWO_CALLS)

    def pause() -> None:
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE)

    with interrupted(attempts, "act", after=pause):
        execution = carry(execution)
    assert (execution.status, execution.is_paused) == (Status.WAITING, True)
    assert aws.operations() == ["DescribeTable"]
    assert list(execution.steps.values_list("step_name", "status")) == [("Look", Status.SUCCESS)]


def test_a_parameter_changed_during_a_call_reaches_the_next_step(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    execution = start(TWO_CALLS)

    def change() -> None:
        said = {"payload": {"parameter": "Table", "value": "spare"}, "comment": "The other one is gone"}
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.CHANGE, **said)

    with interrupted(attempts, "act", after=change):
        execution = carry(execution)
    assert execution.status == Status.SUCCESS, execution.status_message
    assert aws.calls[1][1]["TableName"] == "spare"


def test_a_slice_that_is_over_leaves_no_step_noted_and_not_made(
    start: Start, aws: AwsDouble, settings: Settings
) -> None:
    settings.SLICE = timedelta(0)
    execution = start(TWO_CALLS)
    assert runner.advance(execution.pk)
    execution.refresh_from_db()
    assert execution.lease_token is None
    assert len(aws.calls) == execution.steps.filter(status=Status.SUCCESS).count() == execution.steps.count()
    assert carry(execution).status == Status.SUCCESS


def test_a_worker_told_to_stop_during_a_call_notes_no_other(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = start(TWO_CALLS)
    with interrupted(attempts, "act", after=lambda: monkeypatch.setattr(workers.HERE, "is_stopping", True)):
        assert runner.advance(execution.pk)
    execution.refresh_from_db()
    assert (execution.lease_token, execution.current_step) == (None, "Mark")
    assert list(execution.steps.values_list("step_name", "status")) == [("Look", Status.SUCCESS)]


def test_a_worker_leaves_a_step_whose_action_it_lacks_to_a_newer_one(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two versions run side by side during a deployment; the older one must not fail what only the newer can do."""
    execution = start(TWO_CALLS)
    with monkeypatch.context() as older:
        older.delitem(registry.ACTIONS, "aws:executeAwsApi")
        assert not runner.advance(execution.pk)
        execution.refresh_from_db()
        assert (execution.status, execution.lease_token, execution.steps.count()) == (Status.IN_PROGRESS, None, 0)
        assert "aws:executeAwsApi" in execution.status_message
        assert execution.wake_at is not None
        assert execution.wake_at > audit.database_now()
    let_the_lease_run_out(execution)
    execution = carry(execution)
    assert (execution.status, execution.status_message) == (Status.SUCCESS, "")


def test_a_worker_leaves_an_open_step_whose_action_it_lacks_to_a_newer_one(
    start: Start, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = carry(start(PAUSED))
    step = execution.steps.get()
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.RESUME, step_execution=step)
    with monkeypatch.context() as older:
        older.delitem(registry.ACTIONS, "aws:pause")
        runner.advance(execution.pk)
        step.refresh_from_db()
        assert step.status == Status.WAITING
    let_the_lease_run_out(execution)
    assert carry(execution).status == Status.SUCCESS


def test_an_error_of_the_driver_itself_ends_a_slice_like_any_of_the_database(start: Start, aws: AwsDouble) -> None:
    """Django passes the driver's `InterfaceError` on as one that is no `DatabaseError`."""
    execution = start(TWO_CALLS)

    def lose() -> None:
        raise InterfaceError("connection already closed")

    with interrupted(statements, "make_all", before=lose):
        assert not runner.advance(execution.pk)
    let_the_lease_run_out(execution)
    assert carry(execution).status == Status.SUCCESS
