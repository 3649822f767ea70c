"""Faults 27, 28, 33, 35 and 36 of docs/faults.md: many people at once, and documents that ask for too much."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from portal.people.models import User
from runbooks import runner
from runbooks.models import Execution, RunbookVersion, Signal, SignalKind, Status, StepExecution
from runbooks.operations import signals
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import a_text, effects, interrupted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
CLIENTS = 12


def at_once(act: Callable[[int], Any], times: int) -> list[Any]:
    """What each of so many threads got or was refused with, all let go at the same moment; each has its own connection."""
    gate = threading.Barrier(times)

    def one(number: int) -> Any:
        gate.wait(60)
        try:
            return act(number)
        except ValidationError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_f27_of_many_starts_at_once_one_runs_and_the_others_are_shown_it(
    start: Start, publish: Callable[..., RunbookVersion]
) -> None:
    version = publish(a_text("READ"))
    got = at_once(lambda number: start("", version=version, start_key=f"client {number}"), CLIENTS)
    won = [execution for execution in got if isinstance(execution, Execution)]
    assert (len(won), Execution.objects.count()) == (1, 1)
    refused = [error for error in got if isinstance(error, ValidationError)]
    assert all(str(won[0].pk) in str(error) for error in refused) and len(refused) == CLIENTS - 1


def test_f27_one_start_sent_many_times_at_once_is_one_execution(
    start: Start, publish: Callable[..., RunbookVersion]
) -> None:
    version = publish(a_text("READ"))
    got = at_once(lambda _: start("", version=version, start_key="one click"), CLIENTS)
    assert {execution.pk for execution in got} == {Execution.objects.get().pk}


def test_f28_three_operators_at_once_are_heard_one_after_the_other(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    execution = start(a_text("ONCE"))
    kinds = [SignalKind.PAUSE, SignalKind.CANCEL, SignalKind.PAUSE]

    def send(number: int) -> Signal:
        return send_signal(
            user=people["responder"],
            execution=Execution.objects.get(pk=execution.pk),
            kind=kinds[number],
            comment="At the same moment",
        )

    at_once(send, len(kinds))
    assert carry(execution).status == Status.CANCELLED
    applied = list(execution.signals.exclude(applied_at=None).order_by("id").values_list("applied_at", flat=True))
    assert applied == sorted(applied)
    assert aws.calls == []


def test_f28_a_double_click_is_one_signal(start: Start, people: dict[str, User]) -> None:
    """The second click arrives when the first has been looked up and not yet written."""
    execution = start(a_text("READ"))

    def click() -> None:
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE, key="clicked twice")

    with interrupted(signals, "refusal_of", before=click):
        click()
    assert Signal.objects.count() == 1


def test_f28_a_second_answer_to_one_question_is_refused_with_words(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    """Two operators answer the same question at once; what the first said is done, the second is told."""
    execution = start(a_text("ONCE"))
    aws.behaviour.append("cut")
    execution = carry(execution)
    attempt = execution.steps.get()
    for kind in (SignalKind.MARK_DONE, SignalKind.RETRY):
        send_signal(
            user=people["responder"], execution=execution, kind=kind, step_execution=attempt, comment="I looked"
        )
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, "ONCE") == 1
    late = Signal.objects.get(kind=SignalKind.RETRY)
    assert late.applied_at is None or late.refusal


def test_f28_a_signal_that_the_end_overtakes_is_refused_and_leaves_nothing(
    start: Start, aws: AwsDouble, people: dict[str, User]
) -> None:
    """It fitted when it was looked at; the runner ended the execution before it was written."""
    execution = start(a_text("READ"))
    with (
        interrupted(signals, "refusal_of", after=lambda: carry(execution)),
        pytest.raises(ValidationError, match="This execution is over"),
    ):
        send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE)
    execution.refresh_from_db()
    assert (execution.status, execution.wake_at, execution.signals.count()) == (Status.SUCCESS, None, 0)


def test_f33_a_long_document_is_carried_to_its_end(start: Start, aws: AwsDouble) -> None:
    step = {"action": "aws:executeAwsApi", "inputs": {"Service": "dynamodb", "Api": "ListTables"}}
    steps = [{"name": f"Step{number}", **step} for number in range(100)]
    text = json.dumps({"schemaVersion": "0.3", "description": "A hundred reads.", "mainSteps": steps})
    execution = carry(start(text))
    assert (execution.status, execution.steps.count()) == (Status.SUCCESS, 100)


LOOP = """
schemaVersion: "0.3"
description: Goes round and round.
mainSteps:
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: ListTables}
  - name: Again
    action: aws:branch
    inputs:
      Choices:
        - {NextStep: Look, Variable: "{{ global:REGION }}", StringEquals: us-west-2}
      Default: Done
  - name: Done
    action: aws:executeAwsApi
    isEnd: true
    inputs: {Service: dynamodb, Api: ListTables}
"""


def test_f35_a_loop_that_never_ends_is_stopped_and_says_so(start: Start, aws: AwsDouble, settings: Any) -> None:
    """After as many rounds as no recovery has: one more slice ends it or asks."""
    settings.SLICE = timedelta(seconds=1)
    execution = start(LOOP)
    rounds = [(name, visit) for visit in range(1, 5_001) for name in ("Look", "Again")]
    StepExecution.objects.bulk_create(
        StepExecution(
            execution=execution,
            sequence=sequence,
            step_name=name,
            visit=visit,
            action="aws:branch",
            action_class="read-only",
            status=Status.SUCCESS,
            ended_at=timezone.now(),
            token=uuid.uuid4(),
            fence=1,
        )
        for sequence, (name, visit) in enumerate(rounds, start=1)
    )
    Execution.objects.update(status=Status.IN_PROGRESS, started_at=timezone.now(), current_step="Look", fence=1)
    runner.advance(execution.pk)
    execution.refresh_from_db()
    assert execution.is_final or execution.status == Status.WAITING, f"{execution.steps.count()} attempts"


def test_f36_what_looks_like_a_reference_in_a_value_stays_text(start: Start, aws: AwsDouble) -> None:
    text = """
schemaVersion: "0.3"
description: Writes a word.
parameters:
  Word: {type: String}
mainSteps:
  - name: Put
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: PutItem, TableName: shop, Item: {Key: {S: "{{ Word }}"}}}
"""
    execution = carry(start(text, {"Word": "{{ global:REGION }} {{Word}}"}))
    assert execution.status == Status.SUCCESS, execution.status_message
    assert aws.calls[0][1]["Item"] == {"Key": {"S": "{{ global:REGION }} {{Word}}"}}
