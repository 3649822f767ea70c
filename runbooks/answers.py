"""What a signal means for a run, decided from its rows: applied how, or refused with which words. Writes nothing.

Here also: where the next attempt at a step stands (its visit and number). Not here: who may send what (`operations`) and
the writing (`runner`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from runbooks.actions.context import SignalFact
from runbooks.attempts import document_of
from runbooks.automation import flow
from runbooks.models import Execution, Signal, SignalKind, Status, StepExecution

CANCEL_BUDGET = timedelta(minutes=2)  # Systems Manager gives an onCancel chain at most this long
FOR_ACTIONS = frozenset({SignalKind.APPROVE, SignalKind.REJECT, SignalKind.RESUME, SignalKind.COMPLETE})
NO_PAUSE = "is being cancelled; its steps for cancelling cannot be paused."
ANSWERS = frozenset({SignalKind.RETRY, SignalKind.MARK_DONE, SignalKind.SKIP, SignalKind.STOP_STEP})


@dataclass(frozen=True)
class Effect:
    """How a signal moves an execution.

    `attempt_status` ends the open attempt, `fields` are set on the execution, `follows` is the outcome whose consequence is
    then taken, `is_final` ends the execution. `refusal` means: nothing of it.
    """

    refusal: str = ""
    attempt_status: str = ""
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    follows: flow.Outcome | None = None
    is_final: bool = False


def is_for_action(signal: Signal, attempt: StepExecution | None) -> bool:
    """Whether the open attempt's own action reads this signal."""
    return (
        attempt is not None
        and signal.step_execution_id == attempt.pk
        and signal.kind in FOR_ACTIONS
        and not attempt.is_outcome_unknown
    )


def effect_of(signal: Signal, execution: Execution, attempt: StepExecution | None) -> Effect:
    """What an unapplied signal does now."""
    if signal.kind == SignalKind.CANCEL:
        return _cancel(signal, execution, attempt)
    if signal.kind == SignalKind.PAUSE:
        if execution.is_paused:
            return Effect(refusal="The execution is paused already.")
        if execution.is_cancelling:
            return Effect(refusal=f"The execution {NO_PAUSE}")
        return Effect(fields={"is_paused": True})
    if signal.kind in {SignalKind.RESUME, SignalKind.START_STEP} and signal.step_execution_id is None:
        return _go_on(signal, execution, attempt)
    if signal.kind == SignalKind.CHANGE:
        return _change(signal, execution)
    if execution.question_id is not None and signal.step_execution_id == execution.question_id:
        return _answer_failure(signal)
    if attempt is None or signal.step_execution_id != attempt.pk:
        return Effect(refusal="The step this was meant for is already over; nothing was done.")
    if attempt.is_outcome_unknown and signal.kind in ANSWERS:
        return _answer(signal)
    return Effect(refusal=f"{signal.get_kind_display()} does not fit what {attempt.step_name} is doing now.")


def _go_on(signal: Signal, execution: Execution, attempt: StepExecution | None) -> Effect:
    """Resume ends a pause and running step by step; Start step permits the one step that is next.

    A Start step that comes when its step has begun is refused: kept, it would start the step after it unasked.
    """
    running = {"status": Status.IN_PROGRESS, "status_message": ""}
    if signal.kind == SignalKind.START_STEP:
        if not execution.is_stepwise:
            return Effect(refusal="The execution does not run step by step.")
        wanted = signal.payload.get("step", execution.current_step)
        if attempt is not None or wanted != execution.current_step:
            return Effect(refusal=f"{wanted} has begun already; nothing was started.")
        return Effect(fields={**running, "may_start_step": True, "is_paused": False})
    if not (execution.is_paused or execution.is_stepwise):
        return Effect(refusal="The execution is not paused.")
    return Effect(fields={**running, "is_paused": False, "is_stepwise": False})


def _change(signal: Signal, execution: Execution) -> Effect:
    """A parameter of steps not yet run; what has run keeps its noted inputs. Kept as a deviation."""
    name, value = signal.payload["parameter"], signal.payload["value"]
    deviation = {
        "parameter": name,
        "from": execution.parameters.get(name),
        "to": value,
        "by": signal.sent_by.username,
        "at": signal.sent_at.isoformat(),
        "reason": signal.comment,
        "before_step": execution.current_step,
    }
    return Effect(
        fields={
            "parameters": {**execution.parameters, name: value},
            "deviations": [*execution.deviations, deviation],
        }
    )


