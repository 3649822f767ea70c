"""Starting a drill from the browser: the plan, the parameters of each part's runbook, and every problem at once."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from portal.catalogue.models import Service
from portal.people.models import User
from portal.people.permissions import Act, may, visible_teams
from runbooks.forms.drills import DrillForm, PartForm, sample_choices
from runbooks.forms.refusals import show_refusal
from runbooks.models import Drill
from runbooks.operations.drills import running_drill, start_drill
from runbooks.parts import PARTS
from runbooks.views.execution_start import startable_versions
from runbooks.views.signed_in import person

REFUSED = 422
TEN_MINUTES = timedelta(minutes=10)


@require_http_methods(["GET", "POST"])
def drill_start(request: HttpRequest) -> HttpResponse:
    """Plan a drill and start it. What the address names (service, scope, runbooks, `sample`) is filled in."""
    user = person(request)
    if not may(user, Act.START):
        raise PermissionDenied(
            "Starting a drill needs the role responder or admin in a team. Ask an admin of the team."
        )
    sent = request.POST if request.method == "POST" else None
    form = DrillForm(sent, user=user, versions=startable_versions(user), initial=_initial(user, request.GET))
    part_forms = _part_forms(user, form.initial if sent is None else sent)
    ten_minutes = TEN_MINUTES * settings.TIME_SCALE
    context: dict[str, Any] = {"form": form, "part_forms": part_forms, "running": None, "ten_minutes": ten_minutes}
    if form.is_bound and form.is_valid():
        service = form.cleaned_data["service"]
        drill = _started(user, form, part_forms)
        if drill is not None:
            return redirect("drill_detail", drill.pk)
        context["running"] = running_drill(service) if service else None
    return render(request, "runbooks/drill_start.html", context, status=REFUSED if form.is_bound else 200)


@require_GET
def drill_parameters(request: HttpRequest) -> HttpResponse:
    """The fields of the chosen runbooks' parameters, asked for when a choice changes."""
    return render(request, "runbooks/drill_parameters.html", {"part_forms": _part_forms(person(request), request.GET)})


def _started(user: User, form: DrillForm, part_forms: list[PartForm]) -> Drill | None:
    """The drill, or None with every problem shown in the forms."""
    # A part whose fields were not on the page goes with its defaults; every other one is asked, for all its problems.
    shown = [part_form for part_form in part_forms if part_form.is_bound]
    said = form.said({part_form.part: part_form.given() for part_form in shown if part_form.is_valid()})
    if form.errors or any(part_form.errors for part_form in shown):
        return None
    try:
        return start_drill(user=user, **said)
    except ValidationError as refusal:
        problems = refusal.message_dict if hasattr(refusal, "error_dict") else {"__all__": refusal.messages}
        for part_form in part_forms:
            part_form.take(problems)
        if problems:
            show_refusal(form, ValidationError(problems))
        return None


def _initial(user: User, asked: QueryDict) -> dict[str, Any]:
    """What the form begins with: the sample drill's choices when asked for, else what the address names."""
    sample = sample_choices(user, startable_versions(user)) if asked.get("sample") else {}
    named = {name: asked[name] for name in ("service", "scope", "title", *PARTS) if asked.get(name)}
    return {"participants": [user.pk], **sample, **named}


def _part_forms(user: User, chosen: Any) -> list[PartForm]:
    """A form for each part whose runbook is chosen; bound where the fields of that version were sent along."""
    versions = startable_versions(user)
    service = Service.objects.filter(slug=chosen.get("service") or "", team__in=visible_teams(user)).first()
    forms = []
    for part in PARTS:
        number = str(chosen.get(part) or "")
        version = versions.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
        if version is not None:
            is_typed = isinstance(chosen, QueryDict) and chosen.get(f"{part}-version") == number
            forms.append(PartForm(chosen if is_typed else None, part=part, version=version, service=service))
    return forms
