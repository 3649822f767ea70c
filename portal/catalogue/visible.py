"""What somebody may see of the catalogue. Lists, pages, choices of forms and the API all begin here."""

from typing import TYPE_CHECKING

from django.db.models import Min, QuerySet

from portal.catalogue.models import AwsAccount, Service
from portal.people.models import Team, User
from portal.people.permissions import visible_teams

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def visible_services(user: "User | AnonymousUser") -> QuerySet[Service]:
    """Services of one's teams, the retired ones too."""
    return Service.objects.filter(team__in=visible_teams(user)).select_related("team", "owner", "deputy")


def listed_services(user: "User | AnonymousUser") -> QuerySet[Service]:
    """`visible_services` with what a list shows: the strictest RTO and RPO of all scopes."""
    return visible_services(user).annotate(strictest_rto=Min("objectives__rto"), strictest_rpo=Min("objectives__rpo"))


def visible_accounts(user: "User | AnonymousUser") -> QuerySet[AwsAccount]:
    """AWS accounts of one's teams."""
    return AwsAccount.objects.filter(team__in=visible_teams(user)).select_related("team")


def possible_owners(teams: QuerySet[Team]) -> QuerySet[User]:
    """Active members of the teams, by name."""
    members = User.objects.filter(memberships__team__in=teams, is_active=True).distinct()
    return members.order_by("first_name", "last_name", "username")
