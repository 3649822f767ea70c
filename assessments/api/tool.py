"""Syncs with the Well-Architected Tool as JSON: ask for one, see how far it is and what came of it. As the page's buttons do."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.models import Assessment, SyncKind, ToolSync
from assessments.operations.shelf import find_assessment
from assessments.operations.tool import (
    start_comparison,
    start_milestone_pull,
    start_milestone_push,
    start_pull,
    start_push,
    syncs_of,
)
from assessments.tool import Decision, Side
from portal.catalogue.serializers import StrictSerializer
from portal.people.signed_in import person

_SIDE = r"^(ours|theirs):[0-9a-f]{1,64}$"


class StartToolSyncSerializer(StrictSerializer):
    """What to do. Push, Pull and PushMilestone name in `seen` the sync whose comparison was looked at."""

    kind = serializers.ChoiceField(choices=SyncKind.choices)
    seen = serializers.UUIDField(required=False)
    decisions = serializers.DictField(
        child=serializers.RegexField(_SIDE),
        required=False,
        help_text="Of conflicts, by question id: ours: or theirs: and the fingerprint that the comparison gives.",
    )
    name = serializers.CharField(required=False, help_text="Of the milestone, with PushMilestone.")
    number = serializers.IntegerField(required=False, min_value=1, help_text="The Tool's, with PullMilestone.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Every field belongs to some kinds; a missing or foreign one is told."""
        wants = {
            SyncKind.COMPARE: set(),
            SyncKind.PUSH: {"seen"},
            SyncKind.PULL: {"seen"},
            SyncKind.PUSH_MILESTONE: {"seen", "name"},
            SyncKind.PULL_MILESTONE: {"number"},
        }[SyncKind(attrs["kind"])]
        may = {*wants, "kind"} | ({"decisions"} if attrs["kind"] in (SyncKind.PUSH, SyncKind.PULL) else set())
        problems = dict.fromkeys(wants - set(attrs), f"{attrs['kind']} needs it.")
        problems |= dict.fromkeys(set(attrs) - may, f"{attrs['kind']} does not take it.")
        if problems:
            raise serializers.ValidationError(problems)
        return attrs


class ToolSyncSerializer(serializers.ModelSerializer[ToolSync]):
    """One sync; `result` is what it did, by question titles."""

    requested_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = ToolSync
        fields = [
            "id",
            "kind",
            "status",
            "status_message",
            "seen",
            "requested_by",
            "created_at",
            "ended_at",
            "steps_done",
            "steps_total",
            "result",
        ]
        read_only_fields = fields


class WholeToolSyncSerializer(ToolSyncSerializer):
    """One sync with what both sides said at its end."""

    class Meta(ToolSyncSerializer.Meta):
        fields = [*ToolSyncSerializer.Meta.fields, "comparison"]
        read_only_fields = fields


class ToolSyncViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Syncs of one assessment, the newest first."""

    serializer_class = ToolSyncSerializer
    queryset = ToolSync.objects.none()
    lookup_value_regex = "[0-9a-fA-F-]{36}"

    def get_queryset(self) -> QuerySet[ToolSync]:
        return syncs_of(self._assessment()) if "assessment" in self.kwargs else ToolSync.objects.none()

    @extend_schema(responses=WholeToolSyncSerializer)
    def retrieve(self, request: Request, assessment: str, pk: str) -> Response:
        """How far it is, what came of it, and both sides at its end."""
        return Response(WholeToolSyncSerializer(self._sync(pk)).data)

    @extend_schema(request=StartToolSyncSerializer, responses={201: ToolSyncSerializer})
    def create(self, request: Request, assessment: str) -> Response:
        """Ask for a sync. What is asked twice is made once, and that one is answered."""
        sent = StartToolSyncSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = self._started(self._assessment(), sent.validated_data)
        made.refresh_from_db()
        return Response(ToolSyncSerializer(made).data, status=status.HTTP_201_CREATED)

    def _started(self, assessment: Assessment, given: dict[str, Any]) -> ToolSync:
        who: dict[str, Any] = {"user": person(self.request), "assessment": assessment}
        if given["kind"] == SyncKind.COMPARE:
            return start_comparison(**who)
        if given["kind"] == SyncKind.PULL_MILESTONE:
            return start_milestone_pull(**who, number=given["number"])
        seen = syncs_of(assessment).filter(pk=given["seen"]).first()
        if seen is None:
            raise ValidationError({"seen": [f"{given['seen']} is no sync of this assessment. Compare first."]})
        if given["kind"] == SyncKind.PUSH_MILESTONE:
            return start_milestone_push(**who, seen=seen, name=given["name"])
        start = start_push if given["kind"] == SyncKind.PUSH else start_pull
        said = {question: word.split(":") for question, word in given.get("decisions", {}).items()}
        decisions = {question: Decision(Side(side), fingerprint) for question, (side, fingerprint) in said.items()}
        return start(**who, seen=seen, decisions=decisions)

    def _assessment(self) -> Assessment:
        key = self.kwargs["assessment"]
        try:
            return find_assessment(person(self.request), UUID(key))
        except ValueError as error:
            raise Http404(f"{key} is the id of no assessment.") from error

    def _sync(self, pk: str) -> ToolSync:
        found = self.get_queryset().defer(None).filter(pk=pk).first()
        if found is None:
            raise Http404("There is no such sync of this assessment.")
        return found
