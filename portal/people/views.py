"""Pages of people: who holds which role in one's teams, and one's own API tokens."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.people.forms import GrantForm, TokenForm
from portal.people.models import ApiToken, Membership, Role, Team, User
from portal.people.operations import create_token, grant_role, revoke_role, revoke_token
from portal.people.permissions import PERMISSIONS, Act, teams_where, visible_teams
from portal.people.signed_in import person

REFUSED = 422


@require_GET
def person_list(request: HttpRequest) -> HttpResponse:
    """The people of one's teams and their roles."""
    return _people_page(request, None)


@require_POST
def role_grant(request: HttpRequest, slug: str) -> HttpResponse:
    """Give somebody a role in a team."""
    user = person(request)
    team = get_object_or_404(visible_teams(user), slug=slug)
    form = GrantForm(request.POST, team=team)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            membership = grant_role(user=user, person=form.cleaned_data["person"], team=team, role=role)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{membership.user.shown_name} is now {role.label.lower()} of {team}.")
            return redirect(f"{reverse('person_list')}#{team.slug}")
    return _people_page(request, form)


@require_POST
def role_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a role away."""
    user = person(request)
    rows = Membership.objects.filter(team__in=visible_teams(user)).select_related("user", "team")
    membership = get_object_or_404(rows, pk=pk)
    try:
        revoke_role(user=user, membership=membership)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        role = Role(membership.role).label.lower()
        messages.success(request, f"{membership.user.shown_name} is no longer {role} of {membership.team}.")
    return redirect(f"{reverse('person_list')}#{membership.team.slug}")


@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own API tokens. A new one is shown in the answer that made it and never again."""
    user = person(request)
    form, secret = TokenForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = create_token(user=user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
    tokens = ApiToken.objects.filter(user=user)
    refused = form.is_bound and not secret
    context = {"form": TokenForm() if secret else form, "tokens": tokens, "secret": secret, "nav": "token_list"}
    return render(request, "people/token_list.html", context, status=REFUSED if refused else 200)


@require_POST
def token_revoke(request: HttpRequest) -> HttpResponse:
    """Make one of one's own tokens worthless."""
    user = person(request)
    token = get_object_or_404(ApiToken, user=user, name=request.POST.get("name", ""))
    revoke_token(user=user, token=token)
    messages.success(request, f"The token {token.name} is revoked. Whoever still uses it is refused from now on.")
    return redirect("token_list")


def _people_page(request: HttpRequest, refused: GrantForm | None) -> HttpResponse:
    user = person(request)
    manageable = set(teams_where(user, Act.MANAGE_PEOPLE).values_list("pk", flat=True))
    rows = (
        Membership.objects.filter(team__in=visible_teams(user))
        .select_related("user", "team")
        .order_by("team__name", "user__first_name", "user__last_name", "user__username", "pk")
    )
    by_team = {team: list(held) for team, held in groupby(rows, key=lambda row: row.team)}
    teams = [_team(team, by_team.get(team, []), team.pk in manageable, refused) for team in visible_teams(user)]
    meanings = [(role, ", ".join(sorted(act.value for act in acts))) for role, acts in PERMISSIONS.items()]
    context = {"teams": teams, "meanings": meanings}
    return render(request, "people/person_list.html", context, status=REFUSED if refused else 200)


def _team(team: Team, rows: list[Membership], may_manage: bool, refused: GrantForm | None) -> dict[str, Any]:
    people: dict[User, list[Membership]] = {}
    for row in rows:
        people.setdefault(row.user, []).append(row)
    form = refused if refused is not None and refused.team == team else GrantForm(team=team)
    return {"team": team, "people": people, "may_manage": may_manage, "form": form}
