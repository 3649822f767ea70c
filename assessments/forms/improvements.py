"""Forms of the results pages: the decision about one risk, two states to compare, what narrows the portfolio."""

from typing import Any, cast

from django import forms

from assessments.forms.assessments import dress
from assessments.models import Assessment, ImprovementStatus, Lens, Milestone
from assessments.operations.improvement import NOTE, ImprovementDraft
from assessments.operations.shelf import possible_assignees, visible_lenses
from assessments.portfolio import Wanted
from portal.catalogue.models import Tier
from portal.people.models import Team, User
from portal.people.permissions import visible_teams

NOW = "now"


class ImprovementForm(forms.Form):
    """Who lowers a risk until when, how far that is, or why it is accepted."""

    status = forms.ChoiceField(choices=ImprovementStatus.choices)
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", to_field_name="username", label="Who"
    )
    due_on = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    note = forms.CharField(
        required=False,
        max_length=NOTE + 1,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="How, or why it is accepted.",
    )
    base_revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, sent: Any = None, *, assessment: Assessment, number: int, **options: Any) -> None:
        super().__init__(sent, auto_id=f"q{number}-%s", **options)
        people = possible_assignees(assessment.service.team_id)
        owner = cast(forms.ModelChoiceField, self.fields["owner"])
        owner.queryset = people
        owner.label_from_instance = _shown_name  # type: ignore[assignment]
        dress(self)

    def draft(self) -> ImprovementDraft:
        """What was typed. Only of a valid form."""
        said = self.cleaned_data
        return ImprovementDraft(said["status"], said["owner"], said["due_on"], said["note"])


def _shown_name(person: User) -> str:
    return person.shown_name


class CompareForm(forms.Form):
    """Two states of an assessment: milestones by number, or the present."""

    before = forms.ChoiceField(label="From", required=False)
    after = forms.ChoiceField(label="To", required=False)

    def __init__(self, *positional: Any, milestones: list[Milestone], **options: Any) -> None:
        super().__init__(*positional, **options)
        states = [*((str(each.number), f"{each.number}. {each.name}") for each in milestones), (NOW, "Now")]
        for name in ("before", "after"):
            cast(forms.ChoiceField, self.fields[name]).choices = states
        dress(self)

    def chosen(self) -> tuple[str, str]:
        """The two states; what nobody offered is the newest milestone, and now."""
        self.is_valid()
        states = [str(code) for code, _ in cast(list[tuple[str, str]], self.fields["before"].choices)]  # type: ignore[attr-defined]
        newest = states[-2] if len(states) > 1 else NOW
        return self.cleaned_data.get("before") or newest, self.cleaned_data.get("after") or NOW

    def state_name(self, code: str) -> str:
        """A state as the lists name it."""
        states = cast(list[tuple[str, str]], cast(forms.ChoiceField, self.fields["before"]).choices)
        return dict(states)[code]


class PortfolioForm(forms.Form):
    """What narrows and orders the portfolio. A choice nobody offered narrows nothing."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Service, team, owner"}),
    )
    lens = forms.ModelChoiceField(Lens.objects.none(), required=False, empty_label="All", to_field_name="slug")
    tier = forms.TypedChoiceField(
        required=False, coerce=int, empty_value="0", choices=[("", "Any"), *((each.value, each.label) for each in Tier)]
    )
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="Any", to_field_name="slug")
    order = forms.ChoiceField(required=False, choices=[("", "By tier"), ("worst", "Worst first")])

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        cast(forms.ModelChoiceField, self.fields["lens"]).queryset = visible_lenses(user)
        cast(forms.ModelChoiceField, self.fields["team"]).queryset = visible_teams(user)
        dress(self)

    def wanted(self) -> Wanted:
        """What was chosen."""
        self.is_valid()
        said = self.cleaned_data
        lens, team = said.get("lens"), said.get("team")
        return Wanted(
            lens=lens.slug if lens else "",
            team=team.slug if team else "",
            tier=int(said.get("tier") or 0),
            text=said.get("q") or "",
            is_worst_first=said.get("order") == "worst",
        )
