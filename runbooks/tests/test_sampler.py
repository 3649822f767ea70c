"""The sampler against real sockets and a real database: rates, what counts as good, leases, a death, hosts it refuses."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import OperationalError, connections
from django.db.models.functions import Now

from portal.catalogue.models import EntryUrl, Service
from portal.people.models import User
from runbooks import probe_clock, sampler, watch
from runbooks.lease import later
from runbooks.models import Drill, Heartbeat, Probe, Runbook, RunbookVersion, Sample, Status, VersionStatus
from runbooks.outages import Observation, unobserved

pytestmark = pytest.mark.django_db(transaction=True)


class Entry:
    """A public entry whose answers the test decides; it remembers what was written to it."""

    def __init__(self) -> None:
        self.status = 200
        self.delay = 0.0
        self.location = ""
        self.written: dict[str, dict[str, str]] = {}
        self.connections: set[tuple[str, int]] = set()
        self.requests = 0
        entry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self, status: int) -> None:
                entry.requests += 1
                entry.connections.add(self.client_address)
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


@pytest.fixture
def entry() -> Iterator[Entry]:
    made = Entry()
    yield made
    made.close()


@pytest.fixture
def probe(service: Service, people: dict[str, User], entry: Entry) -> Probe:
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
        timeout=timedelta(milliseconds=500),
        heartbeat_url=f"{entry.url}/heartbeats",
        heartbeat_interval=timedelta(milliseconds=200),
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
        self.thread.join(15)
        assert not self.thread.is_alive()


@pytest.fixture
def running() -> Iterator[Callable[[], Running]]:
    made: list[Running] = []

    def start() -> Running:
        made.append(Running())
        return made[-1]

    yield start
    for one in made:
        one.stop()


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def seen(probe: Probe) -> list[Observation]:
    return [Observation(row.sequence, row.sent_at, row.is_good) for row in probe.samples.order_by("sent_at")]


def test_a_probe_is_sampled_at_least_ten_times_a_second_each_on_its_own_connection(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    process = running()
    wait_for(lambda: probe.samples.count() >= 40)
    process.stop()
    rows = seen(probe)
    length = (rows[-1].sent_at - rows[0].sent_at).total_seconds()
    assert (len(rows) - 1) / length >= 10
    assert len(entry.connections) == entry.requests


def test_a_slow_entry_does_not_slow_down_the_samples(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    entry.delay = 0.3
    process = running()
    wait_for(lambda: probe.samples.count() >= 30)
    process.stop()
    rows = seen(probe)
    length = (rows[-1].sent_at - rows[0].sent_at).total_seconds()
    assert (len(rows) - 1) / length >= 10
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
    entry.delay = 0.8
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
    rows = list(probe.heartbeats.order_by("sequence"))
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert all(row.is_acknowledged and row.region == "us-west-2" for row in rows)
    sent = entry.written[f"/heartbeats/{probe.pk}/1"]
    assert sent["written_at"] == rows[0].written_at.isoformat(timespec="milliseconds")


def test_a_write_the_service_refused_is_not_acknowledged(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    entry.status = 500
    running()
    wait_for(lambda: Heartbeat.objects.filter(is_acknowledged=False, error="HTTP 500, expected 201").exists())


def test_two_samplers_never_sample_one_probe_twice(probe: Probe, running: Callable[[], Running]) -> None:
    processes = [running(), running()]
    wait_for(lambda: probe.samples.count() >= 30)
    for process in processes:
        process.stop()
    rows = seen(probe)
    length = (rows[-1].sent_at - rows[0].sent_at).total_seconds()
    assert len(rows) <= length / 0.05 * 1.2 + 2


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
    Probe.objects.filter(pk=probe.pk).update(lease_token=uuid.uuid4(), lease_until=later(timedelta(minutes=1)))
    count = probe.samples.count()
    time.sleep(1)
    assert probe.samples.count() == count


def test_a_stopped_probe_gets_its_last_answers_and_is_given_back(
    probe: Probe, entry: Entry, running: Callable[[], Running]
) -> None:
    entry.delay = 0.3
    running()
    wait_for(lambda: probe.samples.exists())
    Probe.objects.filter(pk=probe.pk).update(is_running=False, stopped_at=Now())
    wait_for(lambda: Probe.objects.filter(pk=probe.pk, lease_token__isnull=True).exists())
    sent = entry.requests
    assert probe.samples.count() + probe.heartbeats.count() == sent
    time.sleep(0.5)
    assert entry.requests == sent


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


def test_samples_survive_a_database_that_does_not_answer_for_a_while(
    probe: Probe, running: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, is_away = Sample.objects.bulk_create, threading.Event()

    def bulk_create(*args: object, **kwargs: object) -> object:
        if is_away.is_set():
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    monkeypatch.setattr(Sample.objects, "bulk_create", bulk_create)
    process = running()
    wait_for(lambda: probe.samples.count() >= 5)
    is_away.set()
    time.sleep(1)
    is_away.clear()
    wait_for(lambda: probe.samples.count() >= 40)
    process.stop()
    assert not [gap for gap in unobserved(seen(probe), probe.interval) if gap.length > timedelta(seconds=0.8)]


# --- the clock -------------------------------------------------------------------------------------------------------


def test_the_probes_clock_agrees_with_the_database() -> None:
    clock = probe_clock.ProbeClock()
    assert abs(clock.now() - probe_clock.database_now()) < timedelta(milliseconds=50)


def test_setting_the_hosts_clock_changes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert timedelta(0) <= clock.now() - before < timedelta(seconds=1)


def test_a_jump_of_the_databases_clock_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    real = probe_clock.database_now
    monkeypatch.setattr(probe_clock, "database_now", lambda: real() + timedelta(hours=1))
    before = clock.now()
    clock.check()
    assert clock.now() - before < timedelta(seconds=5)


def test_a_drift_of_the_databases_clock_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    real = probe_clock.database_now
    monkeypatch.setattr(probe_clock, "database_now", lambda: real() + timedelta(milliseconds=150))
    clock.check()
    assert clock.now() - real() > timedelta(milliseconds=100)
