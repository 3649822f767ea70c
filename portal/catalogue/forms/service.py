"""The whole sheet of a service: its own fields and the rows that belong to it, read together into one draft."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q

from portal.catalogue.drafts import ServiceDraft
from portal.catalogue.forms.fields import PersonChoiceField, dressed, region_choices, regions_with_chosen_first
from portal.catalogue.forms.parts import DependencyRows, EntryUrlRows, KpiRows, ObjectiveForm
from portal.catalogue.models import AwsAccount, Scope, Service, Strategy, Tier
from portal.catalogue.visible import possible_owners, visible_accounts, visible_services
from portal.people.models import Team, User
from portal.people.permissions import Act, teams_where


class ServiceForm(forms.Form):
    """The service's own fields."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="What it does, for whom. Markdown."
    )
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None)
    owner = PersonChoiceField(User.objects.none(), help_text="Answers for the objectives.")
    deputy = PersonChoiceField(User.objects.none(), required=False, empty_label="Nobody")
    tier = forms.TypedChoiceField(choices=[(each.value, f"{each.value} · {each.label}") for each in Tier], coerce=int)
    strategy = forms.ChoiceField(label="Recovery strategy", choices=Strategy.choices)
    primary_region = forms.ChoiceField(label="Primary Region", choices=region_choices)
    recovery_regions = forms.MultipleChoiceField(
        label="Recovery Regions", required=False, widget=forms.CheckboxSelectMultiple
    )
    accounts = forms.ModelMultipleChoiceField(
        AwsAccount.objects.none(), label="AWS accounts", required=False, widget=forms.CheckboxSelectMultiple
    )
    heartbeat_url = forms.CharField(
        label="Heartbeat URL",
        max_length=200,
        required=False,
        widget=forms.URLInput,
        help_text="During a drill the portal sends PUT <heartbeat URL>/<probe>/<sequence> to measure RPO.",
    )
    heartbeat_table = forms.CharField(
        max_length=255, required=False, help_text="The DynamoDB table read back in the recovery Region."
    )

    def __init__(self, *args: Any, user: User, service: Service | None, **options: Any) -> None:
        super().__init__(*args, **options)
        teams = teams_where(user, Act.EDIT_SERVICE)
        accounts = visible_accounts(user).filter(team__in=teams)
        owners = possible_owners(teams)
        self._offer("team", teams)
        self._offer("owner", owners)
        self._offer("deputy", owners)
        self._offer("accounts", accounts)
        chosen = self["recovery_regions"].value() or []
        self.fields["recovery_regions"].choices = regions_with_chosen_first(chosen)  # type: ignore[attr-defined]
        dressed(self)

    def _offer(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]


class ServiceSheet:
    """What the edit page shows and sends. `service` is None while there is none yet; `started` is the draft begun from."""

    def __init__(
        self, data: Any, *, user: User, service: Service | None = None, started: ServiceDraft | None = None
    ) -> None:
        providers = Service.objects.filter(
            Q(pk__in=visible_services(user).filter(is_retired=False)) | Q(consumers__consumer=service)
        )
        if service is not None:
            providers = providers.exclude(pk=service.pk)
        begun = _initial(started)
        self.form = ServiceForm(data, user=user, service=service, initial=begun["form"])
        self.objectives = {
            scope: ObjectiveForm(data, scope=scope, initial=begun["objectives"].get(scope)) for scope in Scope
        }
        self.entry_urls = EntryUrlRows(data, prefix="entry_urls", initial=begun["entry_urls"])
        self.kpis = KpiRows(data, prefix="kpis", initial=begun["kpis"])
        self.dependencies = DependencyRows(
            data, prefix="dependencies", initial=begun["dependencies"], form_kwargs={"providers": providers.distinct()}
        )
        self.problems: list[str] = []

    def is_valid(self) -> bool:
        """Whether everything can be read; every part is asked, so that all problems show at once."""
        parts: Iterable[Any] = [self.form, *self.objectives.values(), self.entry_urls, self.kpis, self.dependencies]
        valid = [part.is_valid() for part in parts]
        return all(valid)

    def draft(self) -> ServiceDraft:
        """What was typed. Only after `is_valid`."""
        typed = self.form.cleaned_data
        return ServiceDraft(
            name=typed["name"],
            description=typed["description"],
            team=typed["team"],
            owner=typed["owner"],
            deputy=typed["deputy"],
            tier=Tier(typed["tier"]),
            strategy=Strategy(typed["strategy"]),
            primary_region=typed["primary_region"],
            recovery_regions=tuple(typed["recovery_regions"]),
            accounts=tuple(typed["accounts"]),
            heartbeat_url=typed["heartbeat_url"],
            heartbeat_table=typed["heartbeat_table"],
            objectives=tuple(promise for form in self.objectives.values() if (promise := form.draft()) is not None),
            entry_urls=tuple(form.draft() for form in self.entry_urls.kept()),
            kpis=tuple(form.draft() for form in self.kpis.kept()),
            dependencies=tuple(form.draft() for form in self.dependencies.kept()),
        )

    def show(self, refusal: ValidationError) -> None:
        """Put each problem of an operation beside the field it names, the others above the form."""
        told: Mapping[str, list[str]] = (
            refusal.message_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.messages}
        )
        for path, messages in told.items():
            form, field = self._place(path)
            if form is None:
                self.problems += messages
            else:
                form.add_error(field, messages)

    def _place(self, path: str) -> tuple[Any, str | None]:
        """Which form and field a path like "entry_urls.1.url" or "objectives.region.rto" means."""
        head, *rest = path.split(".")
        if not rest:
            return (self.form, head) if head in self.form.fields else (None, None)
        place, *names = rest
        if head == "objectives":
            form: Any = self.objectives[Scope(place)]
        else:
            form = getattr(self, head).kept()[int(place)]
        name = names[0] if names and names[0] in form.fields else None
        return form, name or ("rto" if head == "objectives" else "provider" if head == "dependencies" else None)


def _initial(started: ServiceDraft | None) -> dict[str, Any]:
    """A draft as the starting values of the forms."""
    if started is None:
        fresh = {"tier": Tier.IMPORTANT.value, "strategy": Strategy.BACKUP_RESTORE, "primary_region": "us-east-1"}
        return {"form": fresh, "objectives": {}, "entry_urls": [], "kpis": [], "dependencies": []}
    own = {name: getattr(started, name) for name in ServiceForm.base_fields}
    return {
        "form": own,
        "objectives": {each.scope: {"rto": each.rto, "rpo": each.rpo, "mtd": each.mtd} for each in started.objectives},
        "entry_urls": [vars(each) for each in started.entry_urls],
        "kpis": [vars(each) for each in started.kpis],
        "dependencies": [
            {"provider": need.provider.pk, "is_hard": "hard" if need.is_hard else "soft", "note": need.note}
            for need in started.dependencies
        ],
    }
