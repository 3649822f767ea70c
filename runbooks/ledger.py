"""What one slice of work writes about an execution, always under the lease's fence.

Here: the transaction, noting and ending an attempt, waiting, ending the execution, telling the audit log. Not here: when to do
which (`runner`).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError

from portal import statements
from portal.audit import log as audit
from portal.audit.models import Event
from runbooks import answers, attempts, masking, takeover
from runbooks.actions import registry
from runbooks.automation.results import Failed, Result, Unknown, Waiting
from runbooks.entries import OVER, Ended, begun, closing, new_attempt, put, running_status
from runbooks.lease import FencedOut, Lease, later
from runbooks.models import FINAL_STATUSES, Execution, LateResult, Signal, SignalKind, Status, StepExecution

# How long a row that waits for a newer worker is left alone by those that cannot carry it.
NEWER_WORKER_WITHIN = timedelta(seconds=5)
NO_OUTPUT = "No output available yet because the step is not successfully executed"


@dataclass
class Ledger:
    """The pen of one lease. `is_given_back` is set once the row waits or is over: nothing more is written then.

    `_last` is the event that was added to the chain last from here, `_now` the database's clock in this transaction once it is
    known, `_clock` when it was known last: its time and this process's monotonic moment.
    """

    lease: Lease
    is_given_back: bool = False
    _told: list[audit.Told] | None = None
    _subject: str = ""
    _last: Event | None = None
    _now: datetime | None = None
    _clock: tuple[datetime, float] | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, committed at its end; a block within belongs to it. What is told in it enters the log last."""
        if self._told is not None:
            yield
            return
        self._told = []
        last = self._last
        try:
            with transaction.atomic(durable=True):
                yield
                if self._told:
                    chain = f"execution:{self.lease.pk}"
                    now = self._now if last is not None else None
                    last = audit.record_all(chain, self._subject, self._told, after=last, now=now)[-1]
            self._last = last
        finally:
            self._told = self._now = None

    def tell(
        self, execution: Execution, verb: str, signal: Signal | None = None, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Add an event to the execution's chain; a signal's sender is its actor, a worker has none."""
        if self._told is None:
            raise TransactionManagementError(f"Tell that execution {execution.pk} {verb} inside `writing`.")
        said = dict(detail or {})
        if signal is not None:
            said |= {"comment": signal.comment, "kind": signal.kind}
        self._subject = str(execution.version)
        self._told.append(audit.Told(verb, signal.sent_by if signal is not None else None, said))

    def move(self, execution: Execution, **fields: Any) -> bool:
        """Set columns of the execution, in its row and in the value at hand.

        True while nobody else has changed the row since the value was read: then no signal has come either. Raises `FencedOut`.
        """
        is_unchanged = self.lease.write_unless_changed(execution.revision, **fields)
        if is_unchanged:
            execution.revision += 1
        else:
            self.lease.write(**fields)
        put(execution, fields)
        return is_unchanged

    def note(self, execution: Execution, planned: attempts.Planned, sequence: int) -> StepExecution:
        """Write an attempt down, before anything of it is sent."""
        attempt, moments = new_attempt(execution, planned, sequence, self.lease.fence)
        statements.insert([attempt], moments)
        self._now = attempt.started_at
        self._clock = attempt.started_at, time.monotonic()
        for told in begun(planned):
            self.tell(execution, told.verb, detail=told.detail)
        return attempt

    def go_on(
        self,
        execution: Execution,
        attempt: StepExecution,
        ended: Ended,
        planned: attempts.Planned,
        fields: Mapping[str, Any],
    ) -> StepExecution | None:
        """The usual course in one transaction, and one message: an attempt is over, its execution moves, the next is noted.

        None, and nothing is written, where anything is not as this slice knows it: then it is done one by one, and what has
        changed is seen.
        """
        if self._told is not None or self._last is None or self._clock is None:
            return None
        said = [ended.told, *begun(planned)]
        known, at = self._clock
        now = known + timedelta(seconds=time.monotonic() - at)
        events, telling = audit.adding(
            f"execution:{self.lease.pk}", str(execution.version), said, after=self._last, now=now
        )
        new, moments = new_attempt(execution, planned, attempt.sequence + 1, self.lease.fence)
        made = statements.make_all(
            [
                self.lease.changing(execution.revision, **fields),
                closing(attempt, ended.fields),
                telling,
                statements.inserting([new], moments),
            ]
        )
        if made is None:
            return None
        statements.are_added([new], made, moments)
        self._last, self._clock = events[-1], (new.started_at, time.monotonic())
        put(execution, {**fields, "revision": execution.revision + 1})
        put(attempt, ended.fields)
        return new

    def close(self, attempt: StepExecution, status: str, **fields: Any) -> None:
        """End an attempt, once, in its row and in the value at hand. Raises `FencedOut` when it is over already."""
        said = {**OVER, "status": status, **fields}
        if statements.make(closing(attempt, said)) != 1:
            raise FencedOut(f"attempt {attempt.pk} was ended by somebody else")
        put(attempt, said)

    def finish(self, execution: Execution, attempt: StepExecution, ended: Ended) -> None:
        """Keep what the step answered, end its attempt and tell it."""
        self.close(attempt, **ended.fields)
        self.tell(execution, ended.told.verb, detail=ended.told.detail)

    def note_sending(
        self,
        execution: Execution,
        attempt: StepExecution,
        timeout: timedelta | None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """A noted call is about to be made later than it was noted: its quarantine and its time count from now.

        Raises `FencedOut`. The caller's transaction is committed before anything is sent.
        """
        now = audit.database_now()
        said: dict[str, Any] = {
            "fence": self.lease.fence,
            "state": {**attempt.state, **(state or {}), takeover.SENT_AT: now.isoformat()},
        }
        if attempt.status == Status.IN_PROGRESS:
            said["deadline_at"] = now + timeout if timeout is not None else None
        status = running_status(execution)
        self.lease.write(lease_until=later(settings.LEASE), status=status, status_message="")
        StepExecution.objects.filter(pk=attempt.pk).update(**said)
        put(attempt, said)

    def take_over(self, execution: Execution, attempt: StepExecution, takeovers: int) -> None:
        """The attempt of a worker that died is made again, by this one. Raises `FencedOut`."""
        detail = {"takeovers": takeovers}
        with self.writing():
            self.note_sending(execution, attempt, attempts.time_for(execution, attempt), detail)
            self.tell(execution, f"took over step {attempt.step_name}", detail=detail)

    def note_anew(self, execution: Execution, attempt: StepExecution, result: Failed) -> None:
        """A call that was held up before it left is noted anew, while the execution is still ours. Raises `FencedOut`."""
        try:
            with self.writing():
                self.note_sending(execution, attempt, attempts.time_for(execution, attempt))
        except FencedOut:
            self.note_late(attempt, result)
            raise

    def keep_waiting(self, execution: Execution, attempt: StepExecution, result: Waiting) -> None:
        """The attempt goes on at its next poll, at a signal, or at its deadline."""
        StepExecution.objects.filter(pk=attempt.pk).exclude(status__in=FINAL_STATUSES).update(
            status=Status.WAITING,
            polls=F("polls") + 1,
            state=masking.storable(result.state),
            waits_for=sorted(result.for_signals),
            waiting_message=masking.text(result.message),
            fence=self.lease.fence,
        )
        pause = result.poll_after * settings.TIME_SCALE if result.poll_after is not None else None
        status = Status.WAITING if result.for_signals else running_status(execution)
        self.wait(_earlier(attempt, pause), status=status, status_message=masking.text(result.message))

    def ask(self, execution: Execution, attempt: StepExecution, result: Unknown) -> None:
        """Nobody knows whether it happened: the execution waits, saying so, for a person to decide."""
        message = masking.text(f"Outcome unknown: {result.message}")
        with self.writing():
            StepExecution.objects.filter(pk=attempt.pk).exclude(status__in=FINAL_STATUSES).update(
                status=Status.WAITING,
                is_outcome_unknown=True,
                waits_for=sorted(answers.ANSWERS),
                waiting_message=message,
                fence=self.lease.fence,
            )
            self.tell(execution, f"asked about step {attempt.step_name}", detail={"message": result.message[:500]})
            self.wait(None, status=Status.WAITING, status_message=message)

    def let_settle(self, execution: Execution, attempt: StepExecution, result: Unknown) -> None:
        """A repeatable call got no answer: the step has failed once the call can no longer take effect, not before."""
        state = {**attempt.state, takeover.UNANSWERED: masking.text(result.message)}
        attempt.state = state
        StepExecution.objects.filter(pk=attempt.pk).exclude(status__in=FINAL_STATUSES).update(
            status=Status.WAITING, state=state, waiting_message=masking.text(result.message), fence=self.lease.fence
        )
        left = takeover.quarantine_left(attempt, audit.database_now())
        said = f"{attempt.step_name} got no answer; its call may still be under way, and the runbook waits that long."
        self.wait(left, status=running_status(execution), status_message=said)

    def hold(self, execution: Execution, attempt: StepExecution, left: timedelta, what_then: str) -> None:
        """Wait until a call without a noted outcome can no longer take effect; signals do not shorten that."""
        said = f"The call of {attempt.step_name} has no noted outcome and may still be under way. {what_then}"
        self.wait(left, is_deaf=True, status=running_status(execution), status_message=said)

    def holds_a_cancel(self, execution: Execution, attempt: StepExecution) -> bool:
        """A cancel waits for a call that may be out: the steps for cancelling must not be overtaken by it."""
        if not takeover.may_be_out(attempt, self.lease.fence):
            return False
        left = takeover.quarantine_left(attempt, audit.database_now())
        is_asked = execution.signals.filter(kind=SignalKind.CANCEL, applied_at__isnull=True).exists()
        if not is_asked or left <= timedelta(0):
            return False
        self.hold(execution, attempt, left, "The cancel is applied when that can no longer be.")
        return True

    def ask_about_failure(self, execution: Execution, attempt: StepExecution, message: str) -> None:
        """A critical step failed and this execution asks instead of ending: it waits for Retry, Skip or Stop step."""
        said = f"{attempt.step_name} failed: {message} Retry it, skip it, mark it as done, or let the failure stand."
        self.tell(execution, f"asked about failed step {attempt.step_name}")
        self.wait(None, status=Status.WAITING, status_message=masking.text(said), question=attempt)

    def note_late(self, attempt: StepExecution, result: Result) -> None:
        """Keep what was seen after the fence was lost: evidence for whoever decides, not a change of state."""
        LateResult.objects.create(
            step_execution=attempt,
            fence=self.lease.fence,
            outcome=type(result).__name__,
            message=masking.text(getattr(result, "message", ""))[:2000],
            response=masking.shortened(masking.storable(getattr(result, "payload", None))),
        )

    def has_signal(self) -> bool:
        """Whether somebody has sent something that is not applied yet."""
        return Signal.objects.filter(execution_id=self.lease.pk, applied_at__isnull=True).exists()

    def leaves_to_newer(self, execution: Execution, action: str) -> bool:
        """Give an execution back whose next action this worker lacks, as may be while two versions run. True when so."""
        if action in registry.ACTIONS:
            return False
        said = (
            f"The next action is {action}, which a worker of version {settings.VERSION} does not know. A worker of a newer "
            "version goes on with it; if there is none, update the portal or cancel this execution."
        )
        self.wait(NEWER_WORKER_WITHIN, status=running_status(execution), status_message=said)
        return True

    def wait(self, pause: timedelta | None, *, is_deaf: bool = False, **fields: Any) -> None:
        """Give the row back until `pause` has passed, or, for None, until a signal comes.

        `is_deaf`: signals that are there already must wait as well; one that comes later still wakes a worker.
        """
        with self.writing():
            self.lease.write(**fields, wake_at=later(pause) if pause is not None else None)
            # Looked at after our write: a signal sent meanwhile either is seen here or sets wake_at after us.
            has_signal = not is_deaf and self.has_signal()
            self.lease.release(**({"wake_at": Now()} if has_signal else {}))
        self.is_given_back = True

    def end(self, execution: Execution, status: Status, outputs: Mapping[str, Any], message: str = "") -> None:
        """Write the final status with the document's outputs and give the row back."""
        if not message and status in {Status.FAILED, Status.TIMED_OUT}:
            last = execution.steps.filter(status__in=(Status.FAILED, Status.TIMED_OUT)).order_by("sequence").last()
            message = f"{last.step_name}: {last.failure_message}" if last else ""
        wanted = attempts.document_of(execution).outputs
        self.lease.write(
            status=status,
            status_message=message,
            ended_at=Now(),
            wake_at=None,
            outputs={name: outputs.get(name, NO_OUTPUT) for name in wanted},
            lease_token=None,
            lease_until=None,
        )
        self.tell(execution, f"ended as {status}", detail={"message": message[:500]})
        self.is_given_back = True


def _earlier(attempt: StepExecution, pause: timedelta | None) -> timedelta | None:
    """The nearer of the next poll and the attempt's deadline."""
    if attempt.deadline_at is None:
        return pause
    left = max(attempt.deadline_at - audit.database_now(), timedelta(0))
    return left if pause is None else min(pause, left)
