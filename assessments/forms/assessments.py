"""The smaller forms about assessments: starting one, narrowing lists, naming a milestone, adding evidence, commenting."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q, QuerySet

from assessments.models import Assessment, Lens
from assessments.operations.answers import COMMENT
from assessments.operations.evidence import MAXIMUM_BYTES, Upload
from assessments.operations.shelf import visible_lenses
from assessments.proof_source import NamedProof
from assessments.results import Results
from assessments.risk import Risk
from portal.catalogue.models import Service
from portal.people.models import User
from portal.people.permissions import Act, teams_where

RISKS = {
    Risk.HIGH: "High risk",
    Risk.MEDIUM: "Medium risk",
    Risk.UNANSWERED: "Unanswered",
    Risk.NONE: "No risk",
    Risk.NOT_APPLICABLE: "Not applicable",
}


def dress(form: forms.BaseForm) -> None:
    """Give every control the class of the design system that fits its kind."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.CheckboxInput | forms.RadioSelect):
            widget.attrs["class"] = "form-check-input"
        else:
            widget.attrs["class"] = "form-select" if isinstance(widget, forms.Select) else "form-control"


def show_refusal(form: forms.BaseForm, refusal: ValidationError) -> None:
    """Put every message of a refusal beside its field, or above the form where the form has no such field."""
    messages = refusal.message_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.messages}
    for field, sentences in messages.items():
        form.add_error(field if field in form.fields else None, sentences)


class StartForm(forms.Form):
    """A service and the lens it is judged by."""

    service = forms.ModelChoiceField(Service.objects.none(), to_field_name="slug", empty_label="Choose a service")
    lens = forms.ModelChoiceField(
        Lens.objects.none(),
        to_field_name="slug",
        empty_label="Choose a lens",
        help_text="Lenses of everybody and of the service's team. The newest published version is used.",
    )

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        services = Service.objects.filter(team__in=teams_where(user, Act.EDIT_SERVICE), is_retired=False)
        cast(forms.ModelChoiceField, self.fields["service"]).queryset = services
        lenses = visible_lenses(user).filter(versions__status="Published").distinct()
        cast(forms.ModelChoiceField, self.fields["lens"]).queryset = lenses
        dress(self)


class AssessmentListForm(forms.Form):
    """What narrows the list of assessments."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    lens = forms.ModelChoiceField(Lens.objects.none(), required=False, empty_label="Any", to_field_name="slug")
    state = forms.ChoiceField(required=False, choices=[("", "Open"), ("closed", "Closed"), ("all", "All")])

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        cast(forms.ModelChoiceField, self.fields["lens"]).queryset = visible_lenses(user)
        dress(self)

    def apply(self, assessments: QuerySet[Assessment]) -> QuerySet[Assessment]:
        """The assessments that fit; what cannot be read narrows nothing."""
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("state", "") != "all":
            assessments = assessments.filter(closed_at__isnull=wanted.get("state", "") != "closed")
        if wanted.get("lens"):
            assessments = assessments.filter(lens=wanted["lens"])
        for word in (wanted.get("q") or "").split():
            assessments = assessments.filter(Q(service__name__icontains=word) | Q(lens__name__icontains=word))
        return assessments


class QuestionListForm(forms.Form):
    """What narrows the questions of an assessment."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    risk = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((risk.value, name) for risk, name in RISKS.items())]
    )
    pillar = forms.ChoiceField(required=False)
    assignee = forms.ChoiceField(label="Assigned to", required=False, choices=[("", "Anybody"), ("me", "Me")])

    def __init__(self, *positional: Any, results: Results, **options: Any) -> None:
        super().__init__(*positional, **options)
        pillars = [(each.pillar.id, each.pillar.name) for each in results.pillars]
        cast(forms.ChoiceField, self.fields["pillar"]).choices = [("", "Any"), *pillars]
        dress(self)

    def wanted(self, name: str) -> str:
        """What was chosen; a value nobody offered counts as nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


class MilestoneForm(forms.Form):
    """The name of a milestone."""

    name = forms.CharField(label="Name of the milestone", max_length=200, required=False)

    def __init__(self, *positional: Any, **options: Any) -> None:
        super().__init__(*positional, **options)
        dress(self)


class EvidenceForm(forms.Form):
    """A drill or execution of the service out of `proofs`, a link or a file, and a note on it."""

    proof = forms.ChoiceField(label="Drill or execution", required=False)
    value = forms.CharField(
        label="Link",
        required=False,
        max_length=3000,
        widget=forms.URLInput(attrs={"placeholder": "https://…", "autocomplete": "off"}),
        help_text="Or a page elsewhere, or the address of an older drill or execution.",
    )
    file = forms.FileField(required=False, help_text=f"Or a file of at most {MAXIMUM_BYTES // 1_000_000} MB.")
    note = forms.CharField(required=False, max_length=400, help_text="What it shows.")

    def __init__(self, *positional: Any, proofs: Sequence[NamedProof] = (), **options: Any) -> None:
        super().__init__(*positional, **options)
        if proofs:
            offered = [(each.address, _offer(each)) for each in proofs]
            cast(forms.ChoiceField, self.fields["proof"]).choices = [("", "Choose one"), *offered]
        else:
            del self.fields["proof"]
        dress(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if len([name for name in ("proof", "value", "file") if cleaned.get(name)]) > 1:
            raise ValidationError(
                "Give one thing at a time: a drill or execution, a link or a file. Add the next one afterwards."
            )
        return cleaned

    def address(self) -> str:
        """The page that was chosen or named; empty where a file was."""
        return self.cleaned_data.get("proof") or self.cleaned_data["value"]

    def upload(self) -> Upload | None:
        """The file that was chosen, read no further than one byte beyond what is kept."""
        sent = self.cleaned_data.get("file")
        return Upload(sent.name or "", sent.read(MAXIMUM_BYTES + 1)) if sent else None


def _offer(proof: NamedProof) -> str:
    ended = f", {proof.ended_at:%Y-%m-%d %H:%M} UTC" if proof.ended_at else ""
    return f"{proof.title}: {proof.says}{ended}"


class CommentForm(forms.Form):
    """One remark."""

    text = forms.CharField(
        label="Comment", required=False, max_length=COMMENT + 1, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *positional: Any, **options: Any) -> None:
        super().__init__(*positional, **options)
        dress(self)
