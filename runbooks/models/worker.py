"""Processes that carry executions and drills, and the one row that says which installation this database belongs to.

Here: rows only. Who writes them: `runbooks.workers`, `runbooks.installation`, `runbooks.dead_man`. Not here: leases, which
name a claim and not a process (`runbooks.lease`).
"""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

SILENT_AFTER = timedelta(seconds=30)
"""A worker not seen for this long counts as gone."""
MOST_CLOCK_DIFFERENCE = 30.0
"""Seconds between a worker's clock and the database's above which it claims nothing: AWS refuses what is signed late."""


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Named reads."""

    def alive(self) -> "WorkerQuerySet":
        """Workers that have not ended and were seen lately by the database's clock."""
        oldest: CombinedExpression = Now() - SILENT_AFTER
        return self.filter(ended_at__isnull=True, seen_at__gt=oldest)


class Worker(models.Model):
    """One process from its start to its end; a process that is started again is another worker.

    Times are the database's. `clock_offset` is the host's clock minus the database's, in seconds. `is_stopping`: it finishes
    what it has and claims nothing. A worker that was killed has no `ended_at`; its `seen_at` grows old.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    clock_offset = models.FloatField(default=0.0)
    is_stopping = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["-seen_at"], condition=Q(ended_at__isnull=True), name="worker_seen_last")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    @property
    def is_clock_off(self) -> bool:
        return abs(self.clock_offset) > MOST_CLOCK_DIFFERENCE


class Installation(models.Model):
    """The one row of this database: which server it was last seen on, and whether anything may run.

    `system_identifier` and `timeline` are PostgreSQL's own (empty and 0 on SQLite, where no server has one): a database that
    was restored elsewhere has another identifier, one that was promoted another timeline. While `quiesced_at` is set no
    worker claims anything.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    system_identifier = models.CharField(max_length=40, blank=True)
    timeline = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    quiesced_at = models.DateTimeField(null=True)
    quiesce_reason = models.CharField(max_length=300, blank=True)
    pinged_at = models.DateTimeField(null=True, help_text="When a worker last called the dead-man address.")
    ping_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_installation", condition=Q(id=1)),
            models.CheckConstraint(
                name="quiesced_with_a_reason",
                condition=Q(quiesced_at__isnull=True) | ~Q(quiesce_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def is_quiesced(self) -> bool:
        return self.quiesced_at is not None
