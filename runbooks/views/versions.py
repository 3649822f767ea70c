"""Pages about one version of a runbook: what it says, its text as a file, what changed, and publishing it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from portal.errors import sentences
from runbooks.differences import Summary, compare, summarise
from runbooks.models import Runbook, RunbookVersion
from runbooks.operations import shelf, versions
from runbooks.views.runbooks import REFUSED, find_runbook
from runbooks.views.signed_in import person
from runbooks.views.version_page import checks, version_context


def find_version(runbook: Runbook, number: int) -> RunbookVersion:
    """A version by its number. Raises Http404."""
    version = runbook.versions.select_related("author", "publisher", "runbook__team").filter(number=number).first()
    if version is None:
        raise Http404(f"{runbook.name} has no version {number}.")
    return version


@require_GET
def version_detail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version, whatever is the newest by now."""
    user = person(request)
    runbook = find_runbook(user, slug)
    return render(
        request, "runbooks/version_detail.html", version_context(user, runbook, find_version(runbook, number))
    )


@require_GET
def version_source(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The text as it was written, as a file."""
    runbook = find_runbook(person(request), slug)
    version = find_version(runbook, number)
    kind = "json" if version.format == "JSON" else "yaml"
    response = HttpResponse(version.text, content_type=f"application/{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{runbook.name}.v{version.number}.{kind}"'
    return response


@require_GET
def version_diff(request: HttpRequest, slug: str) -> HttpResponse:
    """What changed between any two versions, `from` and `to`; without them, the newest and the published one before it."""
    runbook = find_runbook(person(request), slug)
    listed = list(shelf.versions_of(runbook))
    new = _chosen(request, "to", runbook) or find_version(runbook, listed[0].number)
    old = _chosen(request, "from", runbook) or shelf.published_before(new)
    context = {
        "runbook": runbook,
        "versions": listed,
        "old": old,
        "new": new,
        "is_split": request.GET.get("view") == "split",
    }
    if old is not None:
        context |= {"comparison": compare(old.text, new.text), "summary": _summary(old, new)}
    return render(request, "runbooks/version_diff.html", context)


@require_http_methods(["GET", "POST"])
def version_publish(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Review a draft against the last published version, and publish exactly the text that was reviewed."""
    user = person(request)
    runbook = find_runbook(user, slug)
    version = find_version(runbook, number)
    refusals: list[str] = []
    if request.method == "POST":
        try:
            versions.publish_version(user=user, version=version, sha256=request.POST.get("sha256", ""))
        except (ValidationError, PermissionDenied) as error:
            refusals = sentences(error) if isinstance(error, ValidationError) else [str(error)]
            version = find_version(runbook, number)
        else:
            messages.success(
                request, f"Version {version.number} of {runbook.name} is published. It is what runs from now on."
            )
            return redirect("runbook_detail", slug=runbook.slug)
    context = version_context(user, runbook, version) | {"refusals": refusals}
    listed = checks(user, version, context["problems"], context["document"])
    old = shelf.published_before(version)
    context |= {"checks": listed, "is_publishable": all(check.state != "refused" for check in listed), "old": old}
    if old is not None:
        context |= {"comparison": compare(old.text, version.text), "summary": _summary(old, version)}
    return render(request, "runbooks/version_publish.html", context, status=REFUSED if refusals else 200)


def _summary(old: RunbookVersion, new: RunbookVersion) -> Summary | None:
    """The step-level summary, or None while one of both cannot be read."""
    if old.content is None or new.content is None:
        return None
    return summarise(old.content, new.content)


def _chosen(request: HttpRequest, field: str, runbook: Runbook) -> RunbookVersion | None:
    number = request.GET.get(field, "")
    return find_version(runbook, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None


urlpatterns = [
    path("runbooks/<slug:slug>/diff/", version_diff, name="version_diff"),
    path("runbooks/<slug:slug>/<int:number>/", version_detail, name="version_detail"),
    path("runbooks/<slug:slug>/<int:number>/source/", version_source, name="version_source"),
    path("runbooks/<slug:slug>/<int:number>/publish/", version_publish, name="version_publish"),
]
