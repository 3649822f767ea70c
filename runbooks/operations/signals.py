"""Signals: what people send to a run, who may, and what is refused with which words.

The runner applies a signal (`runbooks.answers` says how); here it is only checked, stored and told. `allowed_signals` is what
pages and commands offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.audit import log as audit
from portal.people.models import Role, User
from portal.people.permissions import Act, require, roles_of
from runbooks import masking, takeover, tasks
from runbooks.actions import people as people_actions
from runbooks.answers import ANSWERS, NO_PAUSE
from runbooks.models import FINAL_STATUSES, Execution, Signal, SignalKind, StepExecution
from runbooks.operations.signal_values import changed_parameter, task_values

DECISIONS = frozenset({SignalKind.APPROVE, SignalKind.REJECT})
ANSWER_ORDER = (SignalKind.RETRY, SignalKind.MARK_DONE, SignalKind.SKIP, SignalKind.STOP_STEP)
NEEDS_COMMENT = frozenset(
    {
        SignalKind.CANCEL,
        SignalKind.SKIP,
        SignalKind.MARK_DONE,
        SignalKind.RETRY,
        SignalKind.STOP_STEP,
        SignalKind.REJECT,
        SignalKind.CHANGE,
    }
)


def send_signal(
    *,
    user: User,
    execution: Execution,
    kind: SignalKind,
    step_execution: StepExecution | None = None,
    comment: str = "",
    payload: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Signal:
    """Send a signal to a run; the runner applies it at once or refuses it. The same `key` returns the same signal.

    Raises `PermissionDenied`, or `ValidationError` that says how the run stands when the signal does not fit.
    """
    require(user, Act.APPROVE if kind in DECISIONS and _is_approval(step_execution) else Act.CONTROL, execution.team_id)
    if key is not None:
        kept = Signal.objects.filter(key=key, execution=execution, sent_by=user).first()
        if kept is not None:
            return kept
    execution.refresh_from_db()
    if step_execution is not None:
        step_execution.refresh_from_db()
    refusal = refusal_of(user, execution, kind, step_execution)
    if refusal:
        raise ValidationError(refusal)
    if kind in NEEDS_COMMENT and not comment.strip():
        raise ValidationError({"comment": [f"Say why: {SignalKind(kind).label.lower()} needs a reason."]})
    kept_payload = _payload_of(execution, kind, step_execution, payload or {})
    written = Signal(
        execution=execution,
        step_execution=step_execution,
        kind=kind,
        sent_by=user,
        comment=masking.text(comment.strip()),
        payload=kept_payload,
        **({"key": key} if key is not None else {}),
    )
    try:
        with transaction.atomic():
            _write(written)
    except IntegrityError as error:
        # The second of two clicks at once meets the first one's key.
        twin = Signal.objects.filter(key=written.key, execution=execution, sent_by=user).first()
        if twin is None:
            raise error
        return twin
    transaction.on_commit(lambda: tasks.wake(tasks.advance, execution.pk), robust=True)
    return written


def _write(signal: Signal) -> None:
    """The signal, the wake-up and the event; the caller holds the transaction."""
    signal.save(force_insert=True)
    # The row's own lock makes this and the runner's going home happen one after the other.
    running = Execution.objects.filter(pk=signal.execution_id, ended_at__isnull=True)
    if running.update(wake_at=Now(), revision=F("revision") + 1) != 1:
        # It ended after it was looked at; a signal that nobody would ever apply is not kept.
        signal.execution.refresh_from_db()
        raise ValidationError(_over(signal.execution))
    about = f" step {signal.step_execution.step_name}" if signal.step_execution is not None else ""
    audit.record(
        f"execution:{signal.execution_id}",
        f"sent {signal.get_kind_display().lower()}{about}",
        str(signal.execution.version),
        actor=signal.sent_by,
        detail={"comment": signal.comment, "values": signal.payload},
    )


@dataclass(frozen=True)
class Offer:
    """A button: what it sends, to which attempt, and, where it may not be used now, why."""

    kind: SignalKind
    step_execution_id: int | None
    label: str
    needs_comment: bool
    refusal: str = ""


def allowed_signals(user: User, execution: Execution) -> list[Offer]:
    """What may be sent to a run now, with the sentence that refuses it where this person may not."""
    if execution.is_final:
        return []
    attempt = execution.steps.exclude(status__in=FINAL_STATUSES).first()
    wanted: list[tuple[SignalKind, StepExecution | None]] = []
    if attempt is not None:
        wanted += [(SignalKind(kind), attempt) for kind in attempt.waits_for]
    if execution.question is not None:
        wanted += [(kind, execution.question) for kind in ANSWER_ORDER]
    if execution.is_stepwise and attempt is None and execution.question is None:
        wanted.append((SignalKind.START_STEP, None))
    can_resume = execution.is_paused or execution.is_stepwise
    wanted.append((SignalKind.RESUME if can_resume else SignalKind.PAUSE, None))
    wanted.append((SignalKind.CANCEL, None))
    return [_offer(user, execution, kind, step) for kind, step in wanted]


def _offer(user: User, execution: Execution, kind: SignalKind, step: StepExecution | None) -> Offer:
    try:
        require(user, Act.APPROVE if kind in DECISIONS and _is_approval(step) else Act.CONTROL, execution.team_id)
        refusal = refusal_of(user, execution, kind, step)
    except PermissionDenied as error:
        refusal = str(error)
    label = "I cannot do it" if kind == SignalKind.REJECT and not _is_approval(step) else kind.label
    return Offer(kind, step.pk if step is not None else None, label, kind in NEEDS_COMMENT, refusal)


def _over(execution: Execution) -> str:
    return f"This execution is over ({execution.get_status_display()}); nothing can be sent to it any more."


def refusal_of(user: User, execution: Execution, kind: SignalKind, step: StepExecution | None) -> str:
    """Why a signal does not fit the run as it stands, or nothing. Permissions of the team are checked before."""
    if execution.is_final:
        return _over(execution)
    if step is not None and step.pk == execution.question_id:
        return "" if kind in ANSWERS else f"{step.step_name} failed and waits for an answer: Retry, Skip or Stop step."
    if step is not None:
        if step.execution_id != execution.pk or step.status in FINAL_STATUSES:
            return f"{step.step_name} is already over ({step.get_status_display()}). Look at the execution as it stands now."
        if kind not in step.waits_for:
            waits = ", ".join(step.waits_for) or "nothing"
            return f"{step.step_name} waits for {waits}, not for {SignalKind(kind).label.lower()}."
        if step.is_outcome_unknown and kind == SignalKind.RETRY:
            return _too_early(step)
        return _approver_refusal(user, execution, kind, step) if _is_approval(step) else ""
    match kind:
        case SignalKind.PAUSE:
            if execution.is_cancelling:
                return f"This execution {NO_PAUSE}"
            return "This execution is paused already." if execution.is_paused else ""
        case SignalKind.RESUME:
            return "" if execution.is_paused or execution.is_stepwise else "This execution is not paused."
        case SignalKind.START_STEP:
            return _start_refusal(execution)
        case SignalKind.CANCEL:
            return "This execution is being cancelled already." if execution.is_cancelling else ""
        case SignalKind.CHANGE:
            return ""
    return f"{SignalKind(kind).label} must say which step it is for."


def _start_refusal(execution: Execution) -> str:
    """A permission to start is for one step that waits for it, never kept for a later one."""
    if not execution.is_stepwise:
        return "This execution does not run step by step."
    if execution.question is not None:
        return f"{execution.question.step_name} failed and waits for an answer first: Retry, Skip or Stop step."
    running = execution.steps.exclude(status__in=FINAL_STATUSES).first()
    return f"{running.step_name} has begun and is not over; nothing waits for Start step now." if running else ""


def _too_early(step: StepExecution) -> str:
    """A call that must not happen twice is not sent again while the first may still be on its way."""
    left = takeover.quarantine_left(step, audit.database_now())
    if left <= timedelta(0):
        return ""
    return (
        f"{step.step_name} can be tried again in {left.total_seconds():.0f} s: until then its first call may still take "
        "effect. Mark it as done, skip it or stop it at any time."
    )


def _payload_of(
    execution: Execution, kind: SignalKind, step: StepExecution | None, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """What is stored with the signal, checked. Raises `ValidationError` with every problem."""
    if kind == SignalKind.COMPLETE:
        values = task_values(step, payload)
        return {"values": masking.storable(values)} if values else {}
    if kind == SignalKind.CHANGE:
        name, value = changed_parameter(execution, payload)
        return {"parameter": name, "value": masking.storable(value, name)}
    if kind == SignalKind.START_STEP:
        return _started_step(execution, payload)
    return {}


def _started_step(execution: Execution, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Which step may start: the one that is named, if it is still next, or, where none is named, the one that is next."""
    wanted = str(payload.get("step") or execution.current_step)
    if wanted != execution.current_step:
        raise ValidationError(
            f"{wanted} is not next: {execution.current_step} is. Look at the execution as it stands now."
        )
    return {"step": wanted} if wanted else {}


def _is_approval(step: StepExecution | None) -> bool:
    return step is not None and step.action == people_actions.APPROVE.name


def _approver_refusal(user: User, execution: Execution, kind: SignalKind, step: StepExecution) -> str:
    """Four eyes: who started may not approve; and only those the step names may."""
    if kind not in DECISIONS:
        return ""
    if user.pk == execution.started_by_id:
        return "You started this execution, so another person has to decide."
    if step.signals.filter(sent_by=user, kind__in=DECISIONS, refusal="").exists():
        return "You have decided already; another person is wanted."
    named = [str(item) for item in step.inputs.get("Approvers", [])]
    roles = roles_of(user, execution.team)
    for name in named:
        if name.startswith(people_actions.APPROVER_ROLE_PREFIX):
            wanted = name.removeprefix(people_actions.APPROVER_ROLE_PREFIX)
            if Role.ADMIN in roles or wanted in {role.value for role in roles}:
                return ""
        elif name.rpartition("/")[2] == user.username:
            return ""
    return f"This step names its approvers: {', '.join(named)}. You are not one of them."
