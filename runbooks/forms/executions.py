"""What people type to start an execution, to answer it, to change its parameters, and to narrow the list of them."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks.automation.content import Document, load
from runbooks.forms.parameters import PREFIX, add_parameter_fields, supplied, typed_value
from runbooks.models import (
    Execution,
    Incident,
    Purpose,
    Runbook,
    RunbookVersion,
    SignalKind,
    Status,
)

ACTIVE = "active"
VALUES = "values."
CHECKBOX = forms.CheckboxInput(attrs={"class": "form-check-input"})


class ProductionSelect(forms.Select):
    """Marks what leads to a production account, so that the page asks for the service's name only where it is needed."""

    production: frozenset[object] = frozenset()

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        chosen = getattr(option["value"], "instance", None)
        option["attrs"]["data-production"] = "yes" if chosen is not None and chosen.pk in self.production else "no"
        return option


class StartForm(forms.Form):
    """A start: purpose, place, and a field for each parameter of the document."""

    purpose = forms.ChoiceField(
        choices=[(Purpose.INCIDENT, "For an incident"), (Purpose.ALONE, "On its own, with a reason")],
        widget=forms.RadioSelect,
        initial=Purpose.INCIDENT,
        label="What is it for?",
    )
    incident = forms.ModelChoiceField(
        queryset=Incident.objects.none(), required=False, empty_label="Choose an open incident…"
    )
    reason = forms.CharField(
        required=False, max_length=300, help_text="It stays in the history, beside the name of whoever starts it."
    )
    service = forms.ModelChoiceField(
        queryset=Service.objects.none(),
        required=False,
        empty_label="None",
        label="Service",
        to_field_name="slug",
        widget=ProductionSelect,
    )
    account = forms.ModelChoiceField(
        queryset=AwsAccount.objects.none(),
        required=False,
        empty_label="The service's own",
        widget=ProductionSelect,
        label="AWS account",
    )
    region = forms.CharField(
        required=False,
        max_length=30,
        label="Region",
        help_text="Where the steps run that name no other Region. Empty: the service’s primary Region.",
        widget=forms.TextInput(attrs={"list": "regions", "spellcheck": "false", "autocomplete": "off"}),
    )
    typed_name = forms.CharField(
        required=False,
        label="Type the service's name",
        help_text="Needed for a production account: the service's name, or the account's where there is no service.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    asks_on_failure = forms.BooleanField(
        required=False,
        initial=True,
        label="If a step fails, ask a person instead of ending",
        help_text="It then waits for Retry, Mark as done, Skip or Stop step.",
        widget=CHECKBOX,
    )
    is_stepwise = forms.BooleanField(
        required=False,
        label="Step by step: each step waits for Start step",
        help_text="Resume lets it run on from where it stands.",
        widget=CHECKBOX,
    )
    start_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, user: User, version: RunbookVersion, values: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.document = load(version.content or {})
        teams = visible_teams(user)
        services = Service.objects.filter(team__in=teams, is_retired=False).prefetch_related("accounts")
        self.fields["service"].queryset = services  # type: ignore[attr-defined]
        self.fields["account"].queryset = AwsAccount.objects.filter(team__in=teams)  # type: ignore[attr-defined]
        self.fields["incident"].queryset = Incident.objects.filter(  # type: ignore[attr-defined]
            team__in=teams, resolved_at__isnull=True
        )
        self.fields["start_key"].initial = uuid.uuid4
        add_parameter_fields(self, self.document, values or {})
        self.region_choices = sorted(
            {region for service in services for region in service.regions} | {settings.AWS_REGION}
        )
        accounts = set(AwsAccount.objects.filter(team__in=teams, is_production=True).values_list("pk", flat=True))
        self.has_production = bool(accounts)
        self.fields["account"].widget.production = frozenset(accounts)
        # A service's own account is the first by name, as the start takes it.
        owns = {service.pk for service in services for one in service.accounts.all()[:1] if one.pk in accounts}
        self.fields["service"].widget.production = frozenset(owns)

    def ways_of_running(self) -> list[forms.BoundField]:
        """The checkboxes that say when a person is asked."""
        return [self["asks_on_failure"], self["is_stepwise"]]

    def parameter_fields(self) -> list[forms.BoundField]:
        """The fields of the document's parameters, in its order."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def said(self) -> dict[str, Any]:
        """What `start_execution` is given. Only what belongs to the chosen purpose is handed on."""
        typed = self.cleaned_data
        is_incident = typed.get("purpose") == Purpose.INCIDENT
        return {
            "purpose": Purpose(typed["purpose"]),
            "incident": typed.get("incident") if is_incident else None,
            "reason": typed.get("reason", ""),
            "service": typed.get("service"),
            "account": typed.get("account"),
            "region": typed.get("region", "").strip(),
            "typed_name": typed.get("typed_name", ""),
            "asks_on_failure": typed["asks_on_failure"],
            "is_stepwise": typed["is_stepwise"],
            "start_key": str(typed["start_key"]) if typed.get("start_key") else None,
            "parameters": supplied(self, self.document),
        }


class SignalForm(forms.Form):
    """An answer to an execution: what, to which attempt, with which words and, for a manual task, which values."""

    kind = forms.ChoiceField(choices=SignalKind.choices)
    step_execution = forms.IntegerField(required=False, widget=forms.HiddenInput)
    step = forms.CharField(required=False, widget=forms.HiddenInput)
    comment = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, asked: Mapping[str, Mapping[str, Any]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked or {}
        if asked is not None:
            self.fields["comment"].label = "Evidence, or why it cannot be done"
        for name, wanted in self.asked.items():
            self.fields[f"{VALUES}{name}"] = _value_field(name, wanted)

    def value_fields(self) -> list[forms.BoundField]:
        """The fields of the values that a manual task asks for."""
        return [self[f"{VALUES}{name}"] for name in self.asked]

    def said(self) -> dict[str, Any]:
        """What `send_signal` is given besides who and to what. One key for each button: another button is another signal."""
        typed = self.cleaned_data
        values = {name: typed[f"{VALUES}{name}"] for name in self.asked}
        return {
            "kind": SignalKind(typed["kind"]),
            "comment": typed["comment"],
            "payload": {"values": values, "step": typed["step"]},
            "key": _key(typed),
        }


class ChangeForm(forms.Form):
    """A parameter to change for the steps not yet run: which, its value in a field of its type, and why.

    Each parameter has a field that shows its present value; only that of the chosen one is read.
    """

    kind = forms.CharField(widget=forms.HiddenInput, initial=SignalKind.CHANGE)
    parameter = forms.ChoiceField(required=False, label="Parameter")
    comment = forms.CharField(required=False, max_length=4000, label="Reason", widget=forms.TextInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, document: Document, present: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = document
        names = [(name, name) for name in document.parameters]
        self.fields["parameter"].choices = [("", "Choose…"), *names]  # type: ignore[attr-defined]
        add_parameter_fields(self, document, present)
        for name in document.parameters:
            self.fields[f"{PREFIX}{name}"].present = present.get(name, "")  # type: ignore[attr-defined]

    def parameter_fields(self) -> list[forms.BoundField]:
        """The fields of the document's parameters, in its order."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def said(self) -> dict[str, Any]:
        """What `send_signal` is given besides who and to what."""
        typed = self.cleaned_data
        chosen = self.document.parameters.get(typed["parameter"])
        return {
            "kind": SignalKind.CHANGE,
            "comment": typed["comment"],
            "payload": {"parameter": typed["parameter"], "value": typed_value(self, chosen) if chosen else None},
            "key": _key({**typed, "kind": SignalKind.CHANGE}),
        }


