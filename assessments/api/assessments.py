"""Assessments as JSON: start, answer, evidence, comments, milestones, upgrade, close. The same operations as the pages."""

from dataclasses import asdict, replace
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api import told
from assessments.models import Assessment, Evidence
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, StaleAnswer, add_comment, draft_of, save_answer
from assessments.operations.assessments import close_assessment, newer_version, start_assessment, upgrade_assessment
from assessments.operations.evidence import MAXIMUM_BYTES, Upload, add_evidence, remove_evidence
from assessments.operations.milestones import record_milestone
from assessments.operations.shelf import find_version, results_for, visible_assessments
from assessments.views.question_page import Place, place_of, talk_context
from portal.people.models import User
from portal.people.signed_in import person

QUESTION = OpenApiParameter("question_id", str, OpenApiParameter.PATH)
# A question whose id holds a slash, which AWS's format forbids, is answered on its page only.
ONE = r"answers/(?P<question_id>[^/]+)"


class AssessmentViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Assessments of the services of one's teams; any other answers 404."""

    serializer_class = told.AssessmentSerializer
    queryset = Assessment.objects.none()
    lookup_value_regex = "[0-9a-fA-F-]{36}"

    def get_queryset(self) -> QuerySet[Assessment]:
        """`?service=`, `?lens=` (slugs) and `?closed=true` narrow the list."""
        found = visible_assessments(self.person)
        if self.action != "list":
            return found
        asked = self.request.query_params
        for name in ("service", "lens"):
            if asked.get(name):
                found = found.filter(**{f"{name}__slug": asked[name]})
        return found.filter(closed_at__isnull=asked.get("closed") != "true")

    @property
    def person(self) -> User:
        """Who asks."""
        return person(self.request)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def retrieve(self, request: Request, pk: str) -> Response:
        """An assessment with its counts and pillars."""
        return Response(self._shown(self.get_object()))

    @extend_schema(request=told.StartAssessmentSerializer, responses={201: told.AssessmentSerializer})
    def create(self, request: Request) -> Response:
        """Start judging a service by a lens."""
        sent = told.StartAssessmentSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        assessment = start_assessment(user=self.person, **sent.validated_data)
        return Response(told.AssessmentSerializer(assessment).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="assessments_answers_list", responses=OpenApiTypes.OBJECT, filters=False)
    @action(detail=True, methods=["get"], url_path="answers", pagination_class=None)
    def answer_list(self, request: Request, pk: str) -> Response:
        """Every question of the lens with its risk and answer, in the lens's order."""
        assessment = self.get_object()
        rows = {row.question_id: row for row in assessment.answers.select_related("changed_by", "assignee")}
        results = results_for(assessment, list(rows.values()))
        return Response([told.told_answer(each, rows.get(each.question.id)) for each in results.questions])

    @extend_schema(request=told.CommentTextSerializer, responses=told.CommentSerializer, parameters=[QUESTION])
    @action(detail=True, methods=["post"], url_path=ONE + "/comments")
    def comments(self, request: Request, pk: str, question_id: str) -> Response:
        """Say something about a question."""
        sent = told.CommentTextSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        comment = add_comment(
            user=self.person, assessment=self.get_object(), question_id=question_id, **sent.validated_data
        )
        comment.refresh_from_db()
        return Response(told.CommentSerializer(comment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=told.NewEvidenceSerializer, responses=told.EvidenceSerializer, parameters=[QUESTION])
    @action(detail=True, methods=["post"], url_path=ONE + "/evidence", parser_classes=[JSONParser, MultiPartParser])
    def evidence(self, request: Request, pk: str, question_id: str) -> Response:
        """Add evidence to an answer."""
        sent = told.NewEvidenceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        file = given.pop("file", None)
        upload = Upload(file.name, file.read(MAXIMUM_BYTES + 1)) if file else None
        added = add_evidence(
            user=self.person, assessment=self.get_object(), question_id=question_id, upload=upload, **given
        )
        added.refresh_from_db()
        return Response(told.EvidenceSerializer(added).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"evidence/(?P<evidence_pk>[0-9]{1,12})")
    def evidence_remove(self, request: Request, pk: str, evidence_pk: str) -> Response:
        """Take evidence off an answer; milestones keep it."""
        assessment = self.get_object()
        evidence = Evidence.objects.filter(pk=evidence_pk, answer__assessment=assessment).first()
        if evidence is None:
            raise Http404("There is no such evidence in this assessment.")
        remove_evidence(user=self.person, assessment=assessment, evidence=evidence)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        methods=["PATCH"], request=told.AnswerSerializer, responses=OpenApiTypes.OBJECT, parameters=[QUESTION]
    )
    @extend_schema(methods=["GET"], responses=OpenApiTypes.OBJECT, parameters=[QUESTION])
    @action(detail=True, methods=["get", "patch"], url_path=ONE)
    def answer(self, request: Request, pk: str, question_id: str) -> Response:
        """One answer with evidence and comments. Changing it names the revision it began from; 409 tells both values."""
        assessment = self.get_object()
        place = place_of(assessment, question_id)
        if request.method == "PATCH":
            try:
                self._change(request, assessment, place)
            except StaleAnswer as stale:
                return Response(_both(stale), status=status.HTTP_409_CONFLICT)
            place = place_of(assessment, question_id)
        return Response(_whole(place))

    def _change(self, request: Request, assessment: Assessment, place: Place) -> None:
        context = {**self.get_serializer_context(), "team_id": assessment.service.team_id}
        sent = told.AnswerSerializer(data=request.data, context=context)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        base_revision = given.pop("base_revision")
        draft = _changed(draft_of(place.answer), given)
        save_answer(
            user=self.person,
            assessment=assessment,
            question_id=place.result.question.id,
            draft=draft,
            base_revision=base_revision,
        )

    @extend_schema(methods=["POST"], request=told.NameSerializer, responses={201: told.MilestoneSerializer})
    @extend_schema(methods=["GET"], responses=told.MilestoneSerializer(many=True), filters=False)
    @action(detail=True, methods=["get", "post"], url_path="milestones", pagination_class=None)
    def milestone_list(self, request: Request, pk: str) -> Response:
        """The milestones, the newest first, or a new one."""
        assessment = self.get_object()
        if request.method == "GET":
            rows = assessment.milestones.select_related("recorded_by", "lens_version").defer("content")
            return Response(told.MilestoneSerializer(rows, many=True).data)
        sent = told.NameSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        milestone = record_milestone(user=self.person, assessment=assessment, **sent.validated_data)
        return Response(told.MilestoneSerializer(milestone).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=told.WholeMilestoneSerializer)
    @action(detail=True, methods=["get"], url_path=r"milestones/(?P<number>[0-9]{1,9})")
    def milestone(self, request: Request, pk: str, number: str) -> Response:
        """A milestone with everything it froze."""
        found = self.get_object().milestones.select_related("recorded_by", "lens_version").filter(number=number).first()
        if found is None:
            raise Http404(f"There is no milestone {number} of this assessment.")
        return Response(told.WholeMilestoneSerializer(found).data)

    @extend_schema(request=told.UpgradeSerializer, responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["post"])
    def upgrade(self, request: Request, pk: str) -> Response:
        """Take a newer version of the lens; a milestone is recorded first."""
        assessment = self.get_object()
        sent = told.UpgradeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        named = sent.validated_data.get("version")
        version = find_version(assessment.lens, named) if named else newer_version(assessment)
        if version is None:
            version = assessment.lens_version
        done = upgrade_assessment(
            user=self.person,
            assessment=assessment,
            version=version,
            milestone_name=sent.validated_data["milestone"],
        )
        shown = self._shown(done.assessment)
        return Response({**shown, "milestone": done.milestone.number, "dropped": done.dropped})

    @extend_schema(request=told.NameSerializer, responses=told.MilestoneSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Record the last milestone and close."""
        sent = told.NameSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        name = sent.validated_data["name"]
        milestone = close_assessment(user=self.person, assessment=self.get_object(), milestone_name=name)
        return Response(told.MilestoneSerializer(milestone).data)

    def _shown(self, assessment: Assessment) -> dict[str, Any]:
        return {**told.AssessmentSerializer(assessment).data, **told.told_results(results_for(assessment))}


def _changed(draft: AnswerDraft, given: dict[str, Any]) -> AnswerDraft:
    """A stored answer with what was sent; being applicable again takes the reason away."""
    choices = {choice_id: ChoiceAnswer(**dict(said)) for choice_id, said in given.pop("choices", {}).items()}
    return replace(draft, choices={**draft.choices, **choices}, **given)


def _whole(place: Place) -> dict[str, Any]:
    talk = talk_context(place.answer)
    return {
        **told.told_answer(place.result, place.answer),
        "evidence": told.EvidenceSerializer(talk["evidence"], many=True).data,
        "comments": told.CommentSerializer(talk["comments"], many=True).data,
    }


def _both(stale: StaleAnswer) -> dict[str, Any]:
    return {
        "detail": stale.messages[0],
        "revision": stale.current.revision,
        "differences": [asdict(each) for each in stale.differences],
    }
