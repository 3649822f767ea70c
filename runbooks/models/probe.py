"""A client-side check of a service's entry, its observations, and the heartbeat records that measure RPO.

Rows are written by the sampler (`runbooks.sampler`), a process of its own; read by `runbooks.measurement`.
"""

import uuid

from django.db import models
from django.db.models.functions import Now

from runbooks.models.drill import Drill


class Probe(models.Model):
    """One client that watches one entry for one drill: `interval` between requests, open loop, a connection per request.

    `heartbeat_url` is empty where the service has no heartbeat table; then RPO is not measured. `clock_offset` is the
    database's clock minus the sampler's, in seconds, already added to every time stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    drill = models.OneToOneField(Drill, on_delete=models.PROTECT, related_name="probe")
    url = models.URLField(max_length=500)
    expected_status = models.PositiveSmallIntegerField(default=200)
    region_header = models.CharField(max_length=60, blank=True)
    interval = models.DurationField()
    timeout = models.DurationField()
    heartbeat_url = models.URLField(max_length=500, blank=True)
    heartbeat_interval = models.DurationField()
    heartbeat_table = models.CharField(max_length=255, blank=True)
    is_running = models.BooleanField(default=True)
    clock_offset = models.FloatField(default=0.0)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"probe of {self.url}"


class Sample(models.Model):
    """One request: when it was sent, how long it took (ms), what answered. `status_code` null means no answer."""

    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="samples")
    sequence = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    latency = models.FloatField(help_text="Milliseconds from sending to the end of the answer.")
    status_code = models.PositiveSmallIntegerField(null=True)
    region = models.CharField(max_length=30, blank=True)
    error = models.CharField(max_length=200, blank=True)
    is_good = models.BooleanField()

    class Meta:
        ordering = ["probe", "sent_at"]
        constraints = [models.UniqueConstraint(fields=["probe", "sequence"], name="one_sample_per_sequence")]
        indexes = [models.Index(fields=["probe", "sent_at"], name="sample_by_time")]

    def __str__(self) -> str:
        return f"{self.sent_at:%H:%M:%S.%f} {self.status_code or self.error}"


class Heartbeat(models.Model):
    """One sequence-numbered write through the service's own entry; `is_acknowledged` when the service said it was kept.

    `has_survived` is null until the recovery side was read back; `has_reappeared` is set when a later read found it.
    """

    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="heartbeats")
    sequence = models.PositiveIntegerField()
    written_at = models.DateTimeField()
    is_acknowledged = models.BooleanField()
    region = models.CharField(max_length=30, blank=True)
    error = models.CharField(max_length=200, blank=True)
    has_survived = models.BooleanField(null=True)
    has_reappeared = models.BooleanField(null=True)

    class Meta:
        ordering = ["probe", "sequence"]
        constraints = [models.UniqueConstraint(fields=["probe", "sequence"], name="one_heartbeat_per_sequence")]

    def __str__(self) -> str:
        return f"heartbeat {self.sequence}"
