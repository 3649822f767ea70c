"""What people may do with a runbook and its versions: create, save a draft, publish, archive.

A draft may hold problems, so that half-written work is never lost; what is published may not. Not here: bringing files in
(`imports.py`), reading lists of runbooks (`shelf.py`), and what a document says (`runbooks.automation`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from portal.audit.log import database_now, record
from portal.audit.models import Event
from portal.people.models import Team, User
from portal.people.permissions import Act, require
from runbooks.actions import registry
from runbooks.automation.document import Problem, Reading, read
from runbooks.models import Runbook, RunbookVersion, VersionStatus

# Systems Manager's own rule for document names: API reference, CreateDocument, parameter Name.
NAME_PATTERN = re.compile(r"[a-zA-Z0-9_.-]{3,128}")
NAME_RULE = "A name has 3 to 128 letters, digits, dots, hyphens or underscores, like Restore-Database.v2."
MAXIMUM_BYTES = 262_144
# The words that pages of their own have below /runbooks/ and /api/runbooks/.
RESERVED_SLUGS = frozenset({"new", "import", "check"})
LIBRARY = Path(__file__).resolve().parent.parent / "library"
CREATED, SAVED, PUBLISHED = "created", "saved a draft", "published a version"


class StaleDraft(ValidationError):
    """Somebody changed the text since it was opened. `current` is what is stored now; the refused text was not stored."""

    def __init__(self, current: RunbookVersion) -> None:
        self.current = current
        super().__init__(
            f"{current.author.shown_name} changed this runbook since you opened it: what is stored is now "
            f"{current.status.lower()} version {current.number}, with another text. Nothing was overwritten. Compare both "
            "texts and save again.",
            code="stale",
        )


def fingerprint(text: str) -> str:
    """The SHA-256 over the text's UTF-8 bytes, as 64 hexadecimal digits; what an approval pins."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_text(text: str) -> Reading:
    """Read a text with the actions this portal runs. All problems are in the answer; nothing is raised."""
    return read(text, registry.shapes())


def read_version(version: RunbookVersion) -> Reading:
    """Read what a version says, with today's actions."""
    return read_text(version.text)


def chain_of(runbook: Runbook) -> str:
    """The chain of the audit log that tells a runbook's history. Slugs never change; the column holds 80 characters."""
    return f"runbook:{runbook.slug}"[:80]


def create_runbook(*, user: User, team: Team, name: str, text: str, note: str = "") -> RunbookVersion:
    """Make a runbook with its first draft. Raises PermissionDenied, or ValidationError by field (name, text)."""
    require(user, Act.EDIT_RUNBOOK, team)
    refusals = {"name": _name_refusals(name), "text": _text_refusals(text)}
    if any(refusals.values()):
        raise ValidationError({field: messages for field, messages in refusals.items() if messages})
    try:
        with transaction.atomic():
            runbook = Runbook.objects.create(name=name, slug=_free_slug(name), team=team)
            version = _new_draft(runbook, user, text, note)
            record(chain_of(runbook), CREATED, name, actor=user, detail=_told(version), team=team)
    except IntegrityError as error:
        raise ValidationError({"name": [_taken(name)]}) from error
    return version


def save_draft(*, user: User, runbook: Runbook, text: str, base_sha256: str, note: str = "") -> RunbookVersion:
    """Keep a text as the runbook's draft, which is made where there is none; problems in it are allowed.

    `base_sha256` is the fingerprint of the text the author began from. Raises StaleDraft where the newest version is
    another one by now, ValidationError by field, PermissionDenied.
    """
    require(user, Act.EDIT_RUNBOOK, runbook.team_id)
    if messages := _text_refusals(text):
        raise ValidationError({"text": messages})
    try:
        with transaction.atomic():
            if _locked(runbook).is_archived:
                raise ValidationError(_archived(runbook))
            newest = runbook.versions.order_by("-number").first()
            if newest is None or newest.sha256 != base_sha256:
                raise _stale(runbook)
            if newest.status == VersionStatus.PUBLISHED:
                version = _new_draft(runbook, user, text, note)
            else:
                version = _change_draft(newest, user, text, note)
            record(chain_of(runbook), SAVED, runbook.name, actor=user, detail=_told(version))
    except IntegrityError as error:
        raise _stale(runbook) from error
    return version


