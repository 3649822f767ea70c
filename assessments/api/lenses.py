"""Lenses as JSON: list, import, replace the draft, publish, compare, export, check. The same operations as the pages."""

import json
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.lens import MAXIMUM_BYTES, Problem, difference, export, export_problems, read
from assessments.linter import Finding, lint
from assessments.models import Lens, LensVersion
from assessments.operations.lenses import StaleDraft, create_lens, publish_version, save_draft
from assessments.operations.shelf import find_version, findings_of, lens_of, listed_lenses, versions_of
from portal.catalogue.serializers import StrictSerializer
from portal.people.models import Team, User
from portal.people.permissions import visible_teams
from portal.people.signed_in import person

NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Like 2.1, or draft.")
SHA256 = r"^[0-9a-f]{64}$"


@extend_schema_field(OpenApiTypes.STR)
class TeamField(serializers.SlugRelatedField):
    """A team by slug, among those the asker belongs to."""

    def get_queryset(self) -> QuerySet[Team]:
        return visible_teams(self.context["request"].user)


class LensTextField(serializers.CharField):
    """A lens as text, to the character. JSON inside JSON: the fingerprint is over the text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=MAXIMUM_BYTES, **options)


class LensSerializer(serializers.ModelSerializer[Lens]):
    """A lens in a list. `team` is null where it is for everybody; `published` is the newest published number."""

    team: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    published = serializers.SerializerMethodField()
    has_draft = serializers.SerializerMethodField()

    class Meta:
        model = Lens
        fields = ["slug", "name", "team", "created_at", "published", "has_draft"]
        read_only_fields = fields

    def get_published(self, lens: Any) -> str | None:
        return None if lens.major is None else f"{lens.major}.{lens.minor}"

    def get_has_draft(self, lens: Any) -> bool:
        return lens.draft_id is not None


class LensVersionSerializer(serializers.ModelSerializer[LensVersion]):
    """A version without its text."""

    author: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    publisher: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    lens: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = LensVersion
        fields = [
            "lens",
            "number",
            "status",
            "sha256",
            "note",
            "author",
            "publisher",
            "created_at",
            "published_at",
        ]
        read_only_fields = fields


class WholeLensVersionSerializer(LensVersionSerializer):
    """A version with its text, what AWS would refuse, and all remarks."""

    remarks = serializers.SerializerMethodField()

    class Meta(LensVersionSerializer.Meta):
        fields = [*LensVersionSerializer.Meta.fields, "text", "remarks"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_remarks(self, version: LensVersion) -> dict[str, Any]:
        return remarks(read(version.text).problems, findings_of(version), lens_of(version).raw)


class ImportLensSerializer(StrictSerializer):
    """A new lens of a team."""

    team = TeamField(slug_field="slug")
    text = LensTextField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class LensDraftSerializer(StrictSerializer):
    """The next text. `base_sha256` is the fingerprint of the newest version that was read before it was changed."""

    text = LensTextField()
    base_sha256 = serializers.RegexField(SHA256)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class PublishLensSerializer(StrictSerializer):
    """The fingerprint of the draft that was looked at, and which part of the number grows."""

    sha256 = serializers.RegexField(SHA256)
    is_major = serializers.BooleanField(default=False)


class CheckLensSerializer(StrictSerializer):
    """A text to check; nothing is kept."""

    text = LensTextField(allow_blank=True)


class LensViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Lenses of everybody and of one's teams; any other answers 404."""

    serializer_class = LensSerializer
    queryset = Lens.objects.none()
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Lens]:
        return listed_lenses(self.person)

    @property
    def person(self) -> User:
        """Who asks."""
        return person(self.request)

    @extend_schema(request=ImportLensSerializer, responses={201: WholeLensVersionSerializer})
    def create(self, request: Request) -> Response:
        """Import a lens as a draft; 400 with every problem of a text that is none."""
        sent = ImportLensSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        version = create_lens(user=self.person, **sent.validated_data)
        return Response(WholeLensVersionSerializer(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LensDraftSerializer, responses=WholeLensVersionSerializer)
    @action(detail=True, methods=["put"])
    def draft(self, request: Request, slug: str) -> Response:
        """Replace the draft, or begin one; 409 with what is stored where somebody changed it meanwhile."""
        sent = LensDraftSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            version = save_draft(user=self.person, lens=self.get_object(), **sent.validated_data)
        except StaleDraft as stale:
            stored = LensVersionSerializer(stale.current).data
            return Response({"detail": stale.messages[0], "current": stored}, status=status.HTTP_409_CONFLICT)
        return Response(WholeLensVersionSerializer(version).data)

    @extend_schema(request=PublishLensSerializer, responses=LensVersionSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, slug: str) -> Response:
        """Give the draft the next minor or major number."""
        sent = PublishLensSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        draft = find_version(self.get_object(), "draft")
        return Response(
            LensVersionSerializer(publish_version(user=self.person, version=draft, **sent.validated_data)).data
        )

    @extend_schema(responses=LensVersionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="versions", pagination_class=None)
    def version_list(self, request: Request, slug: str) -> Response:
        """All versions without their texts, the draft first, then the newest."""
        return Response(LensVersionSerializer(versions_of(self.get_object()), many=True).data)

    @extend_schema(responses=WholeLensVersionSerializer, parameters=[NUMBER])
    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>draft|[0-9]+\.[0-9]+)")
    def version(self, request: Request, slug: str, number: str) -> Response:
        """One version with its text and all remarks."""
        return Response(WholeLensVersionSerializer(find_version(self.get_object(), number)).data)

    @extend_schema(responses=OpenApiTypes.OBJECT, parameters=[NUMBER])
    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>draft|[0-9]+\.[0-9]+)/export")
    def export(self, request: Request, slug: str, number: str) -> Response:
        """A version as AWS's import takes it."""
        return Response(json.loads(export(lens_of(find_version(self.get_object(), number)))))

    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[OpenApiParameter("from", str, required=True), OpenApiParameter("to", str, required=True)],
    )
    @action(detail=True, methods=["get"])
    def difference(self, request: Request, slug: str) -> Response:
        """What changed between two versions: pillars, questions and choices that are NEW, UPDATED or DELETED."""
        lens, asked = self.get_object(), request.query_params
        old, new = (find_version(lens, asked.get(name, "")) for name in ("from", "to"))
        return Response(asdict(difference(lens_of(old), lens_of(new))))

    @extend_schema(request=CheckLensSerializer, responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """Every problem and remark of a text. Nothing is kept."""
        sent = CheckLensSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reading = read(sent.validated_data["text"])
        findings = lint(reading.lens) if reading.lens else ()
        told = remarks(reading.problems, findings, reading.raw if reading.lens else None)
        return Response({"is_usable": reading.lens is not None, **told})


def remarks(
    problems: tuple[Problem, ...], findings: tuple[Finding, ...], usable: dict[str, Any] | None
) -> dict[str, Any]:
    """Problems of reading, findings about rules and what AWS would refuse, as JSON values; `usable` is a lens's content."""
    refused = export_problems(usable) if usable is not None else ()
    return {
        "problems": [asdict(each) for each in problems],
        "findings": [asdict(each) for each in findings],
        "aws_refuses": [asdict(each) for each in refused if each.severity == "error"],
    }
