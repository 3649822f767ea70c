"""The Well-Architected Tool's page of an assessment: connect, compare, push, pull, milestones.

A view never speaks to AWS: a button makes a sync, a worker carries it, the page shows how far it is and what came of it.
"""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments.forms.assessments import show_refusal
from assessments.forms.tool import ConnectForm, read_decisions
from assessments.models import Assessment, ToolSync
from assessments.operations.shelf import find_assessment
from assessments.operations.tool import (
    start_comparison,
    start_milestone_pull,
    start_milestone_push,
    start_pull,
    start_push,
    syncs_of,
)
from assessments.tool_connect import connect, disconnect
from assessments.views.tool_page import page_of
from portal.errors import sentences
from portal.people.permissions import Act, require
from portal.people.signed_in import person

REFUSED = 422


@require_GET
def tool_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How the assessment is connected, what both sides said last, and the sync that is under way."""
    user = person(request)
    return render(request, "assessments/tool_detail.html", page_of(user, find_assessment(user, pk)))


@require_GET
def tool_fragment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The live part of the page; asked for every two seconds while a sync is under way."""
    user = person(request)
    return render(request, "assessments/tool_live.html", page_of(user, find_assessment(user, pk)))


@require_http_methods(["GET", "POST"])
def tool_connect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose account, Region and, where they exist, workload and lens. The first comparison begins at once."""
    user = person(request)
    assessment = find_assessment(user, pk)
    require(user, Act.EDIT_SERVICE, assessment.service.team)
    form = ConnectForm(request.POST or None, service=assessment.service)
    if request.method == "POST" and form.is_valid():
        try:
            connect(user=user, assessment=assessment, **form.cleaned_data)
            start_comparison(user=user, assessment=assessment)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("tool_detail", pk=assessment.pk)
    context = {"nav": "assessment_list", "assessment": assessment, "form": form}
    return render(request, "assessments/tool_connect.html", context, status=REFUSED if form.errors else 200)


@require_POST
def tool_disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget the workload; nothing is deleted in AWS."""
    said = "Disconnected. The workload in AWS and the answers here stay as they are."
    return _asked(request, find_assessment(person(request), pk), disconnect, said)


@require_POST
def tool_compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have both sides read."""
    return _asked(request, find_assessment(person(request), pk), start_comparison)


@require_POST
def tool_push(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send what changed here, as the comparison on the page showed it."""
    assessment = find_assessment(person(request), pk)
    decisions = read_decisions(request.POST.dict())
    return _asked(request, assessment, partial(start_push, seen=_seen(request, assessment), decisions=decisions))


@require_POST
def tool_pull(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take what changed in the Tool, as the comparison on the page showed it."""
    assessment = find_assessment(person(request), pk)
    decisions = read_decisions(request.POST.dict())
    return _asked(request, assessment, partial(start_pull, seen=_seen(request, assessment), decisions=decisions))


@require_POST
def tool_milestone(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze both sides under one name."""
    assessment = find_assessment(person(request), pk)
    name = request.POST.get("name", "")
    return _asked(request, assessment, partial(start_milestone_push, seen=_seen(request, assessment), name=name))


@require_POST
def tool_milestone_pull(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Record here what the Tool froze."""
    return _asked(request, find_assessment(person(request), pk), partial(start_milestone_pull, number=number))


def _asked(request: HttpRequest, assessment: Assessment, act: Callable[..., object], said: str = "") -> HttpResponse:
    """Do it as the person who asks; what it refuses is told on the page that comes back."""
    try:
        act(user=person(request), assessment=assessment)
    except ValidationError as refusal:
        for sentence in sentences(refusal):
            messages.error(request, sentence)
    else:
        if said:
            messages.success(request, said)
    return redirect("tool_detail", pk=assessment.pk)


def _seen(request: HttpRequest, assessment: Assessment) -> ToolSync | None:
    """The sync whose comparison the page showed."""
    try:
        return syncs_of(assessment).filter(pk=UUID(request.POST.get("seen", ""))).first()
    except ValueError:
        return None


urlpatterns = [
    path("assessments/<uuid:pk>/tool/", tool_detail, name="tool_detail"),
    path("assessments/<uuid:pk>/tool/fragment/", tool_fragment, name="tool_fragment"),
    path("assessments/<uuid:pk>/tool/connect/", tool_connect, name="tool_connect"),
    path("assessments/<uuid:pk>/tool/disconnect/", tool_disconnect, name="tool_disconnect"),
    path("assessments/<uuid:pk>/tool/compare/", tool_compare, name="tool_compare"),
    path("assessments/<uuid:pk>/tool/push/", tool_push, name="tool_push"),
    path("assessments/<uuid:pk>/tool/pull/", tool_pull, name="tool_pull"),
    path("assessments/<uuid:pk>/tool/milestone/", tool_milestone, name="tool_milestone"),
    path("assessments/<uuid:pk>/tool/milestone/<int:number>/", tool_milestone_pull, name="tool_milestone_pull"),
]
