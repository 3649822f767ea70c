"""The runner on real rows: order, waits, people, crashes, fences. AWS is a double on loopback that keeps its own log."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from portal.audit import log as audit
from portal.audit.models import Event
from portal.people.models import User
from runbooks import runner
from runbooks.lease import FencedOut, Lease, claim
from runbooks.models import Execution, Purpose, RunbookVersion, Signal, SignalKind, Status, StepExecution
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]

TWO_CALLS = """
schemaVersion: "0.3"
description: Reads a table, then writes an item.
outputs: [Look.Status]
parameters:
  Table: {type: String, default: shop}
mainSteps:
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DescribeTable, TableName: "{{ Table }}"}
    outputs:
      - {Name: Status, Selector: $.Table.TableStatus, Type: String}
  - name: Mark
    action: aws:executeAwsApi
    inputs:
      Service: dynamodb
      Api: PutItem
      TableName: "{{ Table }}"
      Item: {Key: {S: "{{ Look.Status }}"}}
"""

APPROVED = """
schemaVersion: "0.3"
description: Asks before it reads.
mainSteps:
  - name: Ask
    action: aws:approve
    inputs: {Approvers: ["role:approver"], Message: "May we?"}
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: ListTables}
"""


def steps_of(execution: Execution) -> list[tuple[str, str]]:
    return list(execution.steps.order_by("sequence").values_list("step_name", "status"))


def test_steps_run_in_the_documents_order_and_hand_outputs_on(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableStatus": "ACTIVE"}}
    execution = carry(start(TWO_CALLS))
    assert execution.status == Status.SUCCESS, execution.status_message
    assert steps_of(execution) == [("Look", "Success"), ("Mark", "Success")]
    assert aws.calls[1] == ("PutItem", {"TableName": "shop", "Item": {"Key": {"S": "ACTIVE"}}})
    assert execution.outputs == {"Look.Status": "ACTIVE"}


def test_a_refused_call_fails_the_step_with_awss_own_words(start: Start, aws: AwsDouble) -> None:
    aws.behaviour.append("400")
    execution = carry(start(TWO_CALLS))
    assert execution.status == Status.FAILED
    assert "dynamodb:DescribeTable in us-west-2 answered Refused" in execution.status_message
    assert steps_of(execution) == [("Look", "Failed")]


def test_an_execution_waits_for_an_approver_and_goes_on(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    execution = carry(start(APPROVED))
    step = execution.steps.get()
    assert (execution.status, step.status, step.waits_for) == (Status.WAITING, Status.WAITING, ["Approve", "Reject"])
    send_signal(user=people["approver"], execution=execution, kind=SignalKind.APPROVE, step_execution=step)
    execution = carry(execution)
    assert execution.status == Status.SUCCESS
    assert execution.steps.get(step_name="Ask").outputs["ApproverDecisions"][0]["Approver"] == "approver"


def test_a_rejection_fails_the_execution_with_its_reason(start: Start, people: dict[str, User]) -> None:
    execution = carry(start(APPROVED))
    send_signal(
        user=people["approver"],
        execution=execution,
        kind=SignalKind.REJECT,
        step_execution=execution.steps.get(),
        comment="Not on a Friday",
    )
    execution = carry(execution)
    assert execution.status == Status.FAILED
    assert "Not on a Friday" in execution.status_message


def test_who_started_may_not_approve(start: Start, people: dict[str, User]) -> None:
    execution = carry(start(APPROVED))
    people["responder"].memberships.update(role="admin")
    with pytest.raises(ValidationError, match="You started this execution"):
        send_signal(
            user=people["responder"],
            execution=execution,
            kind=SignalKind.APPROVE,
            step_execution=execution.steps.get(),
        )


def test_a_viewer_may_not_cancel(start: Start, people: dict[str, User]) -> None:
    with pytest.raises(PermissionDenied, match="responder"):
        send_signal(user=people["viewer"], execution=start(APPROVED), kind=SignalKind.CANCEL, comment="no")


def test_the_same_key_is_the_same_signal(start: Start, people: dict[str, User]) -> None:
    execution = carry(start(APPROVED))
    for _ in range(2):
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE, key="clicked-twice")
    assert Signal.objects.count() == 1


def test_pausing_holds_the_next_step_until_resumed(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    execution = start(TWO_CALLS)
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE)
    execution = carry(execution)
    assert (execution.status, aws.calls) == (Status.WAITING, [])
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.RESUME)
    assert carry(execution).status == Status.SUCCESS


def test_cancelling_ends_it_and_runs_the_steps_for_cancelling(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    text = """
schemaVersion: "0.3"
description: Undoes itself when cancelled.
mainSteps:
  - name: Wait
    action: aws:pause
    inputs: {}
    onCancel: step:Undo
    isEnd: true
  - name: Undo
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DeleteTable, TableName: shop}
"""
    execution = carry(start(text))
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Wrong Region")
    execution = carry(execution)
    assert execution.status == Status.CANCELLED
    assert steps_of(execution) == [("Wait", "Cancelled"), ("Undo", "Success")]
    assert aws.operations() == ["DeleteTable"]


def test_nothing_can_be_sent_to_an_execution_that_is_over(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    execution = carry(start(TWO_CALLS))
    with pytest.raises(ValidationError, match="is over"):
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="late")


def test_a_wait_polls_until_the_property_has_its_value(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = [{"Table": {"TableStatus": "CREATING"}}] * 2 + [{"Table": {"TableStatus": "ACTIVE"}}]
    text = """
