"""Runs of automated checks and what they saw: when a service is looked at, one run, one result for each check of it.

Results are only ever added. Who looks: `assessments.check_runner`; what a result is worth: `assessments.evidence_age`.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assessments.models.leased import ENDED_EXACTLY_WHEN_FINAL, FINAL, Leased, LeasedQuerySet


class CheckPlan(models.Model):
    """How a service is looked at: in which account, which resources are its own, and how often. At most one per service.

    `wake_at` is when the next run begins by itself; null while `interval` is null: on demand only. `names` is
    {kind of resource: [names or ARNs]} for what carries no tag (`assessments.checks.resources.KINDS`).
    """

    service = models.OneToOneField("catalogue.Service", on_delete=models.PROTECT, related_name="check_plan")
    account = models.ForeignKey(
        "catalogue.AwsAccount", null=True, blank=True, on_delete=models.PROTECT, related_name="check_plans"
    )
    interval = models.DurationField("how often", null=True)
    tag_key = models.CharField("tag", max_length=128, default="service")
    tag_value = models.CharField("value of the tag", max_length=256, blank=True)
    names = models.JSONField(default=dict, blank=True)
    wake_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="check_plan_wake_at")]
        constraints = [
            models.CheckConstraint(
                name="check_plan_wakes_exactly_when_it_repeats",
                condition=Q(interval__isnull=True, wake_at__isnull=True)
                | Q(interval__isnull=False, wake_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"checks of {self.service}"


class CheckRun(Leased):
    """One look at a service by every check. Checks only read, so a run whose worker died is simply continued."""

    service = models.ForeignKey("catalogue.Service", on_delete=models.PROTECT, related_name="check_runs")
    account = models.ForeignKey("catalogue.AwsAccount", null=True, on_delete=models.PROTECT, related_name="check_runs")

    objects = LeasedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], condition=~Q(status__in=FINAL), name="check_run_not_ended")]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=~Q(status__in=FINAL), name="one_running_check_run_per_service"
            ),
            models.CheckConstraint(name="check_run_ended_exactly_when_final", condition=ENDED_EXACTLY_WHEN_FINAL),
        ]

    def __str__(self) -> str:
        return f"checks of {self.service}, {self.get_status_display().lower()}"


class CheckResult(models.Model):
    """What one check answered in one run; the words of `assessments.checks.results`. Only ever added.

    `is_conclusive`: Passed or Failed. The newest conclusive result of a check is what it says of the service.
    """

    run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="results")
    service = models.ForeignKey("catalogue.Service", on_delete=models.PROTECT, related_name="check_results")
    check_name = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20)
    is_conclusive = models.BooleanField()
    sentence = models.TextField()
    facts = models.JSONField(default=dict)
    resources = models.JSONField(default=list)
    calls = models.JSONField(default=list)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["run", "check_name"]
        constraints = [models.UniqueConstraint(fields=["run", "check_name"], name="one_result_per_check_and_run")]
        indexes = [
            models.Index(
                fields=["service", "check_name", "-seen_at"], condition=Q(is_conclusive=True), name="newest_conclusive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.outcome}"
