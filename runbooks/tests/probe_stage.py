"""A stage for tests of the sampler: a public entry on a real socket, a probe of it, samplers on threads of this process."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.db import connections
from django.db.models.functions import Now

from portal.catalogue.models import EntryUrl, Service
from portal.people.models import User
from runbooks import sampler
from runbooks.models import Drill, Probe, Runbook, RunbookVersion, VersionStatus


class Entry:
    """A public entry whose answers the test decides; it remembers who asked, one a request, and what was written to it."""

    def __init__(self) -> None:
        self.status = 200
        self.delay = 0.0
        self.location = ""
        self.written: dict[str, dict[str, str]] = {}
        self.connections: list[tuple[str, int]] = []
        entry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self, status: int) -> None:
                entry.connections.append(self.client_address)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.command == "PUT":
                    entry.written[self.path] = json.loads(body)
                time.sleep(entry.delay)
                self.send_response(status)
                self.send_header("X-Region", "us-west-2")
                if entry.location:
                    self.send_header("Location", entry.location)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def do_GET(self) -> None:
                self._answer(entry.status)

            def do_PUT(self) -> None:
                self._answer(201 if entry.status == 200 else entry.status)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def probe_of(entry: Entry, service: Service, people: dict[str, User]) -> Probe:
    """A running probe of the entry, twenty samples and ten heartbeat records a second; no answer is too late."""
    EntryUrl.objects.filter(service=service).update(url=f"{entry.url}/")
    runbook = Runbook.objects.create(slug="break-it", name="break-it", team=service.team)
    version = RunbookVersion.objects.create(
        runbook=runbook,
        number=1,
        status=VersionStatus.PUBLISHED,
        text="{}",
        sha256="0" * 64,
        content={},
        author=people["author"],
        publisher=people["approver"],
        published_at=Now(),
    )
    drill = Drill.objects.create(
        title="Drill",
        service=service,
        team=service.team,
        scope="region",
        injection=version,
        rto=timedelta(minutes=15),
        rpo=timedelta(minutes=1),
        detection_timeout=timedelta(minutes=1),
        recovery_timeout=timedelta(minutes=1),
        started_by=people["responder"],
    )
    return Probe.objects.create(
        drill=drill,
        url=f"{entry.url}/",
        region_header="X-Region",
        interval=timedelta(milliseconds=50),
        timeout=timedelta(seconds=10),
        heartbeat_url=f"{entry.url}/heartbeats",
        heartbeat_interval=timedelta(milliseconds=100),
    )


class Running:
    """A sampler on a thread of this process."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            sampler.sample_until(self.is_over)
        finally:
            connections.close_all()

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def watching(probe: Probe) -> bool:
    """Whether a thread of this process still samples the probe."""
    return any(thread.name == f"probe {probe.pk}" for thread in threading.enumerate())
