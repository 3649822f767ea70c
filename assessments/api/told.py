"""Assessments as JSON values: how they and their parts are shown, and what is sent. Rules are in operations."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assessments.models import (
    Answer,
    Assessment,
    ChoiceStatus,
    Comment,
    Evidence,
    EvidenceKind,
    Lens,
    Milestone,
    Reason,
)
from assessments.operations.answers import COMMENT
from assessments.operations.shelf import possible_assignees, visible_lenses
from assessments.results import QuestionResult, Results
from assessments.risk import Risk
from portal.catalogue.models import Service
from portal.catalogue.serializers import StrictSerializer
from portal.catalogue.visible import visible_services
from portal.people.models import User


class AssessmentSerializer(serializers.ModelSerializer[Assessment]):
    """An assessment without its results."""

    service: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    lens: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version = serializers.CharField(source="lens_version.number", read_only=True)
    owner: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Assessment
        fields = ["id", "service", "lens", "version", "owner", "started_at", "changed_at", "closed_at"]
        read_only_fields = fields


class EvidenceSerializer(serializers.ModelSerializer[Evidence]):
    """One piece of evidence; the bytes of a file are at its page's address."""

    added_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Evidence
        fields = ["id", "kind", "value", "note", "added_by", "added_at"]
        read_only_fields = fields


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """One remark."""

    author: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Comment
        fields = ["author", "written_at", "text"]
        read_only_fields = fields


class MilestoneSerializer(serializers.ModelSerializer[Milestone]):
    """A milestone without its content."""

    version = serializers.CharField(source="lens_version.number", read_only=True)
    recorded_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Milestone
        fields = ["number", "name", "version", "sha256", "recorded_by", "recorded_at"]
        read_only_fields = fields


class WholeMilestoneSerializer(MilestoneSerializer):
    """A milestone with everything it froze."""

    class Meta(MilestoneSerializer.Meta):
        fields = [*MilestoneSerializer.Meta.fields, "content"]
        read_only_fields = fields


@extend_schema_field(OpenApiTypes.STR)
class ServiceField(serializers.SlugRelatedField):
    """A service by slug, among those the asker may see."""

    def get_queryset(self) -> QuerySet[Service]:
        return visible_services(self.context["request"].user)


@extend_schema_field(OpenApiTypes.STR)
class LensField(serializers.SlugRelatedField):
    """A lens by slug, among those the asker may see."""

    def get_queryset(self) -> QuerySet[Lens]:
        return visible_lenses(self.context["request"].user)


@extend_schema_field(OpenApiTypes.STR)
class AssigneeField(serializers.SlugRelatedField):
    """Somebody who may answer for the service's team, by user name."""

    def get_queryset(self) -> QuerySet[User]:
        return possible_assignees(self.context["team_id"])


class StartAssessmentSerializer(StrictSerializer):
    """What begins an assessment."""

    service = ServiceField(slug_field="slug")
    lens = LensField(slug_field="slug")


class ChoiceSerializer(StrictSerializer):
    """What is said of one choice."""

    status = serializers.ChoiceField(choices=ChoiceStatus.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, required=False, allow_blank=True)
    notes = serializers.CharField(required=False, allow_blank=True)


class AnswerSerializer(StrictSerializer):
    """Fields of an answer that are to change; the others stay. `choices` replaces those it names and leaves the others."""

    base_revision = serializers.IntegerField(min_value=0)
    choices = serializers.DictField(child=ChoiceSerializer(), required=False)
    is_applicable = serializers.BooleanField(required=False)
    reason = serializers.ChoiceField(choices=Reason.choices, required=False, allow_blank=True)
    notes = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    assignee = AssigneeField(slug_field="username", required=False, allow_null=True)


class CommentTextSerializer(StrictSerializer):
    """A remark to add."""

    text = serializers.CharField(max_length=COMMENT)


class NewEvidenceSerializer(StrictSerializer):
    """Evidence to add: a link, the id of a drill or execution, or a file as multipart form data."""

    kind = serializers.ChoiceField(choices=EvidenceKind.choices, default=EvidenceKind.LINK.value)
    value = serializers.CharField(required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True)
    file = serializers.FileField(required=False)


class NameSerializer(StrictSerializer):
    """The name of a milestone."""

    name = serializers.CharField()


class UpgradeSerializer(StrictSerializer):
    """The version to take, the newest where none is named, and the name of the milestone before."""

    version = serializers.CharField(required=False)
    milestone = serializers.CharField()


def told_results(results: Results) -> dict[str, Any]:
    """Counts and progress of an assessment and its pillars."""
    return {
        "total": results.total,
        "answered": results.answered,
        "counts": _counts(results.counts),
        "pillars": [
            {
                "id": each.pillar.id,
                "name": each.pillar.name,
                "total": each.total,
                "answered": each.answered,
                "counts": _counts(each.counts),
            }
            for each in results.pillars
        ],
    }


def told_answer(result: QuestionResult, answer: Answer | None) -> dict[str, Any]:
    """One question with its risk and what is stored; revision 0 where nobody answered."""
    return {
        "question": result.question.id,
        "title": result.question.title,
        "pillar": result.pillar.id,
        "risk": result.risk.value,
        "revision": answer.revision if answer else 0,
        "choices": answer.choices if answer else {},
        "is_applicable": answer.is_applicable if answer else True,
        "reason": answer.reason if answer else "",
        "notes": answer.notes if answer else "",
        "assignee": answer.assignee.username if answer and answer.assignee else None,
        "changed_by": answer.changed_by.username if answer and answer.changed_by else None,
        "changed_at": answer.changed_at if answer else None,
    }


def _counts(counts: Any) -> dict[str, int]:
    return {risk.value: counts[risk] for risk in Risk}
