"""How a stand-in application answers HTTP: routes, JSON, the X-Region header, errors.

Here: everything that is the same for every application. Not here: what an application does (creatures.py, likes.py,
heartbeats.py) and the socket it listens on, which belongs to the sandbox.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

MAXIMUM_BODY_BYTES = 64 * 1024
IDLE_SECONDS = 30


@dataclass(frozen=True)
class Request:
    """One request: `match` is the route's match on the path, `query` maps names to their last value."""

    match: re.Match[str]
    query: Mapping[str, str]
    accept: str
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises RefusalError when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}") from error


@dataclass(frozen=True)
class Answer:
    """What goes back: `content` is text to send as it is, or a value to send as JSON."""

    content: Any
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """The request cannot be served; answered with the status and a JSON body {"error", "region"}."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Route:
    """`pattern` must match the whole path."""

    method: str
    pattern: str
    serve: Callable[[Request], Answer]


def handler(region: str, routes: Sequence[Route]) -> type[BaseHTTPRequestHandler]:
    """The handler class for an application: the routes, tried in order, in this Region."""
    return type("ApplicationHandler", (_Handler,), {"region": region, "routes": tuple(routes)})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Mysfits"
    sys_version = ""
    timeout = IDLE_SECONDS
    region = ""
    routes: tuple[Route, ...] = ()

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        try:
            answer = self._answer(method)
        except RefusalError as refusal:
            answer = self._error(refusal.status, str(refusal))
        except (ClientError, BotoCoreError) as error:
            answer = self._error(HTTPStatus.SERVICE_UNAVAILABLE, f"The table does not answer: {error}")
        self._send(answer)

    def _answer(self, method: str) -> Answer:
        body = self._read_body()
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        allowed = set()
        for route in self.routes:
            match = re.fullmatch(route.pattern, parts.path)
            if match and route.method == method:
                return route.serve(Request(match, query, self.headers.get("Accept", ""), body))
            if match:
                allowed.add(route.method)
        if allowed:
            raise RefusalError(HTTPStatus.METHOD_NOT_ALLOWED, f"{parts.path} takes {', '.join(sorted(allowed))} only.")
        raise RefusalError(HTTPStatus.NOT_FOUND, f"There is nothing at {parts.path}.")

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            raise RefusalError(HTTPStatus.BAD_REQUEST, "The Content-Length is not a number.")
        if len(length) > 9 or int(length) > MAXIMUM_BODY_BYTES:
            self.close_connection = True
            raise RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {MAXIMUM_BODY_BYTES} bytes.")
        return self.rfile.read(int(length))

    def _error(self, status: HTTPStatus, message: str) -> Answer:
        return Answer({"error": message, "region": self.region}, status)

    def _send(self, answer: Answer) -> None:
        text = answer.content if isinstance(answer.content, str) else json.dumps(answer.content)
        content = text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{answer.content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def end_headers(self) -> None:
        """Every answer says which Region gave it, the ones http.server makes by itself too."""
        self.send_header("X-Region", self.region)
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses by itself (a method it does not know, a broken request line), as JSON."""
        self.close_connection = True
        self._send(self._error(HTTPStatus(code), message or HTTPStatus(code).phrase))

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the gateway counts requests."""