def _key(typed: Mapping[str, Any]) -> str | None:
    return f"{typed['key'].hex}:{typed['kind']}" if typed.get("key") else None


def _value_field(name: str, wanted: Mapping[str, Any]) -> forms.Field:
    """A field for a value; whether it is missing or wrong is for the operation to say."""
    field: forms.Field
    if wanted.get("type") == "Boolean":
        field = forms.ChoiceField(choices=[("", "Choose…"), ("true", "yes"), ("false", "no")], required=False)
    else:
        mode = "numeric" if wanted.get("type") == "Integer" else "text"
        field = forms.CharField(
            widget=forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"}), required=False
        )
    field.label, field.help_text = name, str(wanted.get("description") or "")
    return field


class ExecutionFilter(django_filters.FilterSet):
    """What narrows a list of executions; shared by the page and the API."""

    status = django_filters.ChoiceFilter(
        choices=[(ACTIVE, "Not over yet"), *Status.choices], method="of_status", empty_label="Any status"
    )
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices, empty_label="Any purpose")
    runbook = django_filters.ModelChoiceFilter(
        field_name="version__runbook",
        label="Runbook",
        queryset=Runbook.objects.none(),
        to_field_name="slug",
        empty_label="Any runbook",
    )
    service = django_filters.ModelChoiceFilter(
        queryset=Service.objects.none(), to_field_name="slug", empty_label="Any service"
    )
    since = django_filters.DateFilter(method="from_day", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="to_day", label="To", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Execution
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(self.request.user)
        self.filters["runbook"].queryset = Runbook.objects.filter(team__in=teams)
        self.filters["service"].queryset = Service.objects.filter(team__in=teams)

    def from_day(self, executions: QuerySet[Execution], name: str, value: date) -> QuerySet[Execution]:
        """Days are compared as moments: a database that first makes a day of every time cannot use its index."""
        return executions.filter(created_at__gte=datetime.combine(value, time.min, UTC))

    def to_day(self, executions: QuerySet[Execution], name: str, value: date) -> QuerySet[Execution]:
        return executions.filter(created_at__lte=datetime.combine(value, time.max, UTC))

    def of_status(self, executions: QuerySet[Execution], name: str, value: str) -> QuerySet[Execution]:
        return executions.filter(Q(ended_at__isnull=True) if value == ACTIVE else Q(status=value))