schemaVersion: "0.3"
description: Waits for a table.
mainSteps:
  - name: Wait
    action: aws:waitForAwsResourceProperty
    timeoutSeconds: 600
    inputs:
      Service: dynamodb
      Api: DescribeTable
      TableName: shop
      PropertySelector: $.Table.TableStatus
      DesiredValues: [ACTIVE]
"""
    execution = carry(start(text))
    assert execution.status == Status.SUCCESS
    assert execution.steps.get().polls == 2


def test_a_wait_past_its_time_is_timed_out(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableStatus": "CREATING"}}
    execution = start(
        """
schemaVersion: "0.3"
description: Waits for a table.
mainSteps:
  - name: Wait
    action: aws:waitForAwsResourceProperty
    timeoutSeconds: 5
    inputs:
      Service: dynamodb
      Api: DescribeTable
      TableName: shop
      PropertySelector: $.Table.TableStatus
      DesiredValues: [ACTIVE]
"""
    )
    runner.advance(execution.pk)
    StepExecution.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    execution = carry(execution)
    assert execution.status == Status.TIMED_OUT
    assert "CREATING" in execution.status_message


def test_a_failed_attempt_is_retried_as_often_as_the_document_says(start: Start, aws: AwsDouble) -> None:
    aws.behaviour.extend(["400", "400"])
    text = TWO_CALLS.replace(
        "    inputs: {Service: dynamodb, Api: DescribeTable",
        "    maxAttempts: 3\n    inputs: {Service: dynamodb, Api: DescribeTable",
    )
    execution = carry(start(text))
    assert execution.status == Status.SUCCESS
    assert list(execution.steps.values_list("attempt", "status")) == [
        (1, "Failed"),
        (2, "Failed"),
        (3, "Success"),
        (1, "Success"),
    ]


# -- what must never happen ------------------------------------------------------------------------------------------


ONCE = """
schemaVersion: "0.3"
description: Fails over a cluster, which must not happen twice.
mainSteps:
  - name: FailOver
    action: aws:executeAwsApi
    inputs:
      Service: dynamodb
      Api: RestoreTableFromBackup
      TargetTableName: shop
      BackupArn: "arn:aws:dynamodb:us-west-2:123456789012:table/shop/backup/01234567890123-abcdefgh"
