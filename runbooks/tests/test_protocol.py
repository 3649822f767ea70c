"""The protocol around what must not happen twice: quarantine, read-backs, late results, the last moment to send."""

import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.aws import sessions
from portal.aws.caller import AwsCaller
from portal.aws.errors import AwsError
from portal.people.models import User
from runbooks import attempts, runner
from runbooks.automation.results import Result
from runbooks.models import Execution, LateResult, SignalKind, Status, StepExecution
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.test_runner import ONCE, died_holding, steps_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]

SCALE_DOWN = """
schemaVersion: "0.3"
description: Fences a service.
mainSteps:
  - name: Fence
    action: aws:executeAwsApi
    inputs: {Service: ecs, Api: UpdateService, service: core, desiredCount: 0}
"""

BACKUP = "arn:aws:dynamodb:us-west-2:123456789012:table/shop/backup/01234567890123-abcdefgh"


def test_a_declarative_call_whose_worker_died_waits_out_its_quarantine(
    start: Start, aws: AwsDouble, settings: Any
) -> None:
    settings.QUARANTINE = timedelta(seconds=60)
    execution = died_holding(start(SCALE_DOWN), "Fence", "declarative")
    runner.advance(execution.pk)
    execution.refresh_from_db()
    assert aws.calls == []
    assert execution.wake_at is not None
    assert execution.wake_at > timezone.now() + timedelta(seconds=50)
    assert "may still be under way" in execution.status_message

    StepExecution.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert carry(execution).status == Status.SUCCESS
    assert aws.operations() == ["UpdateService"]


def test_a_token_older_than_its_life_is_not_used_again(start: Start, aws: AwsDouble) -> None:
    execution = died_holding(start(ONCE), "FailOver", "by token")
    StepExecution.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    execution = carry(execution)
    assert execution.status == Status.WAITING
    assert "RestoreTableFromBackup" not in aws.operations()


def test_a_read_back_that_proves_it_settles_the_step(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"RestoreSummary": {"SourceBackupArn": BACKUP, "RestoreInProgress": True}}}
    execution = carry(died_holding(start(ONCE), "FailOver", "not idempotent"))
    assert execution.status == Status.SUCCESS
    assert "shows that it has happened" in execution.steps.get().log
    assert aws.operations() == ["DescribeTable"]


