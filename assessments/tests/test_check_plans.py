"""What people may do with checks: ask for a run, plan them. Both doors of permission, every refusal."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments import tasks
from assessments.models import CheckPlan, CheckRun, RunStatus
from assessments.operations.checks import CheckPlanDraft, plan_of, save_check_plan, start_check_run
from portal.audit.models import Event
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_checks, "delay", sent.append)
    return sent


def second_account(service: Service) -> AwsAccount:
    made = AwsAccount.objects.create(
        name="Second",
        team=service.team,
        account_id="210987654321",
        read_only_role_arn="arn:aws:iam::210987654321:role/bcdr-reader",
    )
    service.accounts.add(made)
    return made


def test_a_run_is_asked_for_told_in_the_log_and_hinted_after_the_commit(
    owner: User, service: Service, hints: list[str], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = start_check_run(user=owner, service=service)
        assert hints == []
    assert hints == [str(run.pk)]
    assert (run.status, run.requested_by, run.account) == (RunStatus.PENDING, owner, service.accounts.get())
    assert Event.objects.get(chain="checks:checkout").verb == "started the checks of"


def test_while_a_run_is_under_way_that_one_is_answered(owner: User, service: Service) -> None:
    first = start_check_run(user=owner, service=service)
    assert start_check_run(user=owner, service=service) == first
    assert CheckRun.objects.count() == 1


def test_with_several_accounts_the_plan_says_which_is_read(owner: User, service: Service) -> None:
    second = second_account(service)
    with pytest.raises(ValidationError, match="several AWS accounts"):
        start_check_run(user=owner, service=service)
    save_check_plan(user=owner, service=service, draft=CheckPlanDraft(account=second))
    assert start_check_run(user=owner, service=service).account == second


def test_a_retired_service_is_not_looked_at(owner: User, service: Service) -> None:
    Service.objects.update(is_retired=True)
    with pytest.raises(ValidationError, match="retired"):
        start_check_run(user=owner, service=service)


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor", "outsider"])
def test_only_owners_and_admins_run_and_plan_checks(service: Service, people: dict[str, User], role: str) -> None:
    with pytest.raises(PermissionDenied):
        start_check_run(user=people[role], service=service)
    with pytest.raises(PermissionDenied):
        save_check_plan(user=people[role], service=service, draft=CheckPlanDraft())


def test_a_plan_that_repeats_begins_at_once_and_one_on_demand_never(owner: User, service: Service) -> None:
    daily = CheckPlanDraft(interval=timedelta(days=1), names={"table": ("Orders",)})
    assert save_check_plan(user=owner, service=service, draft=daily).wake_at
    assert plan_of(service).names == {"table": ["Orders"]}
    assert save_check_plan(user=owner, service=service, draft=CheckPlanDraft()).wake_at is None
    changed = Event.objects.filter(chain="checks:checkout").latest("sequence").detail["changed"]
    assert changed["how often"] == {"from": "every 24 h", "to": "on demand"}


def test_saving_the_same_plan_again_writes_nothing(owner: User, service: Service) -> None:
    save_check_plan(user=owner, service=service, draft=CheckPlanDraft(tag_value="shop"))
    before = Event.objects.count()
    save_check_plan(user=owner, service=service, draft=CheckPlanDraft(tag_value=" shop "))
    assert Event.objects.count() == before


def test_every_problem_of_a_plan_is_told_by_field(owner: User, service: Service, account: AwsAccount) -> None:
    foreign = AwsAccount.objects.create(name="Foreign", team=account.team, account_id="210987654321")
    draft = CheckPlanDraft(foreign, timedelta(minutes=1), " ", "", {"spaceship": ("x",), "table": ("x" * 301,)})
    with pytest.raises(ValidationError) as refusal:
        save_check_plan(user=owner, service=service, draft=draft)
    assert set(refusal.value.message_dict) == {"account", "interval", "tag_key", "names"}
    assert not CheckPlan.objects.exists()