"""


def test_a_call_that_must_not_happen_twice_is_sent_once_and_asks_when_its_answer_is_lost(
    start: Start, aws: AwsDouble
) -> None:
    aws.behaviour.append("cut")
    execution = carry(start(ONCE))
    assert aws.operations() == ["RestoreTableFromBackup"]
    assert execution.status == Status.WAITING
    assert execution.status_message.startswith("Outcome unknown")
    assert set(execution.steps.get().waits_for) == {"Retry", "MarkDone", "Skip", "StopStep"}


def test_a_repeatable_call_without_an_answer_has_failed_and_the_document_decides(start: Start, aws: AwsDouble) -> None:
    text = """
schemaVersion: "0.3"
description: Scales a service down if it can, and goes on.
mainSteps:
  - name: Fence
    action: aws:executeAwsApi
    onFailure: Continue
    inputs: {Service: ecs, Api: UpdateService, service: core, desiredCount: 0}
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: ListTables}
"""
    aws.behaviour.append("503")
    execution = carry(start(text))
    assert execution.status == Status.SUCCESS
    assert steps_of(execution) == [("Fence", "Failed"), ("Look", "Success")]


@pytest.mark.parametrize(
    ("kind", "ends_as", "calls"),
    [
        (SignalKind.MARK_DONE, Status.SUCCESS, 1),
        (SignalKind.SKIP, Status.SUCCESS, 1),
        (SignalKind.RETRY, Status.SUCCESS, 2),
        (SignalKind.STOP_STEP, Status.FAILED, 1),
    ],
)
def test_a_person_decides_about_an_unknown_outcome(
    start: Start, aws: AwsDouble, people: dict[str, User], kind: SignalKind, ends_as: Status, calls: int
) -> None:
    aws.behaviour.append("500")
    execution = carry(start(ONCE))
    step = execution.steps.get()
    send_signal(user=people["responder"], execution=execution, kind=kind, step_execution=step, comment="I looked")
    execution = carry(execution)
    assert (execution.status, len(aws.calls)) == (ends_as, calls)


def died_holding(execution: Execution, step: str, action_class: str) -> Execution:
    """Rows as a worker leaves them that was killed after its write-ahead: an open attempt under a lease that ran out."""
    runner_that_died = uuid.uuid4()
    Execution.objects.filter(pk=execution.pk).update(
        status=Status.IN_PROGRESS,
        started_at=timezone.now(),
        current_step=step,
        fence=1,
        lease_token=runner_that_died,
        lease_until=timezone.now() - timedelta(seconds=1),
    )
    inputs = next(item for item in execution.version.content["mainSteps"] if item["name"] == step)["inputs"]
    StepExecution.objects.create(
        execution=execution,
        sequence=1,
        step_name=step,
        action="aws:executeAwsApi",
        action_class=action_class,
        token=uuid.uuid4(),
        fence=1,
        inputs={**inputs, **({"TableName": "shop"} if "TableName" in inputs else {})},
    )
    execution.refresh_from_db()
    return execution


def test_a_read_whose_worker_died_is_repeated(start: Start, aws: AwsDouble) -> None:
    execution = carry(died_holding(start(TWO_CALLS), "Look", "read-only"))
    assert execution.status == Status.SUCCESS
    assert aws.operations() == ["DescribeTable", "PutItem"]


def test_a_call_that_must_not_happen_twice_is_not_repeated_when_its_worker_died(start: Start, aws: AwsDouble) -> None:
    execution = carry(died_holding(start(ONCE), "FailOver", "not idempotent"))
    assert aws.operations() == ["DescribeTable"]  # only its read-back
    assert execution.status == Status.WAITING
    assert "stopped before it noted an outcome" in execution.status_message


def test_a_step_that_ends_its_worker_again_and_again_ends_in_a_question(start: Start, aws: AwsDouble) -> None:
    execution = died_holding(start(TWO_CALLS), "Look", "read-only")
    StepExecution.objects.update(state={"takeovers": 3})
    execution = carry(execution)
    assert (execution.status, aws.calls) == (Status.WAITING, [])


def test_only_one_of_two_claims_wins(start: Start) -> None:
    execution = start(TWO_CALLS)
    assert claim(Execution, execution.pk) is not None
    assert claim(Execution, execution.pk) is None


def test_a_stale_workers_write_is_refused_by_its_fence(start: Start) -> None:
    execution = start(TWO_CALLS)
    stale = claim(Execution, execution.pk)
    assert isinstance(stale, Lease)
    Execution.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(Execution, execution.pk) is not None
    with pytest.raises(FencedOut):
        stale.write(status=Status.FAILED)


def test_the_same_start_key_starts_once(start: Start, publish: Callable[..., RunbookVersion]) -> None:
    version = publish(TWO_CALLS)
    first, second = (start("", version=version, start_key="one-click") for _ in range(2))
    assert first.pk == second.pk


def test_a_second_start_names_the_one_that_runs(start: Start, publish: Callable[..., RunbookVersion]) -> None:
    version = publish(TWO_CALLS)
    first = start("", version=version)
    with pytest.raises(ValidationError, match=str(first.pk)):
        start("", version=version)


def test_all_problems_of_a_start_are_listed_together(publish: Callable[..., RunbookVersion], start: Start) -> None:
    with pytest.raises(ValidationError) as refused:
        start("", {"Tabel": "x"}, version=publish(TWO_CALLS), reason="", region="")
    assert set(refused.value.message_dict) == {"reason", "region", "parameters.Tabel"}


def test_secrets_are_masked_before_they_are_stored(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableStatus": "ACTIVE", "Password": "hunter2"}}
    execution = carry(start(TWO_CALLS))
    stored = repr(list(StepExecution.objects.values())) + repr(list(Event.objects.values())) + repr(execution.__dict__)
    assert "hunter2" not in stored


def test_everything_that_happened_is_in_one_unbroken_chain(start: Start, aws: AwsDouble) -> None:
    execution = carry(start(TWO_CALLS))
    chain = f"execution:{execution.pk}"
    verbs = list(Event.objects.filter(chain=chain).order_by("sequence").values_list("verb", flat=True))
    assert verbs == [
        "started",
        "began",
        "finished step Look",
        "started step Mark",
        "finished step Mark",
        "ended as Success",
    ]
    assert audit.broken_link(chain) is None


def test_a_manual_task_hands_its_values_to_later_steps(start: Start, aws: AwsDouble, people: dict[str, User]) -> None:
    text = """
