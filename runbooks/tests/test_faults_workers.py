"""Faults 1 to 5, 9 and 19 of docs/faults.md: a worker dies or is held up, at each point of the protocol."""

import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal import statements
from portal.aws import sessions
from portal.people.models import User
from runbooks import attempts, runner
from runbooks.automation.results import Failed, Result
from runbooks.ledger import Ledger
from runbooks.models import Execution, LateResult, SignalKind, Status, StepExecution
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import (
    CLASSES,
    REPEATABLE,
    Died,
    a_text,
    dies,
    effects,
    interrupted,
    let_the_lease_run_out,
    overtaken_in_the_call,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
People = dict[str, User]


def answer(execution: Execution, people: People, kind: SignalKind) -> Execution:
    """A responder decides about the open attempt; then it is carried on."""
    attempt = execution.steps.get(is_outcome_unknown=True)
    send_signal(user=people["responder"], execution=execution, kind=kind, step_execution=attempt, comment="I looked")
    return carry(execution)


@pytest.mark.parametrize("kind", CLASSES)
def test_f01_a_worker_killed_before_it_noted_an_attempt_did_nothing(start: Start, aws: AwsDouble, kind: str) -> None:
    execution = start(a_text(kind))
    dies(execution, Ledger, "note")
    assert (aws.calls, execution.steps.count()) == ([], 0)
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == 1


@pytest.mark.parametrize("kind", REPEATABLE)
def test_f02_a_worker_killed_between_note_and_call_is_replaced(start: Start, aws: AwsDouble, kind: str) -> None:
    execution = start(a_text(kind))
    dies(execution, attempts, "act")
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == 1


@pytest.mark.parametrize("kind", REPEATABLE)
def test_f02_an_attempt_is_recovered_by_its_class_although_the_time_of_its_step_is_up(
    start: Start, aws: AwsDouble, kind: str
) -> None:
    """A call's own time is shorter than a lease: when somebody looks, it is always over."""
    execution = start(a_text(kind))
    dies(execution, attempts, "act")
    StepExecution.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == 1


def test_f02_the_time_of_a_step_being_up_does_not_let_the_next_overtake_its_call(
    start: Start, aws: AwsDouble, settings: Settings
) -> None:
    """The document goes on after a failure; the dead worker's call may still be on its way."""
    settings.QUARANTINE = timedelta(minutes=5)
    execution = start(a_text("DECLARATIVE", onFailure="Continue"))
    dies(execution, attempts, "act")
    StepExecution.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    runner.advance(execution.pk)
    assert aws.operations() == []


def test_f02_a_call_that_must_not_happen_twice_is_asked_about_and_sent_when_a_person_says_so(
    start: Start, aws: AwsDouble, people: People
) -> None:
    execution = start(a_text("ONCE"))
    dies(execution, attempts, "act")
    execution = carry(execution)
    assert (execution.status, effects(aws, "ONCE")) == (Status.WAITING, 0)
    assert answer(execution, people, SignalKind.RETRY).status == Status.SUCCESS
    assert effects(aws, "ONCE") == 1


@pytest.mark.parametrize("kind", REPEATABLE)
def test_f03_a_worker_killed_when_its_call_took_effect_is_replaced(start: Start, aws: AwsDouble, kind: str) -> None:
    execution = start(a_text(kind))
    dies(execution, attempts, "act", is_after=True)
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == (1 if kind == "TOKEN" else 2)


@pytest.mark.parametrize("kind", [SignalKind.MARK_DONE, SignalKind.SKIP])
def test_f03_a_call_that_must_not_happen_twice_happened_once_when_its_worker_was_killed(
    start: Start, aws: AwsDouble, people: People, kind: SignalKind
) -> None:
    execution = start(a_text("ONCE"))
    dies(execution, attempts, "act", is_after=True)
    execution = carry(execution)
    assert execution.status_message.startswith("Outcome unknown")
    assert answer(execution, people, kind).status == Status.SUCCESS
    assert effects(aws, "ONCE") == 1


def recorded_nothing_and_is_replaced(execution: Execution, aws: AwsDouble, people: People, kind: str) -> None:
    assert execution.steps.get().status == Status.IN_PROGRESS
    execution = carry(execution)
    if kind == "ONCE":
        execution = answer(execution, people, SignalKind.MARK_DONE)
    assert execution.status == Status.SUCCESS
    assert effects(aws, kind) == (1 if kind in {"ONCE", "TOKEN"} else 2)


@pytest.mark.parametrize("kind", CLASSES)
def test_f04_a_worker_killed_when_it_was_to_record_an_outcome_recorded_nothing(
    start: Start, aws: AwsDouble, people: People, kind: str
) -> None:
    execution = start(a_text(kind))
    dies(execution, statements, "make_all")
    recorded_nothing_and_is_replaced(execution, aws, people, kind)


@pytest.mark.parametrize("kind", CLASSES)
def test_f04_a_worker_killed_while_it_records_an_outcome_one_by_one_recorded_nothing(
    start: Start, aws: AwsDouble, people: People, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "make_all", lambda _: None)
    execution = start(a_text(kind))
    dies(execution, Ledger, "close", is_after=True)
    recorded_nothing_and_is_replaced(execution, aws, people, kind)


@pytest.mark.parametrize("kind", CLASSES)
def test_f05_a_worker_killed_when_it_recorded_a_step_and_noted_the_next_is_replaced_at_that(
    start: Start, aws: AwsDouble, kind: str
) -> None:
    execution = start(a_text(kind))
    dies(execution, statements, "make_all", is_after=True)
    assert execution.steps.count() == 2
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == 1


@pytest.mark.parametrize("kind", CLASSES)
def test_f05_a_worker_killed_after_a_recorded_step_is_replaced_at_the_next(
    start: Start, aws: AwsDouble, kind: str
) -> None:
    execution = start(a_text(kind))
    dies(execution, attempts, "act", on=2)
    assert carry(execution).status == Status.SUCCESS
    assert effects(aws, kind) == 1


def test_f09_executions_wait_for_workers_and_go_on_by_themselves(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("ONCE"))
    Execution.objects.update(wake_at=timezone.now() - timedelta(minutes=10))
    assert (execution.status, aws.calls) == (Status.PENDING, [])
    assert [found.pk for found in Execution.objects.due()] == [execution.pk]
    assert carry(execution).status == Status.SUCCESS


@pytest.mark.parametrize("kind", REPEATABLE)
def test_f19_the_answer_of_a_worker_that_was_held_up_is_kept_and_changes_nothing(
    start: Start, aws: AwsDouble, kind: str
) -> None:
    execution = start(a_text(kind))
    with overtaken_in_the_call(execution, is_sent=True) as said:
        assert runner.advance(execution.pk) is False
    assert said == [False]
    execution.refresh_from_db()
    assert execution.status == Status.SUCCESS
    assert LateResult.objects.get().outcome == "Succeeded"
    assert [attempt.status for attempt in execution.steps.all()] == [Status.SUCCESS, Status.SUCCESS]


def test_f19_the_late_answer_of_a_call_that_must_not_happen_twice_is_there_for_whoever_decides(
    start: Start, aws: AwsDouble, people: People
) -> None:
    execution = start(a_text("ONCE"))
    with overtaken_in_the_call(execution, is_sent=True):
        runner.advance(execution.pk)
    execution.refresh_from_db()
    assert execution.status == Status.WAITING
    assert LateResult.objects.get().step_execution == execution.steps.get()
    assert answer(execution, people, SignalKind.MARK_DONE).status == Status.SUCCESS
    assert effects(aws, "ONCE") == 1


def test_f19_a_worker_held_up_before_its_call_sends_nothing_when_it_is_too_late(
    start: Start, aws: AwsDouble, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker stands still between note and call; another asks, a person looks, sees nothing and says: again."""
    execution = start(a_text("ONCE"))

    def others_go_on() -> None:
        let_the_lease_run_out(execution)
        runner.advance(execution.pk)
        execution.refresh_from_db()
        answer(execution, people, SignalKind.RETRY)
        later = time.monotonic() + 1800
        monkeypatch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: later))

    with interrupted(attempts, "act", before=others_go_on):
        runner.advance(execution.pk)
    assert effects(aws, "ONCE") == 1


@pytest.mark.parametrize("kind", ["DECLARATIVE", "CONVERGING"])
def test_f19_a_call_that_sets_a_value_is_not_repeated_while_the_first_may_be_on_its_way(
    start: Start, aws: AwsDouble, settings: Settings, kind: str
) -> None:
    settings.QUARANTINE = timedelta(minutes=5)
    execution = start(a_text(kind))
    dies(execution, attempts, "act")
    runner.advance(execution.pk)
    execution.refresh_from_db()
    assert (effects(aws, kind), execution.is_final) == (0, False)
    assert execution.wake_at > timezone.now() + timedelta(minutes=4)


@pytest.mark.parametrize("kind", ["DECLARATIVE", "CONVERGING"])
def test_f19_each_call_that_is_repeated_has_a_quarantine_of_its_own(
    start: Start, aws: AwsDouble, settings: Settings, kind: str
) -> None:
    """The second worker dies too: its call is as young as its death, however old the attempt is."""
    settings.QUARANTINE = timedelta(minutes=5)
    execution = start(a_text(kind))
    dies(execution, attempts, "act")
    StepExecution.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    dies(execution, attempts, "act", is_after=True)
    runner.advance(execution.pk)
    assert effects(aws, kind) == 1, "the second worker's call was repeated at once"


@pytest.mark.parametrize("kind", ["DECLARATIVE", "CONVERGING"])
def test_f19_a_call_that_was_held_up_and_sent_after_all_has_a_quarantine_of_its_own(
    start: Start, aws: AwsDouble, settings: Settings, kind: str
) -> None:
    """Nobody took over while the worker stood still, so it sends late, and dies in that call."""
    settings.QUARANTINE = timedelta(minutes=5)
    execution = start(a_text(kind))
    really_act = attempts.act
    calls: list[str] = []

    def act(*given: Any) -> Result:
        calls.append("made")
        if len(calls) == 1:
            StepExecution.objects.update(started_at=timezone.now() - timedelta(minutes=6))
            return Failed("It was held up.", error_code="NotSent")
        really_act(*given)
        raise Died

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Died):
        patch.setattr(attempts, "act", act)
        runner.advance(execution.pk)
    let_the_lease_run_out(execution)
    runner.advance(execution.pk)
    assert effects(aws, kind) == 1, "the call was repeated while the first may be on its way"


@pytest.mark.parametrize("on_cancel", ["Abort", "step:Undo"])
def test_f19_a_cancel_does_not_forget_a_call_that_may_be_on_its_way(
    start: Start, aws: AwsDouble, people: People, on_cancel: str
) -> None:
    """Its worker died in a call that must not happen twice; nobody knows whether it happened, and the rows say so."""
    execution = start(CANCELLED.replace("ON_CANCEL", on_cancel))
    dies(execution, attempts, "act", is_after=True)
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Wrong Region")
    execution = carry(execution)
    attempt = execution.steps.get(step_name="First")
    assert attempt.is_outcome_unknown or "unknown" in attempt.failure_message.lower(), attempt.failure_message


def test_f19_a_pause_that_waits_behind_a_cancel_is_refused_since_the_steps_for_cancelling_go_on(
    start: Start, aws: AwsDouble, people: People
) -> None:
    """Both were sent while the worker stood still; a pause that is said to hold and holds nothing would be a lie."""
    execution = start(CANCELLED.replace("ON_CANCEL", "step:Undo"))
    dies(execution, attempts, "act", is_after=True)
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Wrong Region")
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.PAUSE)
    execution = carry(execution)
    pause = execution.signals.get(kind=SignalKind.PAUSE)
    assert pause.refusal == "The execution is being cancelled; its steps for cancelling cannot be paused."
    assert (execution.status, execution.is_paused) == (Status.CANCELLED, False)


def test_f19_a_cancel_does_not_overtake_a_call_that_is_out(
    start: Start, aws: AwsDouble, people: People, settings: Settings
) -> None:
    """The step for cancelling begins when the call of a held-up worker can no longer land after it."""
    settings.QUARANTINE = timedelta(minutes=5)
    execution = start(CANCELLED.replace("ON_CANCEL", "step:Undo"))
    dies(execution, attempts, "act")
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.CANCEL, comment="Wrong Region")
    runner.advance(execution.pk)
    assert aws.operations() == []


CANCELLED = """
schemaVersion: "0.3"
description: Restores a table, and deletes it when it is cancelled.
mainSteps:
  - name: First
    action: aws:executeAwsApi
    onCancel: ON_CANCEL
    isEnd: true
    inputs:
      Service: dynamodb
      Api: RestoreTableFromBackup
      TargetTableName: shop
      BackupArn: "arn:aws:dynamodb:us-west-2:123456789012:table/shop/backup/01234567890123-abcdefgh"
  - name: Undo
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DeleteTable, TableName: shop}
"""
