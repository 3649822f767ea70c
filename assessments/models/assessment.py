"""A service judged by a lens, and the frozen copies of that: milestones."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assessments.models.lens import Lens, LensVersion


class Assessment(models.Model):
    """The answers of one service to one lens. Open until somebody closes it; one open one per service and lens."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey("catalogue.Service", on_delete=models.PROTECT, related_name="assessments")
    # The lens of `lens_version`, kept here too because the constraint below needs it.
    lens = models.ForeignKey(Lens, on_delete=models.PROTECT, related_name="assessments")
    lens_version = models.ForeignKey(LensVersion, on_delete=models.PROTECT, related_name="assessments")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["service__tier", "service__name", "lens__name", "-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "lens"], condition=Q(closed_at__isnull=True), name="one_open_assessment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service.name}: {self.lens.name}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Milestone(models.Model):
    """An assessment as it was at one moment: the lens's fingerprint, every answer, every risk. Only ever added.

    `content` is what assessments.operations.milestones.frozen gives; `sha256` is over its canonical JSON.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="milestones")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    lens_version = models.ForeignKey(LensVersion, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["assessment", "-number"]
        constraints = [models.UniqueConstraint(fields=["assessment", "number"], name="one_milestone_per_number")]

    def __str__(self) -> str:
        return f"{self.number}: {self.name}"
