"""Pauses inside a worker, where a real one is stopped by its host: around each attempt and between signing and sending.

Short windows are hardly ever hit by a kill from outside, so a worker waits there now and then, by its own seeded die.
"""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.httpsession import URLLib3Session
from django.conf import settings

from portal.aws import sessions
from runbooks import attempts
from runbooks.lease import Lease

READ_TIMEOUT = 1.0
"""Seconds a worker waits for an answer; the portal's own 20 would make a run of seconds say nothing."""


SEND_WITHIN = timedelta(seconds=1)
"""How long after an attempt was noted its call may leave; the portal's own is five seconds."""


def shorten() -> None:
    """The portal's two client configurations with short timeouts; their retries stay what they are."""
    settings.SEND_WITHIN = SEND_WITHIN
    short = Config(read_timeout=READ_TIMEOUT, connect_timeout=READ_TIMEOUT)
    sessions._SAFE = sessions._SAFE.merge(short)
    sessions._SENT_ONCE = sessions._SENT_ONCE.merge(short)


def install(die: random.Random, longest: float, calm: Path) -> None:
    """Let this process stop, seldom, for up to `longest` seconds: after an attempt is noted, before a request leaves, after its
    answer. As with a stopped host nothing goes on meanwhile, so no lease is renewed. The file `calm` ends that."""
    lock = threading.Lock()

    def pause(chance: float) -> None:
        with lock:
            # Mostly short, now and then longer than a lease and a quarantine.
            length = longest * die.random() ** 3 if die.random() < chance and not calm.exists() else 0.0
            time.sleep(length)

    def around(original: Callable[..., Any], before: float, after: float) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            pause(before)
            try:
                return original(*arguments, **named)
            finally:
                pause(after)

        return wrapped

    attempts.act = around(attempts.act, 0.10, 0.10)
    URLLib3Session.send = around(URLLib3Session.send, 0.04, 0.0)
    Lease.renew = around(Lease.renew, 0.0, 0.0)
