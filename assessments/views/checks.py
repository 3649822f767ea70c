"""Pages of automated checks of one service: what each saw last, looking now, and how often by itself."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from assessments.checks.examination import Check
from assessments.checks.registry import CHECKS
from assessments.evidence_age import Proof
from assessments.forms.assessments import show_refusal
from assessments.forms.checks import CheckPlanForm
from assessments.models import CheckResult, CheckRun
from assessments.operations.checks import plan_of, save_check_plan, start_check_run
from assessments.operations.standings import newest_proofs
from portal.audit.log import database_now
from portal.catalogue.models import Service
from portal.catalogue.visible import visible_services
from portal.people.models import User
from portal.people.permissions import Act, may
from portal.people.signed_in import person

REFUSED = 422
# What needs somebody first; a check that was never run comes last.
_ORDER = {"Failed": 0, "Unavailable": 1, "Nothing to check": 2, "Passed": 3, "": 4}


@dataclass(frozen=True)
class CheckLine:
    """One check and what it said last; `proof` is its newest result that passed or failed, with its worth now."""

    check: Check
    result: CheckResult | None
    proof: Proof | None
    percent: int

    @property
    def outcome(self) -> str:
        return self.result.outcome if self.result else ""


@require_GET
def check_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every check of a service with its newest result."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    return render(request, "assessments/check_list.html", _page(user, service, None))


@require_GET
def check_fragment(request: HttpRequest, slug: str) -> HttpResponse:
    """The live parts of the page; asked for every two seconds while a run is under way."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    return render(request, "assessments/check_fragment.html", _page(user, service, None) | {"is_fragment": True})


@require_POST
def check_run_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a service looked at now."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    try:
        start_check_run(user=user, service=service)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, "The checks begin. This page shows what they see.")
    return redirect("check_list", slug)


@require_POST
def check_plan_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how often a service is looked at and which resources are its own."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    form = CheckPlanForm(request.POST, service=service, plan=plan_of(service))
    if form.is_valid():
        try:
            save_check_plan(user=user, service=service, draft=form.draft())
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The plan is saved.")
            return redirect("check_list", slug)
    return render(request, "assessments/check_list.html", _page(user, service, form), status=REFUSED)


def _page(user: User, service: Service, form: CheckPlanForm | None) -> dict[str, Any]:
    lines = _lines(service)
    run = CheckRun.objects.filter(service=service).select_related("requested_by", "account").first()
    plan = plan_of(service)
    return {
        "nav": "service_list",
        "service": service,
        "lines": lines,
        "counts": {word: sum(line.outcome == word for line in lines) for word in _ORDER if word},
        "run": run,
        "is_running": run is not None and not run.is_final,
        "seen": run.results.count() if run else 0,
        "total": len(CHECKS),
        "plan": plan,
        "form": form or CheckPlanForm(service=service, plan=plan),
        "may_edit": not service.is_retired and may(user, Act.EDIT_SERVICE, service.team_id),
    }


def _lines(service: Service) -> list[CheckLine]:
    """The checks with what needs somebody first."""
    said = CheckResult.objects.filter(service=service).order_by()
    newest = said.values("check_name").annotate(newest=Max("pk")).values("newest")
    results = {row.check_name: row for row in CheckResult.objects.filter(pk__in=newest)}
    proofs, now = newest_proofs(service), database_now()
    lines = [_line(check, results, proofs, now) for check in CHECKS.values()]
    return sorted(lines, key=lambda line: _ORDER.get(line.outcome, 1))


def _line(check: Check, results: dict[str, CheckResult], proofs: dict[str, Proof], now: Any) -> CheckLine:
    proof = proofs.get(check.name)
    return CheckLine(check, results.get(check.name), proof, proof.percent(now) if proof else 0)


urlpatterns = [
    path("services/<slug:slug>/checks/", check_list, name="check_list"),
    path("services/<slug:slug>/checks/fragment/", check_fragment, name="check_fragment"),
    path("services/<slug:slug>/checks/run/", check_run_start, name="check_run_start"),
    path("services/<slug:slug>/checks/plan/", check_plan_edit, name="check_plan_edit"),
]
