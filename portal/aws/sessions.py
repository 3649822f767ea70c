"""The one factory of boto3 clients: per role, Region and service, cached; credentials by the default chain or AssumeRole.

No key is ever stored. In sandbox mode a client that would leave this machine is refused before it exists.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SAFE = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "max_attempts": 4},
    tcp_keepalive=True,
    # Said whole, since botocore puts its own together anew, twice for each request; boto3 adds botocore's version.
    user_agent=f"bcdr-portal/{settings.VERSION} Boto3/{boto3.__version__}",
)
# Calls that must not happen twice go on the wire once: botocore's own retries repeat them on a late or cut answer.
_SENT_ONCE = _SAFE.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
_SESSION_SECONDS = 3600
_RENEW_BEFORE = 600


@dataclass(frozen=True)
class Role:
    """The role an execution acts as. An empty ARN means the portal's own credentials."""

    arn: str = ""
    external_id: str = ""
    session_name: str = "bcdr-portal"


@dataclass(frozen=True)
class _Credentials:
    access_key: str | None
    secret_key: str | None
    token: str | None
    renew_at: float


class TooLate(Exception):
    """The moment until which this call might be sent has passed; nothing left this machine."""


class TooLateToRepeat(Exception):
    """The call was sent and not answered; the moment until which it might be sent again has passed."""


@dataclass
class _Sending:
    """The call being made on this thread: until which monotonic moment it may be sent (None: whenever), and whether it was."""

    until: float | None = None
    has_left: bool = False


_sending: ContextVar[_Sending | None] = ContextVar("sending", default=None)


@contextmanager
def sent_by(moment: float | None) -> Iterator[None]:
    """One call within the block is sent until this monotonic moment, or not at all (`TooLate`, `TooLateToRepeat`)."""
    token = _sending.set(_Sending(moment))
    try:
        yield
    finally:
        _sending.reset(token)


def _check_moment(**_: Any) -> None:
    """The last look before each request leaves, botocore's own repeats included: after signing, before the socket."""
    sending = _sending.get()
    if sending is None:
        return
    if sending.until is not None and time.monotonic() > sending.until:
        if sending.has_left:
            raise TooLateToRepeat("was sent, and no usable answer came; it was too late to send it again")
        raise TooLate("was not sent: its worker was held up for too long after it was noted")
    sending.has_left = True


_lock = threading.RLock()
_clients: dict[tuple[Role, str, str, bool, float, str], Any] = {}
_assumed: dict[Role, _Credentials] = {}
_session: boto3.session.Session | None = None


def client(service: str, region: str, role: Role | None = None, *, is_sent_once: bool = False) -> Any:
    """A client, made once per (role, Region, service, retry mode) and shared by threads, which boto3's clients allow."""
    role = role or Role()
    with _lock:
        credentials = _credentials(role)
        key = (role, service, region, is_sent_once, credentials.renew_at, os.environ.get("AWS_ENDPOINT_URL", ""))
        made = _clients.get(key)
        if made is None:
            made = _clients[key] = _make(service, region, credentials, _SENT_ONCE if is_sent_once else _SAFE)
        return made


def environment(role: Role | None, region: str) -> dict[str, str]:
    """What a script process is given to reach AWS as this role: credentials, Region, endpoint."""
    with _lock:
        credentials = _credentials(role or Role())
        if credentials.access_key is None:
            own = _boto().get_credentials()
            frozen = own.get_frozen_credentials() if own else None
            if frozen is not None:
                credentials = _Credentials(frozen.access_key, frozen.secret_key, frozen.token, 0)
    said = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": os.environ.get("AWS_ENDPOINT_URL"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {name: value for name, value in said.items() if value}


def forget() -> None:
    """Drop every client and assumed role, as after a fork or when the sandbox was restarted."""
    global _session
    with _lock:
        _clients.clear()
        _assumed.clear()
        _session = None


def _boto() -> boto3.session.Session:
    global _session
    if _session is None:
        _session = boto3.session.Session()
    return _session


def _make(service: str, region: str, credentials: _Credentials, config: Config) -> Any:
    if settings.IS_SANDBOX and not os.environ.get("AWS_ENDPOINT_URL"):
        raise ImproperlyConfigured(
            "Sandbox mode needs AWS_ENDPOINT_URL, the sandbox's address: without it calls would go to the real AWS."
        )
    made = _boto().client(
        service,
        region_name=region,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=config,
    )
    made.meta.events.register("before-send", _check_moment)
    if settings.IS_SANDBOX and urlsplit(made.meta.endpoint_url).hostname not in _LOOPBACK:
        raise ImproperlyConfigured(
            f"Sandbox mode refused a client of {service} for {made.meta.endpoint_url}: only this machine is allowed. "
            "Unset AWS_ENDPOINT_URL_* variables that point elsewhere."
        )
    return made


def _credentials(role: Role) -> _Credentials:
    """The default chain for no role; else an assumed session, renewed ten minutes before it ends."""
    if not role.arn:
        return _Credentials(None, None, None, 0)
    kept = _assumed.get(role)
    if kept is not None and kept.renew_at > time.monotonic():
        return kept
    request = {"RoleArn": role.arn, "RoleSessionName": role.session_name[:64], "DurationSeconds": _SESSION_SECONDS}
    if role.external_id:
        request["ExternalId"] = role.external_id
    sts = _make("sts", settings.AWS_REGION, _Credentials(None, None, None, 0), _SAFE)
    got = sts.assume_role(**request)["Credentials"]
    found = _Credentials(
        got["AccessKeyId"],
        got["SecretAccessKey"],
        got["SessionToken"],
        time.monotonic() + _SESSION_SECONDS - _RENEW_BEFORE,
    )
    for key in [key for key in _clients if key[0] == role]:
        del _clients[key]
    _assumed[role] = found
    return found
