"""Evidence and comments of a question: adding, removing, and serving files as downloads that no browser shows."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from assessments.forms.assessments import CommentForm, show_refusal
from assessments.models import Assessment, Evidence, EvidenceFile
from assessments.operations.answers import add_comment
from assessments.operations.evidence import add_evidence, remove_evidence
from assessments.operations.shelf import find_assessment
from assessments.views.question_page import evidence_form, form_context, page_context, place_of
from portal.people.signed_in import person

REFUSED = 422


@require_POST
def evidence_create(request: HttpRequest, pk: UUID, question_id: str) -> HttpResponse:
    """Add a link or a file to an answer."""
    user = person(request)
    assessment = find_assessment(user, pk)
    form = evidence_form(assessment, request.POST, request.FILES)
    if form.is_valid():
        try:
            add_evidence(
                user=user,
                assessment=assessment,
                question_id=question_id,
                value=form.address(),
                note=form.cleaned_data["note"],
                upload=form.upload(),
            )
        except ValidationError as refusal:
            show_refusal(form, refusal)
    return _talk(request, assessment, question_id, {"evidence_form": form} if form.errors else {})


@require_POST
def evidence_remove(request: HttpRequest, pk: UUID, evidence_pk: int) -> HttpResponse:
    """Take evidence off an answer."""
    user = person(request)
    assessment = find_assessment(user, pk)
    evidence = _find(assessment, evidence_pk)
    remove_evidence(user=user, assessment=assessment, evidence=evidence)
    return _talk(request, assessment, evidence.answer.question_id, {})


@require_GET
def evidence_file(request: HttpRequest, pk: UUID, evidence_pk: int) -> HttpResponse:
    """The bytes of a file, removed ones too: milestones refer to them. Always a download, never shown in the browser."""
    assessment = find_assessment(person(request), pk)
    kept = EvidenceFile.objects.filter(evidence=_find(assessment, evidence_pk)).select_related("evidence").first()
    if kept is None:
        raise Http404("This evidence is no file.")
    answer = HttpResponse(bytes(kept.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, kept.evidence.value)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def comment_create(request: HttpRequest, pk: UUID, question_id: str) -> HttpResponse:
    """Say something about a question."""
    user = person(request)
    assessment = find_assessment(user, pk)
    form = CommentForm(request.POST, auto_id="comment-%s")
    if form.is_valid():
        try:
            add_comment(user=user, assessment=assessment, question_id=question_id, text=form.cleaned_data["text"])
        except ValidationError as refusal:
            show_refusal(form, refusal)
    return _talk(request, assessment, question_id, {"comment_form": form} if form.errors else {})


def _find(assessment: Assessment, evidence_pk: int) -> Evidence:
    found = Evidence.objects.filter(pk=evidence_pk, answer__assessment=assessment).select_related("answer").first()
    if found is None:
        raise Http404("There is no such evidence in this assessment.")
    return found


def _talk(request: HttpRequest, assessment: Assessment, question_id: str, refused: dict[str, Any]) -> HttpResponse:
    """Evidence and comments as they are now: a fragment for htmx, else the page, or the way back to it."""
    user = person(request)
    if "HX-Request" not in request.headers and not refused:
        messages.success(request, "Saved.")
        return redirect("question_detail", pk=assessment.pk, question_id=question_id)
    place = place_of(assessment, question_id)
    context = form_context(user, assessment, place) | refused
    status = REFUSED if refused else 200
    if "HX-Request" in request.headers:
        return render(request, "assessments/question_talk.html", context, status=status)
    return render(request, "assessments/question_detail.html", context | page_context(place), status=status)


urlpatterns = [
    path("assessments/<uuid:pk>/evidence/<int:evidence_pk>/", evidence_file, name="evidence_file"),
    path("assessments/<uuid:pk>/evidence/<int:evidence_pk>/remove/", evidence_remove, name="evidence_remove"),
    path("assessments/<uuid:pk>/evidence-of/<path:question_id>", evidence_create, name="evidence_create"),
    path("assessments/<uuid:pk>/comments-of/<path:question_id>", comment_create, name="comment_create"),
]
