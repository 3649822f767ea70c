"""Metrics for Prometheus, read from the database when asked: right whatever the number of processes.

Alarms worth setting are in docs/operations.md. Not here: who may ask (`health_views.py`) and the facts themselves (`health.py`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from portal import health
from runbooks.installation import present
from runbooks.models import Status, Worker
from runbooks.workers import measured_clock_offset


class Facts(Collector):
    """Everything at the moment of the question. Where the database does not answer, only that is told."""

    def collect(self) -> Iterator[Metric]:
        yield labelled("portal_build_info", "The version that answers.", ["version"], {(settings.VERSION,): 1})
        try:
            told = [*of_work(), *of_workers(), *of_installation()]
        except DatabaseError:
            yield gauge("portal_database_up", "Whether the database answers.", 0)
            return
        yield gauge("portal_database_up", "Whether the database answers.", 1)
        yield gauge("portal_broker_up", "Whether the broker answers.", health.broker().is_good)
        yield from told


def of_work() -> Iterator[Metric]:
    work = health.work()
    by_status = {(status.value,): work.executions.get(status.value, 0) for status in Status}
    yield labelled("portal_executions", "Executions by status.", ["status"], by_status)
    yield gauge("portal_drills_active", "Drills that are not over.", work.drills)
    yield gauge("portal_due", "Executions and drills that a worker may claim now.", work.due)
    seconds = work.oldest_due.total_seconds()
    yield gauge("portal_oldest_due_seconds", "How long the oldest of these has been due, without a lease.", seconds)
    yield gauge("portal_leases_held", "Executions a worker has in hand.", work.leased)
    yield gauge("portal_leases_over", "Executions whose worker fell silent and that nobody took over.", work.abandoned)
    yield gauge("portal_outcomes_unknown", "Attempts about which a person must decide.", work.unknown)
    seconds = work.oldest_unknown.total_seconds()
    yield gauge("portal_oldest_unknown_seconds", "How long the oldest of these has been out.", seconds)
    seconds = work.oldest_signal.total_seconds()
    yield gauge("portal_oldest_signal_seconds", "Age of the oldest signal that is not applied.", seconds)


def of_workers() -> Iterator[Metric]:
    alive = list(Worker.objects.alive())
    offsets = {(worker.host, str(worker.pid)): worker.clock_offset for worker in alive}
    yield gauge("portal_workers", "Workers seen within 30 s.", len(alive))
    said = "A host's clock minus the database's."
    yield labelled("portal_worker_clock_offset_seconds", said, ["host", "pid"], offsets)
    yield gauge("portal_web_clock_offset_seconds", said, measured_clock_offset())


def of_installation() -> Iterator[Metric]:
    row = present()
    yield gauge("portal_quiesced", "Whether the portal stands still until a person confirms.", row.is_quiesced)
    if row.pinged_at is not None:
        yield gauge("portal_dead_man_failed", "Whether the last dead-man ping was not sent.", bool(row.ping_error))


def gauge(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value=float(value))


def labelled(name: str, said: str, labels: list[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    """A family with one value for each tuple of label values."""
    family = GaugeMetricFamily(name, said, labels=labels)
    for named, value in values.items():
        family.add_metric(list(named), float(value))
    return family


REGISTRY = CollectorRegistry()
REGISTRY.register(Facts())
