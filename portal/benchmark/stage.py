"""What the engine is measured on: the endpoint, worker processes, runbooks of N equal steps, and starting them.

Not here: what is measured (`engine.py`).
"""

import hashlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.utils import timezone

from portal.benchmark.endpoint import SERVICE_SECONDS
from portal.benchmark.scratch import ROOT
from portal.people.models import Membership, Role, Team, User
from runbooks.actions import registry
from runbooks.automation.document import read
from runbooks.models import FINAL_STATUSES, Execution, Purpose, Runbook, RunbookVersion, Status, VersionStatus, Worker
from runbooks.operations.executions import start_execution

READ = "Api: DescribeTable, TableName: shop"
CHANGE = 'Api: PutItem, TableName: shop, Item: {Key: {S: "1"}}'
LONGEST_WAIT = 600.0
TICK = os.sysconf("SC_CLK_TCK")


class Stuck(Exception):
    """Something did not happen in time; the message says what."""


def wait_until(what: str, is_so: Callable[[], bool], every: float = 0.05) -> None:
    """Look until it is so. Raises `Stuck`."""
    until = time.monotonic() + LONGEST_WAIT
    while not is_so():
        if time.monotonic() > until:
            raise Stuck(f"waited {LONGEST_WAIT:.0f} s in vain until {what}")
        time.sleep(every)


@contextmanager
def endpoint() -> Iterator[str]:
    """The address of an endpoint that answers while the block runs; this process and its children speak to it."""
    command = [sys.executable, "-m", "portal.benchmark.endpoint", str(SERVICE_SECONDS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own program)
    before = os.environ.get("AWS_ENDPOINT_URL", "")
    try:
        os.environ["AWS_ENDPOINT_URL"] = process.stdout.readline().strip() if process.stdout else ""
        yield os.environ["AWS_ENDPOINT_URL"]
    finally:
        os.environ["AWS_ENDPOINT_URL"] = before
        process.kill()
        process.wait(10)


@contextmanager
def workers(count: int, folder: Path, broker: str = "") -> Iterator[list[int]]:
    """The pids of worker processes: Celery's where there is a broker, else `manage.py work`."""
    own = {"CELERY_BROKER_URL": broker} if broker else {}
    celery = ["-m", "celery", "-A", "portal.celery", "worker", "-P", "threads", "-c", "8", "--without-mingle"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            command = [*celery, "-n", f"benchmark{uuid.uuid4().hex}@%h"] if broker else ["manage.py", "work"]
            with (folder / f"worker{number}.log").open("ab") as log:
                started.append(
                    subprocess.Popen(  # noqa: S603 (our own programs)
                        [sys.executable, *command], cwd=ROOT, env={**os.environ, **own}, stdout=log, stderr=log
                    )
                )
        pids = [process.pid for process in started]
        wait_until("all workers are there", lambda: Worker.objects.alive().filter(pid__in=pids).count() == count)
        yield pids
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def resident(pids: Sequence[int]) -> float:
    """Resident memory of processes together, in MB."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that processes have used so far, their own and the kernel's for them."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICK


class Stage:
    """A team with one responder and as many runbooks as are asked for."""

    def __init__(self) -> None:
        self.team = Team.objects.create(slug="benchmark", name="Benchmark")
        self.user = User.objects.create_user("benchmark", "benchmark@example.test", None)
        Membership.objects.create(user=self.user, team=self.team, role=Role.RESPONDER)

    def runbook(self, name: str, steps: int, call: str = READ) -> RunbookVersion:
        """A published runbook of equal steps."""
        step = "  - {{name: Step{0}, action: 'aws:executeAwsApi', inputs: {{Service: dynamodb, {1}}}}}\n"
        text = 'schemaVersion: "0.3"\nmainSteps:\n' + "".join(step.format(number, call) for number in range(steps))
        reading = read(text, registry.shapes())
        if reading.document is None:
            raise ValueError([f"{problem.path}: {problem.message}" for problem in reading.problems])
        runbook = Runbook.objects.create(name=name, slug=name.lower(), team=self.team)
        return RunbookVersion.objects.create(
            runbook=runbook,
            number=1,
            status=VersionStatus.PUBLISHED,
            text=text,
            sha256=hashlib.sha256(f"{name} {text}".encode()).hexdigest(),
            content=reading.raw,
            author=self.user,
            publisher=self.user,
            published_at=timezone.now(),
        )

    def start(self, version: RunbookVersion) -> Execution:
        """Start it as the responder does."""
        said = {"parameters": {}, "purpose": Purpose.ALONE, "reason": "benchmark", "region": "us-west-2"}
        return start_execution(user=self.user, version=version, **said)

    def run(self, versions: Sequence[RunbookVersion]) -> list[Execution]:
        """Start them all, wait for their ends, and read them. Raises `Stuck`, also when one did not succeed."""
        keys = [self.start(version).pk for version in versions]
        ended = Execution.objects.filter(pk__in=keys, status__in=FINAL_STATUSES)
        wait_until("all executions have ended", lambda: ended.count() == len(keys))
        found = list(Execution.objects.filter(pk__in=keys))
        for execution in found:
            if execution.status != Status.SUCCESS:
                raise Stuck(f"{execution} ended as {execution.status}: {execution.status_message}")
        return found
