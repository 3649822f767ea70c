"""Evidence of an answer: links, files, executions and drills. What is removed is hidden, and stays for the milestones.

An execution or drill is kept by its UUID alone: this half knows nothing of the other, the site joins them.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from assessments.models import Assessment, Evidence, EvidenceFile, EvidenceKind
from assessments.operations.answers import answer_row, chain_of, held, question_of, touched
from assessments.operations.texts import one_line
from portal.audit.log import database_now, record
from portal.people.models import User

MAXIMUM_BYTES = 5_000_000
MAXIMUM_EVIDENCE = 50
_NAME = 120
_NOTE = 300
_ADDRESS = 2000
# The addresses of the site's own pages, so that one may paste what the browser shows.
_OWN_PAGE = re.compile(r"/(drills|executions)/([0-9a-fA-F-]{36})(?:[/?#]|$)")
_OWN_KINDS = {"drills": EvidenceKind.DRILL, "executions": EvidenceKind.EXECUTION}
_is_web_address = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Upload:
    """A file as a browser sent it. `content` holds at most one byte more than is kept."""

    name: str
    content: bytes


@transaction.atomic
def add_evidence(
    *,
    user: User,
    assessment: Assessment,
    question_id: str,
    kind: str = EvidenceKind.LINK.value,
    value: str = "",
    note: str = "",
    upload: Upload | None = None,
) -> Evidence:
    """Show an answer to be true. `value` is an address, or the UUID of an execution or drill; a file comes as `upload`.

    A link to a drill's or execution's page of this site becomes that kind. ValidationError by field: value, file, note.
    """
    assessment = held(user, assessment)
    question = question_of(assessment, question_id)
    kind, value = _file(upload) if upload else _reference(kind, value.strip())
    note = one_line(note, "The note", least=0, most=_NOTE)
    answer = answer_row(assessment, question_id)
    shown = answer.evidence.filter(removed_at__isnull=True)
    if shown.count() >= MAXIMUM_EVIDENCE:
        raise ValidationError(
            f"This answer has {MAXIMUM_EVIDENCE} pieces of evidence. Remove one, or put several into one file."
        )
    if upload is None and shown.filter(kind=kind, value=value).exists():
        raise ValidationError({"value": ["This is among the evidence already."]})
    evidence = Evidence.objects.create(answer=answer, kind=kind, value=value, note=note, added_by=user)
    detail = {"kind": kind, "value": value, "note": note}
    if upload is not None:
        digest = hashlib.sha256(upload.content).hexdigest()
        EvidenceFile.objects.create(evidence=evidence, content=upload.content, size=len(upload.content), sha256=digest)
        detail |= {"sha256": digest, "bytes": str(len(upload.content))}
    touched(assessment)
    record(
        chain_of(assessment),
        "added evidence to",
        question.title,
        actor=user,
        detail=detail,
        team=assessment.service.team,
    )
    return evidence


@transaction.atomic
def remove_evidence(*, user: User, assessment: Assessment, evidence: Evidence) -> Evidence:
    """Take evidence off an answer. It stays in the milestones that were recorded with it."""
    assessment = held(user, assessment)
    moved = Evidence.objects.filter(pk=evidence.pk, answer__assessment=assessment, removed_at__isnull=True).update(
        removed_by=user, removed_at=database_now()
    )
    if not moved:
        raise ValidationError("This evidence is removed already. Load the page again.")
    evidence.refresh_from_db()
    touched(assessment)
    detail = {"kind": evidence.kind, "value": evidence.value}
    record(
        chain_of(assessment),
        "removed evidence from",
        evidence.answer.question_id,
        actor=user,
        detail=detail,
        team=assessment.service.team,
    )
    return evidence


def safe_name(name: str) -> str:
    """A file's name without folders, control characters and what file systems refuse; its ending is kept."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    last = PurePosixPath(plain).name
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" and letter not in '<>:"/|?*')
    kept = " ".join(kept.split()).strip(". ")
    if len(kept) > _NAME:
        ending = PurePosixPath(kept).suffix[:20]
        kept = kept[: _NAME - len(ending)] + ending
    return kept or "evidence"


def _file(upload: Upload) -> tuple[str, str]:
    if not upload.content:
        raise ValidationError({"file": ["The file is empty. Choose another."]})
    if len(upload.content) > MAXIMUM_BYTES:
        raise ValidationError(
            {"file": [f"The file has more than {MAXIMUM_BYTES:,} bytes. Keep it where it is and add a link to it."]}
        )
    return EvidenceKind.FILE.value, safe_name(upload.name)


def _reference(kind: str, value: str) -> tuple[str, str]:
    if kind == EvidenceKind.LINK:
        own = _OWN_PAGE.search(value)
        if own and (found := _uuid(own.group(2))):
            return _OWN_KINDS[own.group(1)].value, found
        return kind, _address(value)
    if kind not in (EvidenceKind.EXECUTION, EvidenceKind.DRILL):
        raise ValidationError(
            {"kind": [f"There is no evidence of the kind {kind[:30]}. Use link, file, execution or drill."]}
        )
    if found := _uuid(value):
        return kind, found
    raise ValidationError({"value": [f"“{value[:60]}” is not the id of one {kind}. Copy it from the page's address."]})


def _address(value: str) -> str:
    if len(value) > _ADDRESS:
        raise ValidationError({"value": [f"The address has more than {_ADDRESS:,} characters. Give a shorter one."]})
    try:
        _is_web_address(value)
    except ValidationError as error:
        said = f"“{value[:60]}” is not an address" if value else "The address is missing"
        raise ValidationError({"value": [f"{said}. Give one that begins with https:// or http://."]}) from error
    return value


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
