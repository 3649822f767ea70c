"""Faults 10 and 11 of docs/faults.md: no broker, and one that drops, doubles, delays, reorders and forges its messages.

A hint only says where to look. Each story is told once per broker, and what it comes to is the same every time.
"""

import random
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from portal.audit import log as audit
from portal.people.models import User
from runbooks import runner, tasks
from runbooks.models import Drill, Execution, SignalKind, Status
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.deaths import a_text, dies, effects
from runbooks.tests.drill_stage import BACK, OUTAGE, Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
People = dict[str, User]
BROKERS = ("faithful", "absent", "dropping", "doubling", "delaying", "reordering", "forging", "byzantine")
UNSOUND = ("dropping", "doubling", "delaying", "forging", "faithful")
Hint = tuple[Any, uuid.UUID]
"""The task and the row it is told to look at."""
MOST_ROUNDS = 500


class Broker:
    """Takes hints the way its kind does, and hands them to a worker when that asks. "byzantine" is of another kind each time."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind = kind
        self.die = random.Random(seed)
        self.waiting: list[Hint] = []
        self.late: list[Hint] = []

    def send(self, task: Any, pk: str) -> None:
        hint = (task, uuid.UUID(pk))
        kind = self.die.choice(UNSOUND) if self.kind == "byzantine" else self.kind
        match kind:
            case "absent":
                raise OperationalError("connection refused")
            case "dropping" if self.die.random() < 0.7:
                return
            case "doubling":
                self.waiting += [hint] * self.die.randint(2, 20)
            case "delaying":
                self.late.append(hint)
            case "forging":
                self.waiting += [(task, uuid.uuid4()), hint, (task, uuid.UUID(int=0))]
            case _:
                self.waiting.append(hint)

    def deliver(self) -> None:
        """What arrives now is followed; what was delayed arrives with the next but one, long after it was true."""
        hints, self.waiting = self.waiting, []
        if self.die.random() < 0.3:
            hints, self.late = hints + self.late, []
        if self.kind in {"reordering", "byzantine"}:
            self.die.shuffle(hints)
        self._follow(hints)

    def deliver_what_is_late(self) -> None:
        """The rest of the messages, when everything is over."""
        hints, self.waiting, self.late = self.waiting + self.late, [], []
        self._follow(hints)

    def _follow(self, hints: list[Hint]) -> None:
        for task, pk in hints:
            task(str(pk))


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker(request.param, seed=4)
    for task in (tasks.advance, tasks.advance_drill):
        monkeypatch.setattr(task, "delay", partial(made.send, task))
    monkeypatch.setattr(tasks, "BROKER", type(tasks.BROKER)())
    return made


def work(broker: Broker, *executions: Execution) -> None:
    """A worker until all are over or wait for a person: follows hints, and looks at the database as its poller does."""
    for _ in range(MOST_ROUNDS):
        broker.deliver()
        for pk in Execution.objects.due().values_list("pk", flat=True):
            runner.advance(pk)
        if all(_is_at_rest(execution) for execution in executions):
            return
        time.sleep(0.02)
    raise AssertionError([(execution.status, execution.status_message) for execution in executions])


def _is_at_rest(execution: Execution) -> bool:
    execution.refresh_from_db()
    return execution.is_final or execution.status == Status.WAITING


def test_f10_steps_run_once_and_in_order_whatever_the_broker_does(start: Start, aws: AwsDouble, broker: Broker) -> None:
    execution = start(a_text("ONCE"))
    work(broker, execution)
    broker.deliver_what_is_late()
    assert execution.status == Status.SUCCESS
    assert aws.operations() == ["RestoreTableFromBackup", "ListTables"]
    assert audit.broken_link(f"execution:{execution.pk}") is None


def test_f10_a_question_is_answered_once_whatever_the_broker_does(
    start: Start, aws: AwsDouble, people: People, broker: Broker
) -> None:
    aws.behaviour.append("cut")
    execution = start(a_text("ONCE"))
    work(broker, execution)
    assert (execution.status, effects(aws, "ONCE")) == (Status.WAITING, 1)
    send_signal(
        user=people["responder"],
        execution=execution,
        kind=SignalKind.MARK_DONE,
        step_execution=execution.steps.get(),
        comment="I looked",
    )
    execution.refresh_from_db()
    work_until_over(broker, execution)
    assert (execution.status, effects(aws, "ONCE")) == (Status.SUCCESS, 1)


def work_until_over(broker: Broker, execution: Execution) -> None:
    """As `work`, for an execution that was answered: the signal makes it due again."""
    for _ in range(MOST_ROUNDS):
        work(broker, execution)
        if execution.is_final:
            return
    raise AssertionError(execution.status_message)


def test_f10_a_pause_and_a_cancel_are_heard_whatever_the_broker_does(
    start: Start, aws: AwsDouble, people: People, broker: Broker
) -> None:
    execution = start(a_text("ONCE"))
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE)
    work(broker, execution)
    assert (execution.status, aws.calls) == (Status.WAITING, [])
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Not today")
    work_until_over(broker, execution)
    assert (execution.status, aws.calls) == (Status.CANCELLED, [])


def test_f10_a_worker_that_died_is_replaced_whatever_the_broker_does(
    start: Start, aws: AwsDouble, broker: Broker
) -> None:
    execution = start(a_text("TOKEN"))
    dies(execution, runner.attempts, "act", is_after=True)
    work(broker, execution)
    assert (execution.status, effects(aws, "TOKEN")) == (Status.SUCCESS, 1)


def test_f10_many_executions_all_end_whatever_the_broker_does(
    start: Start, aws: AwsDouble, publish: Callable[..., Any], broker: Broker
) -> None:
    executions = [start("", version=publish(a_text("ONCE"), f"Example {number}")) for number in range(5)]
    work(broker, *executions)
    assert [execution.status for execution in executions] == [Status.SUCCESS] * 5
    assert effects(aws, "ONCE") == 5


WAITS = """
schemaVersion: "0.3"
description: Waits for a moment, for a person, and for AWS to be well again.
mainSteps:
  - {name: Rest, action: "aws:sleep", inputs: {Duration: PT1S}}
  - {name: Ask, action: "aws:approve", inputs: {Approvers: ["role:approver"], Message: "Go on?"}}
  - name: Call
    action: aws:executeAwsApi
    maxAttempts: 3
    inputs: {Service: dynamodb, Api: DeleteTable, TableName: shop}
