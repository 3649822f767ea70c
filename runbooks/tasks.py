"""Celery's door: wake-ups, nothing more. Lost, doubled or late, a message changes only when something is looked at."""

import logging
import time
from uuid import UUID

from celery import Task, shared_task
from django.db import close_old_connections
from kombu.exceptions import OperationalError

from runbooks import drill_runner, runner, workers
from runbooks.models import Drill, Execution

log = logging.getLogger(__name__)


class _Broker:
    """What this process knows of the broker: after a hint that failed it is left alone for a while.

    A publish to a broker that is gone takes its two seconds of timeout each time, and whoever starts an execution waits for it.
    """

    PAUSE = 10.0
    away_until = 0.0

    def note_away(self, pk: UUID, error: Exception) -> None:
        """Ask it again after the pause."""
        self.away_until = time.monotonic() + self.PAUSE
        log.warning(
            "no hint was sent for %s, nor will be for %.0f s; workers look by themselves: %s", pk, self.PAUSE, error
        )


BROKER = _Broker()


def wake(task: Task, pk: UUID) -> None:
    """Send a hint after a commit. No broker is no error: a worker's own look finds the row a moment later."""
    if time.monotonic() < BROKER.away_until:
        return
    try:
        task.delay(str(pk))
    except (OperationalError, OSError) as error:
        BROKER.note_away(pk, error)


@shared_task
def advance(execution_id: str) -> None:
    """Carry one execution forward for a slice; ask to be called again when it has more to do."""
    if workers.may_claim() and runner.advance(UUID(execution_id)):
        wake(advance, UUID(execution_id))
    close_old_connections()


@shared_task
def advance_drill(drill_id: str) -> None:
    """Move one drill by one phase."""
    if workers.may_claim():
        drill_runner.advance_drill(UUID(drill_id))
    close_old_connections()


@shared_task
def wake_due() -> None:
    """Send a wake-up for everything whose time has come."""
    if not workers.may_claim():
        return
    for execution_id in Execution.objects.due().values_list("pk", flat=True)[:200]:
        wake(advance, execution_id)
    for drill_id in Drill.objects.due().values_list("pk", flat=True)[:50]:
        wake(advance_drill, drill_id)
