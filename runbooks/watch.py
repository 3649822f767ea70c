"""One probe being sampled: requests on a fixed schedule, heartbeat records beside them, rows written in batches.

Open loop: each request has its moment and its own connection, and is sent whether or not earlier ones were answered, so
a service that hangs cannot slow down the one who watches it. Moments come from the monotonic clock. What could not be
sent in time is left out and leaves a hole in the sequence numbers. Not here: who samples which probe (`sampler.py`).
"""

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from runbooks import outgoing
from runbooks.actions.context import HttpAnswer
from runbooks.lease import later
from runbooks.models import FINAL_STATUSES, Heartbeat, Probe, Sample
from runbooks.outages import LONGEST_STEP
from runbooks.probe_clock import ProbeClock

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=5)
"""How long after the last sign of life another sampler takes over."""
WRITE_EVERY = 0.25
CHECK_CLOCK_EVERY = 60.0
LONGEST_INTERVAL = timedelta(milliseconds=100)
"""Never fewer than ten requests a second, whatever a row says."""
MOST_UNANSWERED = 96
"""Requests that may wait for an answer at once: 25 a second, for three seconds."""
MOST_UNWRITTEN = 100_000


class Watch(threading.Thread):
    """Samples one probe under the lease `token` until it is stopped, its probe stops running or the lease is lost."""

    def __init__(self, probe: Probe, token: uuid.UUID) -> None:
        super().__init__(name=f"probe {probe.pk}", daemon=True)
        self.pk, self.token, self.drill_id = probe.pk, token, probe.drill_id
        self.url, self.expected_status, self.region_header = probe.url, probe.expected_status, probe.region_header
        self.heartbeat_url = probe.heartbeat_url.rstrip("/")
        self.interval = min(probe.interval, LONGEST_INTERVAL)
        self.heartbeat_interval = probe.heartbeat_interval
        self.timeout = probe.timeout
        self.hosts = allowed_hosts(probe)
        self._is_over = threading.Event()
        self._arrived: deque[Sample | Heartbeat] = deque(maxlen=MOST_UNWRITTEN)
        self._unwritten: list[Sample | Heartbeat] = []
        self._unanswered = threading.Semaphore(MOST_UNANSWERED)

    def stop(self) -> None:
        """Send nothing more, wait for the answers under way, write them, give the probe back."""
        self._is_over.set()

    # -- the thread that writes ----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            self._clock = ProbeClock()
            first_sample, first_heartbeat = self._next("samples"), self._next("heartbeats")
            with ThreadPoolExecutor(MOST_UNANSWERED, thread_name_prefix=f"request {self.pk}") as self._pool:
                senders = [self._schedule(self.interval, first_sample, self._sample)]
                if self.heartbeat_url:
                    senders.append(self._schedule(self.heartbeat_interval, first_heartbeat, self._heartbeat))
                try:
                    is_held = self._write_until_over()
                finally:
                    self._is_over.set()
                    for sender in senders:
                        sender.join()
            if is_held:
                self._write_rest()
        except DatabaseError:
            log.exception("probe %s is no longer sampled by this process; its lease ends by itself", self.pk)
        finally:
            connection.close()

    def _next(self, rows: str) -> int:
        last = Probe.objects.filter(pk=self.pk).aggregate(last=Max(f"{rows}__sequence"))["last"]
        return 1 if last is None else last + 1

    def _write_until_over(self) -> bool:
        """Write what has come in until the watch is over. False when the probe is somebody else's by then."""
        while not self._is_over.wait(WRITE_EVERY):
            try:
                is_held = self._write()
                if is_held and time.monotonic() - self._clock.checked_at > CHECK_CLOCK_EVERY:
                    self._clock.check()
                if not is_held or not self._is_wanted():
                    return is_held
            except DatabaseError:
                log.warning("probe %s: the database does not answer; samples wait in memory", self.pk, exc_info=True)
                connection.close()
        return True

    def _is_wanted(self) -> bool:
        return Probe.objects.filter(pk=self.pk, is_running=True).exclude(drill__status__in=FINAL_STATUSES).exists()

    def _write(self, *, is_last: bool = False) -> bool:
        """Write a batch and renew the lease, together or not at all. False when the lease is somebody else's."""
        while self._arrived:
            self._unwritten.append(self._arrived.popleft())
        del self._unwritten[:-MOST_UNWRITTEN]
        held: dict[str, object] = {"lease_until": later(LEASE), "clock_offset": self._clock.wall_offset}
        if is_last:
            held |= {"lease_until": None, "lease_token": None}
        with transaction.atomic():
            if Probe.objects.filter(pk=self.pk, lease_token=self.token).update(**held) != 1:
                log.warning("probe %s was taken over; %d observations are dropped", self.pk, len(self._unwritten))
                return False
            # A batch whose commit was not confirmed is written again: what is there already stays as it is.
            samples = [row for row in self._unwritten if isinstance(row, Sample)]
            heartbeats = [row for row in self._unwritten if isinstance(row, Heartbeat)]
            Sample.objects.bulk_create(samples, ignore_conflicts=True)
            Heartbeat.objects.bulk_create(heartbeats, ignore_conflicts=True)
        self._unwritten.clear()
        return True

    def _write_rest(self) -> None:
        """The last batch, tried for as long as the lease lasts."""
        until = time.monotonic() + LEASE.total_seconds()
        while True:
            try:
                self._write(is_last=True)
                return
            except DatabaseError:
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(WRITE_EVERY)

    # -- the threads that send -----------------------------------------------------------------------------------------

    def _schedule(self, interval: timedelta, first: int, send: Callable[[int], None]) -> threading.Thread:
        thread = threading.Thread(target=self._keep_time, args=(interval.total_seconds(), first, send), daemon=True)
        thread.start()
        return thread

    def _keep_time(self, interval: float, sequence: int, send: Callable[[int], None]) -> None:
        """Call `send` at every multiple of the interval. Moments slept through are left out, not made up for."""
        due = time.monotonic()
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            late = time.monotonic() - due
            slept_through = int(late / interval) if late > interval * LONGEST_STEP else 0
            sequence += slept_through
            due += interval * (1 + slept_through)
            if self._unanswered.acquire(blocking=False):
                self._pool.submit(self._answered, send, sequence)
            else:
                log.warning("probe %s: %d requests wait for an answer; one is left out", self.pk, MOST_UNANSWERED)
            sequence += 1

    def _answered(self, send: Callable[[int], None], sequence: int) -> None:
        try:
            send(sequence)
        finally:
            self._unanswered.release()

    def _sample(self, sequence: int) -> None:
        sent_at = self._clock.now()
        answer = self._ask(self.url, "GET")
        is_good = answer.status == self.expected_status
        said = answer.error or ("" if is_good else f"HTTP {answer.status}, expected {self.expected_status}")
        self._arrived.append(
            Sample(
                probe_id=self.pk,
                sequence=sequence,
                sent_at=sent_at,
                latency=answer.latency.total_seconds() * 1000,
                status_code=answer.status,
                region=_header(answer, self.region_header)[:30],
                error=said[:200],
                is_good=is_good,
            )
        )

    def _heartbeat(self, sequence: int) -> None:
        """Write one record through the service's own entry. Acknowledged is only what the service said it kept."""
        written_at = self._clock.now()
        record = {"written_at": written_at.isoformat(timespec="milliseconds"), "nonce": uuid.uuid4().hex}
        answer = self._ask(f"{self.heartbeat_url}/{self.pk}/{sequence}", "PUT", json.dumps(record).encode())
        is_acknowledged = answer.status in (200, 201)
        self._arrived.append(
            Heartbeat(
                probe_id=self.pk,
                sequence=sequence,
                written_at=written_at,
                is_acknowledged=is_acknowledged,
                region=_header(answer, self.region_header)[:30],
                error=(answer.error or ("" if is_acknowledged else f"HTTP {answer.status}, expected 201"))[:200],
            )
        )

    def _ask(self, url: str, method: str, body: bytes | None = None) -> HttpAnswer:
        began = time.monotonic()
        headers = {"Content-Type": "application/json"} if body else None
        try:
            target = outgoing.check(url, self.hosts)
        except outgoing.Refused as error:
            return HttpAnswer(None, {}, "", timedelta(0), f"not sent: {error}")
        except OSError as error:
            length = timedelta(seconds=time.monotonic() - began)
            return HttpAnswer(None, {}, "", length, f"the name does not resolve: {error}")
        return outgoing.fetch(target, method=method, timeout=self.timeout, body=body, headers=headers)


def allowed_hosts(probe: Probe) -> list[str]:
    """The hosts a probe may call: those of the settings and those of its service's entry URLs."""
    entries = probe.drill.service.entry_urls.values_list("url", flat=True)
    return [*settings.OUTGOING_HOSTS, *(urlsplit(url).hostname or "" for url in entries)]


def _header(answer: HttpAnswer, name: str) -> str:
    return next((value for key, value in answer.headers.items() if name and key.lower() == name.lower()), "")
