"""Who may do what, from both sides, and whose objects somebody sees."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from portal.people.models import Membership, Role, Team, User
from portal.people.permissions import PERMISSIONS, Act, may, require, roles_of, teams_where, visible_teams

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(db: None) -> Team:
    return Team.objects.create(slug="other", name="Other")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("act", list(Act))
def test_a_role_permits_exactly_what_the_table_says(people: dict[str, User], team: Team, role: Role, act: Act) -> None:
    allowed = act in PERMISSIONS[role]
    assert may(people[role.value], act, team) == allowed
    assert teams_where(people[role.value], act).filter(pk=team.pk).exists() == allowed
    if allowed:
        require(people[role.value], act, team)
    else:
        with pytest.raises(PermissionDenied, match=str(act.value)):
            require(people[role.value], act, team)


def test_a_role_counts_in_its_own_team_only(people: dict[str, User], other: Team) -> None:
    assert not may(people["admin"], Act.VIEW, other)
    assert may(people["admin"], Act.VIEW)
    assert other not in visible_teams(people["admin"])


def test_every_role_may_look_and_only_admins_manage_people() -> None:
    assert all(Act.VIEW in acts for acts in PERMISSIONS.values())
    assert [role for role, acts in PERMISSIONS.items() if Act.MANAGE_PEOPLE in acts] == [Role.ADMIN]


def test_an_author_does_not_publish_and_an_approver_does_not_write() -> None:
    assert Act.PUBLISH_RUNBOOK not in PERMISSIONS[Role.AUTHOR]
    assert Act.EDIT_RUNBOOK not in PERMISSIONS[Role.APPROVER]


def test_strangers_and_the_inactive_may_nothing(people: dict[str, User], team: Team) -> None:
    people["admin"].is_active = False
    for user in (people["admin"], people["outsider"], AnonymousUser()):
        assert roles_of(user) == set()
        assert not may(user, Act.VIEW, team)
        assert not visible_teams(user).exists()
        assert not teams_where(user, Act.VIEW).exists()


def test_a_superuser_may_everything_everywhere(people: dict[str, User], other: Team) -> None:
    people["outsider"].is_superuser = True
    assert may(people["outsider"], Act.MANAGE_PEOPLE, other)
    assert other in visible_teams(people["outsider"])
    assert other in teams_where(people["outsider"], Act.START)


def test_several_roles_add_up_and_a_team_is_seen_once(people: dict[str, User], team: Team) -> None:
    Membership.objects.create(user=people["author"], team=team, role=Role.APPROVER)
    assert may(people["author"], Act.EDIT_RUNBOOK, team)
    assert may(people["author"], Act.PUBLISH_RUNBOOK, team)
    assert list(visible_teams(people["author"])) == [team]
