"""Which sampler samples which probe, on threads and a real database: leases, a death, an end, a database that is away."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from runbooks import sampler
from runbooks.lease import later
from runbooks.models import Drill, Probe, Sample, Status
from runbooks.outages import Observation, unobserved
from runbooks.tests.probe_stage import Entry, Running, wait_for, watching

pytestmark = pytest.mark.django_db(transaction=True)


def seen(probe: Probe) -> list[Observation]:
    return [Observation(row.sequence, row.sent_at, row.is_good) for row in probe.samples.order_by("sent_at")]


def kept(probe: Probe) -> int:
    return probe.samples.count() + probe.heartbeats.count()


def test_two_samplers_never_sample_one_probe_twice(probe: Probe, entry: Entry, running: Callable[[], Running]) -> None:
    """Two would send each number twice, of which one row is kept."""
    processes = [running(), running()]
    wait_for(lambda: probe.samples.count() >= 20)
    for process in processes:
        process.stop()
    assert kept(probe) == len(entry.connections)


def test_a_dead_samplers_probe_is_taken_over_and_the_gap_stays_a_gap(
    probe: Probe, running: Callable[[], Running]
) -> None:
    first = running()
    wait_for(lambda: probe.samples.count() >= 10)
    first.stop()
    newest = probe.samples.order_by("-sequence").first()
    Probe.objects.filter(pk=probe.pk).update(lease_token=uuid.uuid4(), lease_until=later(timedelta(seconds=0.6)))
    running()
    wait_for(lambda: probe.samples.filter(sequence__gt=newest.sequence + 5).exists())
    gaps = unobserved(seen(probe), probe.interval)
    assert max(gap.length for gap in gaps) >= timedelta(seconds=0.6)
    assert probe.samples.count() == len(set(probe.samples.values_list("sequence", flat=True)))


def test_a_sampler_that_lost_its_lease_writes_nothing_more(probe: Probe, running: Callable[[], Running]) -> None:
    running()
    wait_for(lambda: probe.samples.exists())
    Probe.objects.filter(pk=probe.pk).update(lease_token=uuid.uuid4(), lease_until=later(timedelta(hours=1)))
    count = probe.samples.count()
    wait_for(lambda: not watching(probe))
    assert probe.samples.count() == count


def test_a_stopped_probe_gets_its_last_answers_and_is_given_back(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    entry.delay = 0.3
    running()
    wait_for(lambda: probe.samples.exists())
    Probe.objects.filter(pk=probe.pk).update(is_running=False, stopped_at=Now())
    wait_for(lambda: Probe.objects.filter(pk=probe.pk, lease_token__isnull=True).exists())
    assert kept(probe) == len(entry.connections)
    wait_for(lambda: not watching(probe))
    assert kept(probe) == len(entry.connections)


def test_a_probe_stops_by_itself_when_its_drill_is_over(probe: Probe, running: Callable[[], Running]) -> None:
    running()
    wait_for(lambda: probe.samples.exists())
    Drill.objects.filter(pk=probe.drill_id).update(status=Status.FAILED, ended_at=Now())
    wait_for(lambda: Probe.objects.filter(pk=probe.pk, lease_token__isnull=True, is_running=False).exists())


def test_a_probe_older_than_six_hours_is_stopped(probe: Probe) -> None:
    Probe.objects.filter(pk=probe.pk).update(created_at=later(-sampler.LONGEST_PROBE - timedelta(seconds=1)))
    assert sampler.stop_forgotten_probes() == 1
    assert not Probe.objects.get(pk=probe.pk).is_running


def test_a_probe_in_its_first_six_hours_goes_on(probe: Probe) -> None:
    assert sampler.stop_forgotten_probes() == 0


def test_samples_survive_a_database_that_does_not_answer_for_a_while(
    probe: Probe, entry: Entry, running: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, is_away, refused = Sample.objects.bulk_create, threading.Event(), []

    def bulk_create(*args: object, **kwargs: object) -> object:
        if is_away.is_set():
            refused.append(args)
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    monkeypatch.setattr(Sample.objects, "bulk_create", bulk_create)
    process = running()
    wait_for(lambda: probe.samples.exists())
    is_away.set()
    wait_for(lambda: len(refused) >= 3)
    is_away.clear()
    count = probe.samples.count()
    wait_for(lambda: probe.samples.count() > count)
    process.stop()
    assert kept(probe) == len(entry.connections)
