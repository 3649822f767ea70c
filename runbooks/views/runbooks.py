"""Pages about runbooks: list, one runbook, create, import, edit, check, archive. Pages of one version: `versions.py`."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.errors import sentences
from portal.people.models import User
from portal.people.permissions import Act, may, require
from runbooks.differences import compare
from runbooks.forms.refusals import show_refusal
from runbooks.forms.runbooks import DraftForm, FilterForm, ImportForm, RunbookForm
from runbooks.models import Runbook, RunbookVersion
from runbooks.operations import imports, shelf, versions
from runbooks.views.signed_in import person
from runbooks.views.version_page import check_context, version_context

PAGE_SIZE = 25
REFUSED = 422


def find_runbook(user: User, slug: str) -> Runbook:
    """A runbook of a team the person may see; any other does not exist."""
    runbook = shelf.visible_runbooks(user).filter(slug=slug).first()
    if runbook is None:
        raise Http404("There is no runbook of this name in your teams.")
    return runbook


@require_GET
def runbook_list(request: HttpRequest) -> HttpResponse:
    """All runbooks of the person's teams, narrowed by a filter."""
    user = person(request)
    form = FilterForm(request.GET, user=user)
    wanted = form.wanted()
    page = Paginator(shelf.narrow(shelf.visible_runbooks(user), wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "runbooks/runbook_list.html",
        {"form": form, "page_obj": page, "wanted": wanted, "may_edit": may(user, Act.EDIT_RUNBOOK)},
    )


@require_GET
def runbook_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One runbook, as its newest published version says (its draft where none is published)."""
    user = person(request)
    runbook = find_runbook(user, slug)
    listed = shelf.versions_of(runbook)
    version = shelf.shown_version(runbook)
    context = version_context(user, runbook, version) | {
        "versions": listed,
        "runs": shelf.recent_runs(runbook),
        "may_archive": may(user, Act.PUBLISH_RUNBOOK, runbook.team_id),
    }
    return render(request, "runbooks/runbook_detail.html", context)


@require_http_methods(["GET", "POST"])
def runbook_create(request: HttpRequest) -> HttpResponse:
    """Write a runbook from nothing."""
    user = person(request)
    form = RunbookForm(request.POST or None, user=user)
    if not form.teams.exists():
        return _no_team(request)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and "check" in request.POST:
        context |= check_context(versions.read_text(form["text"].value() or ""))
    elif request.method == "POST" and form.is_valid():
        try:
            version = versions.create_runbook(user=user, **form.cleaned_data)
        except ValidationError as error:
            show_refusal(form, error)
        else:
            return _saved(request, version)
    return render(request, "runbooks/runbook_create.html", context, status=REFUSED if form.errors else 200)


@require_http_methods(["GET", "POST"])
def runbook_import(request: HttpRequest) -> HttpResponse:
    """Bring documents in. What is refused stays in the form with its reasons; the rest is already kept."""
    user = person(request)
    form = ImportForm(request.POST or None, request.FILES or None, user=user)
    if not form.teams.exists():
        return _no_team(request)
    if request.method != "POST":
        return render(request, "runbooks/runbook_import.html", {"form": form, "pasted": [("", "")]})
    if not form.is_valid():
        kept = {"form": form, "pasted": form.pasted() or [("", "")]}
        return render(request, "runbooks/runbook_import.html", kept, status=REFUSED)
    reports, documents = _opened(form.cleaned_data["uploads"])
    team = form.cleaned_data["team"]
    reports += imports.import_documents(user=user, team=team, documents=documents + form.pasted())
    refused = [(report.name, report.text) for report in reports if report.fate == imports.Fate.REFUSED and report.text]
    return render(
        request,
        "runbooks/runbook_import.html",
        {"form": ImportForm(initial={"team": team}, user=user), "reports": reports, "pasted": refused or [("", "")]},
    )


@require_http_methods(["GET", "POST"])
def runbook_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the draft, or begin one from the newest version."""
    user = person(request)
    runbook = find_runbook(user, slug)
    require(user, Act.EDIT_RUNBOOK, runbook.team_id)
    newest = shelf.newest_version(runbook)
    begun = {"text": newest.text, "base_sha256": newest.sha256}
    form = DraftForm(request.POST or None, initial=begun)
    text = form["text"].value() or ""
    context: dict[str, Any] = {
        "form": form,
        "runbook": runbook,
        "version": newest,
        **check_context(versions.read_text(text)),
    }
    if request.method == "POST" and "check" not in request.POST and form.is_valid():
        try:
            return _saved(request, versions.save_draft(user=user, runbook=runbook, **form.cleaned_data))
        except versions.StaleDraft as error:
            context |= _both_texts(form, error)
        except ValidationError as error:
            show_refusal(form, error)
    is_refused = bool(form.errors or "conflict" in context)
    return render(request, "runbooks/runbook_edit.html", context, status=REFUSED if is_refused else 200)


@require_POST
def runbook_check(request: HttpRequest) -> HttpResponse:
    """The problems of a text that nobody has saved, as a fragment."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    return render(request, "runbooks/runbook_check.html", check_context(versions.read_text(text)))


@require_POST
def runbook_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a runbook out of use, or bring it back."""
    user = person(request)
    runbook = find_runbook(user, slug)
    if runbook.is_archived:
        versions.restore_runbook(user=user, runbook=runbook)
        messages.success(request, f"{runbook.name} is in use again.")
    else:
        versions.archive_runbook(user=user, runbook=runbook)
        messages.success(request, f"{runbook.name} is archived: it can be read, but not started or edited.")
    return redirect("runbook_detail", slug=runbook.slug)


def _saved(request: HttpRequest, version: RunbookVersion) -> HttpResponse:
    """Where somebody goes after saving: to the page of the draft, or back to the editor while it has problems."""
    errors = len(versions.errors_of(versions.read_version(version)))
    if errors:
        messages.warning(
            request,
            f"Draft {version.number} of {version.runbook.name} is saved. It has {errors} "
            f"problem{'' if errors == 1 else 's'} to mend before it can be published.",
        )
        return redirect("runbook_edit", slug=version.runbook.slug)
    messages.success(request, f"Draft {version.number} of {version.runbook.name} is saved.")
    return redirect("version_detail", slug=version.runbook.slug, number=version.number)


def _both_texts(form: DraftForm, error: versions.StaleDraft) -> dict[str, Any]:
    """What a stale save shows: the stored text, the typed text, and their difference. Saving again is then meant."""
    typed = form.cleaned_data
    again = DraftForm(initial={**typed, "base_sha256": error.current.sha256})
    return {
        "form": again,
        "version": error.current,
        "conflict": error.current,
        "conflict_message": sentences(error)[0],
        "comparison": compare(error.current.text, typed["text"]),
    }


def _opened(files: list[UploadedFile]) -> tuple[list[imports.Imported], list[tuple[str, str]]]:
    """Uploaded files as (name, text), and reports on those that are no text."""
    refused: list[imports.Imported] = []
    documents: list[tuple[str, str]] = []
    for file in files:
        name = imports.name_from_file(file.name or "")
        try:
            documents.append((name, imports.decode(file.read(versions.MAXIMUM_BYTES + 1))))
        except ValidationError as error:
            refused.append(imports.Imported(name, "", imports.Fate.REFUSED, reasons=tuple(sentences(error))))
    return refused, documents


def _no_team(request: HttpRequest) -> HttpResponse:
    require(person(request), Act.EDIT_RUNBOOK, 0)
    return redirect("runbook_list")


urlpatterns = [
    path("runbooks/", runbook_list, name="runbook_list"),
    path("runbooks/new/", runbook_create, name="runbook_create"),
    path("runbooks/import/", runbook_import, name="runbook_import"),
    path("runbooks/check/", runbook_check, name="runbook_check"),
    path("runbooks/<slug:slug>/", runbook_detail, name="runbook_detail"),
    path("runbooks/<slug:slug>/edit/", runbook_edit, name="runbook_edit"),
    path("runbooks/<slug:slug>/archive/", runbook_archive, name="runbook_archive"),
]
