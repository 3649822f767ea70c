"""A lens under its name, and its numbered versions. What a version says is kept whole as text; published it never changes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Lens(models.Model):
    """A name under which versions of one questionnaire are kept. Without a team everybody may see and use it."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    team = models.ForeignKey("people.Team", null=True, on_delete=models.PROTECT, related_name="lenses")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "slug"]
        verbose_name_plural = "lenses"

    def __str__(self) -> str:
        return self.name


class VersionStatus(models.TextChoices):
    """A draft may be replaced; a published version is what assessments use."""

    DRAFT = "Draft", "Draft"
    PUBLISHED = "Published", "Published"


class LensVersion(models.Model):
    """One content of a lens.

    `text` is the file as it was imported, `sha256` is over its UTF-8 bytes, `content` is the JSON in it. A draft has no
    number: publishing gives the next minor or major one, as the Well-Architected Tool does.
    """

    lens = models.ForeignKey(Lens, on_delete=models.PROTECT, related_name="versions")
    major = models.PositiveIntegerField(null=True)
    minor = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    content = models.JSONField()
    note = models.CharField("what changed", max_length=300, blank=True)
    # Null: shipped with the portal.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    publisher = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["lens", "-major", "-minor"]
        constraints = [
            models.UniqueConstraint(fields=["lens", "major", "minor"], name="one_lens_version_per_number"),
            models.UniqueConstraint(fields=["lens"], condition=Q(status="Draft"), name="one_draft_per_lens"),
            models.CheckConstraint(
                name="published_lens_versions_have_number_and_time",
                condition=Q(status="Draft", major__isnull=True, minor__isnull=True, published_at__isnull=True)
                | Q(status="Published", major__isnull=False, minor__isnull=False, published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lens.name} {self.number}"

    @property
    def number(self) -> str:
        """`2.1`, or `draft`."""
        return "draft" if self.major is None else f"{self.major}.{self.minor}"

    @property
    def is_draft(self) -> bool:
        return self.status == VersionStatus.DRAFT
