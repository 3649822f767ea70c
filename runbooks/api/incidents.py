"""Incidents as JSON: list, read, open, add notes, change the severity, resolve. The same operations as the pages."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.catalogue.models import Service
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks.api.executions import UUID_PATTERN, ExecutionSerializer, asker, checked
from runbooks.api.strict import StrictSerializer
from runbooks.boards import visible_executions
from runbooks.forms.incidents import IncidentListForm
from runbooks.models import Incident, IncidentNote
from runbooks.operations.incidents import add_note, change_severity, open_incident, resolve_incident


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """An incident in a list. Severity 1 is the worst; `resolved_at` is null while it is open."""

    team: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    services: Any = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)
    opened_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    resolved_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Incident
        fields = [
            "id",
            "title",
            "severity",
            "team",
            "services",
            "opened_by",
            "opened_at",
            "disrupted_at",
            "resolved_by",
            "resolved_at",
            "resolution",
        ]
        read_only_fields = fields


class NoteSerializer(serializers.ModelSerializer[IncidentNote]):
    """One line of the timeline; Markdown."""

    author: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = IncidentNote
        fields = ["id", "author", "written_at", "text"]
        read_only_fields = fields


class WholeIncidentSerializer(IncidentSerializer):
    """An incident with its notes and the executions run for it."""

    notes = NoteSerializer(many=True, read_only=True)
    executions = serializers.SerializerMethodField()

    class Meta(IncidentSerializer.Meta):
        fields = [*IncidentSerializer.Meta.fields, "notes", "executions"]
        read_only_fields = fields

    @extend_schema(responses=ExecutionSerializer(many=True))
    def get_executions(self, incident: Incident) -> Any:
        executions = visible_executions(self.context["user"]).filter(incident=incident).order_by("-created_at")
        return ExecutionSerializer(executions, many=True).data


class OpenSerializer(StrictSerializer):
    """What opens an incident. `team` and `services` are slugs."""

    title = serializers.CharField(max_length=1000, allow_blank=True)
    severity = serializers.IntegerField()
    team = serializers.SlugField()
    services = serializers.ListField(child=serializers.SlugField(), required=False, default=list)
    disrupted_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class TextSerializer(StrictSerializer):
    """A note."""

    text = serializers.CharField(allow_blank=True)


class SeveritySerializer(StrictSerializer):
    """Another severity, and why."""

    severity = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)


class ResolutionSerializer(StrictSerializer):
    """How it was resolved, and how one knows."""

    resolution = serializers.CharField(allow_blank=True)


class IncidentViewSet(viewsets.ViewSet):
    """Incidents of the asker's teams; those of other teams do not exist."""

    lookup_value_regex = UUID_PATTERN

    @extend_schema(
        parameters=[OpenApiParameter(name, str) for name in ("text", "state", "severity", "service", "page")],
        responses=IncidentSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Newest first; `state` is open or resolved."""
        user = asker(request)
        filters = IncidentListForm(request.query_params, user=user)
        if not filters.is_valid():
            raise ValidationError({name: list(said) for name, said in filters.errors.items()})
        pages = PageNumberPagination()
        incidents = pages.paginate_queryset(filters.apply(_visible(user)).order_by("-opened_at", "pk"), request)
        return pages.get_paginated_response(IncidentSerializer(incidents, many=True).data)

    @extend_schema(responses=WholeIncidentSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One incident with its notes and executions."""
        return self._answer(request, pk)

    @extend_schema(request=OpenSerializer, responses={201: WholeIncidentSerializer})
    def create(self, request: Request) -> Response:
        """Open an incident."""
        user, said = asker(request), checked(OpenSerializer, request)
        teams = visible_teams(user)
        team = teams.filter(slug=said["team"]).first()
        services = list(Service.objects.filter(team__in=teams, slug__in=said["services"]))
        unknown = sorted(set(said["services"]) - {service.slug for service in services})
        problems = {"services": [f"There is no service “{slug}” in your teams." for slug in unknown]} if unknown else {}
        if team is None:
            raise ValidationError(problems | {"team": [f"You are in no team “{said['team']}”."]})
        if problems:
            raise ValidationError(problems)
        incident = open_incident(user=user, **{**said, "team": team, "services": services})
        return self._answer(request, str(incident.pk), status.HTTP_201_CREATED)

    @extend_schema(request=TextSerializer, responses={201: NoteSerializer})
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Add a note."""
        note = add_note(user=asker(request), incident=self._get(request, pk), **checked(TextSerializer, request))
        return Response(NoteSerializer(note).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SeveritySerializer, responses=WholeIncidentSerializer)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, pk: str) -> Response:
        """Change the severity."""
        said = checked(SeveritySerializer, request)
        change_severity(user=asker(request), incident=self._get(request, pk), **said)
        return self._answer(request, pk)

    @extend_schema(request=ResolutionSerializer, responses=WholeIncidentSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Close it with words."""
        said = checked(ResolutionSerializer, request)
        resolve_incident(user=asker(request), incident=self._get(request, pk), **said)
        return self._answer(request, pk)

    def _get(self, request: Request, pk: str) -> Incident:
        return get_object_or_404(_visible(asker(request)), pk=pk)

    def _answer(self, request: Request, pk: str, code: int = status.HTTP_200_OK) -> Response:
        incident = self._get(request, pk)
        return Response(WholeIncidentSerializer(incident, context={"user": asker(request)}).data, status=code)


def _visible(user: User) -> QuerySet[Incident]:
    return (
        Incident.objects.filter(team__in=visible_teams(user))
        .select_related("team", "opened_by", "resolved_by")
        .prefetch_related("services", "notes__author")
    )
