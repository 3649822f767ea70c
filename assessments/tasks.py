"""Celery's door of this half: wake-ups for runs of checks, nothing more. A lost one is sent again by the scheduler.

Syncs with the Well-Architected Tool need none: every worker looks for them by itself (`portal.lanes`).
"""

import logging
from uuid import UUID

from celery import Task, shared_task
from django.db import close_old_connections
from kombu.exceptions import OperationalError

from assessments import check_runner
from assessments.claiming import may_claim
from assessments.models import CheckRun

log = logging.getLogger(__name__)


def wake(task: Task, pk: UUID) -> None:
    """Send a hint after a commit. No broker is no error: the scheduler finds the row a moment later."""
    try:
        task.delay(str(pk))
    except (OperationalError, OSError) as error:
        log.warning("no wake-up was sent for %s, the scheduler will find it: %s", pk, error)


@shared_task
def run_checks(run_id: str) -> None:
    """Carry one run of checks to its end."""
    if may_claim():
        check_runner.run_checks(UUID(run_id))
    close_old_connections()


@shared_task
def wake_due() -> None:
    """Begin the runs whose time has come, and send a wake-up for each that nobody carries."""
    if not may_claim():
        return
    check_runner.begin_due()
    for run_id in CheckRun.objects.due().values_list("pk", flat=True)[:20]:
        wake(run_checks, run_id)
