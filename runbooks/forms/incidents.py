"""What people type about an incident. Fields are optional here, so that the operation lists every problem at once."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from portal.catalogue.models import Service
from portal.people.models import Team, User
from portal.people.permissions import Act, may, visible_teams
from runbooks.models import Incident, Severity


def teams_of_responder(user: User) -> list[Team]:
    """The teams for which somebody may manage incidents."""
    return [team for team in visible_teams(user) if may(user, Act.MANAGE_INCIDENT, team)]


class IncidentListForm(forms.Form):
    """What narrows the list. What cannot be read narrows nothing."""

    text = forms.CharField(required=False, label="Title", widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        required=False, choices=[("", "Open and resolved"), ("open", "Open"), ("resolved", "Resolved")]
    )
    severity = forms.ChoiceField(
        required=False, choices=[("", "Any severity"), *((str(value), f"SEV{value}") for value in Severity.values)]
    )
    service = forms.ModelChoiceField(
        queryset=Service.objects.none(), required=False, to_field_name="slug", empty_label="Any service"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = Service.objects.filter(team__in=visible_teams(user))  # type: ignore[attr-defined]

    def apply(self, incidents: QuerySet[Incident]) -> QuerySet[Incident]:
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("text"):
            incidents = incidents.filter(title__icontains=chosen["text"])
        if chosen.get("state"):
            incidents = incidents.filter(resolved_at__isnull=chosen["state"] == "open")
        if chosen.get("severity"):
            incidents = incidents.filter(severity=chosen["severity"])
        if chosen.get("service"):
            incidents = incidents.filter(services=chosen["service"])
        return incidents


class IncidentForm(forms.Form):
    """A new incident: the least that lets a response begin."""

    title = forms.CharField(
        label="What is wrong?",
        required=False,
        help_text="In a few words, as a customer would see it: “Checkout answers with errors”.",
        widget=forms.TextInput(attrs={"autofocus": True, "maxlength": 200}),
    )
    severity = forms.TypedChoiceField(
        coerce=int,
        empty_value=0,  # type: ignore[arg-type]
        choices=Severity.choices,
        initial=Severity.SEV2,
        widget=forms.RadioSelect,
        required=False,
    )
    team = forms.ModelChoiceField(queryset=Team.objects.none(), label="Team that responds", empty_label=None)
    services = forms.ModelMultipleChoiceField(
        queryset=Service.objects.none(), required=False, label="Affected services", widget=forms.CheckboxSelectMultiple
    )
    disrupted_at = forms.DateTimeField(
        required=False,
        label="When did it begin? (UTC)",
        help_text="As far as you know. Leave it empty when you do not.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = teams_of_responder(user)
        self.fields["team"].queryset = Team.objects.filter(pk__in=[team.pk for team in teams])  # type: ignore[attr-defined]
        self.fields["team"].initial = teams[0] if teams else None
        self.fields["services"].queryset = Service.objects.filter(  # type: ignore[attr-defined]
            team__in=visible_teams(user), is_retired=False
        )


class NoteForm(forms.Form):
    """A line of the timeline."""

    text = forms.CharField(
        label="Add to the timeline",
        required=False,
        help_text="Markdown. Who will read this later knows nothing: what happened, what was seen, what was decided.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SeverityForm(forms.Form):
    """Another severity, and why."""

    severity = forms.TypedChoiceField(coerce=int, empty_value=0, choices=Severity.choices, required=False)  # type: ignore[arg-type]
    reason = forms.CharField(required=False, widget=forms.TextInput(attrs={"maxlength": 300}))


class ResolveForm(forms.Form):
    """The words an incident is closed with."""

    resolution = forms.CharField(
        label="How was it resolved, and how do you know?", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
