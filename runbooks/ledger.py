"""What one slice of work writes about an execution, always under the lease's fence and inside the caller's transaction.

Here: ending an attempt, waiting, ending the execution, telling the audit log. Not here: when to do which (`runner`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.audit import log as audit
from runbooks import answers, attempts, masking, takeover
from runbooks.automation.results import Result, Unknown, Waiting
from runbooks.lease import FencedOut, Lease, later
from runbooks.models import FINAL_STATUSES, Execution, LateResult, Signal, Status, StepExecution

NO_OUTPUT = "No output available yet because the step is not successfully executed"


@dataclass
class Ledger:
    """The pen of one lease. `is_given_back` is set once the row waits or is over: nothing more is written then."""

    lease: Lease
    is_given_back: bool = False

    def tell(
        self, execution: Execution, verb: str, signal: Signal | None = None, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Add an event to the execution's chain; a signal's sender is its actor, a worker has none."""
        said = dict(detail or {})
        if signal is not None:
            said |= {"comment": signal.comment, "kind": signal.kind}
        actor = signal.sent_by if signal is not None else None
        audit.record(f"execution:{execution.id}", verb, str(execution.version), actor=actor, detail=said)

    def close(self, attempt: StepExecution, status: str, **fields: Any) -> None:
        """End an attempt, once, in its row and in the value at hand. Raises `FencedOut` when it is over already."""
        said = {"status": status, "waits_for": [], "is_outcome_unknown": False, **fields}
        rows = StepExecution.objects.filter(pk=attempt.pk).exclude(status__in=FINAL_STATUSES)
        if rows.update(ended_at=Now(), **said) != 1:
            raise FencedOut(f"attempt {attempt.pk} was ended by somebody else")
        for name, value in said.items():
            setattr(attempt, name, value)

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
        for name, value in said.items():
            setattr(attempt, name, value)

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
        with transaction.atomic():
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

    def wait(self, pause: timedelta | None, *, is_deaf: bool = False, **fields: Any) -> None:
        """Give the row back until `pause` has passed, or, for None, until a signal comes.

        `is_deaf`: signals that are there already must wait as well; one that comes later still wakes a worker.
        """
        with transaction.atomic():
            self.lease.write(**fields, wake_at=later(pause) if pause is not None else None)
            # Looked at after our write: a signal sent meanwhile either is seen here or sets wake_at after us.
            unapplied = Signal.objects.filter(execution_id=self.lease.pk, applied_at__isnull=True)
            has_signal = not is_deaf and unapplied.exists()
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
        )
        self.tell(execution, f"ended as {status}", detail={"message": message[:500]})
        self.lease.release()
        self.is_given_back = True


def running_status(execution: Execution) -> Status:
    """The status of an execution that moves: one that is being cancelled says so until it is over."""
    return Status.CANCELLING if execution.is_cancelling else Status.IN_PROGRESS


def _earlier(attempt: StepExecution, pause: timedelta | None) -> timedelta | None:
    """The nearer of the next poll and the attempt's deadline."""
    if attempt.deadline_at is None:
        return pause
    left = max(attempt.deadline_at - audit.database_now(), timedelta(0))
    return left if pause is None else min(pause, left)
