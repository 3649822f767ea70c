"""What each role may do, in one table, and the two questions asked of it. Operations ask; templates never decide.

A question is always about a team, because every object belongs to one. Somebody who may not even see a team's
objects is told that they do not exist (404), never that they are forbidden.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from portal.people.models import Membership, Role, Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Act(StrEnum):
    """Everything a person may or may not do to the objects of a team."""

    VIEW = "view"
    EDIT_SERVICE = "edit a service"
    EDIT_ACCOUNT = "edit an AWS account"
    EDIT_RUNBOOK = "edit a runbook"
    PUBLISH_RUNBOOK = "publish a runbook"
    START = "start an execution"
    CONTROL = "control an execution"
    APPROVE = "approve a step"
    MANAGE_INCIDENT = "manage an incident"
    VIEW_AUDIT = "read the audit log"
    MANAGE_PEOPLE = "manage people"


_EVERYTHING = frozenset(Act)
PERMISSIONS: dict[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset({Act.VIEW}),
    Role.OWNER: frozenset({Act.VIEW, Act.EDIT_SERVICE}),
    Role.AUTHOR: frozenset({Act.VIEW, Act.EDIT_RUNBOOK}),
    Role.APPROVER: frozenset({Act.VIEW, Act.PUBLISH_RUNBOOK, Act.APPROVE}),
    Role.RESPONDER: frozenset({Act.VIEW, Act.START, Act.CONTROL, Act.MANAGE_INCIDENT}),
    Role.AUDITOR: frozenset({Act.VIEW, Act.VIEW_AUDIT}),
    Role.ADMIN: _EVERYTHING,
}


def roles_of(user: "User | AnonymousUser", team: Team | int | None = None) -> set[Role]:
    """The roles a person holds, in one team or in any."""
    if not user.is_authenticated or not user.is_active:
        return set()
    if user.is_superuser:
        return {Role.ADMIN}
    memberships = Membership.objects.filter(user_id=user.pk)
    if team is not None:
        memberships = memberships.filter(team_id=team.pk if isinstance(team, Team) else team)
    return {Role(value) for value in memberships.values_list("role", flat=True)}


def may(user: "User | AnonymousUser", act: Act, team: Team | int | None = None) -> bool:
    """Whether somebody may do this to the objects of a team (to those of any team where none is named)."""
    return any(act in PERMISSIONS[role] for role in roles_of(user, team))


def require(user: "User | AnonymousUser", act: Act, team: Team | int) -> None:
    """Raise `PermissionDenied` with a sentence that says which role is missing, unless `may` holds."""
    if may(user, act, team):
        return
    able = ", ".join(role.label.lower() for role, acts in PERMISSIONS.items() if act in acts)
    raise PermissionDenied(
        f"You may not {act.value} here: it needs one of the roles {able} in this team. Ask an admin of the team."
    )


def visible_teams(user: "User | AnonymousUser") -> QuerySet[Team]:
    """The teams whose objects somebody may see; list pages and APIs filter by it."""
    if not user.is_authenticated or not user.is_active:
        return Team.objects.none()
    if user.is_superuser:
        return Team.objects.all()
    return Team.objects.filter(memberships__user_id=user.pk).distinct()


def teams_where(user: "User | AnonymousUser", act: Act) -> QuerySet[Team]:
    """The teams in which somebody may do this: what a form offers. `require` decides in the end."""
    if not user.is_authenticated or not user.is_active:
        return Team.objects.none()
    if user.is_superuser:
        return Team.objects.all()
    able = [role for role, acts in PERMISSIONS.items() if act in acts]
    return Team.objects.filter(pk__in=Membership.objects.filter(user_id=user.pk, role__in=able).values("team"))
