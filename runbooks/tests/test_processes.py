"""Real worker and scheduler processes on the test's own database: killed, stopped, without hints. AWS keeps its own log.

Runs on whatever database and broker the suite was given (TEST_DATABASE_URL, TEST_PROCESS_BROKER_URL).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from runbooks.models import Execution, Status, Worker
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.test_runner import ONCE, TWO_CALLS

# A step's time is scaled down in tests; what waits for a new worker needs all of it.
PATIENT_CALLS = TWO_CALLS.replace("  - name: Look\n", "  - name: Look\n    timeoutSeconds: 3600\n")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine, pytest.mark.xdist_group("processes")]

ROOT = Path(__file__).resolve().parents[2]
CELERY = [sys.executable, "-m", "celery", "-A", "portal.celery"]


def database_url() -> str:
    said = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(str(said['NAME'])).resolve()}"
    return f"postgres://{quote(said['USER'])}:{quote(said['PASSWORD'])}@{said['HOST']}:{said['PORT'] or 5432}/{said['NAME']}"


class Processes:
    """Starts workers and schedulers like `make run` does, and ends them all."""

    def __init__(self, folder: Path, aws: AwsDouble) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": os.environ.get("TEST_PROCESS_BROKER_URL", "filesystem://"),
            "VAR_DIR": str(folder),
            "SECRET_KEY": settings.SECRET_KEY,
            "AWS_ENDPOINT_URL": aws.url,
            "LEASE_SECONDS": "2",
            "WAKE_INTERVAL_SECONDS": "0.3",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [*CELERY, *arguments, "--loglevel", "INFO"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "-P", "threads", "-c", "4", "-n", f"test{len(self.started)}@%h", "--without-mingle")

    def scheduler(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--pidfile=", "-s", str(self.folder / "schedule"))

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait(60)


@pytest.fixture
def processes(tmp_path: Path, aws: AwsDouble) -> Iterator[Processes]:
    made = Processes(tmp_path, aws)
    yield made
    made.end()


def wait_until(holds: Callable[[], bool], processes: Processes, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s; the processes said:\n{processes.logs()}")


def is_over(execution: Execution) -> Callable[[], bool]:
    def look() -> bool:
        execution.refresh_from_db()
        return execution.is_final

    return look


def is_stopping(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """Whether this process has heard that it is to end, and said so."""
    return lambda: Worker.objects.filter(pid=process.pid, is_stopping=True).exists()


def test_work_gets_done_although_no_hint_ever_arrives(
    start: Callable[..., Execution], aws: AwsDouble, processes: Processes
) -> None:
    """The hints of this test go to a broker in its own memory; only the scheduler finds the row."""
    execution = start(TWO_CALLS)
    processes.worker()
    processes.scheduler()
    wait_until(is_over(execution), processes)
    assert execution.status == Status.SUCCESS, execution.status_message


def test_a_worker_killed_in_a_call_that_must_not_happen_twice_leaves_a_question(
    start: Callable[..., Execution], aws: AwsDouble, processes: Processes
) -> None:
    aws.behaviour.append("held")
    execution = start(ONCE)
    worker = processes.worker()
    processes.scheduler()
    wait_until(lambda: bool(aws.calls), processes)
    worker.send_signal(signal.SIGKILL)
    worker.wait(60)
    processes.worker()

    def asks() -> bool:
        execution.refresh_from_db()
        return execution.status == Status.WAITING

    wait_until(asks, processes)
    assert "Outcome unknown" in execution.status_message
    assert aws.operations().count("RestoreTableFromBackup") == 1


def test_a_worker_killed_in_a_read_is_replaced_and_the_execution_ends_well(
    start: Callable[..., Execution], aws: AwsDouble, processes: Processes
) -> None:
    aws.behaviour.append("held")
    execution = start(PATIENT_CALLS)
    worker = processes.worker()
    processes.scheduler()
    wait_until(lambda: bool(aws.calls), processes)
    worker.send_signal(signal.SIGKILL)
    worker.wait(60)
    processes.worker()
    wait_until(is_over(execution), processes)
    assert execution.status == Status.SUCCESS, execution.status_message
    assert aws.operations().count("DescribeTable") > 1 and aws.operations()[-1] == "PutItem"


def test_a_worker_that_is_asked_to_stop_finishes_the_call_it_is_in(
    start: Callable[..., Execution], aws: AwsDouble, processes: Processes
) -> None:
    aws.behaviour.append("held")
    execution = start(ONCE)
    worker = processes.worker()
    processes.scheduler()
    wait_until(lambda: bool(aws.calls), processes)
    worker.send_signal(signal.SIGTERM)
    wait_until(is_stopping(worker), processes)
    aws.let_go.set()
    worker.wait(60)
    execution.refresh_from_db()
    assert execution.status == Status.SUCCESS, execution.status_message
