"""Pages of services. Each asks one operation and shows its refusal where it was typed; rules are in the operations.

Not here: AWS accounts (`account_views.py`). Services of teams one is no member of are not found.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from portal.audit.models import Event
from portal.audit.reading import reading_of
from portal.catalogue.drafts import draft_of
from portal.catalogue.forms.others import RetireForm, ServiceListForm
from portal.catalogue.forms.parts import STATISTICS
from portal.catalogue.forms.service import ServiceSheet
from portal.catalogue.listing import COLUMNS, Order
from portal.catalogue.models import Service
from portal.catalogue.operations import change_service, create_service, retire_service
from portal.catalogue.pages import dependency_picture, objective_rows
from portal.catalogue.visible import listed_services, visible_services
from portal.people.permissions import Act, may, require, teams_where
from portal.people.signed_in import person

PAGE = 25
HISTORY = 20
REFUSED = 422


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    """The services of one's teams: narrowed by the form, sorted by any column."""
    user = person(request)
    filters = ServiceListForm(request.GET, user=user, services=visible_services(user))
    order = Order.chosen(request.GET.get("sort", ""))
    services = filters.apply(listed_services(user)).order_by(*order.terms)
    page = Paginator(services, PAGE).get_page(request.GET.get("page"))
    may_create = teams_where(user, Act.EDIT_SERVICE).exists()
    context = {"filters": filters, "page_obj": page, "may_create": may_create, "columns": COLUMNS, "order": order}
    return render(request, "catalogue/service_list.html", context)


@require_GET
def service_detail(request: HttpRequest, slug: str, proof: Callable[[Service], Any] | None = None) -> HttpResponse:
    """Everything the catalogue knows of a service. `proof` tells what drills and executions showed, from above."""
    user = person(request)
    services = visible_services(user)
    service = get_object_or_404(services.prefetch_related("objectives", "entry_urls", "kpis", "accounts"), slug=slug)
    seen = set(visible_services(user).values_list("pk", flat=True))
    history = Event.objects.filter(chain=f"service:{slug}").select_related("actor").order_by("-sequence")
    context = {
        "service": service,
        "objectives": objective_rows(service),
        "picture": dependency_picture(service, seen),
        "seen": seen,
        "needs": service.dependencies.select_related("provider").order_by("-is_hard", "provider__name"),
        "needed_by": service.consumers.filter(consumer__is_retired=False).select_related("consumer"),
        "history": [reading_of(event) for event in history[:HISTORY]],
        "may_edit": not service.is_retired and may(user, Act.EDIT_SERVICE, service.team),
        "may_read_audit": may(user, Act.VIEW_AUDIT, service.team),
        "proof": proof(service) if proof else None,
    }
    return render(request, "catalogue/service_detail.html", context)


def service_create(request: HttpRequest) -> HttpResponse:
    """Add a service."""
    user = person(request)
    if not teams_where(user, Act.EDIT_SERVICE).exists():
        raise PermissionDenied("Adding a service needs the role owner or admin in a team. Ask an admin of your team.")
    sheet = ServiceSheet(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and sheet.is_valid():
        try:
            service = create_service(user=user, draft=sheet.draft())
        except ValidationError as refusal:
            sheet.show(refusal)
        else:
            messages.success(request, f"{service.name} is in the catalogue.")
            return redirect("service_detail", service.slug)
    return _sheet_page(request, sheet, None, "")


def service_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a service. What was typed is shown again after every refusal, also when somebody else saved meanwhile."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    require(user, Act.EDIT_SERVICE, service.team)
    base = request.POST.get("base") or service.changed_at.isoformat()
    sheet = ServiceSheet(
        request.POST if request.method == "POST" else None, user=user, service=service, started=draft_of(service)
    )
    if request.method == "POST" and sheet.is_valid():
        try:
            change_service(user=user, service=service, draft=sheet.draft(), base=_moment(base))
        except ValidationError as refusal:
            sheet.show(refusal)
            base = service.changed_at.isoformat() if getattr(refusal, "code", "") == "stale" else base
        else:
            messages.success(request, "Saved.")
            return redirect("service_detail", service.slug)
    return _sheet_page(request, sheet, service, base)


def service_retire(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a service out of use."""
    user = person(request)
    service = get_object_or_404(visible_services(user), slug=slug)
    require(user, Act.EDIT_SERVICE, service.team)
    form = RetireForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            retire_service(user=user, service=service, reason=form.cleaned_data["reason"])
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{service.name} is retired. Its history stays.")
            return redirect("service_detail", service.slug)
    status = REFUSED if form.is_bound else 200
    return render(request, "catalogue/service_retire.html", {"service": service, "form": form}, status=status)


def _moment(text: str) -> datetime:
    """The `changed_at` a form began from; a forged one equals none and is refused as stale."""
    return parse_datetime(text) or datetime.fromtimestamp(0).astimezone()


def _sheet_page(request: HttpRequest, sheet: ServiceSheet, service: Service | None, base: str) -> HttpResponse:
    back = reverse("service_detail", args=[service.slug]) if service else reverse("service_list")
    context = {"sheet": sheet, "service": service, "base": base, "back": back, "statistics": STATISTICS}
    return render(request, "catalogue/service_edit.html", context, status=REFUSED if sheet.form.is_bound else 200)
