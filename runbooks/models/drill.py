"""A drill: a planned run with objectives, participants and a verdict. Its phases are moved by `runbooks.drill_runner`."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portal.catalogue.models import Scope
from runbooks.models.execution import ACTIVE_STATUSES, FINAL_STATUSES, Status
from runbooks.models.runbook import RunbookVersion


class Phase(models.TextChoices):
    """Where a drill stands."""

    BASELINE = "Baseline", "Baseline"
    INJECT = "Inject", "Injection"
    DETECT = "Detect", "Detection"
    RECOVER = "Recover", "Recovery"
    VERIFY = "Verify", "Verification"
    RESTORE = "Restore", "Restoration"
    CLOSE = "Close", "Closed"


class Verdict(models.TextChoices):
    """What was proved. Without samples there is no verdict but "not measured"."""

    MET = "Met", "Met"
    NOT_MET = "Not met", "Not met"
    NOT_RECOVERED = "Not recovered", "Not recovered"
    NOT_MEASURED = "Not measured", "Not measured"


class DrillQuerySet(models.QuerySet["Drill"]):
    """Named reads."""

    def due(self) -> "DrillQuerySet":
        """Drills that a worker may claim now."""
        return self.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=Now()), status__in=ACTIVE_STATUSES, wake_at__lte=Now()
        )


class Drill(models.Model):
    """A service is disrupted on purpose and recovered by a runbook, while a client watches.

    Objectives are copied at the start: a later change of the catalogue does not change what was judged. `record` is the
    measured result (see `runbooks.measurement`), written once when the drill closes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    service = models.ForeignKey("catalogue.Service", on_delete=models.PROTECT, related_name="drills")
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="drills")
    account = models.ForeignKey(
        "catalogue.AwsAccount", null=True, blank=True, on_delete=models.PROTECT, related_name="drills"
    )
    scope = models.CharField("disruption scope", max_length=20, choices=Scope)
    injection = models.ForeignKey(RunbookVersion, on_delete=models.PROTECT, related_name="+")
    recovery = models.ForeignKey(RunbookVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    restoration = models.ForeignKey(RunbookVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    parameters = models.JSONField(
        default=dict, help_text="For each part (injection, recovery, restoration): its parameters."
    )
    rto = models.DurationField("RTO objective")
    rpo = models.DurationField("RPO objective")
    detection_timeout = models.DurationField(help_text="How long a disruption may take to be seen, before scaling.")
    recovery_timeout = models.DurationField(help_text="How long the recovery may take to be seen, before scaling.")
    participants = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="drills")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    start_key = models.CharField(max_length=64, unique=True, default=uuid.uuid4)
    time_scale = models.FloatField(default=1.0)

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    status_message = models.TextField(blank=True)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.BASELINE)
    phase_started_at = models.DateTimeField(null=True)
    phases = models.JSONField(default=list, help_text="Phases gone through: name, began, ended, what happened.")
    is_cancelling = models.BooleanField(default=False)
    verdict = models.CharField(max_length=15, choices=Verdict, blank=True)
    record = models.JSONField(null=True)
    revision = models.PositiveIntegerField(default=0)

    wake_at = models.DateTimeField(null=True, db_default=Now())
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)

    objects = DrillQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="drill_newest_first"),
            models.Index(fields=["-ended_at"], name="drill_ended_last"),
            models.Index(fields=["service", "scope", "-ended_at"], name="drill_of_promise"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=~Q(status__in=FINAL_STATUSES), name="one_running_drill_per_service"
            ),
            models.CheckConstraint(
                name="drill_ended_exactly_when_final",
                condition=Q(status__in=FINAL_STATUSES, ended_at__isnull=False)
                | (~Q(status__in=FINAL_STATUSES) & Q(ended_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES
