"""The catalogue in JSON: how services and accounts are shown, and how what is sent becomes a draft.

Lengths of time are ISO 8601 ("PT15M"); the words people type ("15 min") are read as well. Services and teams are named
by slug, people by user name, accounts by name. Unknown fields are refused. Rules are in the operations.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.catalogue.drafts import DependencyDraft, EntryUrlDraft, KpiDraft, ObjectiveDraft, ServiceDraft
from portal.catalogue.durations import iso_duration, parse_duration
from portal.catalogue.models import AwsAccount, Scope, Service, Strategy, Tier
from portal.catalogue.visible import possible_owners, visible_accounts, visible_services
from portal.people.models import Team, User
from portal.people.permissions import visible_teams


class StrictSerializer(serializers.Serializer):
    """Refuses fields it does not know: a misspelt name must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
                raise serializers.ValidationError(
                    {name: [f"There is no such field. Known: {known}."] for name in unknown}
                )
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "duration", "example": "PT15M"})
class LengthField(serializers.Field):
    """A length of time."""

    def to_internal_value(self, data: Any) -> timedelta:
        if not isinstance(data, str):
            raise serializers.ValidationError('Give a length of time as text, like "PT15M".')
        try:
            return parse_duration(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: timedelta) -> str:
        return iso_duration(value)


@extend_schema_field(OpenApiTypes.STR)
class NamedField(serializers.SlugRelatedField):
    """A row by its name, among those the asker may see."""

    default_error_messages = {"does_not_exist": "There is no {value} that you may see."}
    choices: dict[str, Any] = {
        "team": lambda user: visible_teams(user),
        "person": lambda user: possible_owners(visible_teams(user)),
        "account": lambda user: visible_accounts(user),
        "service": lambda user: visible_services(user),
    }

    def __init__(self, kind: str, slug_field: str, **options: Any) -> None:
        models: dict[str, QuerySet] = {
            "team": Team.objects.all(),
            "person": User.objects.all(),
            "account": AwsAccount.objects.all(),
            "service": Service.objects.all(),
        }
        self.kind = kind
        super().__init__(slug_field=slug_field, queryset=models[kind], **options)

    def get_queryset(self) -> QuerySet:
        return self.choices[self.kind](self.context["request"].user)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ObjectiveSerializer(StrictSerializer):
    """What is promised for one disruption scope."""

    scope = serializers.ChoiceField(choices=Scope.choices)
    rto = LengthField()
    rpo = LengthField()
    mtd = LengthField()


class DependencySerializer(StrictSerializer):
    """A service that this one needs."""

    provider = NamedField("service", "slug")
    is_hard = serializers.BooleanField(default=True)
    note = serializers.CharField(default="", allow_blank=True)


class EntryUrlSerializer(StrictSerializer):
    """A public address."""

    name = serializers.CharField(default="Public entry")
    url = serializers.CharField()
    expected_status = serializers.IntegerField(default=200)
    region_header = serializers.CharField(default="X-Region", allow_blank=True)


class KpiSerializer(StrictSerializer):
    """A business indicator and its CloudWatch metric."""

    name = serializers.CharField()
    unit = serializers.CharField(default="", allow_blank=True)
    namespace = serializers.CharField()
    metric_name = serializers.CharField()
    dimensions = serializers.DictField(child=serializers.CharField(), default=dict)
    statistic = serializers.CharField(default="Sum")


class ServiceSerializer(StrictSerializer):
    """A whole service. On a change `changed_at` names the state it began from; lists are replaced as a whole."""

    slug = serializers.CharField(read_only=True)
    name = serializers.CharField()
    description = serializers.CharField(default="", allow_blank=True)
    team = NamedField("team", "slug")
    owner = NamedField("person", "username")
    deputy = NamedField("person", "username", allow_null=True, default=None)
    tier = serializers.ChoiceField(choices=Tier.choices, default=Tier.IMPORTANT)
    strategy = serializers.ChoiceField(choices=Strategy.choices, default=Strategy.BACKUP_RESTORE)
    primary_region = serializers.CharField()
    recovery_regions = serializers.ListField(child=serializers.CharField(), default=list, max_length=50)
    accounts = NamedField("account", "name", many=True, default=list)
    heartbeat_url = serializers.CharField(default="", allow_blank=True)
    heartbeat_table = serializers.CharField(default="", allow_blank=True)
    objectives = ObjectiveSerializer(many=True, default=list)
    dependencies = DependencySerializer(many=True, default=list)
    entry_urls = EntryUrlSerializer(many=True, default=list)
    kpis = KpiSerializer(many=True, default=list)
    is_retired = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    changed_at = serializers.DateTimeField(required=False)

    def only_sent(self) -> "ServiceSerializer":
        """Forget the fields that were not sent, for a partial change.

        DRF's own `partial` reaches into nested lists and would let half a dependency through.
        """
        for name in set(self.fields) - set(self.initial_data):
            del self.fields[name]
        return self

    def draft(self, was: ServiceDraft | None = None) -> ServiceDraft:
        """What was sent as a draft; what was left out stays as in `was`."""
        sent = dict(self.validated_data)
        sent.pop("changed_at", None)
        for name, made in _PARTS.items():
            if name in sent:
                sent[name] = tuple(made(part) for part in sent[name])
        for name in ("accounts", "recovery_regions"):
            if name in sent:
                sent[name] = tuple(sent[name])
        for name, made in (("tier", Tier), ("strategy", Strategy)):
            if name in sent:
                sent[name] = made(sent[name])
        return replace(was, **sent) if was is not None else ServiceDraft(**sent)


_PARTS: dict[str, Any] = {
    "objectives": lambda part: ObjectiveDraft(Scope(part["scope"]), part["rto"], part["rpo"], part["mtd"]),
    "dependencies": lambda part: DependencyDraft(**part),
    "entry_urls": lambda part: EntryUrlDraft(**part),
    "kpis": lambda part: KpiDraft(**part),
}


class RetirementSerializer(StrictSerializer):
    """Why a service is retired."""

    reason = serializers.CharField(default="", allow_blank=True)


class AccountSerializer(StrictSerializer):
    """An AWS account. `external_id` is made by the portal."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField()
    team = NamedField("team", "slug")
    account_id = serializers.CharField()
    role_arn = serializers.CharField(default="", allow_blank=True)
    read_only_role_arn = serializers.CharField(default="", allow_blank=True)
    external_id = serializers.CharField(read_only=True)
    is_production = serializers.BooleanField(default=False)
