"""Executions as JSON: list, read, start, send signals. The same operations as the pages, the same refusals."""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.people.models import User
from runbooks.api.strict import StrictSerializer
from runbooks.boards import board_of, deviations_of, page_after, shown_parameters, target_of, visible_executions
from runbooks.forms.executions import ExecutionFilter
from runbooks.lookups import rows_of_start
from runbooks.models import (
    Execution,
    LateResult,
    Purpose,
    Signal,
    SignalKind,
    StepExecution,
)
from runbooks.operations.executions import start_execution
from runbooks.operations.signals import allowed_signals, send_signal

PAGE = 50
PAYLOADS = {
    "values": SignalKind.COMPLETE,
    "parameter": SignalKind.CHANGE,
    "value": SignalKind.CHANGE,
    "step": SignalKind.START_STEP,
}
UUID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class ExecutionSerializer(serializers.ModelSerializer[Execution]):
    """An execution in a list. Times are UTC; `ended_at` is null while it runs.

    `question` is the id of the failed attempt a person is asked about, else null.
    """

    runbook = serializers.CharField(source="version.runbook.slug", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    service: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    account: Any = serializers.SlugRelatedField(slug_field="name", read_only=True)
    team: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    started_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Execution
        fields = [
            "id",
            "runbook",
            "version",
            "document_sha256",
            "status",
            "status_message",
            "current_step",
            "is_paused",
            "is_cancelling",
            "asks_on_failure",
            "is_stepwise",
            "question",
            "purpose",
            "reason",
            "incident",
            "drill",
            "part",
            "service",
            "account",
            "team",
            "region",
            "started_by",
            "created_at",
            "started_at",
            "ended_at",
            "revision",
        ]
        read_only_fields = fields


class LateResultSerializer(serializers.ModelSerializer[LateResult]):
    """What a worker saw of an attempt after another had taken the execution over: evidence, never a change of state."""

    class Meta:
        model = LateResult
        fields = ["outcome", "message", "response", "noted_at"]
        read_only_fields = fields


class AttemptSerializer(serializers.ModelSerializer[StepExecution]):
    """One attempt at a step, in the order they were made. Inputs and outputs were masked when they were stored."""

    late_results = LateResultSerializer(many=True, read_only=True)

    class Meta:
        model = StepExecution
        fields = [
            "id",
            "sequence",
            "step_name",
            "action",
            "action_class",
            "visit",
            "attempt",
            "status",
            "is_critical",
            "is_outcome_unknown",
            "inputs",
            "outputs",
            "failure_message",
            "waits_for",
            "waiting_message",
            "started_at",
            "deadline_at",
            "ended_at",
            "late_results",
        ]
        read_only_fields = fields


class SignalSerializer(serializers.ModelSerializer[Signal]):
    """What a person sent. `applied_at` is null until a worker applied it; `refusal` says why nothing of it was done."""

    step_name = serializers.CharField(source="step_execution.step_name", default=None, read_only=True)
    sent_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Signal
        fields = [
            "id",
            "kind",
            "step_execution",
            "step_name",
            "sent_by",
            "sent_at",
            "comment",
            "payload",
            "applied_at",
            "refusal",
        ]
        read_only_fields = fields


class OfferSerializer(serializers.Serializer):
    """A signal that fits the execution now; a `refusal` says why this person may not send it."""

    kind = serializers.CharField()
    step_execution_id = serializers.IntegerField(allow_null=True)
    label: Any = serializers.CharField()
    needs_comment = serializers.BooleanField()
    refusal = serializers.CharField()


class DeviationSerializer(serializers.Serializer):
    """A parameter that was changed under way; `after` holds for the steps from `before_step` on. `by` is shown, not a key."""

    parameter = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    before_step = serializers.CharField()


class WholeExecutionSerializer(ExecutionSerializer):
    """An execution with its parameters and their changes, the steps of its document in order, attempts, signals, outputs."""

    parameters = serializers.SerializerMethodField()
    deviations = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    signals = SignalSerializer(many=True, read_only=True)

    class Meta(ExecutionSerializer.Meta):
        fields = [*ExecutionSerializer.Meta.fields, "parameters", "deviations", "steps", "signals", "outputs"]
        read_only_fields = fields

    def get_parameters(self, execution: Execution) -> dict[str, Any]:
        return shown_parameters(execution)

    @extend_schema_field(DeviationSerializer(many=True))
    def get_deviations(self, execution: Execution) -> list[dict[str, Any]]:
        kept = deviations_of(execution, execution.signals.select_related("sent_by"))
        return list(DeviationSerializer(kept, many=True).data)

    def get_steps(self, execution: Execution) -> list[dict[str, Any]]:
        return [
            {
                "name": line.plan.step.name,
                "action": line.plan.step.action,
                "effect": line.plan.effect,
                "status": line.status or None,
                "attempts": AttemptSerializer(line.attempts, many=True).data,
            }
            for line in board_of(execution).lines
        ]


class StartSerializer(StrictSerializer):
    """What starts an execution. `runbook` and `service` are slugs; without `version` the newest published one is started."""

    runbook = serializers.CharField()
    version = serializers.IntegerField(required=False, min_value=1)
    purpose = serializers.ChoiceField(choices=[Purpose.INCIDENT, Purpose.ALONE], default=Purpose.ALONE)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)
    service = serializers.CharField(required=False, allow_null=True, default=None)
    account = serializers.CharField(required=False, allow_null=True, default=None)
    region = serializers.CharField(required=False, allow_blank=True, max_length=30, default="")
    parameters = serializers.DictField(required=False, default=dict)
    typed_name = serializers.CharField(required=False, allow_blank=True, default="")
    asks_on_failure = serializers.BooleanField(
        required=False, default=False, help_text="A failed step waits for a person instead of ending the execution."
    )
    is_stepwise = serializers.BooleanField(
        required=False, default=False, help_text="Each step waits for a signal StartStep; Resume lets it run on."
    )
    start_key = serializers.CharField(required=False, max_length=64)


