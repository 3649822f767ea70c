"""What people decided about a question's risk: who lowers it until when, or that it is accepted. And the counted risks.

The plan itself is computed (`assessments.improvement`); a row is made when somebody decides something.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assessments.models.assessment import Assessment


class ImprovementStatus(models.TextChoices):
    """The Well-Architected Tool's words for the improvement of a workload, here for each question."""

    NOT_STARTED = "NOT_STARTED", "Not started"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    COMPLETE = "COMPLETE", "Complete"
    RISK_ACKNOWLEDGED = "RISK_ACKNOWLEDGED", "Risk acknowledged"


class ImprovementItem(models.Model):
    """The decision about one question. `revision` counts the saves; a change names the one it began from."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="improvements")
    question_id = models.TextField()
    status = models.CharField(max_length=20, choices=ImprovementStatus, default=ImprovementStatus.NOT_STARTED)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField("due", null=True)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["assessment", "question_id"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "question_id"], name="one_improvement_per_question"),
            models.CheckConstraint(
                name="an_acknowledged_risk_has_a_reason",
                condition=~Q(status=ImprovementStatus.RISK_ACKNOWLEDGED) | ~Q(note=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.get_status_display()}"


class RiskTally(models.Model):
    """The counted risks of an assessment, written in the transaction of every change that may move them.

    The portfolio reads hundreds of these in one query instead of judging every answer again. `pillars` is
    {pillar id: {risk: number}} with every risk as a key.
    """

    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="tally")
    high = models.PositiveIntegerField(default=0)
    medium = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0)
    none = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    pillars = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "risk tallies"

    def __str__(self) -> str:
        return f"{self.high} high, {self.medium} medium, {self.unanswered} unanswered"
