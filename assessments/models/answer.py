"""What people said to one question: the answer, its evidence, its comments."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from assessments.models.assessment import Assessment


class ChoiceStatus(models.TextChoices):
    """The Well-Architected Tool's words for a choice in an answer."""

    SELECTED = "SELECTED", "Chosen"
    NOT_APPLICABLE = "NOT_APPLICABLE", "Not applicable"
    UNSELECTED = "UNSELECTED", "Not chosen"


class Reason(models.TextChoices):
    """The Well-Architected Tool's reasons why something is not applicable."""

    OUT_OF_SCOPE = "OUT_OF_SCOPE", "Out of scope"
    BUSINESS_PRIORITIES = "BUSINESS_PRIORITIES", "Business priorities"
    ARCHITECTURE_CONSTRAINTS = "ARCHITECTURE_CONSTRAINTS", "Architecture constraints"
    OTHER = "OTHER", "Another reason"


class Answer(models.Model):
    """The answer to one question.

    `choices` is {choice id: {"status": ChoiceStatus, "reason": Reason or "", "notes": text}}; a choice that is not in it is
    not chosen. `revision` counts the saves, 0 is nobody's yet. `page_key` names the open page that saved last, and
    `page_base` the revision from which that page alone has saved: a page whose confirmation got lost on the way knows its
    own change again.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="answers")
    question_id = models.TextField()
    choices = models.JSONField(default=dict)
    is_applicable = models.BooleanField(default=True)
    reason = models.CharField(max_length=30, choices=Reason, blank=True)
    notes = models.TextField(blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=0)
    page_key = models.CharField(max_length=36, blank=True)
    page_base = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["assessment", "question_id"]
        constraints = [models.UniqueConstraint(fields=["assessment", "question_id"], name="one_answer_per_question")]

    def __str__(self) -> str:
        return self.question_id


class EvidenceKind(models.TextChoices):
    """What an evidence is. Executions and drills are named by their UUID; the site shows them."""

    LINK = "link", "Link"
    FILE = "file", "File"
    EXECUTION = "execution", "Execution"
    DRILL = "drill", "Drill"


class Evidence(models.Model):
    """Something that shows an answer to be true. Removing hides it: milestones still refer to it."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=10, choices=EvidenceKind)
    # An address, a file's name, or a UUID.
    value = models.CharField(max_length=2000)
    note = models.CharField(max_length=300, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["added_at", "id"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.value


class EvidenceFile(models.Model):
    """The bytes of a file, in the database: what is backed up with the answers is there when the answers are."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="file")
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.evidence.value


class Comment(models.Model):
    """One remark in the talk about a question; never edited."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["written_at", "id"]

    def __str__(self) -> str:
        return self.text[:60]
