"""Forms of what belongs to a service: objectives, entry URLs, KPIs, dependencies. One row each."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from portal.catalogue.drafts import DependencyDraft, EntryUrlDraft, KpiDraft, ObjectiveDraft
from portal.catalogue.durations import DurationField
from portal.catalogue.forms.fields import DimensionsField, dressed
from portal.catalogue.models import Scope, Service

STATISTICS = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"]


class ObjectiveForm(forms.Form):
    """RTO, RPO and MTD for one scope; all three or none."""

    rto = DurationField(label="RTO", required=False)
    rpo = DurationField(label="RPO", required=False)
    mtd = DurationField(label="MTD", required=False)

    def __init__(self, data: Any = None, *, scope: Scope, initial: Any = None) -> None:
        super().__init__(data, prefix=f"objective-{scope.value}", initial=initial)
        self.scope = scope
        for name, example in (("rto", "15 min"), ("rpo", "1 min"), ("mtd", "4 h")):
            field = self.fields[name]
            field.widget.attrs |= {"aria-label": f"{field.label} for {scope.label}", "placeholder": example}
        dressed(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        missing = [name for name in self.fields if name not in self.errors and cleaned.get(name) is None]
        for name in missing if len(missing) < len(self.fields) else []:
            self.add_error(name, f"Fill in the {name.upper()} too, or leave all three empty.")
        return cleaned

    def draft(self) -> ObjectiveDraft | None:
        """What was typed, None where nothing is promised for this scope."""
        typed = self.cleaned_data
        if typed.get("rto") is None:
            return None
        return ObjectiveDraft(self.scope, typed["rto"], typed["rpo"], typed["mtd"])


class EntryUrlForm(forms.Form):
    """One public address."""

    name = forms.CharField(max_length=60, initial="Public entry")
    url = forms.CharField(label="URL", max_length=500, widget=forms.URLInput(attrs={"placeholder": "https://"}))
    expected_status = forms.IntegerField(label="Status", initial=200, help_text="The status of a good answer.")
    region_header = forms.CharField(
        max_length=60, required=False, initial="X-Region", help_text="Names the Region that answered."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        dressed(self)

    def draft(self) -> EntryUrlDraft:
        typed = self.cleaned_data
        return EntryUrlDraft(typed["url"], typed["name"], typed["expected_status"], typed["region_header"])


class KpiForm(forms.Form):
    """One business indicator and its metric."""

    name = forms.CharField(max_length=100)
    unit = forms.CharField(max_length=30, required=False, widget=forms.TextInput(attrs={"placeholder": "1/min"}))
    namespace = forms.CharField(max_length=255, widget=forms.TextInput(attrs={"placeholder": "AWS/ApplicationELB"}))
    metric_name = forms.CharField(label="Metric", max_length=255)
    statistic = forms.CharField(
        max_length=20, initial="Sum", widget=forms.TextInput(attrs={"list": "statistics", "autocomplete": "off"})
    )
    dimensions = DimensionsField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        dressed(self)

    def draft(self) -> KpiDraft:
        typed = self.cleaned_data
        return KpiDraft(
            typed["name"],
            typed["namespace"],
            typed["metric_name"],
            typed["unit"],
            typed["dimensions"],
            typed["statistic"],
        )


class DependencyForm(forms.Form):
    """One service this one needs."""

    provider = forms.ModelChoiceField(Service.objects.none(), label="Service")
    is_hard = forms.TypedChoiceField(
        label="Kind",
        choices=[("hard", "Hard: down without it"), ("soft", "Soft: degraded without it")],
        coerce=lambda kind: kind == "hard",
        initial="hard",
    )
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, providers: QuerySet[Service], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["provider"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above; tells the type checker
        field.queryset = providers
        dressed(self)

    def draft(self) -> DependencyDraft:
        typed = self.cleaned_data
        return DependencyDraft(typed["provider"], typed["is_hard"], typed["note"])


class RowsFormSet(forms.BaseFormSet):
    """Rows that can be added and removed. `kept` are those somebody filled in and did not remove, in their order."""

    def kept(self) -> list[Any]:
        return [
            form
            for index, form in enumerate(self.forms)
            if form not in self.deleted_forms and (index < self.initial_form_count() or form.has_changed())
        ]

    def clean(self) -> None:
        if self.total_form_count() > self.max_num:
            raise ValidationError(f"At most {self.max_num} rows are kept.")


def rows_of(form: type[forms.Form]) -> Any:
    """The formset of one of the forms above: one empty row to begin with, so that it works without scripts."""
    return forms.formset_factory(
        form, formset=RowsFormSet, extra=1, can_delete=True, max_num=50, absolute_max=60, validate_max=True
    )


EntryUrlRows = rows_of(EntryUrlForm)
KpiRows = rows_of(KpiForm)
DependencyRows = rows_of(DependencyForm)
