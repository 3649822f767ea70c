"""One event: what somebody or some worker did, chained by hash to the event before it. Written by `log.record` only."""

from django.conf import settings
from django.db import models


class Event(models.Model):
    """An entry of the log. A chain is the history of one object, e.g. `execution:6f1c…`; sequence numbers have no gaps.

    `hash` is the SHA-256 over the previous hash and this event's canonical JSON (see `log.digest`).
    """

    chain = models.CharField(max_length=80)
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    # Whose object it is about; says who may read it. Null: nobody but a superuser.
    team = models.ForeignKey("people.Team", null=True, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="no_two_events_at_one_place")]
        indexes = [
            models.Index(fields=["-at", "-id"], name="event_newest_first"),
            models.Index(fields=["team", "-id"], name="event_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.sequence} {self.verb}"
