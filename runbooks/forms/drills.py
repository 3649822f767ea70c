"""What people type to start a drill, to cancel it, and to narrow the list. What is allowed is decided by the operation."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from portal.catalogue.durations import DurationField
from portal.catalogue.models import AwsAccount, Objective, Scope, Service
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks import parts
from runbooks.automation.content import load
from runbooks.forms.parameters import PREFIX, add_parameter_fields, supplied
from runbooks.models import Drill, RunbookVersion, Status, Verdict

DETECTION_TIMEOUT = timedelta(minutes=10)
RECOVERY_TIMEOUT = timedelta(minutes=30)
SAMPLE_SERVICE = "mythical-mysfits"
SAMPLE_RUNBOOKS = {parts.INJECTION: "inject-stop-tasks", parts.RECOVERY: "fail-over", parts.RESTORATION: "fail-back"}


AS_PROMISED = "Empty: as the catalogue promises for the scope."


class _AsPromised(forms.TextInput):
    """An empty objective is the catalogue's, so no other length may stand there as an example."""

    def __init__(self) -> None:
        super().__init__(attrs={"placeholder": "as promised"})


class DrillForm(forms.Form):
    """A drill to be: what is disrupted, by what, what recovers it, what cleans up, and what was promised."""

    service = forms.ModelChoiceField(
        queryset=Service.objects.none(), to_field_name="slug", empty_label="Choose a service…", required=False
    )
    scope = forms.ChoiceField(label="Disruption scope", choices=Scope.choices, initial=Scope.REGION, required=False)
    title = forms.CharField(
        label="What is practised?", required=False, widget=forms.TextInput(attrs={"maxlength": 200})
    )
    injection = forms.ModelChoiceField(
        queryset=RunbookVersion.objects.none(), required=False, empty_label="Choose a runbook…", label="Injection"
    )
    recovery = forms.ModelChoiceField(
        queryset=RunbookVersion.objects.none(), required=False, empty_label="None: watch whether it recovers by itself"
    )
    restoration = forms.ModelChoiceField(
        queryset=RunbookVersion.objects.none(), required=False, empty_label="None: leave everything as it is then"
    )
    rto = DurationField(
        label="RTO objective", required=False, help_text="Empty: as the catalogue promises for the scope."
    )
    rpo = DurationField(
        label="RPO objective", required=False, help_text="Empty: as the catalogue promises for the scope."
    )
    detection_timeout = DurationField(
        label="Seen within", initial=DETECTION_TIMEOUT, required=False, help_text="Else nothing was disrupted."
    )
    recovery_timeout = DurationField(
        label="Recovered within", initial=RECOVERY_TIMEOUT, required=False, help_text="Else it is not recovered."
    )
    participants = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    account = forms.ModelChoiceField(
        queryset=AwsAccount.objects.none(), required=False, empty_label="The service's own", label="AWS account"
    )
    typed_name = forms.CharField(
        required=False,
        label="Type the service's name",
        help_text="A production account is disrupted for real.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    start_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: User, versions: QuerySet[RunbookVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(user)
        self.fields["service"].queryset = Service.objects.filter(team__in=teams, is_retired=False)  # type: ignore[attr-defined]
        self.fields["account"].queryset = AwsAccount.objects.filter(team__in=teams)  # type: ignore[attr-defined]
        members = User.objects.filter(memberships__team__in=teams, is_active=True).distinct()
        self.fields["participants"].queryset = members.order_by("first_name", "username")  # type: ignore[attr-defined]
        self.fields["participants"].label_from_instance = lambda person: person.shown_name  # type: ignore[attr-defined]
        for part in parts.PARTS:
            self.fields[part].queryset = versions  # type: ignore[attr-defined]
        self.fields["start_key"].initial = uuid.uuid4
        self.has_production = AwsAccount.objects.filter(team__in=teams, is_production=True).exists()

    def said(self, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """What `start_drill` is given. Adds an error for each choice without which there is nothing to ask it."""
        typed = dict(self.cleaned_data)
        service = typed.get("service")
        promised = Objective.objects.filter(service=service, scope=typed.get("scope")).first() if service else None
        for name, sentence in (("service", "Choose the service."), ("injection", "Choose what disrupts it.")):
            if typed.get(name) is None and name not in self.errors:
                self.add_error(name, sentence)
        for name in ("rto", "rpo"):
            if typed.get(name) is None and name not in self.errors:
                typed[name] = getattr(promised, name, None)
                if service and typed[name] is None:
                    self.add_error(name, f"{service.name} promises nothing for this scope. Type the objective.")
        typed["detection_timeout"] = typed.get("detection_timeout") or DETECTION_TIMEOUT
        typed["recovery_timeout"] = typed.get("recovery_timeout") or RECOVERY_TIMEOUT
        typed["start_key"] = str(typed["start_key"]) if typed.get("start_key") else None
        return {**typed, "participants": list(typed["participants"]), "parameters": parameters}


class PartForm(forms.Form):
    """The parameters of one part's runbook; named `injection-parameters.Name` and so on."""

    def __init__(
        self, typed: Any = None, *, part: str, version: RunbookVersion, service: Service | None = None
    ) -> None:
        super().__init__(typed, prefix=part)
        self.part, self.version, self.document = part, version, load(version.content or {})
        entry = service.entry_urls.first() if service else None
        known = parts.known_parameters(service, self.document.parameters, entry.url if entry else "") if service else {}
        add_parameter_fields(self, self.document, known)

    def given(self) -> dict[str, Any]:
        return supplied(self, self.document)

    def parameter_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields]

    def take(self, problems: dict[str, list[str]]) -> None:
        """Show the problems "injection.Name" of this part beside its fields; what it takes is removed."""
        if not self.is_bound:
            return
        for path in [path for path in problems if path.startswith(f"{self.part}.")]:
            name = f"{PREFIX}{path.partition('.')[2]}"
            if name in self.fields:
                self.add_error(name, problems.pop(path))


class CancelForm(forms.Form):
    """Why, and whether to clean up."""

    comment = forms.CharField(label="Reason", required=False, max_length=1000)
    is_restored = forms.BooleanField(label="Run the restoration afterwards", required=False, initial=True)


class DrillFilter(django_filters.FilterSet):
    """What narrows the list. What cannot be read narrows nothing."""

    text = django_filters.CharFilter(
        field_name="title", lookup_expr="icontains", label="Title", widget=forms.TextInput(attrs={"type": "search"})
    )
    service = django_filters.ModelChoiceFilter(
        queryset=lambda request: Service.objects.filter(team__in=visible_teams(request.user)),
        to_field_name="slug",
        empty_label="Any service",
        label="Service",
    )
    scope = django_filters.ChoiceFilter(choices=Scope.choices, empty_label="Any scope", label="Scope")
    verdict = django_filters.ChoiceFilter(choices=Verdict.choices, empty_label="Any verdict", label="Verdict")
    status = django_filters.ChoiceFilter(choices=Status.choices, empty_label="Any status", label="Status")

    class Meta:
        model = Drill
        fields = ["text", "service", "scope", "verdict", "status"]


def sample_choices(user: User, versions: QuerySet[RunbookVersion]) -> dict[str, Any]:
    """The sample drill's choices, by which the form is prefilled; empty where the sample is not installed."""
    service = Service.objects.filter(slug=SAMPLE_SERVICE, team__in=visible_teams(user), is_retired=False).first()
    wanted = versions.filter(runbook__name__in=SAMPLE_RUNBOOKS.values()).defer("text", "content")
    by_name = {version.runbook.name: version for version in wanted}
    if service is None or any(name not in by_name for name in SAMPLE_RUNBOOKS.values()):
        return {}
    chosen = {part: by_name[name].pk for part, name in SAMPLE_RUNBOOKS.items()}
    return {"service": service.slug, "scope": Scope.REGION, "title": "Lose the primary Region", **chosen}
