"""One run of a runbook's version, its attempts at steps, and the signals people sent to it.

Written by the runner (moves) and by operations (start, signals, cancel) only, always by conditional updates.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from runbooks.models.runbook import RunbookVersion


class Status(models.TextChoices):
    """Statuses of Systems Manager, spelled as there; one list for executions, attempts and drills."""

    PENDING = "Pending", "Pending"
    IN_PROGRESS = "InProgress", "In progress"
    WAITING = "Waiting", "Waiting"
    SUCCESS = "Success", "Success"
    TIMED_OUT = "TimedOut", "Timed out"
    CANCELLING = "Cancelling", "Cancelling"
    CANCELLED = "Cancelled", "Cancelled"
    FAILED = "Failed", "Failed"


FINAL_STATUSES = (Status.SUCCESS, Status.TIMED_OUT, Status.CANCELLED, Status.FAILED)
ACTIVE_STATUSES = tuple(status for status in Status if status not in FINAL_STATUSES)


class Purpose(models.TextChoices):
    """What an execution is for; bound at the start and shown on every page of it."""

    DRILL = "Drill", "Drill"
    INCIDENT = "Incident", "Incident"
    ALONE = "Alone", "On its own"


class ExecutionQuerySet(models.QuerySet["Execution"]):
    """Named reads."""

    def due(self) -> "ExecutionQuerySet":
        """Executions that a worker may claim now: their time has come and nobody holds a live lease."""
        return self.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=Now()), status__in=ACTIVE_STATUSES, wake_at__lte=Now()
        )


class Execution(models.Model):
    """One run.

    `wake_at` is when a worker must look at it next (null: only a signal will); `lease_until`, `lease_token` and `fence` say
    who may write; `revision` grows with every visible change. `worst_status` is the first failure of a critical step.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(RunbookVersion, on_delete=models.PROTECT, related_name="executions")
    document_sha256 = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose)
    reason = models.CharField(max_length=300, blank=True)
    drill = models.ForeignKey("runbooks.Drill", null=True, on_delete=models.PROTECT, related_name="executions")
    incident = models.ForeignKey("runbooks.Incident", null=True, on_delete=models.PROTECT, related_name="executions")
    part = models.CharField(max_length=20, blank=True, help_text="In a drill: injection, recovery or restoration.")
    service = models.ForeignKey(
        "catalogue.Service", null=True, on_delete=models.PROTECT, related_name="executions", db_index=False
    )
    account = models.ForeignKey(
        "catalogue.AwsAccount", null=True, on_delete=models.PROTECT, related_name="executions", db_index=False
    )
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="executions")
    region = models.CharField(max_length=30)
    parameters = models.JSONField(default=dict)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="executions", db_index=False
    )
    start_key = models.CharField(max_length=64, unique=True, default=uuid.uuid4)
    exclusive_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    status_message = models.TextField(blank=True)
    current_step = models.CharField(max_length=128, blank=True)
    worst_status = models.CharField(max_length=10, blank=True)
    is_paused = models.BooleanField(default=False)
    is_cancelling = models.BooleanField(default=False)
    asks_on_failure = models.BooleanField(
        default=False, help_text="A failed step waits for a person instead of ending it."
    )
    question = models.ForeignKey(
        "runbooks.StepExecution",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The failed attempt a person is asked about.",
    )
    is_stepwise = models.BooleanField(default=False, help_text="Each step waits for a person's Start step.")
    may_start_step = models.BooleanField(default=False)
    deviations = models.JSONField(
        default=list, help_text="Parameters changed under way: name, from, to, who, when, why."
    )
    variables = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)

    wake_at = models.DateTimeField(null=True, db_default=Now())
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        # Every step rewrites its execution's row and its entry in each index: keys nobody looks up have none (`db_index`).
        indexes = [
            models.Index(fields=["wake_at"], condition=~Q(status__in=FINAL_STATUSES), name="execution_wake_at"),
            models.Index(fields=["-created_at", "-id"], name="execution_newest_first"),
            models.Index(fields=["status", "-created_at", "-id"], name="execution_of_status"),
            models.Index(fields=["service", "-created_at", "-id"], name="execution_of_service"),
            # Said as `ended_at IS NULL`: SQLite takes a partial index only where the query says the very same.
            models.Index(fields=["team"], condition=Q(ended_at__isnull=True), name="execution_running"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["exclusive_key"], condition=~Q(status__in=FINAL_STATUSES), name="one_running_execution_per_key"
            ),
            models.CheckConstraint(
                name="ended_exactly_when_final",
                condition=Q(status__in=FINAL_STATUSES, ended_at__isnull=False)
                | (~Q(status__in=FINAL_STATUSES) & Q(ended_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} {str(self.id)[:8]}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES


class StepExecution(models.Model):
    """One attempt at a step, noted before anything is sent. Attempts are only added; each ends once.

    `inputs` are resolved and masked. `token` is the step's idempotency token, the same for every attempt of one visit.
    `state` is what a polling action keeps between polls. `deadline_at` is when the attempt is timed out.
    """

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="steps")
    sequence = models.PositiveIntegerField()
    step_name = models.CharField(max_length=128)
    action = models.CharField(max_length=64)
    visit = models.PositiveIntegerField(default=1, help_text="How often the flow came to this step.")
    attempt = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.IN_PROGRESS)
    action_class = models.CharField(max_length=20)
    token = models.UUIDField()
    fence = models.PositiveBigIntegerField()
    is_critical = models.BooleanField(default=True)
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    response = models.JSONField(null=True)
    log = models.TextField(blank=True)
    failure_message = models.TextField(blank=True)
    is_outcome_unknown = models.BooleanField(default=False)
    waits_for = models.JSONField(default=list)
    waiting_message = models.TextField(blank=True)
    state = models.JSONField(default=dict)
    polls = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    deadline_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["execution", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["execution", "sequence"], name="one_attempt_per_place"),
            models.UniqueConstraint(
                fields=["execution"], condition=~Q(status__in=FINAL_STATUSES), name="one_open_attempt_per_execution"
            ),
            models.CheckConstraint(
                name="attempt_ended_exactly_when_final",
                condition=Q(status__in=FINAL_STATUSES, ended_at__isnull=False)
                | (~Q(status__in=FINAL_STATUSES) & Q(ended_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_name} #{self.attempt}: {self.status}"


class SignalKind(models.TextChoices):
    """What a person sends to a run. The first five are Systems Manager's; the others are ours."""

    APPROVE = "Approve", "Approve"
    REJECT = "Reject", "Reject"
    RESUME = "Resume", "Resume"
    START_STEP = "StartStep", "Start step"
    STOP_STEP = "StopStep", "Stop step"
    COMPLETE = "Complete", "Complete the task"
    PAUSE = "Pause", "Pause"
    CANCEL = "Cancel", "Cancel"
    RETRY = "Retry", "Retry"
    SKIP = "Skip", "Skip"
    MARK_DONE = "MarkDone", "Mark as done"
    CHANGE = "Change", "Change a parameter"


class Signal(models.Model):
    """Something a person sent to a run: applied once, by the runner, in the order of `id`.

    `key` comes from the form or the request: the same key again is the same signal, not a second one.
    """

    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="signals")
    step_execution = models.ForeignKey(StepExecution, null=True, on_delete=models.PROTECT, related_name="signals")
    kind = models.CharField(max_length=10, choices=SignalKind)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(db_default=Now())
    comment = models.TextField(blank=True)
    payload = models.JSONField(default=dict)
    key = models.CharField(max_length=64, unique=True, default=uuid.uuid4)
    applied_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["execution"], condition=Q(applied_at__isnull=True), name="signal_unapplied")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.sent_by}"


class LateResult(models.Model):
    """What a worker saw after it had lost its fence: kept as evidence beside the attempt, never a change of state."""

    step_execution = models.ForeignKey(StepExecution, on_delete=models.PROTECT, related_name="late_results")
    fence = models.PositiveBigIntegerField()
    outcome = models.CharField(max_length=10)
    message = models.TextField(blank=True)
    response = models.JSONField(null=True)
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.outcome} for {self.step_execution}, too late"