def publish_version(*, user: User, version: RunbookVersion, sha256: str) -> RunbookVersion:
    """Make a draft the version that runs. `sha256` is the fingerprint of the text that was reviewed.

    Raises PermissionDenied for whoever may not publish or wrote any of it, ValidationError with every problem of the document.
    """
    runbook = version.runbook
    require(user, Act.PUBLISH_RUNBOOK, runbook.team_id)
    if refusals := publish_refusals(user=user, version=version):
        raise ValidationError(refusals)
    if fingerprint(version.text) != sha256:
        raise _not_what_was_reviewed(version)
    reading = read_version(version)
    if problems := errors_of(reading):
        raise ValidationError([spoken(problem) for problem in problems])
    with transaction.atomic():
        if _locked(runbook).is_archived:
            raise ValidationError(_archived(runbook))
        # No condition on another table: PostgreSQL would decide it on an old snapshot, and two could publish at once.
        moved = RunbookVersion.objects.filter(pk=version.pk, status=VersionStatus.DRAFT, sha256=sha256).update(
            status=VersionStatus.PUBLISHED,
            publisher=user,
            published_at=database_now(),
            content=_content(reading),
            format=reading.format,
        )
        if not moved:
            raise _not_what_was_reviewed(version)
        version.refresh_from_db()
        record(chain_of(runbook), PUBLISHED, runbook.name, actor=user, detail=_told(version))
    return version


def publish_refusals(*, user: User, version: RunbookVersion) -> list[str]:
    """Why this person may not publish this version, whatever the document says; the rule of four eyes is here."""
    said: list[str] = []
    if version.status != VersionStatus.DRAFT:
        said.append(f"Version {version.number} is published already.")
    if version.runbook.is_archived:
        said.append(_archived(version.runbook))
    if user.pk in writers_of(version):
        said.append("You wrote some of this version. Somebody else with the role approver must review and publish it.")
    return said


def writers_of(version: RunbookVersion) -> set[int]:
    """The ids of everybody who saved any state of this version, from the log, which nobody can edit."""
    saved = Event.objects.filter(
        chain=chain_of(version.runbook), verb__in=[CREATED, SAVED], detail__version=version.number, actor__isnull=False
    )
    return {version.author_id, *saved.values_list("actor_id", flat=True)}


def archive_runbook(*, user: User, runbook: Runbook) -> Runbook:
    """Take a runbook out of use: it stays readable with all versions and runs, and cannot be started or edited."""
    return _set_archived(user, runbook, is_archived=True)


def restore_runbook(*, user: User, runbook: Runbook) -> Runbook:
    """Bring an archived runbook back into use."""
    return _set_archived(user, runbook, is_archived=False)


