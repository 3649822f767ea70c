"""Carries one drill forward by one look: claim, look at the rows, decide one move, write it under the fence.

The same mechanism as executions (`runner.py`): `wake_at` is the scheduler, the lease says who looks, the fence refuses a
stale worker. Here: claiming and writing. Not here: what each phase waits for (`drill_phases.py`), the executions of the
parts (`parts.py`), what is concluded (`measurement.py`).
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Value, When
from django.db.models.functions import Now

from portal.audit import log as audit
from runbooks import drill_phases, parts
from runbooks.drill_phases import Close, Go, Move, Stay
from runbooks.lease import FencedOut, Lease, Renewal, claim, later
from runbooks.models import Drill, Phase, Probe, Status

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=0.25)
FIRST_WORDS = "Waits for good samples and heartbeat records before anything is disrupted."


def advance_drill(drill_id: uuid.UUID) -> bool:
    """Move one drill by at most one phase. True when it has more to do at once, False when it waits or is over."""
    lease = claim(Drill, drill_id)
    if lease is None:
        return False
    with Renewal(lease):
        try:
            return _look(lease)
        except FencedOut:
            log.warning("drill %s was claimed by another worker; this one stops", drill_id)
            return False


def _look(lease: Lease) -> bool:
    drill = Drill.objects.select_related(
        "service", "account", "started_by", "probe", "injection__runbook", "recovery__runbook", "restoration__runbook"
    ).get(pk=lease.pk)
    if drill.started_at is None:
        _begin(lease, drill)
        return True
    move = drill_phases.next_move(drill)
    _write(lease, drill, move)
    return not isinstance(move, Stay)


def _begin(lease: Lease, drill: Drill) -> None:
    now = audit.database_now()
    with transaction.atomic():
        lease.write(
            status=_unless_cancelling(Status.IN_PROGRESS),
            started_at=now,
            phase=Phase.BASELINE,
            phase_started_at=now,
            phases=[_entry(Phase.BASELINE, now.isoformat())],
            status_message=drill.status_message if drill.is_cancelling else FIRST_WORDS,
        )
        audit.record(_chain(drill), "began", drill.title)
        lease.release(wake_at=Now())


def _write(lease: Lease, drill: Drill, move: Move) -> None:
    """The move and everything that belongs to it, in one transaction."""
    with transaction.atomic():
        if isinstance(move, Stay):
            _stay(lease, drill, move)
        elif isinstance(move, Go):
            _go(lease, drill, move)
        else:
            _close(lease, drill, move)


def _stay(lease: Lease, drill: Drill, move: Stay) -> None:
    message = move.message
    if move.start:
        message = parts.begin(drill, move.start) or message
    if move.stop_at is not None:
        Probe.objects.filter(drill=drill, is_running=True).update(is_running=False, stopped_at=move.stop_at)
    status = Status.WAITING if move.is_waiting_for_people else Status.IN_PROGRESS
    said = drill.status_message if drill.is_cancelling else message
    is_new = move.start or move.stop_at or (said, drill.status) != (drill.status_message, _shown(drill, status))
    if is_new:
        lease.write(status=_unless_cancelling(status), status_message=said)
    lease.release(wake_at=later(LOOK_AGAIN))


def _go(lease: Lease, drill: Drill, move: Go) -> None:
    now = audit.database_now()
    drill.phases = [*_ended(drill, now.isoformat(), move.happened), _entry(move.phase, now.isoformat(), **move.note)]
    lease.write(
        phase=move.phase,
        phase_started_at=now,
        phases=drill.phases,
        status=_unless_cancelling(Status.IN_PROGRESS),
        **{"status_message": drill.status_message if drill.is_cancelling else move.happened, **move.fields},
    )
    audit.record(
        _chain(drill),
        f"came to {drill_phases.TITLES[move.phase].lower()}",
        drill.title,
        detail={"happened": move.happened},
    )
    lease.release(wake_at=Now())


def _close(lease: Lease, drill: Drill, move: Close) -> None:
    now = audit.database_now()
    drill.phases = _ended(drill, now.isoformat(), move.happened)
    record = drill_phases.final_record(drill, move)
    lease.write(
        status=move.status,
        status_message=move.message,
        ended_at=now,
        wake_at=None,
        phases=drill.phases,
        record=record,
    )
    detail = {"status": move.status, "verdict": drill.verdict, "message": move.message}
    audit.record(_chain(drill), "closed", drill.title, detail=detail)
    lease.release()


def _ended(drill: Drill, now: str, happened: str) -> list[dict[str, Any]]:
    """The phases gone through, the last one closed."""
    return [*drill.phases[:-1], {**drill.phases[-1], "ended_at": now, "happened": happened}]


def _entry(phase: Phase, now: str, **note: Any) -> dict[str, Any]:
    return {"phase": phase.value, "began_at": now, "ended_at": None, "happened": "", **note}


def _unless_cancelling(status: Status) -> Case:
    """Somebody may cancel between our reading and our writing: the database decides, so the cancel is not painted over."""
    return Case(When(is_cancelling=True, then=Value(Status.CANCELLING.value)), default=Value(status.value))


def _shown(drill: Drill, status: Status) -> Status:
    return Status.CANCELLING if drill.is_cancelling else status


def _chain(drill: Drill) -> str:
    return f"drill:{drill.pk}"
