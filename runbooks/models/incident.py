"""An unplanned disruption: what is affected, how badly, who said what when, and the executions run for it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Severity(models.IntegerChoices):
    """1 is the worst."""

    SEV1 = 1, "SEV1: customers cannot use the service"
    SEV2 = 2, "SEV2: customers are hindered"
    SEV3 = 3, "SEV3: redundancy is lost, customers notice nothing"
    SEV4 = 4, "SEV4: a worry"


class Incident(models.Model):
    """Open until a person says how it was resolved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.SEV2)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="incidents")
    services = models.ManyToManyField("catalogue.Service", related_name="incidents", blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    disrupted_at = models.DateTimeField(null=True, blank=True, help_text="When it began, as far as is known (UTC).")
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                name="resolved_by_a_person_with_words",
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | (Q(resolved_at__isnull=False, resolved_by__isnull=False) & ~Q(resolution="")),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class IncidentNote(models.Model):
    """One line of the timeline; never edited."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    text = models.TextField()

    class Meta:
        ordering = ["written_at", "id"]

    def __str__(self) -> str:
        return self.text[:60]
