"""The system page, for admins: whether the portal itself is well, and what to do where it is not. Facts are in `health.py`."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from portal import health
from portal.chains import follow_chains
from portal.generation import generation
from portal.people.models import Role
from portal.people.permissions import roles_of
from portal.people.signed_in import person
from runbooks.installation import present
from runbooks.operations.installation import CONFIRMATION, release
from runbooks.workers import measured_clock_offset

REFUSED = 422


class ReleaseForm(forms.Form):
    """The words that end a standstill."""

    confirm = forms.CharField(
        label=f"Type “{CONFIRMATION}”",
        max_length=60,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )


def require_admin(request: HttpRequest) -> None:
    """Raise `PermissionDenied` for everybody who is not an admin of some team."""
    if Role.ADMIN not in roles_of(person(request)):
        raise PermissionDenied("The system page is for admins. Ask an admin of your team.")


def shown(**more: Any) -> dict[str, Any]:
    """Everything the page shows; `more` is the answer to what was just asked."""
    checks = health.checks()
    installation = present()
    is_ready = all(check.is_good for check in checks if check.is_required)
    return {
        "checks": checks,
        "is_well": is_ready and not installation.is_quiesced,
        "work": health.work(),
        "workers": health.workers(),
        "installation": installation,
        "clock_offset": measured_clock_offset(),
        "versions": health.versions(),
        "generation": generation() if settings.IS_SANDBOX else "",
        "has_dead_man": bool(settings.DEAD_MAN_URL),
        "dead_man_host": urlsplit(settings.DEAD_MAN_URL).hostname or "",
        "form": ReleaseForm(),
        **more,
    }


@require_GET
def system(request: HttpRequest) -> HttpResponse:
    """The page; asked by htmx, only the part that lives."""
    require_admin(request)
    is_live = bool(getattr(request, "htmx", False))
    return render(request, "system/live.html" if is_live else "system/system.html", shown())


@require_POST
def system_verify(request: HttpRequest) -> HttpResponse:
    """Follow as many chains of the audit log as fit in a few seconds, the newest first."""
    require_admin(request)
    return render(request, "system/system.html", shown(followed=follow_chains()))


@require_POST
def system_release(request: HttpRequest) -> HttpResponse:
    """End a standstill."""
    require_admin(request)
    form = ReleaseForm(request.POST)
    if form.is_valid():
        try:
            release(user=person(request), confirm=form.cleaned_data["confirm"])
        except ValidationError as refusal:
            form.add_error("confirm" if hasattr(refusal, "error_dict") else None, refusal.messages)
        else:
            health.banner.forget()
            said = "Released. Executions that were held back wait for their own Resume or Cancel."
            messages.success(request, said)
            return redirect("system")
    return render(request, "system/system.html", shown(form=form), status=REFUSED)


@require_GET
def system_banner(request: HttpRequest) -> HttpResponse:
    """What stands above pages of executions and drills; 204 while that is what the page shows already."""
    said = health.banner()
    if request.GET.get("seen", "") == said:
        return HttpResponse(status=204)
    return render(request, "system/banner.html", {"standing": {"text": said}})


SHOWN_ON = ("execution_", "drill_", "home", "system")


def standing(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the banner of pages whose reader waits for something to happen."""
    match = getattr(request, "resolver_match", None)
    name = str(match.url_name or "") if match else ""
    if not name.startswith(SHOWN_ON):
        return {}
    return {"standing": lambda: {"text": health.banner()}}


urlpatterns = [
    path("system/", system, name="system"),
    path("system/verify/", system_verify, name="system_verify"),
    path("system/release/", system_release, name="system_release"),
    path("system/banner/", system_banner, name="system_banner"),
]
