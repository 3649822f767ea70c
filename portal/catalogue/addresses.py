"""Which addresses the portal may be asked to call: public entries and heartbeats of services. Pure.

The portal itself calls these addresses, so an address is also a way to make it call something nobody meant: the
machine it runs on or the cloud's metadata service. Not here: what a host name resolves to at the time of the call.
"""

import ipaddress
import re
from collections.abc import Collection
from fnmatch import fnmatch
from urllib.parse import SplitResult, urlsplit

_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def address_problem(url: str, allowed_hosts: Collection[str]) -> str:
    """What is wrong with an address, as one sentence, or "". `allowed_hosts` are the installation's exceptions."""
    if any(character.isspace() or not character.isprintable() for character in url):
        return f"{url!r} has a space or an invisible character in it. Remove it."
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError as error:
        return f"{url} is not an address: {error}."
    if parts.scheme not in ("http", "https") or not host:
        return f"{url} is not a web address. Begin it with https:// or http:// and name a host."
    return _form_problem(url, parts) or _host_problem(host, allowed_hosts)


def _form_problem(url: str, parts: SplitResult) -> str:
    if parts.username is not None or parts.password is not None:
        return f"The address of {parts.hostname} carries a user name or password. Leave them out: none is stored."
    if parts.fragment:
        return f"{url} ends in #{parts.fragment}, which is never sent to a server. Leave it out."
    return ""


def _host_problem(host: str, allowed_hosts: Collection[str]) -> str:
    if any(fnmatch(host, pattern.lower()) for pattern in allowed_hosts):
        return ""
    ask = "If it is meant, an operator can allow it in OUTGOING_HOSTS."
    if host == "localhost" or host.endswith(".localhost"):
        return f"{host} is the portal's own machine, not a service's public entry. {ask}"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "" if _NAME.fullmatch(host) else f"{host} is not the name of a host. Write a name or an address in full."
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_loopback or inner.is_unspecified:
        return f"{host} is the portal's own machine, not a service's public entry. {ask}"
    if inner.is_link_local:
        return f"{host} is link-local, where clouds serve credentials. The portal never calls such an address."
    if inner.is_multicast or inner.is_reserved:
        return f"{host} is not the address of one host."
    return ""
