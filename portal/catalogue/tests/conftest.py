"""A second service, another team, and the draft of a service that nothing is wrong with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.catalogue.drafts import EntryUrlDraft, KpiDraft, ObjectiveDraft, ServiceDraft
from portal.catalogue.models import AwsAccount, Objective, Scope, Service, Strategy, Tier
from portal.people.models import Membership, Role, Team, User

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def other_team(db: None) -> Team:
    return Team.objects.create(slug="warehouse", name="Warehouse")


@pytest.fixture
def stranger(other_team: Team) -> User:
    """An admin, but of another team."""
    user = User.objects.create_user("stranger", "stranger@example.test", "password for tests")
    Membership.objects.create(user=user, team=other_team, role=Role.ADMIN)
    return user


@pytest.fixture
def payments(team: Team, people: dict[str, User]) -> Service:
    """A provider as strong as `service`: same tier, same objective for the loss of a Region."""
    made = Service.objects.create(
        slug="payments",
        name="Payments",
        team=team,
        owner=people["owner"],
        tier=Tier.CRITICAL,
        strategy=Strategy.WARM_STANDBY,
        primary_region="us-west-2",
        recovery_regions=["us-east-1"],
    )
    Objective.objects.create(service=made, scope=Scope.REGION, rto=15 * MINUTE, rpo=MINUTE, mtd=4 * HOUR)
    return made


@pytest.fixture
def draft(team: Team, people: dict[str, User], account: AwsAccount) -> ServiceDraft:
    """Everything filled in, nothing wrong."""
    return ServiceDraft(
        name="Delivery",
        team=team,
        owner=people["owner"],
        deputy=people["responder"],
        description="Brings it home.",
        tier=Tier.CRITICAL,
        strategy=Strategy.PILOT_LIGHT,
        primary_region="us-west-2",
        recovery_regions=("us-east-1",),
        accounts=(account,),
        objectives=(
            ObjectiveDraft(Scope.REGION, HOUR, 5 * MINUTE, 4 * HOUR),
            ObjectiveDraft(Scope.ZONE, 5 * MINUTE, timedelta(0), HOUR),
        ),
        entry_urls=(EntryUrlDraft("https://delivery.example.com/health"),),
        kpis=(KpiDraft("Parcels per minute", "Delivery", "Parcels", "1/min", {"Stage": "prod"}),),
        heartbeat_url="https://delivery.example.com/heartbeats",
        heartbeat_table="delivery-heartbeats",
    )


def with_region_objective(draft: ServiceDraft, rto: timedelta, rpo: timedelta, mtd: timedelta) -> ServiceDraft:
    """The draft with one objective only, for the loss of a Region."""
    return replace(draft, objectives=(ObjectiveDraft(Scope.REGION, rto, rpo, mtd),))
