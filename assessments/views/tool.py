"""The Well-Architected Tool's page of an assessment: connect, compare, push, pull, milestones.

The page comes at once; what has to be asked of AWS is loaded into it (`tool_preview`), or shown as a page of its own where no
script runs. Nothing is written in AWS but by the buttons.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments.forms.assessments import MilestoneForm, show_refusal
from assessments.forms.tool import ConnectForm, read_decisions
from assessments.models import Assessment
from assessments.operations.shelf import find_assessment
from assessments.tool import Verdict
from assessments.tool_connect import StillImporting, connect, disconnect, link_of
from assessments.tool_milestones import pull_milestone, push_milestone, tool_milestones
from assessments.tool_sync import Preview, Synced, preview, pull, push
from portal.errors import sentences
from portal.people.models import User
from portal.people.permissions import Act, may, require
from portal.people.signed_in import person

REFUSED = 422
# How often a page asks again by itself whether AWS has imported the lens, and after how many seconds each time.
MOST_WAITS, WAIT_SECONDS = 10, 3


@require_GET
def tool_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How the assessment is connected and when it was synced; the comparison is loaded into the page."""
    user = person(request)
    assessment = find_assessment(user, pk)
    return render(request, "assessments/tool_detail.html", _page(request, user, assessment))


def _page(request: HttpRequest, user: User, assessment: Assessment) -> dict[str, Any]:
    waits = request.GET.get("waits", "")
    return {
        "nav": "assessment_list",
        "assessment": assessment,
        "link": link_of(assessment),
        "may_edit": assessment.is_open and may(user, Act.EDIT_SERVICE, assessment.service.team_id),
        "waits": int(waits) if waits.isdecimal() and 0 < int(waits) <= MOST_WAITS else 0,
        "wait_milliseconds": WAIT_SECONDS * 1000,
    }


@require_http_methods(["GET", "POST"])
def tool_connect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose account, Region and, where they exist, workload and lens."""
    user = person(request)
    assessment = find_assessment(user, pk)
    require(user, Act.EDIT_SERVICE, assessment.service.team)
    form = ConnectForm(request.POST or None, service=assessment.service)
    if request.method == "POST" and form.is_valid():
        try:
            connect(user=user, assessment=assessment, **form.cleaned_data)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("tool_detail", pk=assessment.pk)
    context = {"nav": "assessment_list", "assessment": assessment, "form": form}
    return render(request, "assessments/tool_connect.html", context, status=REFUSED if form.errors else 200)


@require_POST
def tool_disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget the workload; nothing is deleted in AWS."""
    user = person(request)
    assessment = find_assessment(user, pk)
    disconnect(user=user, assessment=assessment)
    messages.success(request, "Disconnected. The workload in AWS and the answers here stay as they are.")
    return redirect("tool_detail", pk=assessment.pk)


@require_GET
def tool_preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a sync would change, read from AWS now; a fragment for htmx, else the whole page."""
    user = person(request)
    assessment = find_assessment(user, pk)
    context = _page(request, user, assessment) | {"form": MilestoneForm(), "is_compared": True}
    try:
        seen = context["preview"] = preview(user=user, assessment=assessment)
        context["needs_push"] = _lacks_something(seen)
        context["milestones"] = tool_milestones(user=user, assessment=assessment)
        context["counts"] = {verdict.name: number for verdict, number in seen.plan.counts.items()}
    except ValidationError as refusal:
        context["problems"] = sentences(refusal)
    is_fragment = "HX-Request" in request.headers
    template = "assessments/tool_preview.html" if is_fragment else "assessments/tool_detail.html"
    return render(request, template, context, status=REFUSED if "problems" in context else 200)


def _lacks_something(seen: Preview) -> bool:
    """Whether a push changes more than answers in AWS: the review that is not there, the workload, our lens's version."""
    if seen.facts is None or seen.workload:
        return True
    return not seen.link.lens_alias and seen.facts.lens_version != seen.link.assessment.lens_version.number


