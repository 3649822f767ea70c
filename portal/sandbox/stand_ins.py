"""The real sockets behind tasks: one HTTP server on loopback per container port of a running task.

Here: serving, and dying at once with every open connection as a killed container does. Not here: what is answered
(applications/), or when a task runs (scheduler.py).
"""

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from portal.sandbox.applications import APPLICATIONS
from portal.sandbox.tasks import TaskEnvironment

Application = Callable[[TaskEnvironment], type[BaseHTTPRequestHandler]]


def repository_name(image: str) -> str:
    """The last part of an image's path without tag and digest: `1.dkr.ecr.x.amazonaws.com/a/core:7` gives `core`."""
    return image.rsplit("/", 1)[-1].split("@", 1)[0].split(":", 1)[0]


def plain_application(environment: TaskEnvironment) -> type[BaseHTTPRequestHandler]:
    """What an image nobody wrote a stand-in for does: 200 on every path, saying where it runs."""
    body = json.dumps({"region": environment.region, "image": environment.image}).encode()

    class PlainHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Region", environment.region)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server names them

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: a stand-in has no log."""

    return PlainHandler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection cut by a kill is no news."""

    def cut(self) -> None:
        with self._open_lock:
            connections, self._open = self._open, set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class StandIn:
    """A listening stand-in. `port` is its loopback port, not the container's."""

    def __init__(self, environment: TaskEnvironment) -> None:
        application: Application = APPLICATIONS.get(repository_name(environment.image), plain_application)
        self._server = _Server(application(environment))
        self.port: int = self._server.server_address[1]
        name = f"stand-in {environment.region} {environment.container_name}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name=name, daemon=True).start()

    def kill(self) -> None:
        """Closes the listening socket and cuts every open connection; returns when nothing listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut()
