"""Runs of checks: claimed once, continued after a death, written under a fence, only reading, each result as the check says."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from assessments import check_runner, tasks
from assessments.checks.context import CheckUnavailable
from assessments.checks.examination import Check, TriedOn
from assessments.checks.half_lives import STATE
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Outcome, Resource
from assessments.lease import MOST_DEATHS, later
from assessments.models import CheckPlan, CheckResult, CheckRun, RunStatus
from portal.aws import sessions
from portal.catalogue.models import AwsAccount, Service
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("checks")]


def a_check(name: str, look: object, *apis: str) -> Check:
    return Check(name, name, "what it reads", look, apis, "mend it", ("REL09-BP03",), STATE, TriedOn.SANDBOX)


def good(reading: Reading) -> Iterator[Finding]:
    yield Finding(Resource("table", "Orders"), True, "is as it should be", {"rows": 3})


def bad(reading: Reading) -> Iterator[Finding]:
    yield Finding(Resource("table", "Orders"), False, "has no copy", {"copies": 0})


def misread(reading: Reading) -> Iterator[Finding]:
    yield Finding(Resource("table", {}["Name"]), True, "never said")


def changing(reading: Reading) -> Iterator[Finding]:
    reading.call("dynamodb:DeleteTable", {"TableName": "Orders"}, "us-west-2")
    yield Finding(Resource("table", "Orders"), True, "is gone")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    """Two checks in place of the table: one passes, one fails."""
    found = {"good": a_check("good", good), "bad": a_check("bad", bad)}
    monkeypatch.setattr(check_runner, "CHECKS", found)
    return found


@pytest.fixture
def run(service: Service, account: AwsAccount) -> CheckRun:
    return CheckRun.objects.create(service=service, account=account)


def outcomes(run: CheckRun) -> dict[str, str]:
    return dict(run.results.values_list("check_name", "outcome"))


def test_a_run_keeps_what_every_check_says_and_ends(run: CheckRun, table: dict[str, Check]) -> None:
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS
    assert run.ended_at
    assert outcomes(run) == {"good": "Passed", "bad": "Failed"}
    said = run.results.get(check_name="bad")
    assert said.is_conclusive
    assert said.sentence == "Orders: has no copy."
    assert said.facts["findings"][0]["facts"] == {"copies": 0}
    assert said.resources == [{"kind": "table", "name": "Orders", "region": "", "arn": ""}]


def test_a_run_that_ended_or_is_held_is_not_carried_again(run: CheckRun, table: dict[str, Check]) -> None:
    CheckRun.objects.filter(pk=run.pk).update(lease_token=uuid.uuid4(), lease_until=later(timedelta(hours=1)))
    check_runner.run_checks(run.pk)
    assert outcomes(run) == {}
    CheckRun.objects.filter(pk=run.pk).update(lease_until=later(-timedelta(hours=1)))
    check_runner.run_checks(run.pk)
    check_runner.run_checks(run.pk)
    assert CheckResult.objects.count() == 2


def test_a_run_whose_worker_died_is_continued_where_it_stood(
    run: CheckRun, table: dict[str, Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(reading: Reading) -> Iterator[Finding]:
        raise SystemExit

    whole = dict(table)
    table["bad"] = a_check("bad", die)
    with pytest.raises(SystemExit):
        check_runner.run_checks(run.pk)
    assert outcomes(run) == {"good": "Passed"}
    CheckRun.objects.filter(pk=run.pk).update(lease_until=later(-timedelta(seconds=1)))
    table.update(whole)
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert (run.status, outcomes(run)) == (RunStatus.SUCCESS, {"good": "Passed", "bad": "Failed"})


def test_a_stale_workers_result_is_refused(run: CheckRun, table: dict[str, Check]) -> None:
    def overtaken(reading: Reading) -> Iterator[Finding]:
        CheckRun.objects.filter(pk=run.pk).update(fence=9, lease_token=uuid.uuid4())
        yield from good(reading)

    table["good"] = a_check("good", overtaken)
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert outcomes(run) == {}
    assert run.status == RunStatus.IN_PROGRESS


def test_a_run_that_ended_its_workers_too_often_fails_and_says_so(run: CheckRun, table: dict[str, Check]) -> None:
    CheckRun.objects.filter(pk=run.pk).update(fence=MOST_DEATHS)
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "died too often" in run.status_message


def test_an_answer_nobody_foresaw_is_unavailable_and_the_other_checks_go_on(
    run: CheckRun, table: dict[str, Check]
) -> None:
    table["good"] = a_check("good", misread)
    check_runner.run_checks(run.pk)
    assert outcomes(run) == {"good": "Unavailable", "bad": "Failed"}
    said = run.results.get(check_name="good")
    assert not said.is_conclusive
    assert "KeyError" in said.sentence


def test_a_call_that_changes_something_is_not_sent_even_if_a_check_lists_it(
    run: CheckRun, table: dict[str, Check]
) -> None:
    table["good"] = a_check("good", changing, "dynamodb:DeleteTable")
    check_runner.run_checks(run.pk)
    said = run.results.get(check_name="good")
    assert said.outcome == Outcome.UNAVAILABLE
    assert said.calls == [{"api": "dynamodb:DeleteTable", "region": "us-west-2", "error": "NotReadOnly"}]


def test_checks_act_as_the_read_only_role_and_never_as_that_of_executions(run: CheckRun) -> None:
    run.account.role_arn = "arn:aws:iam::123456789012:role/bcdr-execution"
    role = check_runner._Door(run).caller.role
    assert (role.arn, role.external_id) == (run.account.read_only_role_arn, str(run.account.external_id))
    assert str(run.pk) in role.session_name
    run.account.read_only_role_arn = ""
    with pytest.raises(ValueError, match="no read-only role"):
        check_runner._Door(run)


def _without_role(service: Service) -> None:
    service.accounts.update(read_only_role_arn="")


def _without_account(service: Service) -> None:
    service.accounts.clear()


def _with_several_accounts(service: Service) -> None:
    other = AwsAccount.objects.create(name="Other", team=service.team, account_id="210987654321")
    service.accounts.add(other)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_role, "Shop test has no read-only role. Enter its ARN"),
        (_without_account, "Checkout has no AWS account. Add"),
        (_with_several_accounts, "Checkout lives in several AWS accounts. Choose"),
    ],
)
def test_a_planned_run_never_acts_with_the_portals_own_credentials_but_fails_and_says_why(
    service: Service, table: dict[str, Check], change: Callable[[Service], None], told: str
) -> None:
    change(service)
    CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=Now())
    (begun,) = check_runner.begin_due()
    check_runner.run_checks(begun)
    run = CheckRun.objects.get()
    assert run.status == RunStatus.FAILED
    assert told in run.status_message
    assert not run.results.exists()


def test_a_role_that_is_taken_away_while_a_run_waits_is_not_replaced_by_another(
    run: CheckRun, table: dict[str, Check]
) -> None:
    AwsAccount.objects.update(read_only_role_arn="")
    check_runner.run_checks(run.pk)
    run.refresh_from_db()
    assert (run.status, run.results.count()) == (RunStatus.FAILED, 0)


def test_what_aws_refuses_is_unavailable_with_its_code(run: CheckRun, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(time_scale=0.02, transition_delay=0) as sandbox:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.api_url)
        sessions.forget()
        door = check_runner._Door(run)
        with pytest.raises(CheckUnavailable) as refusal:
            door("dynamodb", "DescribeTable", {"TableName": "Missing"}, "us-west-2")
        sessions.forget()
    assert refusal.value.code == "ResourceNotFoundException"


def test_all_checks_look_at_a_real_sandbox_through_the_read_only_role(
    run: CheckRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    CheckPlan.objects.create(service=run.service, names={"table": ["Orders"]})
    with Sandbox(time_scale=0.02, transition_delay=0) as sandbox:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.api_url)
        sessions.forget()
        Account(sandbox).client("dynamodb", "us-west-2").create_table(
            TableName="Orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        check_runner.run_checks(run.pk)
        sessions.forget()
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS
    found = outcomes(run)
    assert set(found) == set(check_runner.CHECKS)
    assert found["point_in_time_recovery_on"] == "Failed"
    assert "Orders" in run.results.get(check_name="point_in_time_recovery_on").sentence


def test_a_plan_whose_time_has_come_makes_one_run_and_says_when_it_is_next(service: Service) -> None:
    plan = CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=Now())
    assert len(check_runner.begin_due()) == 1
    assert check_runner.begin_due() == []
    run = CheckRun.objects.get()
    assert (run.requested_by, run.account) == (None, service.accounts.get())
    before = run.created_at
    plan.refresh_from_db()
    assert timedelta(hours=23) < plan.wake_at - before < timedelta(hours=25)


@pytest.mark.parametrize("is_retired", [True, False])
def test_retired_services_and_those_under_way_are_passed_over(service: Service, is_retired: bool) -> None:
    CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=Now())
    Service.objects.update(is_retired=is_retired)
    if not is_retired:
        CheckRun.objects.create(service=service)
    assert check_runner.begin_due() == []
    assert CheckRun.objects.count() == (0 if is_retired else 1)


def test_the_scheduler_sends_a_hint_for_each_run_that_nobody_carries(
    run: CheckRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_checks, "delay", sent.append)
    tasks.wake_due()
    CheckRun.objects.update(lease_token=uuid.uuid4(), lease_until=later(timedelta(hours=1)))
    tasks.wake_due()
    assert sent == [str(run.pk)]


def test_the_task_carries_the_run(run: CheckRun, table: dict[str, Check], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # the test's database is this connection
    tasks.run_checks(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS
