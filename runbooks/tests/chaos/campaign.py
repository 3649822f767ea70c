"""One chaos run from its seed to its table: start, harm, calm down, compare.

`run` uses the database that Django is connected to, so it runs in the suite on the test's own and, by `manage.py chaos`, on one
made for it. The same seed makes the same documents, faults and answers; which of them meet is up to the machine.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error, connection
from django.test import override_settings

from portal.audit.models import Event
from runbooks.models import FINAL_STATUSES, Execution, LateResult, Status, StepExecution
from runbooks.tests.chaos import estate, invariants
from runbooks.tests.chaos.faults import Faults
from runbooks.tests.chaos.operator import Operator
from runbooks.tests.chaos.servers import OwnPostgres
from runbooks.tests.chaos.stories import story
from runbooks.tests.chaos.witness import Witness

LEASE, QUARANTINE, SLICE = 1.5, 5.0, 30.0
"""Seconds. The quarantine covers what a call may take: noted and sent, its signature's window, its answer. A slice is much
longer, or a worker that stood still would go home before it could do harm."""
LONGEST_PAUSE = 7.0
EXECUTIONS_PER_WORKER = 3
TICK = 0.1
AWAY = (Error, psycopg2.Error)
"""What a database that is away raises: while rows are being fetched, the driver's own error, which Django does not translate."""
PATIENCE = 30.0
"""Seconds after the last fault without anything coming to its end, after which what is not over hangs. A slow machine is no
violation: as long as steps end, they have their time."""


@dataclass(frozen=True)
class Plan:
    """What a run does. `mutant` breaks the protocol in its workers; a mutant's run ends at the first violation.

    Faults go on for `seconds`, and on a slow machine until there are `least_attempts` and a worker was killed.
    """

    seconds: float
    workers: int = 4
    seed: int = 1
    mutant: str = ""
    least_attempts: int = 0