def install_library(*, author: User, publisher: User, team: Team) -> list[RunbookVersion]:
    """Publish the documents shipped with the portal under their file names; answers the versions that are new.

    Twice is once. A runbook that the team has changed, has a draft of, or that belongs to another team is left alone.
    """
    installed: list[RunbookVersion] = []
    for path in sorted(LIBRARY.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        runbook = Runbook.objects.filter(name=path.stem).first()
        if runbook is None:
            draft = create_runbook(user=author, team=team, name=path.stem, text=text, note="Shipped with the portal")
        else:
            newest = runbook.versions.order_by("-number").first()
            is_ours = runbook.team_id == team.pk and not runbook.is_archived and newest is not None
            if not is_ours or newest is None or newest.author_id != author.pk:
                continue
            if newest.status == VersionStatus.DRAFT and newest.sha256 != fingerprint(text):
                continue
            if newest.status == VersionStatus.PUBLISHED and runbook.versions.filter(sha256=fingerprint(text)).exists():
                continue
            draft = newest
            if newest.status == VersionStatus.PUBLISHED:
                draft = save_draft(
                    user=author, runbook=runbook, text=text, base_sha256=newest.sha256, note="Shipped with the portal"
                )
        installed.append(publish_version(user=publisher, version=draft, sha256=draft.sha256))
    return installed


def errors_of(reading: Reading) -> list[Problem]:
    """The problems that forbid publishing; warnings do not."""
    return [problem for problem in reading.problems if problem.severity == "error"]


def spoken(problem: Problem) -> str:
    """A problem as one line: where, then what."""
    line = f"line {problem.line}" if problem.line else ""
    place = ", ".join(part for part in (line, problem.path) if part)
    return f"{place}: {problem.message}" if place else problem.message


def name_taken(name: str) -> bool:
    """Whether any runbook of any team has this name; names are global because documents start each other by name."""
    return Runbook.objects.filter(name=name).exists()


def _locked(runbook: Runbook) -> Runbook:
    """The runbook as it is now, held until the transaction ends: whoever writes to one runbook waits for the other."""
    return Runbook.objects.select_for_update().get(pk=runbook.pk)


def _archived(runbook: Runbook) -> str:
    return f"{runbook.name} is archived. Restore it first."


def _new_draft(runbook: Runbook, user: User, text: str, note: str) -> RunbookVersion:
    newest = runbook.versions.order_by("-number").first()
    return RunbookVersion.objects.create(
        runbook=runbook, number=newest.number + 1 if newest else 1, author=user, **_columns(text, note)
    )


def _change_draft(draft: RunbookVersion, user: User, text: str, note: str) -> RunbookVersion:
    """Write over a draft only while it is the one that was opened: the row count is the answer."""
    moved = RunbookVersion.objects.filter(pk=draft.pk, status=VersionStatus.DRAFT, sha256=draft.sha256).update(
        author=user, **_columns(text, note or draft.note)
    )
    if not moved:
        raise _stale(draft.runbook)
    draft.refresh_from_db()
    return draft


def _columns(text: str, note: str) -> dict[str, Any]:
    reading = read_text(text)
    return {
        "text": text,
        "format": reading.format,
        "sha256": fingerprint(text),
        "content": _content(reading),
        "note": note.strip()[:300],
    }


def _content(reading: Reading) -> Mapping[str, Any] | None:
    """What the document says, as JSON values; None while it cannot run."""
    return json.loads(json.dumps(reading.raw)) if reading.document is not None else None


def _set_archived(user: User, runbook: Runbook, *, is_archived: bool) -> Runbook:
    require(user, Act.PUBLISH_RUNBOOK, runbook.team_id)
    with transaction.atomic():
        moved = Runbook.objects.filter(pk=runbook.pk).exclude(is_archived=is_archived).update(is_archived=is_archived)
        if not moved:
            raise ValidationError(f"{runbook.name} is {'archived already' if is_archived else 'not archived'}.")
        runbook.refresh_from_db()
        record(chain_of(runbook), "archived" if is_archived else "restored", runbook.name, actor=user)
    return runbook


def _told(version: RunbookVersion) -> dict[str, Any]:
    return {"version": version.number, "sha256": version.sha256, "note": version.note}


def _stale(runbook: Runbook) -> StaleDraft:
    return StaleDraft(runbook.versions.select_related("author").order_by("-number")[:1].get())


def _not_what_was_reviewed(version: RunbookVersion) -> ValidationError:
    return ValidationError(
        f"Version {version.number} of {version.runbook.name} is not the text that was reviewed any more. "
        "Open the publishing page again and review what changed.",
        code="stale",
    )


def _name_refusals(name: str) -> list[str]:
    if not NAME_PATTERN.fullmatch(name):
        return [f"“{name[:140]}” cannot be the name of a runbook. {NAME_RULE}"]
    return [_taken(name)] if name_taken(name) else []


def _text_refusals(text: str) -> list[str]:
    if not text.strip():
        return ["The document is empty. Paste or write an Automation document, YAML or JSON."]
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return [
            "The document holds characters that no text has, so it was not stored. Choose the YAML or JSON file itself."
        ]
    size = len(text.encode())
    if size > MAXIMUM_BYTES:
        return [f"The document has {size:,} bytes; at most {MAXIMUM_BYTES:,} are kept. Split it into several runbooks."]
    return []


def _taken(name: str) -> str:
    return f"There is a runbook called {name} already. Choose another name, or edit that one."


def _free_slug(name: str) -> str:
    """An address for a name; names that differ only in dots or capitals get a number."""
    wanted = slugify(name.replace(".", "-"))[:60] or "runbook"
    taken = set(Runbook.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    number, slug = 1, wanted
    while slug in taken or slug in RESERVED_SLUGS:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
