"""What every row has that a worker carries to its end by itself: who asked, a status, a lease, when it is due.

The same lease as executions have: claimed by a conditional update, every write names the fence, so that what a stale worker
writes is refused. Claiming and writing: `assessments.lease`.
"""

import uuid
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class RunStatus(models.TextChoices):
    """Systems Manager's words. Failed says why in the row's message; a check that fails does not fail its run."""

    PENDING = "Pending", "Pending"
    IN_PROGRESS = "InProgress", "In progress"
    SUCCESS = "Success", "Success"
    FAILED = "Failed", "Failed"


FINAL = (RunStatus.SUCCESS, RunStatus.FAILED)
ENDED_EXACTLY_WHEN_FINAL = Q(status__in=FINAL, ended_at__isnull=False) | (
    ~Q(status__in=FINAL) & Q(ended_at__isnull=True)
)

_Row = TypeVar("_Row", bound="Leased")


class LeasedQuerySet(models.QuerySet[_Row]):
    """Named reads."""

    def due(self) -> "LeasedQuerySet[_Row]":
        """What a worker may claim now: its time has come, and nobody alive has it."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
        return self.unended().filter(free, wake_at__lte=Now())

    def unended(self) -> "LeasedQuerySet[_Row]":
        """What is waiting or under way."""
        return self.exclude(status__in=FINAL)


class Leased(models.Model):
    """`requested_by` is null where a plan's time had come. `wake_at`: not before that; it matters only while nobody has it.

    `waits` counts how often a worker gave it back, so that the claims that are left tell how many workers died of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.PENDING)
    status_message = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    waits = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def is_final(self) -> bool:
        return self.status in FINAL
