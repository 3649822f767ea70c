"""The page of the audit log: for auditors and admins, of their own teams, newest first. Nothing here changes anything."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.audit.guard import missing_triggers
from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.audit.reading import reading_of
from portal.people.models import User
from portal.people.permissions import Act, teams_where
from portal.people.signed_in import person

PAGE = 50
KINDS = ["service", "account", "runbook", "execution", "drill", "incident", "assessment", "lens", "checks", "people"]


class EventListForm(forms.Form):
    """What narrows the log."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    kind = forms.ChoiceField(
        label="About", required=False, choices=[("", "Anything"), *((kind, kind.capitalize()) for kind in KINDS)]
    )
    chain = forms.CharField(required=False, max_length=80)
    actor = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Anybody", to_field_name="username")
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, events: QuerySet[Event], **options: Any) -> None:
        super().__init__(*args, **options)
        actors = User.objects.filter(pk__in=events.order_by().values("actor")).order_by("username")
        self.fields["actor"].queryset = actors  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"

    def apply(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """The events that fit. Days are UTC days, both included; what cannot be read narrows nothing."""
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("chain"):
            events = events.filter(chain=wanted["chain"])
        if wanted.get("kind"):
            kind = wanted["kind"]
            events = events.filter(chain=kind) | events.filter(chain__startswith=f"{kind}:")
        if wanted.get("actor"):
            events = events.filter(actor=wanted["actor"])
        if wanted.get("since"):
            events = events.filter(at__gte=datetime.combine(wanted["since"], time.min, UTC))
        if wanted.get("until"):
            events = events.filter(at__lte=datetime.combine(wanted["until"], time.max, UTC))
        for word in (wanted.get("q") or "").split():
            events = events.filter(subject__icontains=word) | events.filter(verb__icontains=word)
        return events


def visible_events(user: User) -> QuerySet[Event]:
    """The events whose team lets somebody read them; those without a team are for superusers."""
    events = Event.objects.select_related("actor", "team")
    return events if user.is_superuser else events.filter(team__in=teams_where(user, Act.VIEW_AUDIT))


@require_GET
def event_list(request: HttpRequest) -> HttpResponse:
    """The log. Asked for one chain, it also proves that chain."""
    user = person(request)
    if not teams_where(user, Act.VIEW_AUDIT).exists():
        raise PermissionDenied("The audit log is for auditors and admins. Ask an admin of your team for the role.")
    events = visible_events(user)
    filters = EventListForm(request.GET, events=events)
    page = Paginator(filters.apply(events).order_by("-at", "-pk"), PAGE).get_page(request.GET.get("page"))
    chain = filters.cleaned_data.get("chain", "")
    known = bool(chain) and events.filter(chain=chain).exists()
    context = {
        "filters": filters,
        "page_obj": page,
        "readings": [reading_of(event) for event in page.object_list],
        "chain": chain if known else "",
        "broken": broken_link(chain) if known else None,
        "length": Event.objects.filter(chain=chain).count() if known else 0,
        "missing_triggers": sorted(missing_triggers()),
    }
    return render(request, "audit/event_list.html", context)
