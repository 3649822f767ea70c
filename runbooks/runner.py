"""Carries one execution forward until it must wait: claim, note, act, decide, record. Knows no Celery and no user.

Everything is written by conditional updates under the lease's fence; nothing outside is touched while a transaction is
open. An attempt is committed before anything is sent, so a worker that dies leaves a trace of what it may have done. Not
here: what follows a step (`automation.flow`), what a step does (`actions`), what people may send (`operations`), how rows
are written (`ledger`).
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error
from django.db.models.functions import Now

from portal.audit import log as audit
from portal.aws.classification import ActionClass
from runbooks import answers, attempts, entries, takeover, workers
from runbooks.actions import registry
from runbooks.actions.context import SignalFact
from runbooks.attempts import Planned
from runbooks.automation import flow
from runbooks.automation.results import Failed, Result, Succeeded, Unknown, Waiting
from runbooks.entries import running_status
from runbooks.lease import FencedOut, Lease, Renewal, claim
from runbooks.ledger import Ledger
from runbooks.models import FINAL_STATUSES, Execution, Signal, Status, StepExecution

log = logging.getLogger(__name__)

MOST_VISITS = 1000  # no recovery comes to one step as often; a loop that does has no end


def advance(execution_id: uuid.UUID) -> bool:
    """Carry an execution forward for one slice. True when it has more to do at once, False when it waits or is over."""
    lease = claim(Execution, execution_id)
    if lease is None:
        return False
    with Renewal(lease):
        try:
            return _Carrier(lease, Ledger(lease)).carry()
        except FencedOut:
            log.warning("execution %s was claimed by another worker; this one stops", execution_id)
        except Error:
            # The rows say where it stands; whoever reaches the database next goes on from there.
            log.exception("the database failed in the middle of execution %s", execution_id)
    return False


@dataclass(frozen=True)
class _Noted:
    """A committed attempt that nothing was sent of yet; nothing may be after the monotonic moment `send_by`."""

    execution: Execution
    attempt: StepExecution
    inputs: Mapping[str, Any]
    send_by: float


@dataclass
class _Carrier:
    """One slice of work under one lease.

    `outputs`, `visits` and `last` (the newest attempt) are read once and kept: only the fence's holder adds to them. `noted` is
    an attempt that is committed and now to be made: where nothing else has happened to the execution meanwhile, the record of
    one step and the note of the next are one transaction, and the row is not read again between them.
    """

    lease: Lease
    ledger: Ledger
    outputs: dict[str, Any] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)
    last: StepExecution | None = None
    noted: _Noted | None = None
    until: float = 0.0

    def carry(self) -> bool:
        self.until = time.monotonic() + settings.SLICE.total_seconds()
        for attempt in StepExecution.objects.filter(execution_id=self.lease.pk).order_by("sequence"):
            self._keep(attempt.step_name, attempt.outputs)
            self.visits[attempt.step_name] = max(attempt.visit, self.visits[attempt.step_name])
            self.last = attempt
        while not self.ledger.is_given_back:
            if self.noted is not None:
                self._make(self.noted)
            else:
                self._move()
            if self.noted is None and self._is_over() and not self.ledger.is_given_back:
                self.lease.release()
                return True
        return False

    def _is_over(self) -> bool:
        """Whether this slice is: then nothing more is noted, since what is noted must be made."""
        return time.monotonic() > self.until or workers.is_stopping()

    def _keep(self, step_name: str, outputs: Mapping[str, Any]) -> None:
        self.outputs.update({f"{step_name}.{name}": value for name, value in outputs.items()})

    def _move(self) -> None:
        """Read the rows, apply what people sent, then do the one thing that is next."""
        execution = Execution.objects.select_related("account", "service", "version__runbook").get(pk=self.lease.pk)
        attempt = self.last if self.last is not None and self.last.status not in FINAL_STATUSES else None
        if execution.status == Status.PENDING:
            self._begin(execution)
        elif (attempt is not None and self.ledger.holds_a_cancel(execution, attempt)) or self._apply_signals(
            execution, attempt
        ):
            return
        elif attempt is not None:
            self._go_on(execution, attempt)
        elif execution.question_id is not None and not execution.is_cancelling:
            self.ledger.wait(None, status=Status.WAITING)
        elif execution.is_paused and not execution.is_cancelling:
            said = "Paused. Resume it to go on with the next step."
            self.ledger.wait(None, status=Status.WAITING, status_message=said)
        elif execution.is_cancelling and answers.is_cancel_budget_spent(execution, audit.database_now()):
            said = "Cancelled; the steps for cancelling took longer than two minutes."
            self._end(execution, Status.CANCELLED, said)
        elif execution.is_stepwise and not execution.may_start_step and not execution.is_cancelling:
            said = f"Step by step: {execution.current_step} is next and waits for Start step."
            self.ledger.wait(None, status=Status.WAITING, status_message=said)
        else:
            self._start_step(execution)

    def _begin(self, execution: Execution) -> None:
        """From Pending to the first step, which is noted at once unless somebody has sent something already."""
        first = flow.first_step(attempts.document_of(execution))
        begun = {"status": Status.IN_PROGRESS, "started_at": audit.database_now(), "current_step": first}
        with self.ledger.writing():
            is_unchanged = self.ledger.move(execution, **begun, status_message="")
            self.ledger.tell(execution, "began")
            if is_unchanged and self._may_go_on(execution) and not self.ledger.has_signal():
                self._note(execution)

    def _apply_signals(self, execution: Execution, attempt: StepExecution | None) -> bool:
        """Apply the oldest unapplied signal that moves the execution itself. True when one did.

        Signals for the open attempt are left for its action to see, except the answers to an unknown outcome.
        """
        for signal in execution.signals.filter(applied_at__isnull=True).select_related("sent_by"):
            if answers.is_for_action(signal, attempt):
                continue
            effect = answers.effect_of(signal, execution, attempt)
            with self.ledger.writing():
                unapplied = Signal.objects.filter(pk=signal.pk, applied_at__isnull=True)
                unapplied.update(applied_at=Now(), refusal=effect.refusal)
                if effect.refusal:
                    self.lease.write()
                else:
                    self.ledger.tell(execution, f"applied {signal.get_kind_display().lower()}", signal)
                    self._apply(execution, attempt, effect)
            return True
        return False

    def _apply(self, execution: Execution, attempt: StepExecution | None, effect: answers.Effect) -> None:
        if effect.attempt_status and attempt is not None:
            self.ledger.close(attempt, effect.attempt_status, failure_message=effect.message)
        if effect.is_final:
            self._end(execution, Status.CANCELLED, effect.message)
            return
        self.lease.write(**effect.fields)
        about = attempt or execution.question
        if effect.follows and about is not None:
            self._follow(execution, about, effect.follows, is_exhausted=True)

    def _start_step(self, execution: Execution) -> None:
        """Note the attempt that is next and commit; only then is it made."""
        with self.ledger.writing():
            self.ledger.move(execution, status=running_status(execution), status_message="", may_start_step=False)
            self._note(execution)

    def _note(self, execution: Execution) -> None:
        """Note the attempt that is next, in the caller's transaction."""
        step = attempts.document_of(execution).step(execution.current_step)
        if self.ledger.leaves_to_newer(execution, step.action):
            return
        if self.visits[step.name] >= MOST_VISITS:
            said = f"{step.name} was run {MOST_VISITS} times: the runbook goes round in a circle. Mend its branches."
            self._end(execution, Status.FAILED, said)
            return
        last = self.last
        place = answers.place_of_next(last, step.name, self.visits[step.name], step.max_attempts)
        planned = attempts.planned(execution, step, place, self.outputs)
        send_by = _send_by()
        attempt = self.ledger.note(execution, planned, last.sequence + 1 if last else 1)
        self._is_noted(execution, attempt, planned, send_by)

    def _is_noted(self, execution: Execution, attempt: StepExecution, planned: Planned, send_by: float) -> None:
        self.last = attempt
        self.visits[attempt.step_name] = planned.visit
        self.noted = _Noted(execution, attempt, planned.inputs, send_by)

    def _make(self, noted: _Noted) -> None:
        """Make the attempt that was noted, and record it."""
        self.noted = None
        result = self._made(noted, now=noted.attempt.started_at)
        self._record(noted.execution, noted.attempt, result)

    def _go_on(self, execution: Execution, attempt: StepExecution) -> None:
        """An attempt is open: it waits and its time has come, its deadline has passed, or its worker died."""
        signals = execution.signals.filter(step_execution=attempt, applied_at__isnull=True)
        if attempt.is_outcome_unknown:
            self.ledger.wait(None, status=Status.WAITING, status_message=attempt.waiting_message)
        elif self.ledger.leaves_to_newer(execution, attempt.action):
            return
        elif takeover.UNANSWERED in attempt.state:
            left = takeover.quarantine_left(attempt, audit.database_now())
            if left > timedelta(0):
                self.ledger.hold(execution, attempt, left, "The runbook goes on when that can no longer be.")
            else:
                self._record(execution, attempt, Failed(str(attempt.state[takeover.UNANSWERED])))
        elif takeover.is_orphaned(attempt, self.lease.fence):
            # Before its deadline: a call's own time is shorter than a lease, and the death of its worker is not its fault.
            self._take_over(execution, attempt)
        elif attempt.deadline_at and attempt.deadline_at <= audit.database_now() and not signals.exists():
            self._time_out(execution, attempt)
        else:
            self._act(execution, attempt, attempts.inputs_again(execution, attempt, self.outputs))

    def _take_over(self, execution: Execution, attempt: StepExecution) -> None:
        """A worker died with this attempt in its hands: what may be repeated is, with the same token; else we ask."""
        match takeover.decide(attempt, audit.database_now()):
            case takeover.Ask():
                result = takeover.settled(execution, attempt)
                if isinstance(result, Succeeded):
                    self._record(execution, attempt, result)
                else:
                    self.ledger.ask(execution, attempt, result)
            case takeover.Hold(left=left):
                self.ledger.hold(execution, attempt, left, "It is made again when that can no longer be.")
            case takeover.Repeat(takeovers=takeovers):
                self.ledger.take_over(execution, attempt, takeovers)

    def _act(self, execution: Execution, attempt: StepExecution, inputs: Mapping[str, Any]) -> None:
        """Poll an open attempt, with what people sent for it."""
        signals = list(execution.signals.filter(step_execution=attempt, refusal="").select_related("sent_by"))
        result = self._made(_Noted(execution, attempt, inputs, _send_by()), answers.facts_of(signals))
        self._record(execution, attempt, result, [signal.pk for signal in signals])

    def _made(self, noted: _Noted, facts: tuple[SignalFact, ...] = (), now: datetime | None = None) -> Result:
        """Do what the step says; a call that was held up before it left is made while the execution is still ours."""
        execution, attempt, inputs = noted.execution, noted.attempt, noted.inputs
        result = attempts.act(execution, attempt, inputs, facts, noted.send_by, now)
        if isinstance(result, Failed) and result.error_code == "NotSent":
            self.ledger.note_anew(execution, attempt, result)
            return attempts.act(execution, attempt, inputs, facts, _send_by())
        return result

    def _time_out(self, execution: Execution, attempt: StepExecution) -> None:
        """A wait whose time is up; no call of it is out."""
        said = f"{attempt.step_name} was not done in time. {attempt.waiting_message}".strip()
        with self.ledger.writing():
            self.lease.write()
            self.ledger.close(attempt, Status.TIMED_OUT, failure_message=said)
            self.ledger.tell(execution, f"timed out step {attempt.step_name}")
            self._follow(execution, attempt, flow.Outcome("TimedOut"))

    def _record(
        self, execution: Execution, attempt: StepExecution, result: Result, signals: Sequence[int] = ()
    ) -> None:
        """Write the outcome with its consequence; every branch writes under the fence, or nothing is kept."""
        if isinstance(result, Succeeded) and not signals and self._has_gone_on(execution, attempt, result):
            return
        try:
            with self.ledger.writing():
                if signals:
                    Signal.objects.filter(pk__in=signals, applied_at__isnull=True).update(applied_at=Now())
                match result:
                    case Waiting():
                        self.ledger.keep_waiting(execution, attempt, result)
                    case Unknown() if attempt.action_class == ActionClass.ONCE:
                        self.ledger.ask(execution, attempt, result)
                    case Unknown():
                        self.ledger.let_settle(execution, attempt, result)
                    case Succeeded() | Failed():
                        self._record_end(execution, attempt, result)
        except FencedOut:
            self.ledger.note_late(attempt, result)
            raise

    def _has_gone_on(self, execution: Execution, attempt: StepExecution, result: Succeeded) -> bool:
        """The usual course, in one message to the database. False: nothing is written, and it is done one by one."""
        document, outcome = attempts.document_of(execution), flow.Outcome("Success", result.next_step)
        decision = flow.follow(document, attempt.step_name, outcome, attempt.attempt, execution.worst_status or None)
        if not isinstance(decision, flow.Next) or not self._may_go_on(execution):
            return False
        step = document.step(decision.step)
        if step.action not in registry.ACTIONS or self.visits[step.name] >= MOST_VISITS:
            return False
        ended = entries.ended(execution, attempt, result)
        self._keep(attempt.step_name, ended.outputs)
        planned = attempts.planned(execution, step, (self.visits[step.name] + 1, 1), self.outputs)
        send_by = _send_by()
        noted = self.ledger.go_on(execution, attempt, ended, planned, entries.moved(execution, decision))
        if noted is not None:
            self._is_noted(execution, noted, planned, send_by)
        return noted is not None

    def _record_end(self, execution: Execution, attempt: StepExecution, result: Succeeded | Failed) -> None:
        """Keep what the step answered, then take the consequence."""
        ended = entries.ended(execution, attempt, result)
        self.ledger.finish(execution, attempt, ended)
        self._keep(attempt.step_name, ended.outputs)
        next_step = result.next_step if isinstance(result, Succeeded) else None
        self._follow(
            execution, attempt, flow.Outcome("Success" if isinstance(result, Succeeded) else "Failed", next_step)
        )

    def _follow(
        self, execution: Execution, attempt: StepExecution, outcome: flow.Outcome, *, is_exhausted: bool = False
    ) -> None:
        """Take the consequence of an attempt. `is_exhausted`: a person decided, so the document's retries do not apply."""
        document = attempts.document_of(execution)
        number = document.step(attempt.step_name).max_attempts if is_exhausted else attempt.attempt
        decision = flow.follow(document, attempt.step_name, outcome, number, execution.worst_status or None)
        match decision:
            case flow.Next():
                if self.ledger.move(execution, **entries.moved(execution, decision)) and self._may_go_on(execution):
                    self._note(execution)
            case flow.Retry(after=after):
                said = f"{attempt.step_name} will be tried again in a moment."
                self.ledger.wait(after * settings.TIME_SCALE, status=running_status(execution), status_message=said)
            case flow.End(status=status):
                has_failed = outcome.status in {"Failed", "TimedOut"}
                if has_failed and execution.asks_on_failure and not (is_exhausted or execution.is_cancelling):
                    self.ledger.ask_about_failure(execution, attempt, attempt.failure_message)
                else:
                    self._end(execution, Status.CANCELLED if execution.is_cancelling else Status(status))

    def _may_go_on(self, execution: Execution) -> bool:
        """Whether the next step may be noted at once, in an execution that nobody has touched since it was read."""
        is_held = execution.is_paused or execution.is_stepwise or execution.question_id is not None
        return not (is_held or execution.is_cancelling or self._is_over())

    def _end(self, execution: Execution, status: Status, message: str = "") -> None:
        self.ledger.end(execution, status, self.outputs, message)


def _send_by() -> float:
    """The monotonic moment after which a call that is noted now may not leave."""
    return time.monotonic() + settings.SEND_WITHIN.total_seconds()
