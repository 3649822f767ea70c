"""The presence of this process among the workers: its row, its clock, whether it may claim.

Tasks and the poller ask `may_claim` before they carry anything forward. Not here: looking for work and the threads
(`poller.py`), the leases themselves (`lease.py`).
"""

import logging
import os
import socket
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connections
from django.db.models.functions import Now

from portal.audit.log import database_now
from runbooks import installation
from runbooks.lease import later
from runbooks.models import Worker
from runbooks.models.worker import MOST_CLOCK_DIFFERENCE

log = logging.getLogger(__name__)

CONNECTED_FOR = timedelta(minutes=1)
"""How long a thread's connection is kept, counted from its beginning; it ends with the work it is in then."""
KEPT_FOR = timedelta(days=7)
"""How long rows of workers that are gone stay, for people who ask what happened."""


class Presence:
    """This process's row. `reached` counts the times the database took a write; `is_stopping` is set once, for good."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self.clock_offset = 0.0
        self.is_stopping = False
        self.reached = 0
        self._said = ""

    def beat(self) -> None:
        """Say that this process lives, and compare its clock with the database's. Raises `DatabaseError`."""
        self.clock_offset = measured_clock_offset()
        now = {"seen_at": Now(), "clock_offset": self.clock_offset, "is_stopping": self.is_stopping}
        if Worker.objects.filter(pk=self.id).update(**now, ended_at=None) != 1:
            self._arrive()
        self.reached += 1

    def _arrive(self) -> None:
        """Make the row: at the first beat, and again when the database was put back to a time before that."""
        Worker.objects.filter(seen_at__lt=later(-KEPT_FOR)).delete()
        Worker.objects.create(
            pk=self.id,
            host=socket.gethostname()[:200],
            pid=os.getpid(),
            version=settings.VERSION,
            clock_offset=self.clock_offset,
            is_stopping=self.is_stopping,
        )

    def leave(self) -> None:
        """Note a proper end. Raises `DatabaseError`."""
        Worker.objects.filter(pk=self.id).update(seen_at=Now(), ended_at=Now(), is_stopping=True)

    def may_claim(self) -> bool:
        """Whether this process may take work now; what keeps it from that is logged once. Raises `DatabaseError`."""
        obstacle = self._obstacle()
        if obstacle != self._said:
            self._said = obstacle
            log.warning("claiming nothing: %s", obstacle) if obstacle else log.info("claiming again")
        return not obstacle

    def _obstacle(self) -> str:
        if self.is_stopping:
            return "this worker is stopping"
        if abs(self.clock_offset) > MOST_CLOCK_DIFFERENCE:
            return (
                f"this host's clock differs from the database's by {self.clock_offset:+.1f} s, more than "
                f"{MOST_CLOCK_DIFFERENCE:.0f} s. Set it right (chrony or systemd-timesyncd)"
            )
        return installation.reason_to_stand_still()


HERE = Presence()


def keep_connections() -> None:
    """Let the threads of this process keep their connections from one piece of work to the next, for a minute each.

    A new one costs PostgreSQL more than a step does. For processes of workers only: under ASGI a kept connection is never
    handed back.
    """
    connections.settings["default"]["CONN_MAX_AGE"] = CONNECTED_FOR.total_seconds()


def may_claim() -> bool:
    """Whether this process may carry anything forward now. Raises `DatabaseError`."""
    return HERE.may_claim()


def is_stopping() -> bool:
    """Whether this process was asked to end: a slice that sees it gives its row back at the next step."""
    return HERE.is_stopping


def measured_clock_offset() -> float:
    """This host's clock minus the database's, in seconds; right to half of the time the question took."""
    before = time.time()
    database = database_now().timestamp()
    return (before + time.time()) / 2 - database
