"""What standing still does to executions and drills: every lease is broken, and each waits for a person of its own.

The rows may be older than what was really done, so nothing goes on by itself, not even after the release: an open call is an
unknown outcome, unapplied signals are refused, an execution is paused, a drill that still disrupts can only be cancelled.
Not here: when this happens (`installation.py`).
"""

from dataclasses import dataclass

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from portal.audit import log as audit
from portal.aws.classification import ActionClass
from runbooks.answers import ANSWERS
from runbooks.models import FINAL_STATUSES, Drill, Execution, Phase, Probe, Signal, Status, StepExecution
from runbooks.parts import RESTORATION

OPENING = "This portal was restored; nothing runs until a person confirms."
REFUSAL = "The portal was restored before this was applied. Look at how the execution stands and send it again."
# In these phases a drill disrupts nothing more; it only concludes.
_CONCLUDING = (Phase.CLOSE, Phase.RESTORE)


@dataclass(frozen=True)
class Held:
    """How many were under way and are held back."""

    executions: int
    drills: int


def hold_back(reason: str) -> Held:
    """Hold back everything that is not over. Call it inside the transaction that quiesces."""
    # Drills before executions: the order in which the drill runner takes these locks.
    drills = [_hold_drill(drill, reason) for drill in Drill.objects.exclude(status__in=FINAL_STATUSES).order_by("pk")]
    running = Execution.objects.exclude(status__in=FINAL_STATUSES).select_related("version__runbook").order_by("pk")
    executions = [_hold_execution(execution, reason) for execution in running]
    return Held(sum(executions), sum(drills))


def _hold_execution(execution: Execution, reason: str) -> bool:
    """Claim it over any lease and give it to nobody. False when it has ended meanwhile."""
    said = (
        f"{OPENING} {reason} Steps after {execution.current_step or 'its start'} may have been done already: look in "
        f"CloudTrail for the session bcdr-{execution.pk}, then resume or cancel this execution."
    )
    # What has not begun stays Pending: it begins with its first step when it is resumed.
    status = Case(When(status=Status.PENDING, then=Value(Status.PENDING.value)), default=Value(Status.WAITING.value))
    won = (
        Execution.objects.filter(pk=execution.pk)
        .exclude(status__in=FINAL_STATUSES)
        .update(
            fence=F("fence") + 1,
            lease_token=None,
            lease_until=None,
            wake_at=None,
            is_paused=True,
            status=status,
            status_message=said,
            revision=F("revision") + 1,
        )
    )
    if won != 1:
        return False
    _ask_about_open_call(execution)
    refused = Signal.objects.filter(execution=execution, applied_at__isnull=True)
    detail = {"reason": reason, "refused signals": refused.update(applied_at=Now(), refusal=REFUSAL)}
    audit.record(f"execution:{execution.pk}", "was held back", str(execution.version), detail=detail)
    return True


def _ask_about_open_call(execution: Execution) -> None:
    """Whether a call under way took effect cannot be known from a copy; reads are harmless and are simply made again."""
    said = "Outcome unknown: the portal was restored while this call was under way, or after it was answered."
    StepExecution.objects.filter(execution=execution, status=Status.IN_PROGRESS).exclude(
        action_class=ActionClass.READ_ONLY
    ).update(status=Status.WAITING, is_outcome_unknown=True, waits_for=sorted(ANSWERS), waiting_message=said)


def _hold_drill(drill: Drill, reason: str) -> bool:
    is_concluding = drill.is_cancelling or drill.phase in _CONCLUDING
    has_begun_restoring = Execution.objects.filter(drill=drill, part=RESTORATION).exists()
    next_words = "It only concludes." if is_concluding else "Its measurement broke off: cancel this drill."
    won = (
        Drill.objects.filter(pk=drill.pk)
        .exclude(status__in=FINAL_STATUSES)
        .update(
            fence=F("fence") + 1,
            lease_token=None,
            lease_until=None,
            wake_at=Now() if is_concluding else None,
            # A restoration that has not begun would begin by itself.
            restoration=drill.restoration_id if has_begun_restoring or not is_concluding else None,
            status=Status.WAITING,
            status_message=f"{OPENING} {reason} {next_words}",
            revision=F("revision") + 1,
        )
    )
    if won != 1:
        return False
    Probe.objects.filter(Q(drill=drill), is_running=True).update(is_running=False, stopped_at=Now())
    audit.record(f"drill:{drill.pk}", "was held back", drill.title, detail={"reason": reason})
    return True
