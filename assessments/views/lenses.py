"""Pages of lenses: list, one lens, one version, import, difference, export, publish."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments.forms.assessments import show_refusal
from assessments.forms.lenses import LensImportForm, PublishForm
from assessments.lens import difference, export, export_problems, read
from assessments.models import Lens, LensVersion
from assessments.operations.lenses import create_lens, publish_version, require_editor, save_draft
from assessments.operations.shelf import (
    find_lens,
    find_version,
    findings_of,
    lens_of,
    listed_lenses,
    newest_published,
    versions_of,
    visible_assessments,
)
from assessments.risk import Risk
from portal.people.models import User
from portal.people.permissions import Act, may, require, teams_where
from portal.people.signed_in import person

REFUSED = 422
HERE = {"nav": "assessment_list"}


@require_GET
def lens_list(request: HttpRequest) -> HttpResponse:
    """The lenses of everybody and of one's teams."""
    user = person(request)
    context = HERE | {"lenses": listed_lenses(user), "may_import": teams_where(user, Act.EDIT_SERVICE).exists()}
    return render(request, "assessments/lens_list.html", context)


@require_GET
def lens_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One lens: its versions, and the assessments that use it."""
    user = person(request)
    lens = find_lens(user, slug)
    context = HERE | {
        "lens": lens,
        "versions": versions_of(lens),
        "assessments": visible_assessments(user).filter(lens=lens, closed_at__isnull=True),
        "may_edit": _may_edit(user, lens),
        "may_start": newest_published(lens) is not None and teams_where(user, Act.EDIT_SERVICE).exists(),
    }
    return render(request, "assessments/lens_detail.html", context)


@require_GET
def lens_version(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """What one version says, and what is to be remarked about it."""
    user = person(request)
    lens = find_lens(user, slug)
    return render(request, "assessments/lens_version.html", _version_context(user, find_version(lens, number)))


def _version_context(user: User, version: LensVersion) -> dict[str, Any]:
    content = lens_of(version)
    findings = findings_of(version)
    told = {(finding.code, finding.path) for finding in findings}
    problems = [each for each in read(version.text).problems if (each.code, each.path) not in told]
    others = [each for each in versions_of(version.lens) if each.pk != version.pk]
    questions = content.questions.values()
    return HERE | {
        "lens": version.lens,
        "version": version,
        "content": content,
        "counts": {
            "questions": len(questions),
            "choices": sum(len(question.choices) for question in questions),
        },
        "mistakes": [each for each in findings if each.severity == "warning"],
        "notes": [each for each in findings if each.severity == "note"],
        "problems": problems,
        "refusals": [each for each in export_problems(content.raw) if each.severity == "error"],
        "others": others,
        "risks": {"HIGH_RISK": Risk.HIGH.value, "MEDIUM_RISK": Risk.MEDIUM.value, "NO_RISK": Risk.NONE.value},
        "may_edit": _may_edit(user, version.lens),
        "publish_form": PublishForm(initial={"sha256": version.sha256, "size": "minor"}),
        "newest": newest_published(version.lens),
    }


@require_http_methods(["GET", "POST"])
def lens_import(request: HttpRequest) -> HttpResponse:
    """Bring a lens in, or with `?lens=SLUG` the next draft of one. What is refused stays in the form with its reasons."""
    user = person(request)
    slug = request.GET.get("lens", "")
    lens = find_lens(user, slug) if slug else None
    if lens is not None:
        require_editor(user, lens)
    elif not teams_where(user, Act.EDIT_SERVICE).exists():
        require(user, Act.EDIT_SERVICE, 0)
    newest = versions_of(lens)[0] if lens else None
    begun = {"base_sha256": newest.sha256 if newest else ""}
    form = LensImportForm(request.POST or None, request.FILES or None, user=user, is_new=lens is None, initial=begun)
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            version = _imported(user, lens, form.cleaned_data)
        except ValidationError as refusal:
            problems = _refused(form, refusal)
        else:
            messages.success(request, f"{version.lens.name} is imported as a draft. Read the remarks, then publish it.")
            return redirect("lens_version", slug=version.lens.slug, number=version.number)
    text = form.cleaned_data.get("text") if problems else form["text"].value()
    context = HERE | {"form": form, "lens": lens, "newest": newest, "problems": problems, "text": text or ""}
    return render(request, "assessments/lens_import.html", context, status=REFUSED if form.errors or problems else 200)


def _imported(user: User, lens: Lens | None, given: dict[str, Any]) -> LensVersion:
    if lens is None:
        return create_lens(user=user, team=given["team"], text=given["text"], note=given["note"])
    base = given["base_sha256"]
    return save_draft(user=user, lens=lens, text=given["text"], base_sha256=base, note=given["note"])


def _refused(form: LensImportForm, refusal: ValidationError) -> list[str]:
    """The problems of the text; whatever else was refused goes beside its field."""
    if hasattr(refusal, "error_dict") and set(refusal.message_dict) == {"text"}:
        return list(refusal.message_dict["text"])
    show_refusal(form, refusal)
    return []


@require_POST
def lens_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the draft its number."""
    user = person(request)
    version = find_version(find_lens(user, slug), "draft")
    form = PublishForm(request.POST)
    if not form.is_valid():
        raise ValidationError("Choose a minor or a major number, and publish from the page of the draft.")
    given = form.cleaned_data
    done = publish_version(user=user, version=version, sha256=given["sha256"], is_major=given["size"] == "major")
    messages.success(request, f"Version {done.number} of {done.lens.name} is published.")
    return redirect("lens_version", slug=slug, number=done.number)


@require_GET
def lens_difference(request: HttpRequest, slug: str) -> HttpResponse:
    """What differs between the versions `?from=` and `?to=`; left out, the two newest."""
    lens = find_lens(person(request), slug)
    versions = versions_of(lens)
    new = find_version(lens, request.GET.get("to") or versions[0].number)
    older = [each for each in versions if _order(each) < _order(new)]
    old = find_version(lens, request.GET.get("from") or (older[0] if older else new).number)
    context = HERE | {
        "lens": lens,
        "versions": versions,
        "old": old,
        "new": new,
        "found": difference(lens_of(old), lens_of(new)),
    }
    return render(request, "assessments/lens_difference.html", context)


def _order(version: LensVersion) -> tuple[float, float]:
    return (float("inf"), 0) if version.is_draft else (version.major or 0, version.minor or 0)


@require_GET
def lens_export(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """A version as a file that the Well-Architected Tool imports; the version's page says what it would refuse."""
    version = find_version(find_lens(person(request), slug), number)
    answer = HttpResponse(export(lens_of(version)), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slug}-{version.number}.json"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _may_edit(user: User, lens: Lens) -> bool:
    try:
        require_editor(user, lens)
    except PermissionDenied:
        return False
    return may(user, Act.EDIT_SERVICE, lens.team)


urlpatterns = [
    path("lenses/", lens_list, name="lens_list"),
    path("lenses/import/", lens_import, name="lens_import"),
    path("lenses/<slug:slug>/", lens_detail, name="lens_detail"),
    path("lenses/<slug:slug>/publish/", lens_publish, name="lens_publish"),
    path("lenses/<slug:slug>/difference/", lens_difference, name="lens_difference"),
    path("lenses/<slug:slug>/versions/<str:number>/", lens_version, name="lens_version"),
    path("lenses/<slug:slug>/versions/<str:number>/export/", lens_export, name="lens_export"),
]
