"""What one slice of work writes about an execution, always under the lease's fence.

Here: the transaction, noting and ending an attempt, waiting, ending the execution, telling the audit log. Not here: when to do
which (`runner`).
"""

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
from portal.aws.classification import ActionClass
from portal.statements import Moment
from runbooks import answers, attempts, masking, takeover
from runbooks.actions import registry
from runbooks.automation import flow
from runbooks.automation.results import Failed, Result, Succeeded, Unknown, Waiting
from runbooks.automation.selectors import read_outputs
from runbooks.lease import FencedOut, Lease, later
from runbooks.models import FINAL_STATUSES, Execution, LateResult, Signal, Status, StepExecution

# How long a row that waits for a newer worker is left alone by those that cannot carry it.
NEWER_WORKER_WITHIN = timedelta(seconds=5)
NO_OUTPUT = "No output available yet because the step is not successfully executed"


@dataclass
class Ledger:
    """The pen of one lease. `is_given_back` is set once the row waits or is over: nothing more is written then.

    `_last` is the event that was added to the chain last from here, `_now` the database's clock in this transaction once it is
    known.
    """

    lease: Lease
    is_given_back: bool = False
    _told: list[audit.Told] | None = None
    _subject: str = ""
    _last: Event | None = None
    _now: datetime | None = None

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
        for name, value in fields.items():
            setattr(execution, name, value)
        return is_unchanged

    def note(self, execution: Execution, planned: attempts.Planned, sequence: int) -> StepExecution:
        """Write an attempt down, before anything of it is sent."""
        attempt = StepExecution(
            execution=execution,
            sequence=sequence,
            step_name=planned.step.name,
            action=planned.step.action,
            visit=planned.visit,
            attempt=planned.number,
            action_class=planned.action_class,
            token=planned.token,
            fence=self.lease.fence,
            is_critical=flow.is_critical(planned.step),
            inputs=masking.storable(planned.inputs),
        )
        deadline = {"deadline_at": Moment(planned.timeout)} if planned.timeout is not None else {}
        statements.insert([attempt], {"started_at": Moment(), **deadline})
        self._now = attempt.started_at
        if planned.action_class != ActionClass.READ_ONLY:
            # What changes something is in the log before it is sent; what only reads is told once it is over.
            detail = {"attempt": planned.number, "class": planned.action_class}
            self.tell(execution, f"started step {attempt.step_name}", detail=detail)
        return attempt

    def close(self, attempt: StepExecution, status: str, **fields: Any) -> None:
        """End an attempt, once, in its row and in the value at hand. Raises `FencedOut` when it is over already."""
        said = {"status": status, "waits_for": [], "is_outcome_unknown": False, **fields}
        # An attempt has an end exactly when its status is final; the database itself sees to that.
        where = {"id": attempt.pk, "ended_at": None}
        if statements.update(StepExecution, where, {**said, "ended_at": Moment()}) != 1:
            raise FencedOut(f"attempt {attempt.pk} was ended by somebody else")
        for name, value in said.items():
            setattr(attempt, name, value)

    def finish(self, execution: Execution, attempt: StepExecution, result: Succeeded | Failed) -> dict[str, Any]:
        """Keep what the step answered, end its attempt and tell it; the step's outputs as they are stored."""
        step = attempts.document_of(execution).step(attempt.step_name)
        outputs = masking.bounded(masking.storable(read_outputs(step, result)))
        has_failed = isinstance(result, Failed)
        self.close(
            attempt,
            Status.FAILED if has_failed else Status.SUCCESS,
            outputs=outputs,
            response=masking.shortened(masking.storable(result.payload)),
            log=masking.text(result.log),
            failure_message=masking.text(result.message) if isinstance(result, Failed) else "",
        )
        detail = {
            "attempt": attempt.attempt,
            "class": attempt.action_class,
            "started_at": attempt.started_at.isoformat(),
        }
        if isinstance(result, Failed):
            detail |= {"message": result.message[:500]}
        self.tell(execution, f"{'failed' if has_failed else 'finished'} step {attempt.step_name}", detail=detail)
        return outputs

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


def running_status(execution: Execution) -> Status:
    """The status of an execution that moves: one that is being cancelled says so until it is over."""
    return Status.CANCELLING if execution.is_cancelling else Status.IN_PROGRESS


def _earlier(attempt: StepExecution, pause: timedelta | None) -> timedelta | None:
    """The nearer of the next poll and the attempt's deadline."""
    if attempt.deadline_at is None:
        return pause
    left = max(attempt.deadline_at - audit.database_now(), timedelta(0))
    return left if pause is None else min(pause, left)
