"""Pauses inside a worker, where a real one is stopped by its host: around each attempt and between signing and sending.

Short windows are hardly ever hit by a kill from outside, so a worker waits there now and then, by its own seeded die. Two pauses
are made for certain and are left in peace by every other fault: the worker stands still between its answer and its record for
longer than its lease, and between its note and its call for longer than a quarantine.
"""

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.httpsession import URLLib3Session
from django.conf import settings

from portal.aws import sessions
from runbooks import attempts
from runbooks.automation.results import Result
from runbooks.lease import Lease
from runbooks.models import Execution, StepExecution
from runbooks.tests.chaos.estate import class_of

READ_TIMEOUT = 1.0
"""Seconds a worker waits for an answer; the portal's own 20 would make a run of seconds say nothing."""


SEND_WITHIN = timedelta(seconds=1)
"""How long after an attempt was noted its call may leave; the portal's own is five seconds."""

CHANGING = frozenset({"TOKEN", "DECLARATIVE", "CONVERGING", "ONCE"})
TICK = 0.1


def shorten() -> None:
    """The portal's two client configurations with short timeouts; their retries stay what they are."""
    settings.SEND_WITHIN = SEND_WITHIN
    short = Config(read_timeout=READ_TIMEOUT, connect_timeout=READ_TIMEOUT)
    sessions._SAFE = sessions._SAFE.merge(short)
    sessions._SENT_ONCE = sessions._SENT_ONCE.merge(short)


def is_left_in_peace(folder: Path, pid: int) -> bool:
    """Whether this worker stands still for a reason: killed or woken it would show nothing."""
    return _mark(folder, pid).exists()


def _mark(folder: Path, pid: int) -> Path:
    return folder / f"standing-still.{pid}"


@dataclass(frozen=True)
class Lengths:
    """Seconds: the longest pause of no kind, and those made for certain: just longer than a lease, than a quarantine."""

    longest: float
    lease: float
    quarantine: float


class Pauses:
    """The pauses of one worker process. As with a stopped host nothing goes on meanwhile, so no lease is renewed."""

    def __init__(self, die: random.Random, lengths: Lengths, folder: Path) -> None:
        self.die, self.lengths, self.folder = die, lengths, folder
        self.lock = threading.Lock()
        self.calm = folder / "calm"

    def install(self) -> None:
        """Let this process stop, seldom, after an attempt is noted, before a request leaves, after its answer."""
        attempts.act = self._around_act(attempts.act)
        URLLib3Session.send = self._around(URLLib3Session.send, 0.04)
        Lease.renew = self._around(Lease.renew, 0.0)

    def _around(self, original: Callable[..., Any], chance: float) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self._perhaps(chance)
            return original(*arguments, **named)

        return wrapped

    def _around_act(self, original: Callable[..., Result]) -> Callable[..., Result]:
        def act(execution: Execution, attempt: StepExecution, *rest: Any) -> Result:
            kind = class_of(attempt.step_name)
            is_changing = kind in CHANGING
            self._perhaps(0.05)
            if is_changing and self.die.random() < 0.04:
                self._stand_still(self.lengths.quarantine)
            try:
                return original(execution, attempt, *rest)
            finally:
                self._perhaps(0.05)
                # Not after a call by token: it is repeated at once, so nothing is left for the first worker to spoil.
                if is_changing and kind != "TOKEN" and self.die.random() < 0.15:
                    self._stand_still(self.lengths.lease)

        return act

    def _perhaps(self, chance: float) -> None:
        """A pause of no kind: mostly short, now and then longer than a lease and a quarantine."""
        with self.lock:
            if self.die.random() < chance:
                self._wait(self.lengths.longest * self.die.random() ** 3)

    def _stand_still(self, length: float) -> None:
        mark = _mark(self.folder, os.getpid())
        with self.lock, suppress(OSError):
            mark.touch()
            self._wait(length * self.die.uniform(1.0, 1.3))
            mark.unlink(missing_ok=True)

    def _wait(self, length: float) -> None:
        """Over when it is calm."""
        until = time.monotonic() + length
        while not self.calm.exists() and (left := until - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
