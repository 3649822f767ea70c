"""The AWS API's WSGI application: moto's dispatcher behind our faults, our 501 and our own control paths.

Here: Host check, faults of a Region's API, clean refusals, /_sandbox/*. Not here: sockets and threads (server.py), error
bodies (refusals.py), the world's parts.
"""

import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from portal.sandbox.faults import FaultRefused
from portal.sandbox.refusals import Call, read_call, refusal, scope
from portal.sandbox.surviving import surviving
from portal.sandbox.world import World

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
CONTROL = "/_sandbox/"
GLOBAL_HOMES = {"globalaccelerator": "us-west-2"}
"""Services whose one control plane lives in one Region:
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html"""
UNKNOWN_BODIES = (404, 405, 500)
"""Statuses with which moto's web framework, not a service, answers what nobody implements."""

Start = Callable[..., Any]


class UnknownService(NotImplementedError):
    """No backend, ours or moto's, answers for the host of the request."""


class _Dispatcher(DomainDispatcherApplication):
    def get_backend_for_host(self, host: str | None) -> Any:
        known = None
        if host is not None and "amazonaws.com" in host:
            known = next((name for name, pattern in self.backend_url_patterns if pattern.match(f"http://{host}")), None)
            if known is None:
                raise UnknownService(f"the sandbox has no {host.partition('.')[0]}")
            return known
        return super().get_backend_for_host(host)


class Api:
    """`status` and `reset` are the server's: what GET /_sandbox/status answers, and starting anew."""

    def __init__(self, world: World, status: Callable[[], dict[str, Any]], reset: Callable[[], None]) -> None:
        self._world, self._status, self._reset = world, status, reset
        self._moto = _Dispatcher(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        problem = _foreign(environ)
        if problem:
            return _json(start, 403, {"message": problem})
        path = environ.get("PATH_INFO", "")
        if path.startswith(CONTROL):
            return self._control(environ, start, path.removeprefix(CONTROL))
        if path == "/moto-api/reset":
            self._reset()
            return _json(start, 200, {"status": "ok"})
        service, region = scope(environ)
        home = GLOBAL_HOMES.get(service, region)
        body = _buffered(environ)
        if any(self._world.faults.hits("api", each) for each in {home, region} if each):
            call = read_call(environ, body)
            return _refuse(
                start, call, 503, "ServiceUnavailable", f"{call.name} is unavailable: a fault hits the API of {home}"
            )
        return self._moto_answers(environ, body, start)

    def _moto_answers(self, environ: dict[str, Any], body: bytes, start: Start) -> Iterable[bytes]:
        sent: list[Any] = []
        chunks: list[bytes] = []
        with surviving(f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}") as outcome:
            chunks = list(self._moto(environ, lambda *args: sent.append(args)))
        if isinstance(outcome.error, NotImplementedError):
            return self._not_implemented(start, read_call(environ, body), str(outcome.error))
        if outcome.error is not None or not sent:
            call = read_call(environ, body)
            return _refuse(start, call, 500, "InternalFailure", f"{call.name} failed in the sandbox: {outcome.error!r}")
        status = int(str(sent[0][0])[:3])
        if status in UNKNOWN_BODIES and _is_framework_page(dict(sent[0][1]), chunks):
            return self._not_implemented(start, read_call(environ, body), "")
        start(*sent[0])
        return chunks

    def _not_implemented(self, start: Start, call: Call, detail: str) -> Iterable[bytes]:
        reason = detail if detail.startswith(("the sandbox", "UpdateTable")) else "the sandbox does not do this"
        return _refuse(start, call, 501, "NotImplemented", f"{call.name} is not implemented: {reason}")

    # -- /_sandbox/*

    def _control(self, environ: dict[str, Any], start: Start, path: str) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD")
        kind, _, fault_id = path.partition("/")
        if (method, path) == ("GET", "status"):
            return _json(start, 200, self._status())
        if (method, path) == ("POST", "reset"):
            self._reset()
            return _json(start, 200, self._status())
        if (method, path) == ("POST", "faults"):
            return self._inject(environ, start)
        if method == "DELETE" and kind == "faults":
            ended = self._world.faults.end(fault_id) if fault_id else self._world.faults.clear()
            if fault_id and not ended:
                return _json(start, 404, {"message": f"there is no fault {fault_id}"})
            return _json(start, 200, {"ended": int(ended)})
        known = "GET status, POST faults, DELETE faults, DELETE faults/<id>, POST reset"
        return _json(start, 404, {"message": f"{method} /_sandbox/{path} does not exist; there are: {known}"})

    def _inject(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        try:
            wish = json.loads(_buffered(environ) or b"{}")
            if not isinstance(wish, dict):
                raise FaultRefused('send {"region": ..., "kind": ...}')
            fault = self._world.faults.inject(wish.get("region"), wish.get("kind"))
        except (ValueError, FaultRefused) as refused:
            return _json(start, 400, {"message": str(refused)})
        return _json(start, 201, {"id": fault.id, "fault": fault.described()})


def _foreign(environ: dict[str, Any]) -> str:
    """Why a request is not one of this host's own: a page elsewhere must not reach the sandbox through a browser."""
    host = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname or ""
    if host not in HOSTS and not host.endswith(".localhost"):
        return f"Host {host!r} is not this sandbox; use http://127.0.0.1"
    origin = environ.get("HTTP_ORIGIN")
    if origin and (urlsplit(origin).hostname or "") not in HOSTS:
        return f"requests of pages from {origin} are refused"
    return ""


def _buffered(environ: dict[str, Any]) -> bytes:
    """Reads the body and leaves it to be read again."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _is_framework_page(headers: dict[str, str], chunks: list[bytes]) -> bool:
    """An HTML page or nothing at all: the answer of Flask's router, never of a service."""
    body = b"".join(chunks)
    is_html = "html" in headers.get("Content-Type", "")
    return (is_html and body[:9].lower() == b"<!doctype") or (
        not body and "x-amzn-requestid" not in {n.lower() for n in headers}
    )


def _refuse(start: Start, call: Call, status: int, code: str, message: str) -> Iterable[bytes]:
    line, headers, body = refusal(call, status, code, message)
    start(line, [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _json(start: Start, status: int, content: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    start(f"{status} -", list(headers.items()))
    return [body]
