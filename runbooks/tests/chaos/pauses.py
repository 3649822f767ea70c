"""Pauses inside a worker, where a real one is stopped by its host: around each attempt and between signing and sending.

Short windows are hardly ever hit by a kill from outside, so a worker waits there now and then, by its own seeded die. Two pauses
are made for certain and are left in peace by every other fault: the worker stands still between its answer and its record until
another has claimed, and between its note and its call until others have gone on to the next attempt.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from botocore.config import Config
from botocore.httpsession import URLLib3Session
from django.conf import settings
from django.db import Error, connection, models

from portal.aws import sessions
from runbooks import attempts, runner
from runbooks.automation.results import Result
from runbooks.lease import Lease
from runbooks.models import Execution, StepExecution
from runbooks.tests.chaos.estate import class_of
from runbooks.tests.chaos.invariants import CLAIMS

READ_TIMEOUT = 1.0
"""Seconds a worker waits for an answer; the portal's own 20 would make a run of seconds say nothing."""


SEND_WITHIN = timedelta(seconds=1)
"""How long after an attempt was noted its call may leave; the portal's own is five seconds."""

CHANGING = frozenset({"TOKEN", "DECLARATIVE", "CONVERGING", "ONCE"})
TICK = 0.1
MOST_STILL = 20.0
"""Seconds a worker stands still at most, where nobody does what it waits for."""
MOST_AFTER, MOST_BEFORE = 2, 3
"""Workers that may stand still when one more would, after an answer or before a call: the seldom one has a place left."""


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


class Pauses:
    """The pauses of one worker process. As with a stopped host nothing goes on meanwhile, so no lease is renewed."""

    def __init__(self, die: random.Random, longest: float, folder: Path) -> None:
        self.die, self.longest, self.folder = die, longest, folder
        self.lock = threading.Lock()
        self.calm = folder / "calm"

    def install(self) -> None:
        """Let this process stop, seldom, after an attempt is noted, before a request leaves, after its answer."""
        attempts.act = self._around_act(attempts.act)
        URLLib3Session.send = self._around(URLLib3Session.send, 0.04)
        Lease.renew = self._around(Lease.renew, 0.0)
        runner.claim = self._told(runner.claim)

    def _told(self, claim: Callable[..., Lease | None]) -> Callable[..., Lease | None]:
        """Every claim that was won is written down, by the clock, when it is certain: the rows keep only the newest."""

        def claim_and_tell(model: type[models.Model], pk: UUID) -> Lease | None:
            lease = claim(model, pk)
            if lease is not None:
                with (self.folder / CLAIMS).open("a") as file:
                    file.write(json.dumps({"execution": str(pk), "fence": lease.fence, "at": time.time()}) + "\n")
            return lease

        return claim_and_tell

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
            if is_changing and self.die.random() < 0.05:
                self._stand_still(lambda: has_gone_on(attempt), MOST_BEFORE, longer=self.die.random())
            try:
                return original(execution, attempt, *rest)
            finally:
                self._perhaps(0.05)
                # Not after a call by token: it is repeated at once, so nothing is left for the first worker to spoil.
                if is_changing and kind != "TOKEN" and self.die.random() < 0.15:
                    self._stand_still(lambda: is_claimed(attempt), MOST_AFTER)

        return act

    def _perhaps(self, chance: float) -> None:
        """A pause of no kind: mostly short, now and then longer than a lease and a quarantine."""
        with self.lock:
            if self.die.random() < chance:
                self._wait(self.longest * self.die.random() ** 3)

    def _stand_still(self, is_over: Callable[[], bool], most: int, *, longer: float = 0.0) -> None:
        """Until others have done what they are waited for, and perhaps longer; somebody must be left to do it."""
        if len(list(self.folder.glob("standing-still.*"))) >= most:
            return
        mark = _mark(self.folder, os.getpid())
        mark.touch()
        try:
            with self.lock:
                self._wait(MOST_STILL, is_over)
                self._wait(longer)
        finally:
            mark.unlink(missing_ok=True)

    def _wait(self, length: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Over when it is calm, too."""
        until = time.monotonic() + length
        while not self.calm.exists() and not is_over() and (left := until - time.monotonic()) > 0:
            time.sleep(min(TICK, left))


def is_claimed(attempt: StepExecution) -> bool:
    """Whether another worker has claimed the execution since this attempt was noted."""
    return _is_there(Execution.objects.filter(pk=attempt.execution_id, fence__gt=attempt.fence))


def has_gone_on(attempt: StepExecution) -> bool:
    """Whether others have come to a later attempt."""
    return _is_there(StepExecution.objects.filter(execution_id=attempt.execution_id, sequence__gt=attempt.sequence))


def _is_there(rows: models.QuerySet[Any]) -> bool:
    try:
        return rows.exists()
    except Error:
        connection.close()
        return False
