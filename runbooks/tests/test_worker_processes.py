"""Real workers that have no broker at all: they find work, stop when told, end themselves when the database is frozen."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from runbooks.installation import quiesce
from runbooks.models import Execution, Status, Worker
from runbooks.poller import UNREACHED
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.test_processes import CELERY, ROOT, Processes, database_url, is_over, is_stopping, wait_until
from runbooks.tests.test_runner import ONCE, TWO_CALLS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine, pytest.mark.xdist_group("processes")]

MANAGE = [sys.executable, str(ROOT / "manage.py")]
NOBODY = "amqp://nobody@127.0.0.1:9//"
"""A broker that is not there."""


class Workers(Processes):
    """Workers without a broker: `manage.py work`, and Celery's whose broker does not answer."""

    def work(self, **environment: str) -> subprocess.Popen[bytes]:
        return self.launch([*MANAGE, "work"], **environment)

    def celery_without_broker(self) -> subprocess.Popen[bytes]:
        command = [*CELERY, "worker", "-P", "threads", "-c", "2", "--without-mingle", "--loglevel", "INFO"]
        return self.launch(command, CELERY_BROKER_URL=NOBODY)

    def launch(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        own = {**self.environment, "LOG_LEVEL": "INFO", **environment}
        with (self.folder / f"{len(self.started)}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=own, stdout=log, stderr=log)
        self.started.append(process)
        return process


@pytest.fixture
def workers(tmp_path: Path, aws: AwsDouble) -> Iterator[Workers]:
    made = Workers(tmp_path, aws)
    yield made
    made.end()


def is_here(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    return lambda: Worker.objects.alive().filter(pid=process.pid).exists()


def has_looked(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """Whether this process was there several times since: it looks for work more often than it says so."""
    beats = set()

    def look() -> bool:
        beats.update(Worker.objects.filter(pid=process.pid).values_list("seen_at", flat=True))
        return len(beats) > 3

    return look


@pytest.mark.parametrize("kind", ["work", "celery_without_broker"])
def test_a_worker_without_a_broker_finds_work_by_itself(
    kind: str, start: Callable[..., Execution], workers: Workers
) -> None:
    process = getattr(workers, kind)()
    wait_until(is_here(process), workers)
    execution = start(TWO_CALLS)
    wait_until(is_over(execution), workers)
    assert execution.status == Status.SUCCESS, execution.status_message


@pytest.mark.parametrize("kind", ["work", "celery_without_broker"])
def test_a_worker_told_to_stop_finishes_its_call_and_notes_its_end(
    kind: str, start: Callable[..., Execution], aws: AwsDouble, workers: Workers
) -> None:
    aws.behaviour.append("held")
    execution = start(ONCE)
    process = getattr(workers, kind)()
    wait_until(lambda: bool(aws.calls), workers)
    process.send_signal(signal.SIGTERM)
    wait_until(is_stopping(process), workers)
    late = start(TWO_CALLS, name="Later")
    aws.let_go.set()
    assert process.wait(60) == 0, workers.logs()
    execution.refresh_from_db()
    late.refresh_from_db()
    assert execution.status == Status.SUCCESS, execution.status_message
    assert late.status == Status.PENDING
    assert Worker.objects.get(pid=process.pid).ended_at is not None


def test_a_worker_killed_outright_is_replaced(
    start: Callable[..., Execution], aws: AwsDouble, workers: Workers
) -> None:
    aws.behaviour.append("held")
    process, other = workers.work(), workers.work()
    for each in (process, other):
        wait_until(is_here(each), workers)
    other.send_signal(signal.SIGSTOP)  # so that it is known who has the call in hand
    execution = start(TWO_CALLS)
    wait_until(lambda: bool(aws.calls), workers)
    process.kill()
    process.wait(60)
    other.send_signal(signal.SIGCONT)
    wait_until(is_over(execution), workers)
    assert execution.status == Status.SUCCESS, execution.status_message
    assert Worker.objects.get(pid=process.pid).ended_at is None


def test_nothing_runs_while_the_portal_stands_still(start: Callable[..., Execution], workers: Workers) -> None:
    quiesce("A test stops it.")
    execution = start(TWO_CALLS)
    for process in (workers.work(), workers.worker()):
        wait_until(is_here(process), workers)
        wait_until(has_looked(process), workers)
    execution.refresh_from_db()
    assert (execution.status, execution.fence) == (Status.PENDING, 0)


def test_a_frozen_database_ends_the_worker(start: Callable[..., Execution], workers: Workers) -> None:
    with frozen_later() as (url, freeze):
        process = workers.work(DATABASE_URL=url, LEASE_SECONDS="2")
        wait_until(is_here(process), workers)
        freeze()
        assert process.wait(60) == UNREACHED, workers.logs()
    assert "was not reached" in workers.logs()


@contextmanager
def frozen_later() -> Iterator[tuple[str, Callable[[], None]]]:
    """The test database's address, and what freezes it for whoever uses that address."""
    if connection.vendor == "sqlite":
        with closing(_Blocker()) as blocker:
            yield database_url(), blocker.freeze
    else:
        with closing(_Relay(database_url())) as relay:
            yield relay.url, relay.freeze


class _Blocker:
    """Takes SQLite's one write lock from another process and keeps it."""

    CODE = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def freeze(self) -> None:
        command = [sys.executable, "-c", self.CODE, str(connection.settings_dict["NAME"])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def close(self) -> None:
        if self.process is not None:
            self.process.communicate(timeout=60)


class _Relay:
    """Hands bytes to PostgreSQL and back until frozen; then it keeps every connection open and says nothing."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self.is_frozen = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.sockets: list[socket.socket] = [self.listener]
        place = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self.listener.getsockname()[1]}"
        self.url = urlunsplit(parts._replace(netloc=place))
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        self.is_frozen.set()

    def close(self) -> None:
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # closing alone would not wake who reads
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near = self.listener.accept()[0]
                far = socket.create_connection(self.target)
            except OSError:
                return
            self.sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._hand_over, args=(source, sink), daemon=True).start()

    def _hand_over(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(65536):
                if self.is_frozen.is_set():
                    return
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return
