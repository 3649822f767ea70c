"""Which life of the sandbox answers. Asked over HTTP: the product imports nothing of the sandbox."""

import json
import os
from datetime import timedelta

from runbooks import outgoing

LOOPBACK = ["127.0.0.1", "localhost", "::1"]


def generation() -> str:
    """The generation the sandbox tells, or a sentence when it does not. Never asks another machine."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    try:
        target = outgoing.check(f"{endpoint}/_sandbox/status", LOOPBACK)
    except (outgoing.Refused, OSError):
        return "AWS_ENDPOINT_URL is no sandbox on this machine"
    answer = outgoing.fetch(target, timeout=timedelta(seconds=1))
    try:
        return str(json.loads(answer.body)["generation"])
    except (ValueError, KeyError, TypeError):
        return "the sandbox does not answer"
