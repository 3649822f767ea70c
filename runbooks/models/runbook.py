"""A named runbook and its numbered versions. A published version never changes; what it says is kept whole as text."""

from django.conf import settings
from django.db import models


class Runbook(models.Model):
    """A name under which versions of one Automation document are kept."""

    slug = models.SlugField(max_length=128, unique=True)
    name = models.CharField(max_length=128, unique=True)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="runbooks")
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class VersionStatus(models.TextChoices):
    """A draft may be edited by authors; a published version is what runs."""

    DRAFT = "Draft", "Draft"
    PUBLISHED = "Published", "Published"


class RunbookVersion(models.Model):
    """One numbered content of a runbook.

    `text` is what the author wrote, byte for byte; `sha256` is over it. `content` is the parsed document of a version
    without errors, null for a draft that cannot be read yet.
    """

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    text = models.TextField()
    format = models.CharField(max_length=4, default="YAML")
    sha256 = models.CharField(max_length=64)
    content = models.JSONField(null=True)
    note = models.CharField("what changed", max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    publisher = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["runbook", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["runbook", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["runbook"], condition=models.Q(status="Draft"), name="one_draft_per_runbook"
            ),
            models.CheckConstraint(
                name="published_versions_say_when_and_what",
                condition=models.Q(status="Draft")
                | models.Q(
                    status="Published", published_at__isnull=False, publisher__isnull=False, content__isnull=False
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.runbook.name} v{self.number}"
