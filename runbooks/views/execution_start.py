"""Starting an execution from the browser: choosing a runbook, and the page that says what will happen."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from portal.people.models import User
from portal.people.permissions import Act, may, require, visible_teams
from runbooks.boards import plan_of, visible_executions
from runbooks.forms.executions import StartForm
from runbooks.forms.refusals import show_refusal
from runbooks.masking import has_mask
from runbooks.models import ACTIVE_STATUSES, Execution, Incident, Purpose, RunbookVersion, VersionStatus
from runbooks.operations.executions import start_execution
from runbooks.views.signed_in import person

REFUSED = 422


def startable_versions(user: User) -> QuerySet[RunbookVersion]:
    """The newest published version of each runbook of the person's teams that is not archived."""
    published = RunbookVersion.objects.filter(status=VersionStatus.PUBLISHED)
    newest = published.filter(runbook=OuterRef("runbook")).order_by("-number").values("pk")[:1]
    return (
        published.filter(pk=Subquery(newest), runbook__team__in=visible_teams(user), runbook__is_archived=False)
        .select_related("runbook__team")
        .order_by("runbook__name")
    )


@require_GET
def execution_choose(request: HttpRequest) -> HttpResponse:
    """Which runbook? The question keeps the incident or service it was asked for."""
    user = person(request)
    text = request.GET.get("text", "").strip()
    versions = startable_versions(user).filter(runbook__name__icontains=text)
    kept = {name: request.GET[name] for name in ("incident", "service") if request.GET.get(name)}
    context = {
        "versions": [(version, may(user, Act.START, version.runbook.team_id)) for version in versions],
        "text": text,
        "kept": kept,
        "incident": visible_incident(user, kept.get("incident")),
    }
    return render(request, "runbooks/execution_choose.html", context)


def visible_incident(user: User, text: str | None) -> Incident | None:
    """The open incident an address names, if the person may see it."""
    try:
        found = Incident.objects.filter(pk=UUID(text or ""), resolved_at__isnull=True, team__in=visible_teams(user))
    except ValueError:
        return None
    return found.first()


@require_http_methods(["GET", "POST"])
def execution_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a version: its parameters, what will happen, and every problem at once."""
    user = person(request)
    version = get_object_or_404(
        RunbookVersion.objects.select_related("runbook__team").filter(runbook__team__in=visible_teams(user)), pk=pk
    )
    require(user, Act.START, version.runbook.team_id)
    if version.status != VersionStatus.PUBLISHED:
        raise ValidationError(f"{version} is a draft. Publish it first, or start a published version.")
    values, initial = _prefilled(user, request)
    form = StartForm(request.POST or None, user=user, version=version, values=values, initial=initial)
    context: dict[str, Any] = {"form": form, "version": version}
    if request.method == "POST" and form.is_valid():
        try:
            execution = start_execution(user=user, version=version, **form.said())
        except ValidationError as refusal:
            show_refusal(form, refusal)
            context["running"] = _running(user, version, form)
        else:
            return redirect("execution_detail", execution.pk)
    plan = plan_of(version)
    context |= {"plan": plan, "effects": Counter(step.effect for step in plan)}
    return render(request, "runbooks/execution_start.html", context, status=REFUSED if form.is_bound else 200)


def _prefilled(user: User, request: HttpRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and choices to begin with: those of the execution to run `again`, else what the address names."""
    incident = visible_incident(user, request.GET.get("incident"))
    services = list(incident.services.all()[:2]) if incident else []
    only = services[0] if len(services) == 1 else None
    initial: dict[str, Any] = {
        "incident": incident,
        "purpose": Purpose.INCIDENT if incident else Purpose.ALONE,
        "service": request.GET.get("service") or (only.slug if only else None),
    }
    again = _again(user, request.GET.get("again"))
    if again is None:
        return {}, initial
    values = {name: value for name, value in again.parameters.items() if not has_mask(value)}
    about = {
        "incident": again.incident,
        "purpose": Purpose.INCIDENT if again.incident and again.incident.is_open else Purpose.ALONE,
        "service": again.service.slug if again.service else None,
        "account": again.account_id,
        "region": again.region,
        "reason": again.reason,
        "asks_on_failure": again.asks_on_failure,
        "is_stepwise": again.is_stepwise,
    }
    return values, about


def _again(user: User, text: str | None) -> Execution | None:
    try:
        return visible_executions(user).filter(pk=UUID(text or "")).first()
    except ValueError:
        return None


def _running(user: User, version: RunbookVersion, form: StartForm) -> Execution | None:
    """The execution that holds the place of the refused one, so that the page can lead there."""
    same = visible_executions(user).filter(version__runbook=version.runbook, service=form.cleaned_data.get("service"))
    return same.filter(status__in=ACTIVE_STATUSES).first()
