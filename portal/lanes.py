"""Everything a worker looks for in the database, of both halves: executions, drills, runs of automated checks, syncs.

The halves know nothing of each other, so their lanes meet here. Not here: the looking (`runbooks.poller`).
"""

import time
from datetime import timedelta

from assessments import check_runner, tool_runner
from assessments.models import CheckRun, ToolSync
from runbooks.poller import Lane, lanes

CHECK_SLOTS = 2
SYNC_SLOTS = 2
LOOK_AT_PLANS_EVERY = timedelta(seconds=5)


class _Plans:
    """Begins runs of checks whose plan's time has come, not at every look."""

    def __init__(self) -> None:
        self.looked_at = 0.0

    def begin_due(self) -> None:
        """Look at the plans, unless that was just done."""
        if time.monotonic() - self.looked_at > LOOK_AT_PLANS_EVERY.total_seconds():
            check_runner.begin_due()
            self.looked_at = time.monotonic()


def every_lane() -> list[Lane]:
    """The lanes of one process."""
    checks, syncs = CheckRun.objects.due().order_by("created_at"), ToolSync.objects.due().order_by("wake_at")
    return [
        *lanes(),
        Lane(checks, check_runner.run_checks, CHECK_SLOTS, prepare=_Plans().begin_due),
        Lane(syncs, tool_runner.carry, SYNC_SLOTS),
    ]
