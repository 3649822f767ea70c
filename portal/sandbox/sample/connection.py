"""How the estate speaks to the sandbox: clients for one endpoint, and bounded waiting.

Not here: what is created. Everything refuses an endpoint that is not loopback, because the estate is made with dummy
credentials and must never be offered to the real AWS.
"""

import ipaddress
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

# Work inside the sandbox costs real seconds whatever the time scale is.
REAL_SECONDS = 60.0
SCALED_SECONDS = 900.0
POLL_SECONDS = 0.2


class EstateError(Exception):
    """The estate cannot be deployed; the message says what happened, to what, and what to do next."""


class Connection:
    """Clients of one sandbox. `time_scale` is the sandbox's: waits are bounded by 60 s + 900 s * time_scale."""

    def __init__(self, api_url: str, time_scale: float) -> None:
        host = urlsplit(api_url).hostname or ""
        if host != "localhost" and not _is_loopback(host):
            raise EstateError(f"{api_url} is not a loopback address. The sample estate is deployed to a sandbox only.")
        self.api_url = api_url
        self.time_scale = time_scale

    @cached_property
    def _session(self) -> Any:
        return boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox")

    def client(self, service: str, region: str) -> Any:
        """A boto3 client for the service in the Region."""
        config = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60)
        return self._session.client(service, region_name=region, endpoint_url=self.api_url, config=config)

    def wait_until(self, is_done: Callable[[], bool], what: str) -> None:
        """Poll until `is_done`; raises EstateError naming `what` when the time is over."""
        deadline = time.monotonic() + REAL_SECONDS + SCALED_SECONDS * self.time_scale
        while not is_done():
            if time.monotonic() > deadline:
                raise EstateError(f"Waited too long until {what}. Look at /_sandbox/status, then reset the sandbox.")
            time.sleep(POLL_SECONDS)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
