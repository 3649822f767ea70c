"""The smaller forms: narrowing the list, retiring a service, an AWS account."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from portal.catalogue.forms.fields import dressed
from portal.catalogue.models import AwsAccount, Service, Strategy, Tier
from portal.catalogue.regions import shown_region
from portal.people.models import Team, User
from portal.people.permissions import Act, teams_where, visible_teams

ANY = ("", "Any")


class ServiceListForm(forms.Form):
    """What narrows the list. A choice nobody offered narrows nothing."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Name, text, owner"}),
    )
    tier = forms.ChoiceField(required=False, choices=[ANY, *((str(each.value), each.label) for each in Tier)])
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="Any", to_field_name="slug")
    strategy = forms.ChoiceField(required=False, choices=[ANY, *Strategy.choices])
    region = forms.ChoiceField(label="Region", required=False)
    state = forms.ChoiceField(required=False, choices=[("", "In use"), ("retired", "Retired"), ("all", "All")])

    def __init__(self, *args: Any, user: User, services: QuerySet[Service], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["team"].queryset = visible_teams(user)  # type: ignore[attr-defined]
        used = {
            code
            for primary, others in services.values_list("primary_region", "recovery_regions")
            for code in [primary, *others]
        }
        self.fields["region"].choices = [ANY, *((code, shown_region(code)) for code in sorted(used))]  # type: ignore[attr-defined]
        dressed(self)

    def apply(self, services: QuerySet[Service]) -> QuerySet[Service]:
        """The services that fit."""
        self.is_valid()
        wanted = self.cleaned_data
        state = wanted.get("state", "")
        if state != "all":
            services = services.filter(is_retired=state == "retired")
        for name in ("tier", "team", "strategy"):
            if wanted.get(name):
                services = services.filter(**{name: wanted[name]})
        if wanted.get("region"):
            # As text: SQLite cannot look into a JSON list, and codes are quoted in it, so that none is part of another.
            services = services.annotate(recovers_in=Cast("recovery_regions", TextField())).filter(
                Q(primary_region=wanted["region"]) | Q(recovers_in__contains=f'"{wanted["region"]}"')
            )
        for word in (wanted.get("q") or "").split():
            services = services.filter(
                Q(name__icontains=word)
                | Q(description__icontains=word)
                | Q(owner__username__icontains=word)
                | Q(owner__first_name__icontains=word)
                | Q(owner__last_name__icontains=word)
            )
        return services


class RetireForm(forms.Form):
    """Why a service is taken out of use."""

    reason = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What takes its place, or why nothing does.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        dressed(self)


class AccountForm(forms.ModelForm):
    """An AWS account. Its external id is shown, never typed."""

    class Meta:
        model = AwsAccount
        fields = ["name", "team", "account_id", "role_arn", "read_only_role_arn", "is_production"]

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        team = self.fields["team"]
        team.queryset = teams_where(user, Act.EDIT_ACCOUNT)  # type: ignore[attr-defined]
        team.empty_label = None  # type: ignore[attr-defined]
        dressed(self)

    def _post_clean(self) -> None:
        """Columns are checked by the operation, together with the rules; here the row only takes what was typed."""
        forms.models.construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
