"""Finds due work in the database by itself, so that no broker and no scheduler is needed for anything but speed.

One thread looks and says that the process lives; small pools carry what it finds; a watchdog ends the process when the
database was not reached for two leases, since a worker that cannot renew is of no use and might be stuck for good. Runs inside
a Celery worker (`portal.celery`) or alone (`manage.py work`). Not here: claiming (`lease.py`), the process's row (`workers.py`).
"""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections, connection, models

from portal.statements import StandingQuery
from runbooks import dead_man, drill_runner, runner, workers
from runbooks.models import Drill, Execution
from runbooks.workers import Presence

log = logging.getLogger(__name__)

DRILL_SLOTS = 2
SHORTEST_PAUSE = 0.02
LONGEST_BEAT = timedelta(seconds=5)
UNREACHED = os.EX_TEMPFAIL
"""The exit status of a process that ended itself because it could not reach the database."""


@dataclass
class Lane:
    """One kind of row and a bounded pool for it, so that one kind cannot starve another.

    `rows` is what may be claimed now, the most urgent first; `carry` returns True when there is more to do at once; `prepare` is
    called before each look.
    """

    rows: models.QuerySet[Any]
    carry: Callable[[uuid.UUID], bool | None]
    slots: int
    prepare: Callable[[], None] | None = None
    in_hand: set[uuid.UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(self.slots, thread_name_prefix="carry")
        # Twice: rows that are in hand but not yet claimed are among them.
        self._query = StandingQuery(self.rows[: 2 * self.slots], "id")

    def due(self) -> list[uuid.UUID]:
        """The keys of the first rows that may be claimed now."""
        if self.prepare is not None:
            self.prepare()
        return [pk for (pk,) in self._query.rows()]


def lanes() -> list[Lane]:
    """The lanes of this half: executions and drills."""
    return [
        Lane(Execution.objects.due().order_by("wake_at"), runner.advance, settings.POLLER_SLOTS),
        Lane(Drill.objects.due().order_by("wake_at"), drill_runner.advance_drill, DRILL_SLOTS),
    ]


class Poller:
    """Looks for due rows until it is told to stop. `stop` may be called from a signal handler: it only sets a flag."""

    def __init__(self, lanes: Sequence[Lane], presence: Presence = workers.HERE) -> None:
        self.lanes = lanes
        self.presence = presence
        self._lock = threading.Lock()
        self._look_again = threading.Event()
        self._is_over = threading.Event()
        self._beat_at = 0.0
        self._thread: threading.Thread | None = None

    # -- from outside --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="poller", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Look until told to stop, then finish what is in hand and leave."""
        threading.Thread(target=self._watch, name="poller watchdog", daemon=True).start()
        if settings.DEAD_MAN_URL:
            threading.Thread(target=self._ping, name="dead man", daemon=True).start()
        while not self.presence.is_stopping:
            self._look()
            self._pause()
        self._finish()

    def stop(self) -> None:
        """Claim nothing from now on; `run` comes to its end when what is in hand is done."""
        self.presence.is_stopping = True

    def join(self, timeout: timedelta) -> bool:
        """Wait for the end of `start`'s thread. False when it is not over by then."""
        if self._thread is None:
            return True
        self._thread.join(timeout.total_seconds())
        return not self._thread.is_alive()

    # -- the thread that looks -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        try:
            self._beat()
            if self.presence.may_claim():
                for lane in self.lanes:
                    self._fill(lane)
        except Error as error:
            log.warning("the database does not answer, looking again: %s", str(error).strip() or type(error).__name__)
            connection.close()

    def _beat(self) -> None:
        interval = min(LONGEST_BEAT, settings.LEASE / 6).total_seconds()
        if time.monotonic() - self._beat_at >= interval:
            self.presence.beat()
            self._beat_at = time.monotonic()

    def _fill(self, lane: Lane) -> None:
        with self._lock:
            in_hand = set(lane.in_hand)
        free = lane.slots - len(in_hand)
        if free <= 0:
            return
        for pk in [pk for pk in lane.due() if pk not in in_hand][:free]:
            with self._lock:
                lane.in_hand.add(pk)
            lane.pool.submit(self._carry, lane, pk).add_done_callback(_tell_error)

    def _carry(self, lane: Lane, pk: uuid.UUID) -> None:
        has_more = False
        try:
            has_more = bool(lane.carry(pk))
        finally:
            close_old_connections()
            with self._lock:
                was_full = len(lane.in_hand) >= lane.slots
                lane.in_hand.discard(pk)
            if has_more or was_full:
                self._look_again.set()

    def _pause(self) -> None:
        """Until the next look: the interval, or less when a slot became free while more may be due."""
        self._look_again.wait(settings.WAKE_INTERVAL.total_seconds())
        if self._look_again.is_set():
            self._look_again.clear()
            time.sleep(SHORTEST_PAUSE)

    def _finish(self) -> None:
        """What is in hand comes to its end while the row goes on saying that this process lives."""
        waiting = threading.Thread(target=self._close_pools, name="finishing", daemon=True)
        waiting.start()
        while waiting.is_alive():
            self._beat_at = 0.0
            self._look()
            waiting.join(1.0)
        self._is_over.set()
        try:
            self.presence.leave()
        except Error:
            log.warning("could not note the end of this worker; its row grows old instead", exc_info=True)
        connection.close()

    def _close_pools(self) -> None:
        for lane in self.lanes:
            lane.pool.shutdown(wait=True, cancel_futures=True)

    # -- the threads beside it -----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """End the process when the database was not reached for two leases.

        Time is counted in looks, not read from a clock: a process that was stopped and continued gets its chance first.
        """
        tick = min(1.0, settings.LEASE.total_seconds() / 10)
        reached, silent = self.presence.reached, 0.0
        while not self._is_over.wait(tick):
            if self.presence.reached != reached:
                reached, silent = self.presence.reached, 0.0
                continue
            silent += tick
            if silent > 2 * settings.LEASE.total_seconds():
                _end_process(silent)

    def _ping(self) -> None:
        while not self._is_over.wait(settings.DEAD_MAN_INTERVAL.total_seconds() / 4):
            try:
                dead_man.ping_if_due()
            except Error:
                log.warning("no dead-man ping: the database does not answer")
            finally:
                connection.close()


def _tell_error(job: "Future[None]") -> None:
    error = None if job.cancelled() else job.exception()
    if error is not None:
        log.error("carrying a row failed; its lease ends by itself and it is tried again", exc_info=error)


def _end_process(silent: float) -> None:
    """Leave at once: threads may hang in the database's driver, so nothing is waited for, not even a stuck log."""
    threading.Timer(2.0, os._exit, [UNREACHED]).start()
    log.critical("the database was not reached for %.0f s; this worker ends itself for another to be started", silent)
    os._exit(UNREACHED)