@require_POST
def tool_push(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send what changed here; while AWS imports the lens the page comes back and asks again by itself."""
    assessment = find_assessment(person(request), pk)
    try:
        return _sync(request, assessment, push, Verdict.PUSH)
    except StillImporting:
        waits = request.POST.get("waits", "")
        number = int(waits) + 1 if waits.isdecimal() else 1
        if number > MOST_WAITS:
            messages.warning(request, "AWS is still importing the lens. Push again in a few minutes.")
            return redirect("tool_detail", pk=assessment.pk)
        return redirect(f"{reverse('tool_detail', args=[assessment.pk])}?waits={number}")


@require_POST
def tool_pull(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take what changed in the Tool."""
    return _sync(request, find_assessment(person(request), pk), pull, Verdict.PULL)


def _sync(request: HttpRequest, assessment: Assessment, act: Callable[..., Synced], way: Verdict) -> HttpResponse:
    decisions = read_decisions(request.POST.dict())
    try:
        done = act(user=person(request), assessment=assessment, decisions=decisions)
    except ValidationError as refusal:
        for sentence in sentences(refusal):
            messages.error(request, sentence)
    else:
        _tell(request, done, way)
    return redirect("tool_detail", pk=assessment.pk)


def _tell(request: HttpRequest, done: Synced, way: Verdict) -> None:
    where = "went to the Tool" if way is Verdict.PUSH else "came from the Tool"
    number = len(done.done)
    told = "Nothing" if not number else "1 answer" if number == 1 else f"{number} answers"
    messages.success(request, f"{told} {where}.")
    for title, why in done.left.items():
        messages.warning(request, f"{title} Left as it is: {why}")
    if done.conflicts:
        told = "1 conflict waits" if done.conflicts == 1 else f"{done.conflicts} conflicts wait"
        messages.warning(request, f"{told} for a decision. Nothing was overwritten.")


@require_POST
def tool_milestone(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze both sides under one name."""
    user = person(request)
    assessment = find_assessment(user, pk)
    form = MilestoneForm(request.POST)
    problems = [f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
    if form.is_valid():
        try:
            made = push_milestone(user=user, assessment=assessment, name=form.cleaned_data["name"])
        except ValidationError as refusal:
            problems = sentences(refusal)
        else:
            told = f"Milestone {made.milestone.number} is recorded here, and as number {made.number} in the Tool."
            messages.success(request, told)
    for problem in problems:
        messages.error(request, problem)
    return redirect("tool_detail", pk=assessment.pk)


@require_POST
def tool_milestone_pull(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Record here what the Tool froze."""
    user = person(request)
    assessment = find_assessment(user, pk)
    try:
        made = pull_milestone(user=user, assessment=assessment, number=number)
    except ValidationError as refusal:
        for sentence in sentences(refusal):
            messages.error(request, sentence)
        return redirect("tool_detail", pk=assessment.pk)
    messages.success(request, f"The Tool's milestone {number} is recorded here.")
    return redirect("milestone_detail", pk=assessment.pk, number=made.milestone.number)


urlpatterns = [
    path("assessments/<uuid:pk>/tool/", tool_detail, name="tool_detail"),
    path("assessments/<uuid:pk>/tool/connect/", tool_connect, name="tool_connect"),
    path("assessments/<uuid:pk>/tool/disconnect/", tool_disconnect, name="tool_disconnect"),
    path("assessments/<uuid:pk>/tool/preview/", tool_preview, name="tool_preview"),
    path("assessments/<uuid:pk>/tool/push/", tool_push, name="tool_push"),
    path("assessments/<uuid:pk>/tool/pull/", tool_pull, name="tool_pull"),
    path("assessments/<uuid:pk>/tool/milestone/", tool_milestone, name="tool_milestone"),
    path("assessments/<uuid:pk>/tool/milestone/<int:number>/", tool_milestone_pull, name="tool_milestone_pull"),
]
