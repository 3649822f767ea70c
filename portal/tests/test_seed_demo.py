"""`manage.py seed_demo`: what it makes, that twice is once, that it changes nothing of yours, and where it refuses."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from assessments.models import CheckPlan
from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.catalogue.drafts import draft_of
from portal.catalogue.models import AwsAccount, Scope, Service
from portal.catalogue.rules import problems_of
from portal.catalogue.surroundings import around
from portal.people.demo import DEMO_USERS, PASSWORD
from portal.people.models import Membership, Role, Team, User
from portal.sandbox.sample import names as sandbox_names

pytestmark = pytest.mark.django_db


def seed() -> str:
    said = io.StringIO()
    call_command("seed_demo", stdout=said)
    return said.getvalue()


def test_the_demonstration_is_whole() -> None:
    seed()
    team = Team.objects.get(slug="mythical-mysfits")
    assert set(Membership.objects.filter(team=team).values_list("role", flat=True)) == set(Role.values)
    service = Service.objects.get(slug="mythical-mysfits")
    assert {row.scope for row in service.objectives.all()} == set(Scope.values)
    assert service.objectives.get(scope=Scope.REGION).rto == timedelta(minutes=15)
    assert [(need.provider.name, need.is_hard) for need in service.dependencies.order_by("provider__name")] == [
        ("Creature catalogue", True),
        ("Newsletter", False),
    ]
    account = AwsAccount.objects.get()
    assert (account.name, account.account_id, account.role_arn) == ("Sandbox", "123456789012", "")


def test_the_sign_ins_are_told_each_time() -> None:
    for said in (seed(), seed()):
        assert PASSWORD in said
        assert all(f"{each.username} ({each.role.label.lower()})" in said for each in DEMO_USERS)


def test_checks_know_the_resources_of_the_sample() -> None:
    seed()
    names = CheckPlan.objects.get(service__slug="mythical-mysfits").names
    assert set(names["table"]) == set(sandbox_names.TABLES)
    assert names["load_balancer"] == [sandbox_names.LOAD_BALANCER]
    assert f"{sandbox_names.CLUSTER}/{sandbox_names.CORE_SERVICE}" in names["ecs_service"]
    assert names["accelerator"] == [sandbox_names.ACCELERATOR]


def test_every_service_of_the_sample_obeys_the_rules() -> None:
    seed()
    for service in Service.objects.all():
        draft = draft_of(service)
        assert problems_of(draft, around(draft, service)) == []


def test_seeding_twice_adds_nothing_and_breaks_nothing() -> None:
    seed()
    counts = [model.objects.count() for model in (User, Membership, Service, AwsAccount, Event)]
    assert "services added" not in seed()
    assert [model.objects.count() for model in (User, Membership, Service, AwsAccount, Event)] == counts
    assert all(broken_link(chain) is None for chain in set(Event.objects.values_list("chain", flat=True)))


def test_what_somebody_changed_stays_changed() -> None:
    seed()
    olga = User.objects.get(username="olga")
    olga.set_password("her own password")
    olga.save()
    Service.objects.filter(slug="newsletter").update(description="ours")
    seed()
    olga.refresh_from_db()
    assert olga.check_password("her own password")
    assert Service.objects.get(slug="newsletter").description == "ours"


def test_the_entry_follows_the_port_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_GATEWAY_PORT", "6123")
    seed()
    service = Service.objects.get(slug="mythical-mysfits")
    assert service.entry_urls.get().url == "http://127.0.0.1:6123/"
    assert service.heartbeat_url == "http://127.0.0.1:6123/heartbeats"


def test_it_refuses_outside_the_sandbox(settings: Settings) -> None:
    settings.IS_SANDBOX = False
    with pytest.raises(CommandError, match="sandbox mode only"):
        seed()
    assert not User.objects.exists()
