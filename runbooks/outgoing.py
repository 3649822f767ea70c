"""Requests to addresses outside: only to allowed hosts, on a connection of their own, without following redirects.

The address is resolved once, checked, and connected to, so a name that changes its mind in between changes nothing. Used by
endpoint waits and by the sampler. Not here: calls of AWS (`portal.aws`).
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatch
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from runbooks.actions.context import HttpAnswer
from runbooks.models import Execution

BODY_BYTES = 64 * 1024


class Refused(Exception):
    """The address must not be called; the message says why and who can allow it."""


@dataclass(frozen=True)
class Target:
    """An address that was resolved and may be called."""

    parts: SplitResult
    ip: str
    port: int

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


def allowed_hosts(execution: Execution) -> list[str]:
    """The hosts an execution may call: those of the settings and those of its service's entry URLs."""
    hosts = list(settings.OUTGOING_HOSTS)
    if execution.service is not None:
        hosts += [urlsplit(entry.url).hostname or "" for entry in execution.service.entry_urls.all()]
    return hosts


def check(url: str, hosts: Iterable[str]) -> Target:
    """Resolve an address and check it. Raises `Refused`, or `OSError` where the name does not resolve.

    Link-local addresses (169.254.0.0/16, fe80::/10: where instance metadata lives) are never allowed; loopback only in
    sandbox mode.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Refused(f"{url!r} is not a plain http or https address.")
    if not any(fnmatch(parts.hostname.lower(), host.lower()) for host in hosts if host):
        raise Refused(
            f"The host {parts.hostname} is not allowed. Allowed are the hosts of the service's entry URLs and those in "
            "OUTGOING_HOSTS; ask whoever runs the portal."
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    ip = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)[0][4][0]
    address = ipaddress.ip_address(str(ip))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise Refused(f"The host {parts.hostname} resolves to {address}, which must never be called.")
    if address.is_loopback and not settings.IS_SANDBOX:
        raise Refused(f"The host {parts.hostname} resolves to this machine, which is allowed in sandbox mode only.")
    return Target(parts, str(address), port)


def fetch(
    target: Target,
    *,
    method: str = "GET",
    timeout: timedelta,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """One request on its own connection. Never raises for what the other side does: `error` says it."""
    began = time.monotonic()
    connection = _connection(target, timeout.total_seconds())
    try:
        connection.request(
            method,
            target.path,
            body=body,
            headers={
                "Host": target.parts.netloc,
                "Connection": "close",
                "User-Agent": "bcdr-portal",
                **(headers or {}),
            },
        )
        answer = connection.getresponse()
        text = answer.read(BODY_BYTES).decode("utf-8", "replace")
        latency = timedelta(seconds=time.monotonic() - began)
        return HttpAnswer(answer.status, dict(answer.getheaders()), text, latency)
    except (OSError, http.client.HTTPException) as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return HttpAnswer(None, {}, "", timedelta(seconds=time.monotonic() - began), said[:200])
    finally:
        connection.close()


class _CheckedTls(http.client.HTTPSConnection):
    """Connects to the checked address while the certificate is verified for the name."""

    def __init__(self, ip: str, port: int, name: str, timeout: float) -> None:
        self.tls = ssl.create_default_context()
        super().__init__(ip, port, timeout=timeout, context=self.tls)
        self.name = name

    def connect(self) -> None:
        raw = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self.tls.wrap_socket(raw, server_hostname=self.name)


def _connection(target: Target, timeout: float) -> http.client.HTTPConnection:
    if target.parts.scheme == "https":
        return _CheckedTls(target.ip, target.port, target.parts.hostname or "", timeout)
    return http.client.HTTPConnection(target.ip, target.port, timeout=timeout)
