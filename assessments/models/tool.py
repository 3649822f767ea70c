"""Where an assessment is kept in the Well-Architected Tool, and what both sides agreed on last. Rules: assessments.tool_sync."""

import uuid
from datetime import datetime

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from assessments.models.assessment import Assessment, Milestone
from assessments.models.lens import Lens, LensVersion


class ToolLens(models.Model):
    """A lens of ours as a custom lens of one account and Region. Empty ARN: not imported yet.

    `key` makes the idempotency tokens of its import; `version` is the newest one that is published there, `imported_sha256`
    names the text that AWS took last, published or not yet.
    """

    lens = models.ForeignKey(Lens, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("catalogue.AwsAccount", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("Region", max_length=30)
    arn = models.CharField("ARN", max_length=200, blank=True)
    version = models.ForeignKey(LensVersion, null=True, on_delete=models.PROTECT, related_name="+")
    imported_sha256 = models.CharField(max_length=64, blank=True)
    key = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lens", "account", "region"], name="one_tool_lens_per_place")]
        verbose_name_plural = "tool lenses"

    def __str__(self) -> str:
        return f"{self.lens.name} in {self.account} {self.region}"


class ToolLink(models.Model):
    """An assessment's workload in the Tool.

    `lens_alias` names a lens that is there already; empty: ours is imported (`tool_lens`). `agreed` is {question id: picture}
    of what both sides said when they were last the same, `workload_agreed` the service's facts as they were last pushed, empty
    for a workload that was not made from here. Syncs with it are rows of their own (`tool_sync.ToolSync`), one at a time.
    """

    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="tool_link")
    account = models.ForeignKey("catalogue.AwsAccount", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("Region", max_length=30)
    lens_alias = models.CharField(max_length=128, blank=True)
    tool_lens = models.ForeignKey(ToolLens, null=True, on_delete=models.PROTECT, related_name="links")
    workload_id = models.CharField(
        max_length=32,
        blank=True,
        validators=[RegexValidator(r"^[0-9a-f]{32}$", "A workload's id has 32 digits and letters a to f.")],
    )
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    agreed = models.JSONField(default=dict)
    workload_agreed = models.JSONField(default=dict)
    pushed_at = models.DateTimeField(null=True)
    pulled_at = models.DateTimeField(null=True)
    synced_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.assessment} in {self.account} {self.region}"

    @property
    def review_alias(self) -> str:
        """What the Tool's calls name the lens by; empty while there is none."""
        return self.lens_alias or (self.tool_lens.arn if self.tool_lens else "")

    @property
    def synced_at(self) -> datetime | None:
        """The later of the last push and the last pull, or None."""
        return max((at for at in (self.pushed_at, self.pulled_at) if at), default=None)


class ToolMilestone(models.Model):
    """Which milestone of the Tool is which of ours."""

    link = models.ForeignKey(ToolLink, on_delete=models.CASCADE, related_name="milestones")
    milestone = models.OneToOneField(Milestone, on_delete=models.PROTECT, related_name="in_tool")
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["link", "number"]
        constraints = [models.UniqueConstraint(fields=["link", "number"], name="one_tool_milestone_per_number")]

    def __str__(self) -> str:
        return f"{self.milestone} is number {self.number}"
