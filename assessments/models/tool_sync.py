"""Syncs with the Well-Architected Tool: what somebody asked for, how far a worker is, what came of it, and what both sides said.

Who works on them: `assessments.tool_runner`; what a comparison is: `assessments.tool_comparison`.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from assessments.models.leased import ENDED_EXACTLY_WHEN_FINAL, FINAL, Leased, LeasedQuerySet
from assessments.models.tool import ToolLink


class SyncKind(models.TextChoices):
    """What a sync does. All but the first change something, on one side or both."""

    COMPARE = "Compare", "Comparison"
    PUSH = "Push", "Push"
    PULL = "Pull", "Pull"
    PUSH_MILESTONE = "PushMilestone", "Milestone on both sides"
    PULL_MILESTONE = "PullMilestone", "Milestone from the Tool"


class ToolSync(Leased):
    """One errand to the Tool. At most one of a link is waiting or under way.

    `seen` is the sync whose comparison the person looked at; what has changed since is not touched. `asked` holds what else was
    said: {"decisions": {question id: "ours:FINGERPRINT"}, "name": ..., "number": ...}. `result` is {"done": [titles],
    "left": {title: why}, "conflicts": n, ...}, written as it happens, so that whoever continues a dead worker's sync knows.
    `comparison` is what both sides said when the sync ended.
    """

    link = models.ForeignKey(ToolLink, on_delete=models.CASCADE, related_name="syncs")
    kind = models.CharField(max_length=20, choices=SyncKind)
    seen = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    asked = models.JSONField(default=dict)
    steps_done = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    comparison: Any = models.JSONField(null=True)

    objects = LeasedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["wake_at"], condition=~Q(status__in=FINAL), name="tool_sync_not_ended")]
        constraints = [
            models.UniqueConstraint(
                fields=["link"], condition=~Q(status__in=FINAL), name="one_running_tool_sync_per_link"
            ),
            models.CheckConstraint(name="tool_sync_ended_exactly_when_final", condition=ENDED_EXACTLY_WHEN_FINAL),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.link.assessment}, {self.get_status_display().lower()}"