schemaVersion: "0.3"
description: A person reads a number from a screen.
mainSteps:
  - name: ReadIt
    action: bcdr:manualTask
    inputs:
      Instructions: Read the number.
      Values: {Number: {type: Integer, description: The number on the screen}}
    outputs: []
  - name: Put
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: PutItem, TableName: shop, Item: {Key: {N: "{{ ReadIt.Number }}"}}}
"""
    execution = carry(start(text))
    step = execution.steps.get()

    def complete(values: dict[str, Any]) -> None:
        send_signal(
            user=people["responder"],
            execution=execution,
            kind=SignalKind.COMPLETE,
            step_execution=step,
            payload={"values": values},
        )

    with pytest.raises(ValidationError, match="not a whole number"):
        complete({"Number": "many"})
    complete({"Number": "42"})
    assert carry(execution).status == Status.SUCCESS
    assert aws.calls[0][1]["Item"] == {"Key": {"N": "42"}}


def test_a_start_for_a_production_account_wants_the_services_name_typed(
    start: Start, publish: Callable[..., RunbookVersion], service: Any, account: Any
) -> None:
    account.is_production = True
    account.save()
    version = publish(TWO_CALLS)
    with pytest.raises(ValidationError, match="Type 'Checkout'"):
        start("", version=version, service=service)
    assert start("", version=version, service=service, typed_name="Checkout").purpose == Purpose.ALONE
