"""A portal that stands still, and a worker whose clock is wrong, begin and carry nothing of this half either."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from assessments import check_runner, tasks
from assessments.checks.examination import Check, TriedOn
from assessments.checks.half_lives import STATE
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Resource
from assessments.lease import MOST_DEATHS, FencedOut, claim
from assessments.models import CheckPlan, CheckRun, RunStatus
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from runbooks import installation, workers
from runbooks.operations.installation import CONFIRMATION, release

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's database is this connection, so that no task may close it."""
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    monkeypatch.setattr(check_runner, "CHECKS", {})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(tasks.run_checks, "delay", found.append)
    return found


def test_while_the_portal_stands_still_no_run_is_begun_nor_carried(
    service: Service, account: AwsAccount, sent: list[str]
) -> None:
    installation.quiesce("It was restored.")
    CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=Now())
    tasks.wake_due()
    assert (CheckRun.objects.count(), sent) == (0, [])
    run = CheckRun.objects.create(service=service, account=account)
    tasks.run_checks(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.PENDING


def test_after_the_release_work_goes_on(
    service: Service, account: AwsAccount, people: dict[str, User], sent: list[str]
) -> None:
    installation.quiesce("It was restored.")
    release(user=people["admin"], confirm=CONFIRMATION)
    CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=Now())
    tasks.wake_due()
    assert sent == [str(CheckRun.objects.get().pk)]


def test_a_worker_whose_clock_is_wrong_carries_nothing(
    service: Service, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CheckRun.objects.create(service=service, account=account)
    monkeypatch.setattr(workers.HERE, "clock_offset", 3600.0)
    tasks.run_checks(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.PENDING
    monkeypatch.setattr(workers.HERE, "clock_offset", 0.0)
    tasks.run_checks(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS


def test_standing_still_ends_what_is_under_way_and_fences_its_worker_out(service: Service, account: AwsAccount) -> None:
    run = CheckRun.objects.create(service=service, account=account)
    lease = claim(CheckRun, run.pk, timedelta(minutes=1))
    assert lease is not None
    installation.quiesce("It was restored.")
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "ask for it again. It was restored." in run.status_message
    with pytest.raises(FencedOut):
        lease.write()


def test_a_row_whose_time_has_not_come_is_not_claimed(service: Service, account: AwsAccount) -> None:
    run = CheckRun.objects.create(service=service, account=account)
    lease = claim(CheckRun, run.pk, timedelta(minutes=1))
    assert lease is not None
    lease.rest(timedelta(hours=1))
    assert claim(CheckRun, run.pk, timedelta(minutes=1)) is None
    CheckRun.objects.update(wake_at=Now())
    assert claim(CheckRun, run.pk, timedelta(minutes=1)) is not None
    assert claim(CheckRun, uuid.uuid4(), timedelta(minutes=1)) is None


def test_a_worker_that_is_asked_to_end_gives_its_run_back_after_the_check_it_is_in(
    service: Service, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked_to_end(reading: Reading) -> Iterator[Finding]:
        monkeypatch.setattr(workers.HERE, "is_stopping", True)
        yield Finding(Resource("table", "Orders"), True, "is as it should be")

    def good(reading: Reading) -> Iterator[Finding]:
        yield Finding(Resource("table", "Orders"), True, "is as it should be")

    facts = ("", (), "", (), STATE, TriedOn.SANDBOX)
    checks = {name: Check(name, name, facts[0], look, *facts[1:]) for name, look in (("a", asked_to_end), ("b", good))}
    monkeypatch.setattr(check_runner, "CHECKS", checks)
    run = CheckRun.objects.create(service=service, account=account)
    for _ in range(MOST_DEATHS + 1):
        check_runner.run_checks(run.pk)
        run.refresh_from_db()
        assert (run.status, run.lease_until, run.results.count()) == (RunStatus.IN_PROGRESS, None, 1)
    monkeypatch.setattr(workers.HERE, "is_stopping", False)
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert (run.status, run.results.count()) == (RunStatus.SUCCESS, 2)