def test_a_read_back_of_something_else_asks(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {
        "Table": {"RestoreSummary": {"SourceBackupArn": "another", "RestoreInProgress": True}}
    }
    execution = carry(died_holding(start(ONCE), "FailOver", "not idempotent"))
    assert execution.status == Status.WAITING
    assert "does not show it" in execution.status_message


def test_an_unknown_outcome_cannot_be_retried_before_its_quarantine_is_over(
    start: Start, aws: AwsDouble, people: dict[str, User], settings: Any
) -> None:
    settings.QUARANTINE = timedelta(seconds=60)
    aws.behaviour.append("cut")
    execution = carry(start(ONCE))
    step = execution.steps.get()

    def send(kind: SignalKind) -> None:
        send_signal(user=people["responder"], execution=execution, kind=kind, step_execution=step, comment="I looked")

    with pytest.raises(ValidationError, match="can be tried again in"):
        send(SignalKind.RETRY)
    send(SignalKind.MARK_DONE)
    assert carry(execution).status == Status.SUCCESS


def test_a_call_that_was_made_again_has_its_quarantine_from_then(
    start: Start, aws: AwsDouble, people: dict[str, User], settings: Any
) -> None:
    """A token too old to be used again: the newest call counts, however long ago the attempt began."""
    settings.QUARANTINE = timedelta(seconds=60)
    aws.behaviour.append("cut")
    execution = carry(start(ONCE))
    step = execution.steps.get()
    state = {"sent_at": timezone.now().isoformat()}
    StepExecution.objects.update(started_at=timezone.now() - timedelta(minutes=6), state=state)
    with pytest.raises(ValidationError, match="can be tried again in"):
        send_signal(
            user=people["responder"],
            execution=execution,
            kind=SignalKind.RETRY,
            step_execution=step,
            comment="I looked",
        )


def test_what_a_worker_saw_after_losing_its_fence_is_kept_and_settles_the_step(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the call is out, the lease runs out and somebody else claims the execution."""
    execution = start(ONCE)
    really_act = attempts.act

    def act_and_lose_the_fence(*given: Any) -> Result:
        result = really_act(*given)
        Execution.objects.filter(pk=execution.pk).update(fence=99, lease_token=None, lease_until=None)
        return result

    monkeypatch.setattr(attempts, "act", act_and_lose_the_fence)
    runner.advance(execution.pk)
    late = LateResult.objects.get()
    assert (late.outcome, late.step_execution.status) == ("Succeeded", Status.IN_PROGRESS)

    monkeypatch.setattr(attempts, "act", really_act)
    execution = carry(execution)
    assert execution.status == Status.SUCCESS
    assert execution.steps.get().log == "The answer was noted late."
    assert aws.operations() == ["RestoreTableFromBackup"]


def test_a_call_whose_moment_has_passed_does_not_leave(aws: AwsDouble) -> None:
    with pytest.raises(AwsError) as failed:
        AwsCaller("us-west-2").call("dynamodb", "ListTables", {}, send_by=time.monotonic() - 0.01)
    assert (failed.value.code, failed.value.is_unknown) == ("NotSent", False)
    assert aws.calls == []


def test_a_repeat_of_the_sdk_does_not_leave_after_the_moment_either(
    aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment passes while the first call is out; its answer is cut, and the SDK would send it again."""
    clock = [0.0]
    really_answer = aws.answer

    def answer(*given: Any) -> None:
        clock[0] = 6.0
        really_answer(*given)

    monkeypatch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(aws, "answer", answer)
    aws.behaviour.extend(["cut"] * 5)
    with pytest.raises(AwsError) as failed:
        AwsCaller("us-west-2").call("dynamodb", "ListTables", {}, send_by=5.0)
    assert (failed.value.code, failed.value.is_unknown) == ("NotRepeated", True)
    assert aws.operations() == ["ListTables"]


def test_a_worker_held_up_before_sending_sends_while_the_execution_is_still_its_own(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_up = iter([True])

    def check(**_: Any) -> None:
        if next(held_up, False):
            raise sessions.TooLate("held up")

    sessions.forget()
    monkeypatch.setattr(sessions, "_check_moment", check)
    assert carry(start(SCALE_DOWN)).status == Status.SUCCESS
    assert aws.operations() == ["UpdateService"]


# -- operators' controls ----------------------------------------------------------------------------------------------

TWO_STEPS = """
schemaVersion: "0.3"
description: Two steps.
parameters:
  Table: {type: String, default: shop, allowedPattern: "[a-z]+"}
mainSteps:
  - name: First
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DescribeTable, TableName: "{{ Table }}"}
  - name: Second
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DescribeTimeToLive, TableName: "{{ Table }}"}
"""


@pytest.mark.parametrize(
    ("kind", "ends_as", "calls"),
    [
        (SignalKind.RETRY, Status.SUCCESS, ["DescribeTable", "DescribeTable", "DescribeTimeToLive"]),
        (SignalKind.SKIP, Status.SUCCESS, ["DescribeTable", "DescribeTimeToLive"]),
        (SignalKind.MARK_DONE, Status.SUCCESS, ["DescribeTable", "DescribeTimeToLive"]),
        (SignalKind.STOP_STEP, Status.FAILED, ["DescribeTable"]),
    ],
)
def test_a_failed_step_waits_for_a_person_where_the_execution_asks(
    start: Start, aws: AwsDouble, people: dict[str, User], kind: SignalKind, ends_as: Status, calls: list[str]
) -> None:
    aws.behaviour.append("400")
    execution = carry(start(TWO_STEPS, asks_on_failure=True))
    assert execution.status == Status.WAITING
    assert "First failed" in execution.status_message
    send_signal(
        user=people["responder"],
        execution=execution,
        kind=kind,
        step_execution=execution.question,
        comment="The permission was missing",
    )
    execution = carry(execution)
    assert (execution.status, aws.operations()) == (ends_as, calls)


def test_cancelling_wins_over_an_open_question(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    aws.behaviour.append("400")
    execution = carry(start(TWO_STEPS, asks_on_failure=True))
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Enough")
    assert carry(execution).status == Status.CANCELLED


def test_step_by_step_each_step_waits_for_a_person(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    assert (execution.status, aws.calls) == (Status.WAITING, [])
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.START_STEP)
    execution = carry(execution)
    assert (execution.status, aws.operations()) == (Status.WAITING, ["DescribeTable"])
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.RESUME)
    assert carry(execution).status == Status.SUCCESS


def test_a_parameter_changed_under_way_holds_for_the_steps_not_yet_run_and_is_kept_as_a_deviation(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.START_STEP)
    execution = carry(execution)

    def change(value: str) -> None:
        send_signal(
            user=people["responder"],
            execution=execution,
            kind=SignalKind.CHANGE,
            comment="The table was renamed",
            payload={"parameter": "Table", "value": value},
        )

    with pytest.raises(ValidationError):
        change("NOT LOWER CASE")
    change("store")
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.RESUME)
    execution = carry(execution)
    assert [body for _, body in aws.calls] == [{"TableName": "shop"}, {"TableName": "store"}]
    assert execution.deviations[0]["from"] == "shop"
    assert execution.deviations[0]["reason"] == "The table was renamed"
    assert execution.steps.get(step_name="First").inputs["TableName"] == "shop"
    assert steps_of(execution) == [("First", "Success"), ("Second", "Success")]