@dataclass
class Report:
    """What a run saw. `counts` are for the table; `violations` are sentences that begin with an invariant's number,
    `story` the history of the execution that the first of them names."""

    plan: Plan
    database: str
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    took: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Violations of invariants. Only these say that a mutant was caught: a worker that merely falls over shows nothing."""
        return [violation for violation in self.violations if re.match(r"I\d", violation)]

    def table(self) -> str:
        """For people: what was done, and what of it was wrong."""
        rows = [f"seed {self.plan.seed}, {self.plan.workers} workers, {self.took:.0f} s, {self.database}"]
        rows += [f"  {name:<36}{number:>6}" for name, number in sorted(self.counts.items())]
        rows.append(f"  {'violations':<36}{len(self.violations):>6}")
        rows += [f"    {violation}" for violation in self.violations[:20]]
        rows += [f"      {line}" for line in self.story]
        return "\n".join(rows)


def run(plan: Plan, database_url: str, server: OwnPostgres | None = None) -> Report:
    """Make a run on the connected database, which `database_url` names for the workers."""
    report = Report(plan, connection.vendor if server is None else f"{connection.vendor}, crashed on purpose")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, _aws(Path(name), plan.seed) as address:
        folder = Path(name)
        with _workers(folder, plan, database_url, address) as nursery:
            faults = Faults(nursery, folder, random.Random(plan.seed), plan.workers, server)
            try:
                with override_settings(
                    QUARANTINE=timedelta(seconds=0 if plan.mutant == "no-quarantine" else QUARANTINE)
                ):
                    _Run(plan, report, faults, folder).go()
            finally:
                faults.close()
    report.took = time.monotonic() - began
    return report


@dataclass
class _Run:
    """The loop of one run; everything it touches is in `folder` or in the database."""

    plan: Plan
    report: Report
    faults: Faults
    folder: Path

    def __post_init__(self) -> None:
        self.die = random.Random(self.plan.seed + 1)
        self.who = estate.people()
        self.log = self.folder / "effects.jsonl"
        self.operator = Operator(self.who, self.log, random.Random(self.plan.seed + 2))
        self.witness = Witness()
        self.skip: frozenset[str] = frozenset()
        self.started: list[str] = []

    def go(self) -> None:
        until = time.monotonic() + self.plan.seconds
        look_at = time.monotonic() + 2
        self.faults.start()
        while time.monotonic() < until or not self._has_enough(until):
            self._attempt_round()
            if time.monotonic() > look_at:
                look_at = time.monotonic() + 2
                self._look()
                if self.plan.mutant and self.report.broken:
                    break
            time.sleep(TICK)
        if not (self.plan.mutant and self.report.broken):
            self._calm_down()
        self._count()
        self.report.violations.sort()  # what must not happen twice comes first
        if self.report.violations:
            self.report.story = story(self.report.violations[0], self.log)

    def _has_enough(self, until: float) -> bool:
        """Whether a run whose time is up did what it was to do; it has ten times its time for that."""
        if self.plan.least_attempts == 0 or time.monotonic() - until > 9 * self.plan.seconds:
            return True
        try:
            return self.faults.done["kill -9"] > 0 and StepExecution.objects.count() >= self.plan.least_attempts
        except AWAY:
            connection.close()
            return False

    def _attempt_round(self, *, is_calm: bool = False) -> None:
        """What people and the witness do; a database that is away is tried again a moment later."""
        try:
            if not is_calm:
                self._start_more()
            self.operator.answer(is_calm=is_calm)
            self.witness.look()
        except AWAY:
            connection.close()
            self.report.counts["rounds without a database"] += 1

    def _start_more(self) -> None:
        """Keep so many executions under way for each worker."""
        active = Execution.objects.exclude(status__in=FINAL_STATUSES).exclude(status=Status.WAITING).count()
        for _ in range(EXECUTIONS_PER_WORKER * self.plan.workers - active):
            self._start_one()

    def _start_one(self) -> None:
        """Start one, twice with one key, and now and then once more with another."""
        key = f"chaos {self.plan.seed} {len(self.started)} {self.die.getrandbits(64):x}"
        version = estate.publish(estate.a_document(self.die), self.who)
        first = estate.start(version, self.who, key)
        self.started.append(key)
        again = estate.start(version, self.who, key)
        if first.pk != again.pk:
            self.report.violations.append(f"I11 {first.pk} and {again.pk} were started with one key")
        if self.die.random() < 0.2:
            self._start_beside(version, key)

    def _start_beside(self, version: estate.RunbookVersion, key: str) -> None:
        try:
            other = estate.start(version, self.who, key + "b")
        except ValidationError:
            self.report.counts["second starts refused"] += 1
            return
        running = Execution.objects.filter(exclusive_key=other.exclusive_key).exclude(status__in=FINAL_STATUSES)
        if running.count() > 1:
            self.report.violations.append(f"I10 {running.count()} executions of {other.exclusive_key} run at once")

    def _look(self) -> None:
        try:
            self.report.violations = invariants.standing(self.log, self.skip) + self.witness.violations
            # What is over and was found right is left out from now on; the last look takes everything again.
            over = Execution.objects.filter(status__in=FINAL_STATUSES).values_list("pk", flat=True)
            if not self.report.violations:
                self.skip = frozenset(str(pk) for pk in over)
        except AWAY:
            connection.close()

    def _calm_down(self) -> None:
        """No more faults: within a bound everything comes to rest, whatever was done to it."""
        (self.folder / "calm").touch()
        self.faults.stop()
        until, progress = time.monotonic() + PATIENCE, (0, 0)
        while time.monotonic() < until:
            self._attempt_round(is_calm=True)
            if not Execution.objects.exclude(status__in=FINAL_STATUSES).exists():
                break
            over = (Execution.objects, StepExecution.objects)
            before, progress = progress, tuple(rows.filter(status__in=FINAL_STATUSES).count() for rows in over)
            if progress != before:
                until = time.monotonic() + PATIENCE
            time.sleep(TICK)
        found = invariants.settled(self.log) + self.witness.violations
        lost = len(self.started) - Execution.objects.filter(start_key__in=self.started).count()
        if lost:
            found.append(f"I12 {lost} accepted starts have no execution")
        surprises = self.folder / "surprises.log"
        if surprises.exists():
            found.append(f"a worker was surprised: {surprises.read_text()[-1500:]}")
        self.report.violations += [violation for violation in found if violation not in self.report.violations]

    def _count(self) -> None:
        counts = self.report.counts
        counts.update(self.faults.done)
        counts.update({f"sent by people: {kind}": number for kind, number in self.operator.sent.items()})
        for status in Execution.objects.values_list("status", flat=True):
            counts[f"executions {Status(status).label.lower()}"] += 1
        arrivals = Counter(line.split('"outcome": "')[1].rstrip('"}\n') for line in self.log.read_text().splitlines())
        counts.update({f"AWS: {outcome}": number for outcome, number in arrivals.items()})
        counts["attempts"] = StepExecution.objects.count()
        counts["late answers kept"] = LateResult.objects.count()
        counts["claims"] = sum(Execution.objects.values_list("fence", flat=True))
        for word in ("took over", "asked about"):
            counts[f"{word} a step"] = Event.objects.filter(verb__startswith=word).count()


@contextmanager
def _aws(folder: Path, seed: int) -> Iterator[str]:
    """The AWS double; its address."""
    command = [sys.executable, "-m", "runbooks.tests.chaos.aws", str(folder), str(seed)]
    double = subprocess.Popen(command, cwd=settings.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        if double.stdout is None:
            raise RuntimeError("the AWS double was started without a pipe")
        yield double.stdout.readline().strip()
    finally:
        double.kill()
        double.wait(60)


@contextmanager
def _workers(folder: Path, plan: Plan, database_url: str, address: str) -> Iterator["subprocess.Popen[str]"]:
    """The nursery of the workers, with every length of time made short."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "IS_SANDBOX": "1",
        "SANDBOX_TIME_SCALE": "0.02",
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(settings.VAR),
        "CELERY_BROKER_URL": "filesystem://",
        "LEASE_SECONDS": str(LEASE),
        "QUARANTINE_SECONDS": str(QUARANTINE),
        "SLICE_SECONDS": str(SLICE),
        "LOG_LEVEL": "CRITICAL",
    }
    mutants = [plan.mutant] if plan.mutant else []
    part = ["nursery", str(folder), str(LONGEST_PAUSE), *mutants]
    command = [sys.executable, "-m", "runbooks.tests.chaos", *part]
    nursery = subprocess.Popen(
        command, cwd=settings.ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield nursery
    finally:
        nursery.kill()
        nursery.wait(60)
