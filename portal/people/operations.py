"""What people may do about each other and about their own API tokens. Both end in the audit log.

Not here: accounts and passwords, which an operator makes with Django's commands and allauth keeps.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from portal.audit import log
from portal.people.models import ApiToken, Membership, Role, Team, User
from portal.people.permissions import Act, require

LONGEST_TOKEN = timedelta(days=365)


@transaction.atomic
def grant_role(*, user: User, person: User, team: Team, role: Role) -> Membership:
    """Give somebody a role in a team. The same role again changes nothing."""
    require(user, Act.MANAGE_PEOPLE, team)
    if not person.is_active:
        raise ValidationError({"person": f"{person.shown_name} is no longer active; activate the account first."})
    membership, is_new = Membership.objects.get_or_create(user=person, team=team, role=role)
    if is_new:
        detail = {"role": role.label, "team": team.name}
        log.record(
            _chain(team), f"granted the role {role.value} to", person.shown_name, actor=user, detail=detail, team=team
        )
    return membership


@transaction.atomic
def revoke_role(*, user: User, membership: Membership) -> None:
    """Take a role away. A team keeps at least one active admin, or nobody could ever change it again."""
    team = Team.objects.select_for_update().get(pk=membership.team_id)
    require(user, Act.MANAGE_PEOPLE, team)
    person, role = membership.user, Role(membership.role)
    if role == Role.ADMIN:
        others = Membership.objects.filter(team=team, role=Role.ADMIN, user__is_active=True).exclude(pk=membership.pk)
        if not others.exists():
            raise ValidationError(
                f"{person.shown_name} is the last admin of {team}. Give the role to somebody else first."
            )
    deleted, _ = Membership.objects.filter(pk=membership.pk).delete()
    if deleted:
        detail = {"role": role.label, "team": team.name}
        log.record(
            _chain(team), f"revoked the role {role.value} of", person.shown_name, actor=user, detail=detail, team=team
        )


@transaction.atomic
def create_token(*, user: User, name: str, lifetime: timedelta) -> tuple[ApiToken, str]:
    """Make an API token for oneself. The second value is the token itself; it is shown once and kept nowhere."""
    problems: dict[str, str] = {}
    name = name.strip()
    if not name or len(name) > 60:
        problems["name"] = "Say in at most 60 characters what the token is for."
    elif ApiToken.objects.filter(user=user, name=name).exists():
        problems["name"] = f"You have a token called {name} already. Revoke it or choose another name."
    if not timedelta(0) < lifetime <= LONGEST_TOKEN:
        problems["lifetime"] = f"A token lives at most {LONGEST_TOKEN.days} days."
    if problems:
        raise ValidationError(problems)
    token, secret = ApiToken.objects.create(user, expiry=lifetime, name=name)
    detail = {"token": name, "expires": f"{token.expiry:%Y-%m-%d %H:%M} UTC"}
    _record_for_teams(user, "created the API token", name, detail)
    return token, secret


@transaction.atomic
def revoke_token(*, user: User, token: ApiToken) -> None:
    """Make one's own token worthless at once."""
    if token.user_id != user.pk:
        raise ValidationError("This token is somebody else's.")
    token.delete()
    _record_for_teams(user, "revoked the API token", token.name, {"token": token.name})


def _chain(team: Team) -> str:
    return f"people:{team.slug}"


def _record_for_teams(user: User, verb: str, subject: str, detail: dict[str, str]) -> None:
    """A token opens every team of its owner: each team's auditors see it in a chain of their own."""
    teams = list(Team.objects.filter(memberships__user=user).distinct())
    if not teams:
        log.record("people", verb, subject, actor=user, detail=detail)
    for team in teams:
        log.record(_chain(team), verb, subject, actor=user, detail=detail, team=team)
