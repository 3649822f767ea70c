"""An AWS on loopback for tests of the engine: speaks the JSON protocols, keeps its own log of effects, fails on demand.

The log is the oracle: what the portal says it did is compared with what arrived here.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST_HELD = 60.0
"""Seconds after which a held answer is given all the same, to nobody."""


class AwsDouble:
    """`calls` lists (operation, body) as they arrived. `answers` maps an operation to its JSON answer.

    `behaviour` is taken from the left, one per call: "answer" (default), "cut" (effect happens, connection is closed without
    an answer), "held" (effect happens, the answer comes when the test sets `let_go`), or an HTTP status such as "500".
    Every call to a Region of `silent` is held.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        self.behaviour: deque[str] = deque()
        self.silent: set[str] = set()
        self.let_go = threading.Event()
        self.lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                double.answer(self, self.headers.get("X-Amz-Target", "").rpartition(".")[2], json.loads(body or b"{}"))

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, operation: str, body: dict[str, Any]) -> None:
        with self.lock:
            self.calls.append((operation, body))
            how = self.behaviour.popleft() if self.behaviour else "answer"
            let_go = self.let_go
            said = self.answers.get(operation, {})
            said = (
                said.pop(0) if isinstance(said, list) and len(said) > 1 else said[0] if isinstance(said, list) else said
            )
        if how == "cut":
            request.close_connection = True
            request.connection.close()
            return
        if how == "held" or region_of(request) in self.silent:
            let_go.wait(MOST_HELD)
        status = int(how) if how.isdigit() else 200
        text = json.dumps(said if status == 200 else {"__type": "Refused", "message": f"answered {status} on purpose"})
        with suppress(ConnectionError):  # whoever asked may be gone
            request.send_response(status)
            request.send_header("Content-Type", "application/x-amz-json-1.0")
            request.send_header("Content-Length", str(len(text)))
            request.end_headers()
            request.wfile.write(text.encode())

    def reset(self) -> None:
        """Forget calls, answers and plans; a held answer of an earlier test goes nowhere."""
        with self.lock:
            self.calls, self.answers = [], {}
            self.behaviour.clear()
            self.silent.clear()
            self.let_go.set()
            self.let_go = threading.Event()

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


def region_of(request: BaseHTTPRequestHandler) -> str:
    """The Region that a request was signed for (Signature Version 4: the third part of the credential's scope)."""
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope[2] if len(scope) > 2 else ""


@contextmanager
def running() -> Iterator[AwsDouble]:
    """A double that answers while the block runs."""
    double = AwsDouble()
    thread = threading.Thread(target=double.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.server.shutdown()
        double.server.server_close()
        thread.join(5)
