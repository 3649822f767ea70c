"""Runbooks as JSON: list, read, write drafts, publish, check a text. The same operations as the pages, the same refusals."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.people.models import User
from runbooks.api.strict import StrictSerializer
from runbooks.automation.document import Reading
from runbooks.models import Runbook, RunbookVersion
from runbooks.operations import shelf, versions


class TextField(serializers.CharField):
    """A document's text, to the character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)


class RunbookSerializer(serializers.ModelSerializer[Runbook]):
    """A runbook in a list. `run_status` and `run_at` tell of the last execution of any version."""

    team: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    published_number = serializers.IntegerField(read_only=True, allow_null=True)
    draft_number = serializers.IntegerField(read_only=True, allow_null=True)
    run_id = serializers.UUIDField(read_only=True, allow_null=True)
    run_status = serializers.CharField(read_only=True, allow_null=True)
    run_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Runbook
        fields = [
            "slug",
            "name",
            "team",
            "is_archived",
            "created_at",
            "published_number",
            "draft_number",
            "run_id",
            "run_status",
            "run_at",
        ]
        read_only_fields = fields


class VersionSerializer(serializers.ModelSerializer[RunbookVersion]):
    """A version without its text."""

    author: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    publisher: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = RunbookVersion
        fields = ["number", "status", "format", "sha256", "note", "author", "publisher", "created_at", "published_at"]
        read_only_fields = fields


class ProblemSerializer(serializers.Serializer):
    """One thing to mend, or a warning, and its place: line and column count from 1 and are null where unknown."""

    path = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    severity = serializers.ChoiceField(choices=["error", "warning"])


class WholeVersionSerializer(VersionSerializer):
    """A version with its text and all problems of it."""

    problems = serializers.SerializerMethodField()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "text", "problems"]
        read_only_fields = fields

    @extend_schema(responses=ProblemSerializer(many=True))
    def get_problems(self, version: RunbookVersion) -> list[dict[str, Any]]:
        return told(versions.read_version(version))["problems"]


class NewRunbookSerializer(StrictSerializer):
    """What makes a runbook. `team` is a slug."""

    team = serializers.SlugField()
    name = serializers.CharField(max_length=200)
    text = TextField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class DraftSerializer(StrictSerializer):
    """The next text. `base_sha256` is the fingerprint of the newest version that was read before it was changed."""

    text = TextField()
    base_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class PublishSerializer(StrictSerializer):
    """The fingerprint of the text that was reviewed."""

    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")


class CheckSerializer(StrictSerializer):
    """A text to check; nothing is kept."""

    text = TextField(allow_blank=True, max_length=versions.MAXIMUM_BYTES)


class CheckedSerializer(serializers.Serializer):
    """What a text is worth: `is_publishable` while no problem is an error."""

    is_publishable = serializers.BooleanField()
    format = serializers.ChoiceField(choices=["YAML", "JSON"])
    problems = ProblemSerializer(many=True)


def told(reading: Reading) -> dict[str, Any]:
    """A reading as JSON values."""
    return {
        "is_publishable": reading.document is not None,
        "format": reading.format,
        "problems": [
            {
                "path": problem.path,
                "message": problem.message,
                "line": problem.line,
                "column": problem.column,
                "severity": problem.severity,
            }
            for problem in reading.problems
        ],
    }


@extend_schema(parameters=[OpenApiParameter("slug", str, OpenApiParameter.PATH)])
class RunbookViewSet(viewsets.ReadOnlyModelViewSet[Runbook]):
    """Runbooks of the teams that the caller may see; any other answers 404."""

    serializer_class = RunbookSerializer
    lookup_field = "slug"
    queryset = Runbook.objects.none()

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Runbook.objects.none()
        runbooks = shelf.visible_runbooks(self.person)
        if self.action != "list":
            return runbooks
        asked = self.request.query_params
        return shelf.narrow(
            runbooks, shelf.Wanted(asked.get("search", ""), asked.get("state", ""), asked.get("team", ""))
        )

    @property
    def person(self) -> User:
        """Who asks."""
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101 - IsAuthenticated came first
        return user

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="Part of the name or description."),
            OpenApiParameter("state", str, enum=list(shelf.STATES)),
            OpenApiParameter("team", str, description="A team's slug."),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=NewRunbookSerializer, responses={201: WholeVersionSerializer})
    def create(self, request: Request) -> Response:
        """Make a runbook with its first draft."""
        given = _read(NewRunbookSerializer, request)
        team = shelf.team_by_slug(self.person, given.pop("team"))
        version = versions.create_runbook(user=self.person, team=team, **given)
        return Response(WholeVersionSerializer(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=DraftSerializer, responses=WholeVersionSerializer)
    @action(detail=True, methods=["put"])
    def draft(self, request: Request, slug: str) -> Response:
        """Keep a text as the draft; 409 with what is stored where it changed meanwhile."""
        runbook = self.get_object()
        try:
            version = versions.save_draft(user=self.person, runbook=runbook, **_read(DraftSerializer, request))
        except versions.StaleDraft as error:
            stored = WholeVersionSerializer(error.current).data
            return Response({"detail": error.messages[0], "current": stored}, status=status.HTTP_409_CONFLICT)
        return Response(WholeVersionSerializer(version).data)

    @extend_schema(responses=VersionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="versions", pagination_class=None)
    def version_list(self, request: Request, slug: str) -> Response:
        """All versions, newest first, without their texts."""
        return Response(VersionSerializer(shelf.versions_of(self.get_object()), many=True).data)

    @extend_schema(
        responses=WholeVersionSerializer, parameters=[OpenApiParameter("number", int, OpenApiParameter.PATH)]
    )
    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>[0-9]{1,9})")
    def version(self, request: Request, slug: str, number: str) -> Response:
        """One version with its text."""
        return Response(WholeVersionSerializer(_find(self.get_object(), number)).data)

    @extend_schema(
        request=PublishSerializer,
        responses=WholeVersionSerializer,
        parameters=[OpenApiParameter("number", int, OpenApiParameter.PATH)],
    )
    @action(detail=True, methods=["post"], url_path=r"versions/(?P<number>[0-9]{1,9})/publish")
    def publish(self, request: Request, slug: str, number: str) -> Response:
        """Make a reviewed draft what runs."""
        version = _find(self.get_object(), number)
        sha256 = _read(PublishSerializer, request)["sha256"]
        return Response(
            WholeVersionSerializer(versions.publish_version(user=self.person, version=version, sha256=sha256)).data
        )

    @extend_schema(request=None, responses=RunbookSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, slug: str) -> Response:
        """Take it out of use."""
        versions.archive_runbook(user=self.person, runbook=self.get_object())
        return Response(RunbookSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=RunbookSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, slug: str) -> Response:
        """Bring it back into use."""
        versions.restore_runbook(user=self.person, runbook=self.get_object())
        return Response(RunbookSerializer(self.get_object()).data)

    @extend_schema(request=CheckSerializer, responses=CheckedSerializer)
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """All problems of a text. Nothing is kept."""
        return Response(told(versions.read_text(_read(CheckSerializer, request)["text"])))


def _read(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _find(runbook: Runbook, number: str) -> RunbookVersion:
    version = runbook.versions.select_related("author", "publisher").filter(number=int(number)).first()
    if version is None:
        raise Http404(f"{runbook.name} has no version {number}.")
    return version
