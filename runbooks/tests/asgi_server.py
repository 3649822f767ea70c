"""The portal under uvicorn in this process, on a port of its own: for what a WSGI test server cannot show, open streams."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from portal.asgi import application
from runbooks.views.live import HUB

LONGEST_WAIT = 30.0


@dataclass
class AsgiServer:
    """A running server. `stop` ends it with its open streams, `start` begins again on the same port."""

    port: int = 0
    server: uvicorn.Server | None = None
    thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            application, host="127.0.0.1", port=self.port, log_level="critical", timeout_graceful_shutdown=1, ws="none"
        )
        server = self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: server.started, "the server answers")
        self.port = server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self.server is not None
        assert self.thread is not None
        self.server.should_exit = True
        self.thread.join(LONGEST_WAIT)
        assert not self.thread.is_alive(), "the server did not end with its streams"
        wait_for(HUB.is_idle, "the hub is idle")


def wait_for(is_so, what: str) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + LONGEST_WAIT
    while not is_so():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(0.02)


@contextmanager
def serving() -> Iterator[AsgiServer]:
    server = AsgiServer()
    server.start()
    try:
        yield server
    finally:
        if server.thread is not None and server.thread.is_alive():
            server.stop()
