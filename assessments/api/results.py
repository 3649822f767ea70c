"""Results as JSON: report, difference, improvement plan, portfolio, runs of checks. The same operations as the pages."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.forms.improvements import NOW, PortfolioForm
from assessments.models import Assessment, CheckResult, CheckRun, ImprovementItem, ImprovementStatus
from assessments.operations.checks import start_check_run
from assessments.operations.improvement import ImprovementDraft, draft_of, save_improvement
from assessments.operations.milestones import frozen
from assessments.operations.shelf import find_assessment, possible_assignees
from assessments.reports.consolidated import consolidated_of
from assessments.reports.content import report_of
from assessments.trends import compare
from portal.catalogue.serializers import StrictSerializer
from portal.catalogue.visible import visible_services
from portal.people.signed_in import person

UUID_PATTERN = "[0-9a-fA-F-]{36}"
OF_ASSESSMENT = rf"assessments/(?P<assessment>{UUID_PATTERN})"


class ImprovementSerializer(StrictSerializer):
    """What is decided about one risk; what is left out stays. `base_revision` is the one that was read, 0 for none."""

    status = serializers.ChoiceField(choices=ImprovementStatus.choices, required=False)
    owner = serializers.CharField(required=False, allow_null=True, help_text="User name, or null for nobody.")
    due_on = serializers.DateField(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    base_revision = serializers.IntegerField(min_value=0)


class StartCheckRunSerializer(StrictSerializer):
    """The service to look at."""

    service = serializers.SlugField()


class CheckResultSerializer(serializers.ModelSerializer[CheckResult]):
    """What one check answered."""

    check_name: Any = serializers.CharField(read_only=True)

    class Meta:
        model = CheckResult
        fields = ["check_name", "outcome", "sentence", "facts", "resources", "calls", "seen_at"]
        read_only_fields = fields


class CheckRunSerializer(serializers.ModelSerializer[CheckRun]):
    """One look at a service with what every check saw so far."""

    service: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    account: Any = serializers.SlugRelatedField(slug_field="name", read_only=True)
    requested_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    results = CheckResultSerializer(many=True, read_only=True)

    class Meta:
        model = CheckRun
        fields = [
            "id",
            "service",
            "account",
            "requested_by",
            "status",
            "status_message",
            "created_at",
            "ended_at",
            "results",
        ]
        read_only_fields = fields


class ReportViewSet(viewsets.ViewSet):
    """The report on one assessment."""

    @extend_schema(parameters=[OpenApiParameter("milestone", int)], responses=OpenApiTypes.OBJECT)
    def list(self, request: Request, assessment: str) -> Response:
        """As it is now, or as `?milestone=N` froze it."""
        found = _assessment(request, assessment)
        number = request.query_params.get("milestone", "")
        milestone = _milestone(found, number) if number else None
        return Response(report_of(found, milestone).told())


class DifferenceViewSet(viewsets.ViewSet):
    """What changed between two states of an assessment."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, description="A milestone's number, or now.") for name in ("before", "after")
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def list(self, request: Request, assessment: str) -> Response:
        """Question by question; those that are the same are left out."""
        found = _assessment(request, assessment)
        asked = [request.query_params.get(name, NOW) for name in ("before", "after")]
        before, after = (frozen(found) if each == NOW else _milestone(found, each).content for each in asked)
        comparison = compare(before, after)
        changed = [{**asdict(each), "direction": each.direction} for each in comparison.changed]
        counts = {"before": comparison.before, "after": comparison.after}
        return Response({**counts, "better": comparison.better, "worse": comparison.worse, "questions": changed})


class ImprovementViewSet(viewsets.ViewSet):
    """The improvement plan of one assessment, what is worth most first."""

    lookup_value_regex = "[^/]+"

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def list(self, request: Request, assessment: str) -> Response:
        """Every question at risk with what lowers it and what is decided."""
        return Response(report_of(_assessment(request, assessment)).told()["improvements"])

    @extend_schema(request=ImprovementSerializer, responses=OpenApiTypes.OBJECT)
    def partial_update(self, request: Request, assessment: str, pk: str) -> Response:
        """Decide about the risk of one question; `pk` is the question's id."""
        found = _assessment(request, assessment)
        sent = ImprovementSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        base_revision = given.pop("base_revision")
        stored = ImprovementItem.objects.select_related("owner").filter(assessment=found, question_id=pk).first()
        draft = _draft(found, given, draft_of(stored))
        item = save_improvement(
            user=person(request), assessment=found, question_id=pk, draft=draft, base_revision=base_revision
        )
        return Response(_told(item))


class PortfolioViewSet(viewsets.ViewSet):
    """The report over the services of one's teams."""

    @extend_schema(
        parameters=[OpenApiParameter(name, str) for name in ("lens", "tier", "team", "q", "order")],
        responses=OpenApiTypes.OBJECT,
    )
    def list(self, request: Request) -> Response:
        """Narrowed as the page is; `order=worst` puts the worst of all tiers first."""
        form = PortfolioForm(request.query_params, user=person(request))
        if not form.is_valid():
            raise ValidationError({name: list(said) for name, said in form.errors.items()})
        return Response(consolidated_of(person(request), form.wanted()).told())


class CheckRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Looks at services of one's teams, the newest first."""

    serializer_class = CheckRunSerializer
    queryset = CheckRun.objects.none()
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[CheckRun]:
        """`?service=slug` narrows the list."""
        found = CheckRun.objects.filter(service__in=visible_services(person(self.request)))
        slug = self.request.query_params.get("service")
        found = found.filter(service__slug=slug) if slug else found
        return found.select_related("service", "account", "requested_by").prefetch_related("results")

    @extend_schema(request=StartCheckRunSerializer, responses={201: CheckRunSerializer})
    def create(self, request: Request) -> Response:
        """Have a service looked at now. While it is, that run is answered."""
        sent = StartCheckRunSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        service = get_object_or_404(visible_services(person(request)), slug=sent.validated_data["service"])
        run = start_check_run(user=person(request), service=service)
        return Response(self.get_serializer(self.get_queryset().get(pk=run.pk)).data, status=status.HTTP_201_CREATED)


def _assessment(request: Request, key: str) -> Assessment:
    try:
        return find_assessment(person(request), UUID(key))
    except ValueError as error:
        raise Http404(f"{key} is the id of no assessment.") from error


def _milestone(assessment: Assessment, number: str) -> Any:
    found = assessment.milestones.filter(number=int(number)).first() if number.isdecimal() and len(number) < 6 else None
    if found is None:
        raise Http404(f"There is no milestone {number[:10]} of this assessment.")
    return found


def _draft(assessment: Assessment, given: dict[str, Any], stored: ImprovementDraft) -> ImprovementDraft:
    owner = stored.owner
    if "owner" in given:
        owner = possible_assignees(assessment.service.team_id).filter(username=given["owner"] or "").first()
        if given["owner"] and owner is None:
            raise ValidationError({"owner": [f"Nobody called {given['owner']} may answer for this team."]})
    return ImprovementDraft(
        status=given.get("status", stored.status),
        owner=owner,
        due_on=given.get("due_on", stored.due_on),
        note=given.get("note", stored.note),
    )


def _told(item: ImprovementItem) -> dict[str, Any]:
    return {
        "question": item.question_id,
        "status": item.status,
        "owner": item.owner.username if item.owner else None,
        "due_on": item.due_on,
        "note": item.note,
        "revision": item.revision,
    }
