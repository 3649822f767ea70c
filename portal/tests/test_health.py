"""What machines ask: alive, ready, metrics; each check made to fail by causing what it watches for."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from portal import health
from portal.people.models import Team, User
from runbooks.installation import quiesce
from runbooks.lease import later
from runbooks.models import Execution, Status, Worker
from runbooks.tests.rows import an_attempt, an_execution

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
TOKEN = "a token of the test"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    for kept in (health.banner, health.broker, health._unapplied):
        kept.forget()
    yield
    for kept in (health.banner, health.broker, health._unapplied):
        kept.forget()


@pytest.fixture
def worker(db: None) -> Worker:
    return Worker.objects.create(host="host-1", pid=7, version="0.1.0", clock_offset=0.25)


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, json.loads(answer.content)


def scrape(client: Client) -> dict[str, float]:
    """Every sample by its name and label values."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain; version=")
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_healthz_says_that_the_process_answers(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


def test_healthz_asks_the_database_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        client.get("/healthz")


def test_ready_with_a_worker(client: Client, worker: Worker) -> None:
    status, told = ready(client)
    assert (status, told["ready"]) == (200, True)
    assert set(told["checks"]) == {"database", "migrations", "worker", "released", "broker"}


def test_not_ready_without_a_worker(client: Client) -> None:
    status, told = ready(client)
    assert status == 503
    assert "No worker is running" in told["checks"]["worker"]["message"]


@pytest.mark.parametrize("change", [{"is_stopping": True}, {"clock_offset": 31.0}])
def test_not_ready_when_no_worker_may_claim(client: Client, worker: Worker, change: dict[str, Any]) -> None:
    Worker.objects.update(**change)
    assert ready(client)[0] == 503


def test_not_ready_when_the_last_worker_fell_silent(client: Client, worker: Worker) -> None:
    Worker.objects.update(seen_at=later(timedelta(seconds=-31)))
    status, told = ready(client)
    assert status == 503
    assert "last was seen at" in told["checks"]["worker"]["message"]


def test_a_broker_that_does_not_answer_is_a_warning(client: Client, worker: Worker, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "amqp://portal:a-password@127.0.0.1:9//"
    answer = client.get("/readyz")
    told = json.loads(answer.content)["checks"]["broker"]
    assert (answer.status_code, told["ok"], told["required"]) == (200, False, False)
    assert b"a-password" not in answer.content


def test_a_migration_that_is_not_applied_is_a_failure(client: Client, worker: Worker) -> None:
    with mock.patch("django.db.migrations.loader.MigrationRecorder.applied_migrations", return_value={}):
        status, told = ready(client)
    assert status == 503
    assert "manage.py migrate" in told["checks"]["migrations"]["message"]


def test_a_database_that_does_not_answer_is_told_without_its_address(client: Client) -> None:
    with mock.patch("django.db.backends.utils.CursorWrapper.execute", side_effect=DatabaseError("host=secret")):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"secret" not in answer.content


def test_a_portal_that_stands_still_is_ready_and_says_so(client: Client, worker: Worker) -> None:
    quiesce("Restored.")
    status, told = ready(client)
    assert (status, told["checks"]["released"]["ok"]) == (200, False)


# -- metrics -----------------------------------------------------------------------------------------------------------------


def test_metrics_do_not_exist_without_a_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer another", f"Token {TOKEN}", TOKEN])
def test_metrics_refuse_another_token(client: Client, settings: Settings, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == 401
    assert b"portal_" not in answer.content


def test_metrics_tell_what_the_rows_say(
    client: Client, settings: Settings, worker: Worker, people: dict[str, User], team: Team
) -> None:
    settings.METRICS_TOKEN = TOKEN
    due = an_execution(people, team, status=Status.IN_PROGRESS)
    Execution.objects.filter(pk=due.pk).update(wake_at=later(timedelta(seconds=-20)))
    asking = an_execution(people, team, status=Status.WAITING, wake_at=None)
    an_attempt(asking, "ShiftTraffic", Status.WAITING, is_outcome_unknown=True)
    left = an_execution(people, team, status=Status.IN_PROGRESS, wake_at=None)
    Execution.objects.filter(pk=left.pk).update(lease_until=later(timedelta(seconds=-5)))
    told = scrape(client)
    assert told["portal_workers"] == told["portal_due"] == told["portal_outcomes_unknown"] == 1
    assert told["portal_leases_over"] == 1
    assert 20 <= told["portal_oldest_due_seconds"] < 60
    assert told["portal_executions InProgress"] == 2
    assert told["portal_worker_clock_offset_seconds host-1 7"] == 0.25
    assert told["portal_quiesced"] == 0


def test_names_of_hosts_are_escaped_in_metrics(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    Worker.objects.create(host='a"b\\c\nportal_workers 99', pid=7, version="0.1.0")
    assert scrape(client)["portal_workers"] == 1


def test_metrics_answer_without_the_database(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    with mock.patch("django.db.backends.utils.CursorWrapper.execute", side_effect=DatabaseError("gone")):
        told = scrape(client)
    assert told["portal_database_up"] == 0
    assert "portal_workers" not in told


def test_work_is_read_in_a_fixed_number_of_questions(
    people: dict[str, User], team: Team, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        an_execution(people, team)
    with django_assert_max_num_queries(8):
        health.work()


def test_what_is_kept_is_asked_again_after_its_time() -> None:
    asked: list[int] = []
    kept = health.Kept(lambda: asked.append(1), 3600)
    kept()
    kept()
    assert len(asked) == 1
    kept.forget()
    kept()
    assert len(asked) == 2
