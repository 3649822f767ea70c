"""Whether work gets done, read from the rows: workers, what is due, what nobody knows, the broker, the versions.

Facts only; `health_views.py`, `metrics.py` and `system_views.py` show them. No secret and nothing of a team is in here:
everything is a count, a length or a name of a machine.
"""

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Generic, TypeVar

import kombu
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Case, Count, F, Max, Min, Q, When
from django.db.models.functions import Now

from portal.audit.log import database_now
from runbooks.installation import present
from runbooks.models import ACTIVE_STATUSES, Drill, Execution, Installation, Signal, Status, StepExecution, Worker

T = TypeVar("T")
LONG_DUE = timedelta(seconds=10)
"""Work that was due for longer than this without being taken is worth an alarm."""
SHOWN_WORKERS = 30


class Kept(Generic[T]):
    """What a function answered, asked again after `seconds`, so that a page shown often costs one question now and then."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._lock = threading.Lock()
        self._known: tuple[float, T] | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > self._seconds:
                self._known = (time.monotonic(), self._ask())
            return self._known[1]

    def forget(self) -> None:
        self._known = None


@dataclass(frozen=True)
class Work:
    """What is under way. `oldest_due` is how long the row that waits longest for a worker has been due."""

    executions: dict[str, int]
    drills: int
    leased: int
    due: int
    oldest_due: timedelta
    abandoned: int
    unknown: int
    oldest_unknown: timedelta
    oldest_signal: timedelta

    @property
    def active(self) -> int:
        return sum(self.executions.get(status, 0) for status in ACTIVE_STATUSES)

    @property
    def waiting(self) -> int:
        return self.executions.get(Status.WAITING, 0)

    @property
    def is_late(self) -> bool:
        return self.oldest_due > LONG_DUE


@dataclass(frozen=True)
class Check:
    """One thing that must hold. What is not `is_required` is a warning: work goes on without it, more slowly."""

    name: str
    is_good: bool
    said: str
    is_required: bool = True

    @property
    def tone(self) -> str:
        return "good" if self.is_good else "bad" if self.is_required else "attention"


def work() -> Work:
    """Counts and ages by the database's clock, in a fixed number of questions."""
    now = database_now()
    by_status = Execution.objects.order_by().values_list("status").annotate(count=Count("pk"))
    unknown = StepExecution.objects.filter(is_outcome_unknown=True, ended_at__isnull=True)
    doubts = unknown.aggregate(count=Count("pk"), oldest=Min("started_at"))
    dues = [model.objects.due().aggregate(count=Count("pk"), oldest=Min("wake_at")) for model in (Execution, Drill)]
    signals = Signal.objects.filter(applied_at__isnull=True).aggregate(oldest=Min("sent_at"))
    leases = Execution.objects.filter(status__in=ACTIVE_STATUSES, lease_until__isnull=False).aggregate(
        held=Count("pk", filter=Q(lease_until__gte=Now())), over=Count("pk", filter=Q(lease_until__lt=Now()))
    )
    ages = [now - due["oldest"] for due in dues if due["oldest"] is not None]
    return Work(
        executions=dict(by_status),
        drills=Drill.objects.filter(status__in=ACTIVE_STATUSES).count(),
        leased=leases["held"],
        due=sum(due["count"] for due in dues),
        oldest_due=max([timedelta(0), *ages]),
        abandoned=leases["over"],
        unknown=doubts["count"],
        oldest_unknown=now - doubts["oldest"] if doubts["oldest"] else timedelta(0),
        oldest_signal=now - signals["oldest"] if signals["oldest"] else timedelta(0),
    )


def workers() -> list[Worker]:
    """Those that live first, then those that ended or fell silent within a day; `is_silent` says which did the latter."""
    since = database_now() - timedelta(days=1)
    is_silent = Q(ended_at__isnull=True) & ~Q(pk__in=Worker.objects.alive().values("pk"))
    known = Worker.objects.filter(seen_at__gt=since).annotate(is_silent=Case(When(is_silent, then=True), default=False))
    return list(known.order_by(F("ended_at").desc(nulls_first=True), "-seen_at")[:SHOWN_WORKERS])


def checks() -> list[Check]:
    """Everything that must hold for work to get done. Where the database does not answer, that is the only check."""
    try:
        row = present()
        found = [Check("database", True, f"{database_name()} answers."), _migrations(), _worker(), _standstill(row)]
    except DatabaseError as error:
        said = f"The database does not answer ({type(error).__name__}). Look at its server and at DATABASE_URL."
        return [Check("database", False, said)]
    return [*found, broker()]


def _migrations() -> Check:
    count = _unapplied()
    if count:
        said = "1 migration is" if count == 1 else f"{count} migrations are"
        return Check("migrations", False, f"{said} not applied. Run manage.py migrate.")
    return Check("migrations", True, "All migrations are applied.")


def _count_unapplied() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _worker() -> Check:
    alive = list(Worker.objects.alive().filter(is_stopping=False))
    able = [worker for worker in alive if not worker.is_clock_off]
    if able:
        return Check("worker", True, f"{len(able)} worker{'s' if len(able) != 1 else ''} seen within 30 s.")
    if alive:
        return Check("worker", False, "Every worker's clock is off, so none claims anything. Set the hosts' clocks.")
    newest = Worker.objects.aggregate(seen=Max("seen_at"))["seen"]
    last = f" The last was seen at {newest:%Y-%m-%d %H:%M:%S} UTC." if newest else " None was ever seen."
    return Check("worker", False, f"No worker is running: executions stand still.{last} Start one.")


def _standstill(row: Installation) -> Check:
    if not row.is_quiesced:
        return Check("released", True, "Work may be claimed.")
    return Check("released", False, f"The portal stands still: {row.quiesce_reason}", is_required=False)


def _ask_broker() -> Check:
    url = settings.CELERY_BROKER_URL
    if url.startswith(("filesystem", "memory")):
        return Check("broker", True, "The embedded broker needs no server.", is_required=False)
    try:
        with kombu.Connection(url, connect_timeout=1, transport_options={"socket_connect_timeout": 1}) as opened:
            opened.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
    except (OSError, kombu.exceptions.OperationalError) as error:
        said = f"The broker does not answer ({type(error).__name__}): work is found by looking, up to a second later."
        return Check("broker", False, said, is_required=False)
    return Check("broker", True, "The broker answers.", is_required=False)


broker = Kept(_ask_broker, 10)
_unapplied = Kept(_count_unapplied, 30)


def _ask_banner() -> str:
    try:
        row = present()
        if row.is_quiesced:
            return f"This portal stands still: {row.quiesce_reason} Nothing runs until an admin confirms."
        is_running = Worker.objects.alive().exists()
    except DatabaseError:
        return ""  # the page that shows it will not come to its end either
    return "" if is_running else "No worker is running: executions stand still."


banner = Kept(_ask_banner, 3)
"""The sentence above pages of executions and drills while nothing runs; empty while all is well."""


def database_name() -> str:
    """Product and version of the database."""
    if connection.vendor == "postgresql":
        number: int = connection.pg_version  # type: ignore[attr-defined]  # this vendor's wrapper has it
        return f"PostgreSQL {number // 10000}.{number % 10000}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        return f"SQLite {cursor.fetchone()[0]}"


def versions() -> dict[str, str]:
    """What this process runs on."""
    libraries = {"Django": "Django", "REST framework": "djangorestframework", "Celery": "celery", "boto3": "boto3"}
    found = {name: version(package) for name, package in libraries.items()}
    return {"Portal": settings.VERSION, "Python": platform.python_version(), **found, "Database": database_name()}
