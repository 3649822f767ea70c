"""Roles and tokens: who gives and takes them, what is refused, what the log says."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.people.models import ApiToken, Membership, Role, Team, User
from portal.people.operations import create_token, grant_role, revoke_role, revoke_token
from portal.people.permissions import Act, may

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=30)


def test_an_admin_gives_a_role_and_the_log_says_so(people: dict[str, User], team: Team) -> None:
    grant_role(user=people["admin"], person=people["outsider"], team=team, role=Role.VIEWER)
    assert may(people["outsider"], Act.VIEW, team)
    event = Event.objects.get(chain="people:shop")
    assert (event.actor, event.team, event.detail["role"]) == (people["admin"], team, "Viewer")


def test_the_same_role_twice_is_given_and_told_once(people: dict[str, User], team: Team) -> None:
    for _ in range(2):
        grant_role(user=people["admin"], person=people["outsider"], team=team, role=Role.VIEWER)
    assert Event.objects.count() == 1


@pytest.mark.parametrize("role", ["viewer", "owner", "approver", "auditor", "outsider"])
def test_nobody_else_gives_or_takes_roles(people: dict[str, User], team: Team, role: str) -> None:
    with pytest.raises(PermissionDenied):
        grant_role(user=people[role], person=people[role], team=team, role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        revoke_role(user=people[role], membership=Membership.objects.get(user=people["admin"]))
    assert not Event.objects.exists()


def test_an_admin_of_another_team_gives_no_roles_here(people: dict[str, User], team: Team) -> None:
    other = Team.objects.create(slug="other", name="Other")
    Membership.objects.create(user=people["outsider"], team=other, role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        grant_role(user=people["outsider"], person=people["outsider"], team=team, role=Role.VIEWER)


def test_an_inactive_person_gets_no_role(people: dict[str, User], team: Team) -> None:
    people["outsider"].is_active = False
    people["outsider"].save()
    with pytest.raises(ValidationError, match="no longer active"):
        grant_role(user=people["admin"], person=people["outsider"], team=team, role=Role.VIEWER)


def test_a_role_is_taken_away(people: dict[str, User], team: Team) -> None:
    revoke_role(user=people["admin"], membership=Membership.objects.get(user=people["owner"]))
    assert not may(people["owner"], Act.EDIT_SERVICE, team)
    assert Event.objects.get().verb == "revoked the role owner of"
    assert broken_link("people:shop") is None


def test_a_team_keeps_its_last_active_admin(people: dict[str, User], team: Team) -> None:
    membership = Membership.objects.get(user=people["admin"])
    people["viewer"].is_active = False
    people["viewer"].save()
    Membership.objects.create(user=people["viewer"], team=team, role=Role.ADMIN)
    with pytest.raises(ValidationError, match="last admin"):
        revoke_role(user=people["admin"], membership=membership)
    Membership.objects.create(user=people["owner"], team=team, role=Role.ADMIN)
    revoke_role(user=people["admin"], membership=membership)
    assert not Membership.objects.filter(pk=membership.pk).exists()


def test_a_token_is_made_and_only_its_digest_is_kept(people: dict[str, User]) -> None:
    token, secret = create_token(user=people["owner"], name=" nightly report ", lifetime=MONTH)
    assert token.name == "nightly report"
    assert secret not in str(ApiToken.objects.values())
    event = Event.objects.get()
    assert event.detail["token"] == "nightly report"
    assert secret not in str(event.detail)


def test_all_problems_of_a_token_are_listed(people: dict[str, User]) -> None:
    with pytest.raises(ValidationError) as error:
        create_token(user=people["owner"], name=" ", lifetime=timedelta(days=366))
    assert set(error.value.message_dict) == {"name", "lifetime"}


def test_a_name_is_used_once_by_each_person(people: dict[str, User]) -> None:
    create_token(user=people["owner"], name="report", lifetime=MONTH)
    create_token(user=people["viewer"], name="report", lifetime=MONTH)
    with pytest.raises(ValidationError, match="already"):
        create_token(user=people["owner"], name="report", lifetime=MONTH)


def test_a_token_of_somebody_without_a_team_is_recorded_too(people: dict[str, User]) -> None:
    create_token(user=people["outsider"], name="report", lifetime=MONTH)
    assert Event.objects.get().chain == "people"


def test_a_token_is_revoked_by_its_owner_only(people: dict[str, User]) -> None:
    token, _ = create_token(user=people["owner"], name="report", lifetime=MONTH)
    with pytest.raises(ValidationError, match="somebody else"):
        revoke_token(user=people["admin"], token=token)
    revoke_token(user=people["owner"], token=token)
    assert not ApiToken.objects.exists()
    assert Event.objects.order_by("-sequence")[0].verb == "revoked the API token"