class SendSerializer(StrictSerializer):
    """A signal. Without `step_execution` it goes to the step that waits for it. The same `key` again is the same signal.

    `values` belong to Complete; `parameter` and `value` to Change; `step`, which must be the next one, to StartStep.
    """

    kind = serializers.ChoiceField(choices=SignalKind.choices)
    step_execution = serializers.IntegerField(required=False, allow_null=True, default=None)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=4000, default="")
    values = serializers.DictField(required=False)
    parameter = serializers.CharField(required=False)
    value = serializers.JSONField(required=False, allow_null=True)
    step = serializers.CharField(required=False)
    key = serializers.CharField(required=False, max_length=64)


def asker(request: Request) -> User:
    """Whoever asks; the API answers nobody who did not sign in."""
    return cast(User, request.user)


def checked(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """What was sent, checked; a refusal lists every problem."""
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _payload(said: dict[str, Any]) -> dict[str, Any]:
    """What goes with a signal. A field that belongs to another kind is refused, not passed over."""
    sent = {name: said[name] for name in PAYLOADS if name in said}
    alien = {name: [f"It belongs to {PAYLOADS[name]} only."] for name in sent if PAYLOADS[name] != said["kind"]}
    if alien:
        raise ValidationError(alien)
    return sent


class ExecutionViewSet(viewsets.ViewSet):
    """Executions of the asker's teams; those of other teams do not exist."""

    lookup_value_regex = UUID_PATTERN

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str)
            for name in ("status", "purpose", "runbook", "service", "since", "until", "after")
        ],
        responses=ExecutionSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Newest first: `results` and `next`, the address of the following page or null. `status=active`: not over yet."""
        filters = ExecutionFilter(request.query_params, queryset=visible_executions(asker(request)), request=request)
        if not filters.is_valid():
            raise ValidationError({name: list(said) for name, said in filters.errors.items()})
        last = serializers.UUIDField(allow_null=True).run_validation(request.query_params.get("after"))
        executions, last = page_after(filters.qs, last, PAGE)
        query = request.query_params.copy()
        query["after"] = str(last)
        following = request.build_absolute_uri(f"?{query.urlencode()}") if last else None
        return Response({"next": following, "results": ExecutionSerializer(executions, many=True).data})

    @extend_schema(responses=WholeExecutionSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One execution with its steps."""
        return Response(WholeExecutionSerializer(self._get(request, pk)).data)

    @extend_schema(request=StartSerializer, responses={201: ExecutionSerializer})
    def create(self, request: Request) -> Response:
        """Start an execution. The same `start_key` again returns the same one."""
        user = asker(request)
        said = checked(StartSerializer, request)
        rows = rows_of_start(user, said)
        named = {name: value for name, value in said.items() if name not in {"runbook", "version"}}
        execution = start_execution(user=user, **{**named, **rows, "purpose": Purpose(said["purpose"])})
        return Response(ExecutionSerializer(self._get(request, str(execution.pk))).data, status=status.HTTP_201_CREATED)

    @extend_schema(methods=["GET"], responses=OfferSerializer(many=True))
    @extend_schema(methods=["POST"], request=SendSerializer, responses={201: SignalSerializer})
    @action(detail=True, methods=["get", "post"])
    def signals(self, request: Request, pk: str) -> Response:
        """What may be sent now, and sending it."""
        user, execution = asker(request), self._get(request, pk)
        if request.method == "GET":
            return Response(OfferSerializer(allowed_signals(user, execution), many=True).data)
        said = checked(SendSerializer, request)
        signal = send_signal(
            user=user,
            execution=execution,
            kind=SignalKind(said["kind"]),
            step_execution=target_of(execution, said["kind"], said["step_execution"]),
            comment=said["comment"],
            payload=_payload(said),
            key=said.get("key"),
        )
        signal.refresh_from_db()
        return Response(SignalSerializer(signal).data, status=status.HTTP_201_CREATED)

    def _get(self, request: Request, pk: str) -> Execution:
        return get_object_or_404(visible_executions(asker(request)), pk=pk)
