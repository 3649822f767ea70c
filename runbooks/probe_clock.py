"""The database's time without asking it: this process's monotonic clock plus an offset measured against the database.

A sampler stamps what it sees with it, so that its times can be compared with the drill's phases, and so that somebody
setting this host's clock changes nothing. Not here: leases, which the database compares by itself (`lease.py`).
"""

import logging
import time
from datetime import UTC, datetime, timedelta

from portal.audit.log import database_now

log = logging.getLogger(__name__)

LARGEST_DRIFT = timedelta(milliseconds=250)
"""Two clocks drift apart by less than this in a minute; more means that somebody set the database's clock."""
TRIES = 5


class ProbeClock:
    """Times in the database's clock. `wall_offset` is the database's clock minus this host's, in seconds."""

    def __init__(self) -> None:
        self._offset, self.error = _measured()
        self.checked_at = time.monotonic()

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    @property
    def wall_offset(self) -> float:
        return self.now().timestamp() - time.time()

    def check(self) -> None:
        """Measure again and follow a drift. A jump is not followed: it would tear a hole into the samples."""
        found, error = _measured()
        self.checked_at = time.monotonic()
        drift = timedelta(seconds=found - self._offset)
        if abs(drift) <= LARGEST_DRIFT:
            self._offset, self.error = found, error
        else:
            log.warning("the database's clock was set by %s during a probe; its samples keep the old time", drift)


def _measured() -> tuple[float, float]:
    """The database's time minus the monotonic clock, and how far it may be wrong: half the shortest round trip (s)."""
    found: list[tuple[float, float]] = []
    for _ in range(TRIES):
        asked = time.monotonic()
        answer = database_now().timestamp()
        answered = time.monotonic()
        found.append(((answered - asked) / 2, answer - (asked + answered) / 2))
    error, offset = min(found)
    return offset, error
