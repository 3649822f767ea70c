"""Drills as JSON: list, read with the record, start, cancel, samples. The same operations as the pages, the same refusals."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.catalogue.models import AwsAccount, Objective, Scope, Service
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks import parts
from runbooks.api.executions import UUID_PATTERN, asker, checked
from runbooks.api.strict import StrictSerializer
from runbooks.drill_boards import listed_drills, visible_drills
from runbooks.drill_strip import strip_of
from runbooks.forms.drills import DETECTION_TIMEOUT, RECOVERY_TIMEOUT, DrillFilter
from runbooks.lookups import find_version
from runbooks.models import Drill
from runbooks.operations.drills import cancel_drill, start_drill


class DrillSerializer(serializers.ModelSerializer[Drill]):
    """A drill in a list. Lengths are ISO 8601 durations or seconds as text, times are UTC; `verdict` is empty while it runs."""

    service: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    team: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    account: Any = serializers.SlugRelatedField(slug_field="name", read_only=True)
    started_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    injection = serializers.StringRelatedField()  # type: ignore[var-annotated]
    recovery = serializers.StringRelatedField()  # type: ignore[var-annotated]
    restoration = serializers.StringRelatedField()  # type: ignore[var-annotated]

    class Meta:
        model = Drill
        fields = [
            "id",
            "title",
            "service",
            "team",
            "account",
            "scope",
            "injection",
            "recovery",
            "restoration",
            "rto",
            "rpo",
            "time_scale",
            "status",
            "status_message",
            "phase",
            "is_cancelling",
            "verdict",
            "started_by",
            "created_at",
            "started_at",
            "ended_at",
            "revision",
        ]
        read_only_fields = fields


class WholeDrillSerializer(DrillSerializer):
    """A drill with its phases, its executions and, once measured, its record (`docs/drill-record.md`)."""

    executions = serializers.SerializerMethodField()

    class Meta(DrillSerializer.Meta):
        fields = [*DrillSerializer.Meta.fields, "parameters", "phases", "executions", "record"]
        read_only_fields = fields

    def get_executions(self, drill: Drill) -> dict[str, str]:
        return {part: str(pk) for part, pk in drill.executions.values_list("part", "pk")}


class StartDrillSerializer(StrictSerializer):
    """What starts a drill. Runbooks are named; without a version's number the newest published one is taken."""

    service = serializers.SlugField()
    title = serializers.CharField(max_length=1000, allow_blank=True)
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.REGION)
    injection = serializers.CharField()
    recovery = serializers.CharField(required=False, allow_null=True, default=None)
    restoration = serializers.CharField(required=False, allow_null=True, default=None)
    parameters = serializers.DictField(child=serializers.DictField(), required=False, default=dict)
    rto = serializers.DurationField(required=False, allow_null=True, default=None)
    rpo = serializers.DurationField(required=False, allow_null=True, default=None)
    detection_timeout = serializers.DurationField(required=False, default=DETECTION_TIMEOUT)
    recovery_timeout = serializers.DurationField(required=False, default=RECOVERY_TIMEOUT)
    participants = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    account = serializers.CharField(required=False, allow_null=True, default=None)
    typed_name = serializers.CharField(required=False, allow_blank=True, default="")
    start_key = serializers.CharField(required=False, allow_null=True, default=None, max_length=64)


class CancelDrillSerializer(StrictSerializer):
    """Why, and whether the restoration runs afterwards."""

    comment = serializers.CharField(allow_blank=True)
    is_restored = serializers.BooleanField(required=False, default=True)


class DrillViewSet(viewsets.ViewSet):
    """Drills of the asker's teams; those of other teams do not exist."""

    lookup_value_regex = UUID_PATTERN

    @extend_schema(
        parameters=[OpenApiParameter(name, str) for name in ("text", "service", "scope", "verdict", "status", "page")],
        responses=DrillSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Newest first."""
        filters = DrillFilter(request.query_params, queryset=listed_drills(asker(request)), request=request)
        if not filters.form.is_valid():
            raise ValidationError({name: list(said) for name, said in filters.form.errors.items()})
        pages = PageNumberPagination()
        drills: Any = pages.paginate_queryset(filters.qs, request)
        return pages.get_paginated_response(DrillSerializer(drills, many=True).data)

    @extend_schema(responses=WholeDrillSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """One drill with its record."""
        return Response(WholeDrillSerializer(self._get(request, pk)).data)

    @extend_schema(request=StartDrillSerializer, responses={201: WholeDrillSerializer})
    def create(self, request: Request) -> Response:
        """Start a drill. The same `start_key` answers the same drill."""
        user, said = asker(request), checked(StartDrillSerializer, request)
        drill = start_drill(user=user, **_rows(user, said))
        return Response(WholeDrillSerializer(self._get(request, drill.pk)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CancelDrillSerializer, responses=WholeDrillSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Cancel it; what runs is cancelled and the restoration runs, unless it is declined."""
        said = checked(CancelDrillSerializer, request)
        cancel_drill(user=asker(request), drill=self._get(request, pk), **said)
        return Response(WholeDrillSerializer(self._get(request, pk)).data)

    @extend_schema(responses={200: dict})
    @action(detail=True, methods=["get"])
    def samples(self, request: Request, pk: UUID) -> Response:
        """What a client saw: samples (of many, the worst of each cell), outages, the clock."""
        drill = self._get(request, pk)
        return Response(strip_of(drill, drill.probe))

    def _get(self, request: Request, pk: UUID) -> Drill:
        return get_object_or_404(visible_drills(asker(request)).select_related("probe"), pk=pk)


def _rows(user: User, said: dict[str, Any]) -> dict[str, Any]:
    """The rows that the names of a start stand for. Raises `ValidationError` with everything that is not there."""
    teams = visible_teams(user)
    service = Service.objects.filter(team__in=teams, slug=said["service"]).first()
    people = {one.username: one for one in User.objects.filter(memberships__team__in=teams).distinct()}
    rows: dict[str, Any] = {
        "service": service,
        "account": AwsAccount.objects.filter(team__in=teams, name=said["account"] or "").first(),
        **{part: find_version(user, said[part]) if said[part] else None for part in parts.PARTS},
    }
    problems = {
        name: [f"There is no {'published runbook' if name in parts.PARTS else name} “{said[name]}” in your teams."]
        for name, row in rows.items()
        if said[name] and row is None
    }
    unknown = [name for name in said["participants"] if name not in people]
    if unknown:
        problems["participants"] = [f"Not in your teams: {', '.join(unknown)}."]
    promised = Objective.objects.filter(service=service, scope=said["scope"]).first() if service else None
    for name in ("rto", "rpo"):
        rows[name] = said[name] or getattr(promised, name, None)
        if service is not None and rows[name] is None:
            problems[name] = [f"{service.name} promises nothing for this scope. Give the objective."]
    if problems:
        raise ValidationError(problems)
    return {**said, **rows, "participants": [people[name] for name in said["participants"]]}
