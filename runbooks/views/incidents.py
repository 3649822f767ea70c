"""Pages of incidents. Each asks one operation and shows its refusal where it was typed; rules are in the operations."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from portal.audit.log import database_now
from portal.people.models import User
from portal.people.permissions import Act, may, visible_teams
from runbooks.forms.incidents import (
    IncidentForm,
    IncidentListForm,
    NoteForm,
    ResolveForm,
    SeverityForm,
    teams_of_responder,
)
from runbooks.forms.refusals import show_refusal
from runbooks.models import Incident
from runbooks.operations.incidents import add_note, change_severity, open_incident, resolve_incident
from runbooks.timelines import timeline
from runbooks.views.signed_in import person

PAGE = 25
REFUSED = 422


def visible_incidents(user: User) -> QuerySet[Incident]:
    """The incidents somebody may see, with what lists show."""
    return (
        Incident.objects.filter(team__in=visible_teams(user))
        .select_related("team", "opened_by", "resolved_by")
        .prefetch_related("services")
    )


@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    """Open ones first, then the newest."""
    user = person(request)
    filters = IncidentListForm(request.GET, user=user)
    incidents = filters.apply(visible_incidents(user)).annotate(runs=Count("executions", distinct=True))
    ordered = incidents.order_by(F("resolved_at").desc(nulls_first=True), "-opened_at")
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "page_obj": page,
        "incidents": page.object_list,
        "may_open": bool(teams_of_responder(user)),
        "now": database_now(),
    }
    return render(request, "runbooks/incident_list.html", context)


def incident_create(request: HttpRequest) -> HttpResponse:
    """Open an incident."""
    user = person(request)
    if not teams_of_responder(user):
        raise PermissionDenied("Opening an incident needs the role responder or admin in a team. Call a responder.")
    form = IncidentForm(request.POST or None, user=user, initial={"services": request.GET.getlist("service")})
    if request.method == "POST" and form.is_valid():
        try:
            incident = open_incident(user=user, **form.cleaned_data)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("incident_detail", incident.pk)
    status = REFUSED if form.is_bound else 200
    return render(request, "runbooks/incident_create.html", {"form": form}, status=status)


@require_GET
def incident_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One incident: what is known, who does what, what was run."""
    incident = get_object_or_404(visible_incidents(person(request)), pk=pk)
    return render(request, "runbooks/incident_detail.html", page_context(request, incident))


@require_GET
def incident_fragment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part that changes by itself; 204 while it looks as it did at `seen`."""
    incident = get_object_or_404(visible_incidents(person(request)), pk=pk)
    context = page_context(request, incident)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "runbooks/incident_timeline.html", context)


def page_context(request: HttpRequest, incident: Incident, **forms: Form) -> dict[str, Any]:
    """What the page and its fragment show; `forms` replaces those that were refused."""
    entries = timeline(incident)
    executions = list(incident.executions.select_related("version__runbook", "started_by"))
    may_manage = may(person(request), Act.MANAGE_INCIDENT, incident.team_id)
    return {
        "incident": incident,
        "entries": entries,
        "executions": executions,
        "seen": f"{len(entries)}-{incident.severity}-{sum(execution.revision for execution in executions)}",
        "may_manage": may_manage,
        "may_start": may(person(request), Act.START),
        "now": database_now(),
        "note_form": NoteForm(),
        "severity_form": SeverityForm(initial={"severity": incident.severity}, auto_id="severity-%s"),
        "resolve_form": ResolveForm(),
        **forms,
    }


def _act(
    request: HttpRequest,
    pk: UUID,
    form_name: str,
    form: Form,
    operation: Callable[[User, Incident, dict[str, Any]], object],
) -> HttpResponse:
    """Ask an operation with what was typed; its refusal is shown in the form, with everything typed still there."""
    user = person(request)
    incident = get_object_or_404(visible_incidents(user), pk=pk)
    if form.is_valid():
        try:
            operation(user, incident, form.cleaned_data)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("incident_detail", pk)
    context = page_context(request, incident, **{form_name: form})
    return render(request, "runbooks/incident_detail.html", context, status=REFUSED)


@require_POST
def incident_note(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a note. An htmx request gets the note form and the timeline back, others the page."""
    form = NoteForm(request.POST)
    answer = _act(
        request, pk, "note_form", form, lambda user, incident, typed: add_note(user=user, incident=incident, **typed)
    )
    if not request.htmx:  # type: ignore[attr-defined]
        return answer
    incident = get_object_or_404(visible_incidents(person(request)), pk=pk)
    forms = {"note_form": form} if form.errors else {}
    return render(request, "runbooks/incident_noted.html", page_context(request, incident, **forms), status=_code(form))


def _code(form: Form) -> int:
    return REFUSED if form.errors else 200


@require_POST
def incident_severity(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change the severity."""
    return _act(
        request,
        pk,
        "severity_form",
        SeverityForm(request.POST, auto_id="severity-%s"),
        lambda user, incident, typed: change_severity(user=user, incident=incident, **typed),
    )


@require_POST
def incident_resolve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close it with words."""

    def resolve(user: User, incident: Incident, typed: dict[str, Any]) -> None:
        resolve_incident(user=user, incident=incident, **typed)
        messages.success(request, "Resolved. Notes may still be added, for what comes to light later.")

    return _act(request, pk, "resolve_form", ResolveForm(request.POST), resolve)


urlpatterns = [
    path("incidents/", incident_list, name="incident_list"),
    path("incidents/open/", incident_create, name="incident_create"),
    path("incidents/<uuid:pk>/", incident_detail, name="incident_detail"),
    path("incidents/<uuid:pk>/fragment/", incident_fragment, name="incident_fragment"),
    path("incidents/<uuid:pk>/note/", incident_note, name="incident_note"),
    path("incidents/<uuid:pk>/severity/", incident_severity, name="incident_severity"),
    path("incidents/<uuid:pk>/resolve/", incident_resolve, name="incident_resolve"),
]
