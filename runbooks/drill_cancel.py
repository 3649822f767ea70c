"""Cancelling what a drill has running, so that it can come to its end. Not here: who may cancel (`operations.drills`)."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.audit.log import database_now
from runbooks.models import FINAL_STATUSES, Drill, Execution, Signal, SignalKind
from runbooks.parts import RESTORATION

PATIENCE = timedelta(minutes=3)
"""An execution's own steps for cancelling may take two minutes; after this the drill goes on without it."""


def is_quiet(drill: Drill) -> bool:
    """Whether nothing of this drill runs any more; asks what runs to be cancelled."""
    running = drill.executions.exclude(status__in=FINAL_STATUSES).exclude(part=RESTORATION)
    return not [execution for execution in running if not _is_hopeless(_asked(drill, execution))]


def _asked(drill: Drill, execution: Execution) -> Signal:
    """The signal that cancels an execution: the one a person sent, or ours, sent once."""
    kept = execution.signals.filter(kind=SignalKind.CANCEL, refusal="").order_by("id").first()
    if kept is not None:
        return kept
    with transaction.atomic():
        signal, is_new = Signal.objects.get_or_create(
            key=f"{drill.pk}:cancel:{execution.part}"[:64],
            defaults={
                "execution": execution,
                "kind": SignalKind.CANCEL,
                "sent_by": drill.started_by,
                "comment": "The drill was cancelled.",
            },
        )
        if is_new:
            running = Execution.objects.filter(pk=execution.pk, ended_at__isnull=True)
            running.update(wake_at=Now(), revision=F("revision") + 1)
    signal.refresh_from_db()
    return signal


def _is_hopeless(signal: Signal) -> bool:
    return database_now() - signal.sent_at > PATIENCE
