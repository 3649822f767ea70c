"""The form that says how a service is looked at by checks."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from assessments.checks.resources import KINDS
from assessments.forms.assessments import dress
from assessments.models import CheckPlan
from assessments.operations.checks import CheckPlanDraft
from portal.catalogue.models import AwsAccount, Service

_INTERVALS = [("", "On demand only"), ("6", "Every 6 hours"), ("24", "Every day"), ("168", "Every week")]


class CheckPlanForm(forms.Form):
    """Account, how often, and which resources are the service's."""

    account = forms.ModelChoiceField(
        AwsAccount.objects.none(), required=False, empty_label="The service's only one", label="AWS account"
    )
    interval = forms.ChoiceField(label="How often", required=False)
    tag_key = forms.CharField(label="Tag of its resources", max_length=200)
    tag_value = forms.CharField(
        label="Value of the tag", required=False, max_length=300, help_text="Empty: the service's slug."
    )
    names = forms.CharField(
        label="Resources without the tag",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "placeholder": "table: Orders, Customers"}),
        help_text=f"A line for each kind: {', '.join(sorted(KINDS))}.",
    )

    def __init__(self, sent: Any = None, *, service: Service, plan: CheckPlan) -> None:
        hours = _hours(plan.interval)
        names = "\n".join(f"{kind}: {', '.join(listed)}" for kind, listed in sorted(plan.names.items()))
        started = {"account": plan.account_id, "interval": hours, "names": names}
        started |= {"tag_key": plan.tag_key, "tag_value": plan.tag_value}
        super().__init__(sent, initial=started)
        cast(forms.ModelChoiceField, self.fields["account"]).queryset = service.accounts.all()
        known = dict(_INTERVALS)
        kept = [] if hours in known else [(hours, f"Every {hours} hours")]
        cast(forms.ChoiceField, self.fields["interval"]).choices = [*_INTERVALS, *kept]
        dress(self)

    def clean_names(self) -> dict[str, tuple[str, ...]]:
        """Lines like `table: Orders, Customers`; whether a kind exists is the operation's to say."""
        found: dict[str, tuple[str, ...]] = {}
        for line in self.cleaned_data["names"].splitlines():
            kind, colon, listed = line.partition(":")
            if not line.strip():
                continue
            names = tuple(name.strip() for name in listed.split(",") if name.strip())
            if not colon or not names:
                raise ValidationError(f"“{line.strip()[:60]}” is not of the form “table: Orders, Customers”.")
            found[kind.strip()] = (*found.get(kind.strip(), ()), *names)
        return found

    def draft(self) -> CheckPlanDraft:
        """What was typed. Only of a valid form."""
        said = self.cleaned_data
        interval = timedelta(hours=float(said["interval"])) if said["interval"] else None
        return CheckPlanDraft(said["account"], interval, said["tag_key"], said["tag_value"], said["names"])


def _hours(interval: timedelta | None) -> str:
    return f"{interval.total_seconds() / 3600:g}" if interval else ""