"""


def test_f10_moments_people_and_retries_are_waited_for_whatever_the_broker_does(
    start: Start, aws: AwsDouble, people: People, broker: Broker
) -> None:
    aws.behaviour.extend(["400", "400"])
    execution = start(WAITS)
    work(broker, execution)
    ask = execution.steps.get(step_name="Ask")
    assert (execution.status, aws.calls) == (Status.WAITING, [])
    send_signal(user=people["approver"], execution=execution, kind=SignalKind.APPROVE, step_execution=ask)
    work_until_over(broker, execution)
    broker.deliver_what_is_late()
    assert (execution.status, aws.operations()) == (Status.SUCCESS, ["DeleteTable"] * 3)


def test_f10_a_drill_does_each_thing_once_whatever_the_broker_does(
    stage: Stage, aws: AwsDouble, broker: Broker
) -> None:
    def is_over(drill: Drill) -> bool:
        broker.deliver()
        return drill.is_final

    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until(drill, is_over)
    broker.deliver_what_is_late()
    assert (drill.status, drill.executions.count(), len(drill.phases)) == (Status.SUCCESS, 3, 7)
    assert aws.operations().count("UpdateService") == 1


def test_f11_a_flood_of_hints_changes_nothing(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("ONCE"))
    for _ in range(300):
        tasks.advance(str(execution.pk))
    execution.refresh_from_db()
    assert (execution.status, effects(aws, "ONCE")) == (Status.SUCCESS, 1)


def test_f11_a_hint_of_a_day_ago_for_what_is_over_changes_nothing(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("READ"))
    tasks.advance(str(execution.pk))
    execution.refresh_from_db()
    revision = execution.revision
    tasks.advance(str(execution.pk))
    execution.refresh_from_db()
    assert (execution.revision, len(aws.calls)) == (revision, 2)


@pytest.mark.parametrize("forged", [str(uuid.UUID(int=0)), "c73acb4d-f110-4d16-a892-4e807c8b09eb"])
def test_f11_a_hint_for_nothing_is_no_error(db: None, forged: str) -> None:
    tasks.advance(forged)
    tasks.advance_drill(forged)


@pytest.mark.parametrize("forged", ["", "not an id", "'; DROP TABLE runbooks_execution; --"])
def test_f11_a_forged_hint_is_refused_and_the_next_one_is_followed(start: Start, aws: AwsDouble, forged: str) -> None:
    execution = start(a_text("READ"))
    with pytest.raises(ValueError, match="badly formed"):
        tasks.advance(forged)
    tasks.advance(str(execution.pk))
    execution.refresh_from_db()
    assert execution.status == Status.SUCCESS
