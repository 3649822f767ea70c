"""Pages that belong to no half: home; what every page knows of its environment. Health is in `health_views.py`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.home import home_of
from portal.people.models import Role
from portal.people.permissions import PERMISSIONS, Act, roles_of
from portal.people.signed_in import person


def environment(request: HttpRequest) -> dict[str, Any]:
    """Context processor: facts the footer and the banner show."""
    # Error pages may come before anybody is known; one question answers both facts.
    roles = roles_of(request.user) if hasattr(request, "user") else set()
    return {
        "environment": {
            "roles": sorted(role.label for role in roles),
            "may_see_system": Role.ADMIN in roles,
            "may_read_audit": any(Act.VIEW_AUDIT in PERMISSIONS[role] for role in roles),
            "is_sandbox": settings.IS_SANDBOX,
            "database": "SQLite" if settings.IS_SQLITE else "PostgreSQL",
            "version": settings.VERSION,
            "time_scale": settings.TIME_SCALE,
        }
    }


def home(request: HttpRequest) -> HttpResponse:
    """What is running, what was proved lately, what is not proved."""
    return render(request, "home.html", {"home": home_of(person(request))})
