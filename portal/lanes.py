"""Everything a worker looks for in the database, of both halves: executions, drills, runs of automated checks, syncs.

The halves know nothing of each other, so their lanes meet here. Not here: the looking (`runbooks.poller`).
"""

import time
from datetime import timedelta

from django.db import models

from assessments import check_runner, tool_runner
from assessments.models import CheckRun, ToolSync
from runbooks.poller import Lane, lanes

CHECK_SLOTS = 2
SYNC_SLOTS = 2
LOOK_AT_PLANS_EVERY = timedelta(seconds=5)


class _Checks:
    """Runs of checks that are due; begins those whose plan's time has come, not at every look."""

    def __init__(self) -> None:
        self.looked_at = 0.0

    def due(self) -> models.QuerySet[CheckRun]:
        """The oldest first."""
        if time.monotonic() - self.looked_at > LOOK_AT_PLANS_EVERY.total_seconds():
            check_runner.begin_due()
            self.looked_at = time.monotonic()
        return CheckRun.objects.due().order_by("created_at")


def every_lane() -> list[Lane]:
    """The lanes of one process."""
    return [
        *lanes(),
        Lane(_Checks().due, check_runner.run_checks, CHECK_SLOTS),
        Lane(lambda: ToolSync.objects.due().order_by("wake_at"), tool_runner.carry, SYNC_SLOTS),
    ]