def _cancel(signal: Signal, execution: Execution, attempt: StepExecution | None) -> Effect:
    """Cancel wins over everything but a finished end. The running step's onCancel chain follows, where it has one."""
    if execution.is_cancelling:
        return Effect(refusal="The execution is being cancelled already.")
    said = f"Cancelled by {signal.sent_by.shown_name}" + (f": {signal.comment}" if signal.comment else ".")
    if attempt is None:
        return Effect(is_final=True, message=said)
    if attempt.is_outcome_unknown or (attempt.status == Status.IN_PROGRESS and attempt.action_class != "read-only"):
        said = f"Outcome unknown when it was cancelled. {said}"
    decision = flow.follow_cancel(document_of(execution), attempt.step_name)
    if isinstance(decision, flow.Next):
        fields = {"is_cancelling": True, "is_paused": False, "status": Status.CANCELLING, "current_step": decision.step}
        return Effect(attempt_status=Status.CANCELLED, message=said, fields=fields)
    return Effect(attempt_status=Status.CANCELLED, message=said, is_final=True)


def _answer_failure(signal: Signal) -> Effect:
    """A person decides about a step that failed, in an execution that asks instead of ending."""
    answered = {"question": None, "status": Status.IN_PROGRESS, "status_message": ""}
    match signal.kind:
        case SignalKind.RETRY:
            return Effect(fields=answered)
        case SignalKind.SKIP | SignalKind.MARK_DONE:
            return Effect(fields=answered, follows=flow.Outcome("Success"))
        case SignalKind.STOP_STEP:
            return Effect(fields=answered, follows=flow.Outcome("Failed"))
    return Effect(refusal=f"{signal.get_kind_display()} is no answer to a failed step.")


def _answer(signal: Signal) -> Effect:
    """A person decides about an attempt whose outcome nobody knows."""
    who = f"{signal.sent_by.shown_name}: {signal.comment}"
    match signal.kind:
        case SignalKind.RETRY:
            return Effect(attempt_status=Status.FAILED, message=f"Outcome unknown; to be tried again, says {who}")
        case SignalKind.MARK_DONE:
            return Effect(attempt_status=Status.SUCCESS, message=f"Done, says {who}", follows=flow.Outcome("Success"))
        case SignalKind.SKIP:
            return Effect(
                attempt_status=Status.CANCELLED, message=f"Skipped, says {who}", follows=flow.Outcome("Success")
            )
        case _:
            return Effect(attempt_status=Status.FAILED, message=f"Failed, says {who}", follows=flow.Outcome("Failed"))


def facts_of(signals: Sequence[Signal]) -> tuple[SignalFact, ...]:
    """Signals as an action sees them."""
    return tuple(
        SignalFact(signal.kind, signal.sent_by.username, signal.sent_at, signal.comment, signal.payload)
        for signal in signals
    )


def place_of_next(last: StepExecution | None, step_name: str, visits: int, max_attempts: int) -> tuple[int, int]:
    """The visit and number of the next attempt at a step.

    `last` is the newest attempt of the execution; `visits` how often the flow has come to this step before. It is another
    attempt of the same visit when the newest attempt was at this step, failed, and has attempts left or was sent round
    again by a person.
    """
    if last is not None and last.step_name == step_name and last.status in {Status.FAILED, Status.TIMED_OUT}:
        was_sent_again = last.signals.filter(kind=SignalKind.RETRY, refusal="").exclude(applied_at=None).exists()
        if last.attempt < max_attempts or was_sent_again:
            return last.visit, last.attempt + 1
    return visits + 1, 1


def is_cancel_budget_spent(execution: Execution, now: datetime) -> bool:
    """Whether the steps for cancelling have had their time."""
    asked = execution.signals.filter(kind=SignalKind.CANCEL, refusal="").exclude(applied_at=None).first()
    return asked is not None and now - (asked.applied_at or asked.sent_at) > CANCEL_BUDGET
