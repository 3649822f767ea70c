"""Pages about whole assessments: list, start, overview, milestones, upgrade, closing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments.forms.assessments import AssessmentListForm, MilestoneForm, StartForm, show_refusal
from assessments.models import Assessment
from assessments.operations.assessments import (
    close_assessment,
    newer_version,
    preview_upgrade,
    start_assessment,
    upgrade_assessment,
)
from assessments.operations.milestones import is_unchanged, record_milestone
from assessments.operations.shelf import dropped_answers, find_assessment, results_for, visible_assessments
from assessments.operations.standings import named_in_milestone
from assessments.results import Results, next_unanswered
from portal.audit.models import Event
from portal.audit.reading import reading_of
from portal.people.models import User
from portal.people.permissions import Act, may, require, teams_where
from portal.people.signed_in import person

PAGE, HISTORY = 25, 10
REFUSED = 422


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    assessment: Assessment
    results: Results


@require_GET
def assessment_list(request: HttpRequest) -> HttpResponse:
    """The assessments of one's teams with progress and risks."""
    user = person(request)
    form = AssessmentListForm(request.GET, user=user)
    found = form.apply(visible_assessments(user)).prefetch_related("answers")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [Row(each, results_for(each, list(each.answers.all()))) for each in page.object_list]
    context = {"form": form, "page_obj": page, "rows": rows, "may_start": teams_where(user, Act.EDIT_SERVICE).exists()}
    return render(request, "assessments/assessment_list.html", context)


@require_http_methods(["GET", "POST"])
def assessment_start(request: HttpRequest) -> HttpResponse:
    """Choose a service and a lens; `?service=` and `?lens=` choose beforehand."""
    user = person(request)
    if not teams_where(user, Act.EDIT_SERVICE).exists():
        require(user, Act.EDIT_SERVICE, 0)
    form = StartForm(request.POST or None, initial=request.GET.dict(), user=user)
    if request.method == "POST" and form.is_valid():
        try:
            assessment = start_assessment(user=user, **form.cleaned_data)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("assessment_detail", pk=assessment.pk)
    context = {"form": form, "nav": "assessment_list"}
    return render(request, "assessments/assessment_start.html", context, status=REFUSED if form.errors else 200)


@require_GET
def assessment_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where an assessment stands: risks, pillars with progress, milestones, what happened."""
    user = person(request)
    assessment = find_assessment(user, pk)
    return render(request, "assessments/assessment_detail.html", _overview(user, assessment, MilestoneForm()))


def _overview(user: User, assessment: Assessment, form: MilestoneForm) -> dict[str, Any]:
    results = results_for(assessment)
    events = Event.objects.filter(chain=f"assessment:{assessment.pk}").select_related("actor").order_by("-sequence")
    return {
        "nav": "assessment_list",
        "assessment": assessment,
        "results": results,
        "unanswered": next_unanswered(results),
        "newer": newer_version(assessment) if assessment.is_open else None,
        "dropped": dropped_answers(assessment),
        "milestones": assessment.milestones.select_related("recorded_by", "lens_version").defer(
            "content", "lens_version__text", "lens_version__content"
        ),
        "history": [reading_of(event) for event in events[:HISTORY]],
        "milestone_form": form,
        "may_edit": assessment.is_open and may(user, Act.EDIT_SERVICE, assessment.service.team_id),
    }


@require_POST
def milestone_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze the assessment as it is now."""
    user = person(request)
    assessment = find_assessment(user, pk)
    form = MilestoneForm(request.POST)
    if form.is_valid():
        try:
            milestone = record_milestone(user=user, assessment=assessment, name=form.cleaned_data["name"])
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"Milestone {milestone.number} is recorded.")
            return redirect("milestone_detail", pk=assessment.pk, number=milestone.number)
    context = _overview(user, assessment, form)
    return render(request, "assessments/assessment_detail.html", context, status=REFUSED)


@require_GET
def milestone_detail(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """An assessment as it was: every answer and every risk, read from the milestone alone."""
    assessment = find_assessment(person(request), pk)
    milestone = assessment.milestones.select_related("recorded_by").filter(number=number).first()
    if milestone is None:
        raise Http404(f"There is no milestone {number} of this assessment.")
    context = {
        "nav": "assessment_list",
        "assessment": assessment,
        "milestone": milestone,
        "content": milestone.content,
        "named": named_in_milestone(assessment, milestone.content),
        "is_unchanged": is_unchanged(milestone),
    }
    return render(request, "assessments/milestone_detail.html", context)


@require_http_methods(["GET", "POST"])
def assessment_upgrade(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the newest version of the lens would change, and taking it."""
    user = person(request)
    assessment = find_assessment(user, pk)
    require(user, Act.EDIT_SERVICE, assessment.service.team)
    version = newer_version(assessment)
    if version is None:
        messages.info(request, f"The assessment uses the newest version of {assessment.lens.name} already.")
        return redirect("assessment_detail", pk=assessment.pk)
    form = MilestoneForm(request.POST or None, initial={"name": f"Before version {version.number}"})
    if request.method == "POST" and form.is_valid():
        try:
            done = upgrade_assessment(
                user=user, assessment=assessment, version=version, milestone_name=form.cleaned_data["name"]
            )
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, f"Milestone {done.milestone.number} is recorded; version {version.number} is in use."
            )
            return redirect("assessment_detail", pk=assessment.pk)
    preview = preview_upgrade(assessment, version)
    context = {"nav": "assessment_list", "assessment": assessment, "version": version, "form": form, "preview": preview}
    return render(request, "assessments/assessment_upgrade.html", context, status=REFUSED if form.errors else 200)


@require_http_methods(["GET", "POST"])
def assessment_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End an assessment with its last milestone."""
    user = person(request)
    assessment = find_assessment(user, pk)
    require(user, Act.EDIT_SERVICE, assessment.service.team)
    form = MilestoneForm(request.POST or None, initial={"name": "Closed"})
    if request.method == "POST" and form.is_valid():
        try:
            close_assessment(user=user, assessment=assessment, milestone_name=form.cleaned_data["name"])
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The assessment is closed. It stays readable and no longer changes.")
            return redirect("assessment_detail", pk=assessment.pk)
    context = {"nav": "assessment_list", "assessment": assessment, "form": form, "results": results_for(assessment)}
    return render(request, "assessments/assessment_close.html", context, status=REFUSED if form.errors else 200)


urlpatterns = [
    path("assessments/", assessment_list, name="assessment_list"),
    path("assessments/new/", assessment_start, name="assessment_start"),
    path("assessments/<uuid:pk>/", assessment_detail, name="assessment_detail"),
    path("assessments/<uuid:pk>/upgrade/", assessment_upgrade, name="assessment_upgrade"),
    path("assessments/<uuid:pk>/close/", assessment_close, name="assessment_close"),
    path("assessments/<uuid:pk>/milestones/new/", milestone_create, name="milestone_create"),
    path("assessments/<uuid:pk>/milestones/<int:number>/", milestone_detail, name="milestone_detail"),
]
