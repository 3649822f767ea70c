"""Watching one probe, against a real socket: the schedule, what counts as good, heartbeat records, hosts it refuses."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from runbooks import watch
from runbooks.models import Heartbeat, Probe
from runbooks.tests.probe_stage import Entry, Running, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def falls_behind(probe: Probe) -> timedelta:
    """How much later against their numbers the later half of the samples was sent than the earlier half, at the least."""
    lateness = [row.sent_at - probe.interval * row.sequence for row in probe.samples.order_by("sequence")]
    half = len(lateness) // 2
    return min(lateness[half:]) - min(lateness[:half])


def test_a_probe_is_sampled_at_the_times_of_its_numbers_each_on_its_own_connection(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    process = running()
    wait_for(lambda: probe.samples.count() >= 20)
    process.stop()
    assert falls_behind(probe) < timedelta(seconds=1)
    assert len(entry.connections) == len(set(entry.connections)) == probe.samples.count() + probe.heartbeats.count()


def test_never_fewer_than_ten_samples_a_second_are_asked_for(probe: Probe) -> None:
    assert watch.Watch(probe, uuid.uuid4()).interval == timedelta(milliseconds=50)
    probe.interval = timedelta(minutes=1)
    assert watch.Watch(probe, uuid.uuid4()).interval == timedelta(milliseconds=100)


def test_a_slow_entry_does_not_slow_down_the_samples(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    """One after the other they would fall a quarter of a second further behind with each."""
    entry.delay = 0.3
    process = running()
    wait_for(lambda: probe.samples.count() >= 20)
    process.stop()
    assert falls_behind(probe) < timedelta(seconds=1)
    assert all(row.latency >= 290 for row in probe.samples.all())


def test_an_answer_says_its_region_and_a_wrong_status_is_not_good(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    running()
    wait_for(lambda: probe.samples.filter(is_good=True, region="us-west-2").exists())
    entry.status = 503
    wait_for(lambda: probe.samples.filter(is_good=False, status_code=503).exists())
    assert probe.samples.filter(status_code=503).first().error == "HTTP 503, expected 200"


def test_no_answer_in_time_is_a_failed_sample_without_a_status(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    Probe.objects.filter(pk=probe.pk).update(timeout=timedelta(milliseconds=100))
    entry.delay = 0.3
    running()
    wait_for(lambda: probe.samples.exists())
    row = probe.samples.first()
    assert (row.is_good, row.status_code) == (False, None)
    assert "timed out" in row.error


def test_redirects_are_not_followed(probe: Probe, entry: Entry, running: Callable[[], Running]) -> None:
    entry.status, entry.location = 302, f"{entry.url}/elsewhere"
    running()
    wait_for(lambda: probe.samples.filter(status_code=302, is_good=False).exists())


def test_heartbeats_are_numbered_and_acknowledged_by_the_service(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    process = running()
    wait_for(lambda: probe.heartbeats.count() >= 5)
    process.stop()
    rows = {f"/heartbeats/{probe.pk}/{row.sequence}": row for row in probe.heartbeats.all()}
    assert rows.keys() == entry.written.keys()
    for path, row in rows.items():
        assert (row.is_acknowledged, row.region) == (True, "us-west-2")
        assert entry.written[path]["written_at"] == row.written_at.isoformat(timespec="milliseconds")


def test_a_write_the_service_refused_is_not_acknowledged(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    entry.status = 500
    running()
    wait_for(lambda: Heartbeat.objects.filter(is_acknowledged=False, error="HTTP 500, expected 201").exists())


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data/", "http://elsewhere.example/", "file:///etc/passwd"]
)
def test_forbidden_addresses_are_never_called(probe: Probe, url: str, running: Callable[[], Running]) -> None:
    Probe.objects.filter(pk=probe.pk).update(url=url, heartbeat_url="")
    running()
    wait_for(lambda: probe.samples.exists())
    row = probe.samples.first()
    assert (row.is_good, row.status_code) == (False, None)
    assert row.error.startswith("not sent:")


def test_the_entries_of_the_service_may_be_called(probe: Probe, settings: object) -> None:
    settings.OUTGOING_HOSTS = ["status.example.org"]  # type: ignore[attr-defined]
    assert watch.allowed_hosts(probe) == ["status.example.org", "127.0.0.1"]
