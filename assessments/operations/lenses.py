"""What people may do with a lens: bring it in, replace its draft, publish a version; and the lenses shipped with the portal.

A text that is no usable lens is refused with all its problems. Not here: reading lists (`shelf.py`) and what a lens says
(`assessments.lens`).
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from assessments.lens import DifferenceStatus, Reading, difference, read
from assessments.lens import Lens as LensContent
from assessments.models import Lens, LensVersion, VersionStatus
from assessments.operations.shelf import lens_of, newest_published
from assessments.operations.texts import one_line
from portal.audit.log import database_now, record
from portal.people.models import Team, User
from portal.people.permissions import Act, require

LIBRARY = Path(__file__).resolve().parent.parent / "lenses"
# Words that pages of their own have below /lenses/ and /api/lenses/.
_RESERVED = {"import", "check", "new"}
_NOTE = 300


class StaleDraft(ValidationError):
    """Somebody replaced the draft since it was opened; `current` is the newest version now."""

    def __init__(self, current: LensVersion) -> None:
        self.current = current
        who = current.author.shown_name if current.author else "The portal"
        super().__init__(
            f"{who} changed this lens since you opened it: its newest text is now {current.number}. Nothing was "
            "overwritten. Look at the difference and import again if yours shall replace it.",
            code="stale",
        )


def fingerprint(text: str) -> str:
    """The SHA-256 over the text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def decoded(content: bytes) -> str:
    """The text of a file, without a byte order mark. ValidationError where it is no text."""
    try:
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"The file is not text ({error.reason}). Save it as UTF-8 and choose it again."
        ) from error


def chain_of(lens: Lens) -> str:
    """The chain of the audit log that tells a lens's history."""
    return f"lens:{lens.slug}"[:80]


def create_lens(*, user: User, team: Team, text: str, note: str = "") -> LensVersion:
    """Bring a lens in under the name it has itself, as a draft. ValidationError by field lists every problem of the text."""
    require(user, Act.EDIT_SERVICE, team)
    columns = _columns(text, note)
    name = columns["content_name"]
    try:
        with transaction.atomic():
            lens = Lens.objects.create(slug=_free_slug(name), name=name, team=team)
            version = _write(None, lens, user, columns)
            record(chain_of(lens), "imported", name, actor=user, detail=_told(version), team=team)
    except IntegrityError as error:
        raise ValidationError("Somebody imported a lens at the same moment. Import it again.") from error
    return version


def save_draft(*, user: User, lens: Lens, text: str, base_sha256: str, note: str = "") -> LensVersion:
    """Keep a text as the lens's draft, which is made where there is none.

    `base_sha256` is the fingerprint of the newest text as the person saw it; StaleDraft where it is another by now.
    A text equal to the newest writes nothing.
    """
    require_editor(user, lens)
    columns = _columns(text, note)
    try:
        with transaction.atomic():
            newest = _newest(lens)
            if newest.sha256 == columns["sha256"]:
                return newest
            if newest.sha256 != base_sha256:
                raise StaleDraft(newest)
            version = _write(newest if newest.is_draft else None, lens, user, columns)
            record(chain_of(lens), "saved a draft", lens.name, actor=user, detail=_told(version))
    except IntegrityError as error:
        raise StaleDraft(_newest(lens)) from error
    return version


def publish_version(*, user: User, version: LensVersion, sha256: str, is_major: bool) -> LensVersion:
    """Give a draft the next number and make it what assessments use. `sha256` is the fingerprint that was looked at."""
    lens = version.lens
    require_editor(user, lens)
    with transaction.atomic():
        Lens.objects.select_for_update().get(pk=lens.pk)
        major, minor = _next_number(lens, is_major)
        moved = LensVersion.objects.filter(pk=version.pk, status=VersionStatus.DRAFT, sha256=sha256).update(
            status=VersionStatus.PUBLISHED, major=major, minor=minor, publisher=user, published_at=database_now()
        )
        if not moved:
            raise ValidationError(
                f"The draft of {lens.name} is not the one you looked at any more. Open it again and publish that.",
                code="stale",
            )
        version.refresh_from_db()
        Lens.objects.filter(pk=lens.pk).update(name=lens_of(version).name)
        record(chain_of(lens), f"published version {version.number}", lens.name, actor=user, detail=_told(version))
    return version


def require_editor(user: User, lens: Lens) -> None:
    """PermissionDenied for whoever may not change a lens; those shipped with the portal nobody changes."""
    if lens.team is None:
        raise PermissionDenied(
            f"{lens.name} is shipped with the portal and changes only with it. Export it and import it as a lens of your team."
        )
    require(user, Act.EDIT_SERVICE, lens.team)


def install_lenses(folder: Path = LIBRARY) -> list[LensVersion]:
    """Publish the lenses shipped with the portal for everybody; answers the versions that are new. Twice is once.

    Where questions came or went the number's first part grows, else the second.
    """
    installed: list[LensVersion] = []
    for path in sorted(folder.glob("*.json")):
        columns = _columns(path.read_text(encoding="utf-8"), "Shipped with the portal")
        with transaction.atomic():
            lens, _ = Lens.objects.get_or_create(slug=path.stem, defaults={"name": columns["content_name"]})
            if lens.team_id is not None or lens.versions.filter(sha256=columns["sha256"]).exists():
                continue
            version = _write(None, lens, None, columns)
            before = newest_published(lens)
            is_major = before is None or _questions_differ(lens_of(before), lens_of(version))
            version.major, version.minor = _next_number(lens, is_major)
            version.status, version.published_at = VersionStatus.PUBLISHED, database_now()
            version.save()
            Lens.objects.filter(pk=lens.pk).update(name=columns["content_name"])
            record(chain_of(lens), f"installed version {version.number}", lens.name, detail=_told(version))
        installed.append(version)
    return installed


def _columns(text: str, note: str) -> dict[str, Any]:
    """What is kept of a text; ValidationError with every problem where it is no usable lens."""
    reading: Reading = read(text)
    if reading.lens is None:
        raise ValidationError({"text": [spoken(problem.path, problem.message) for problem in _errors(reading)]})
    return {
        "text": text,
        "sha256": fingerprint(text),
        "content": reading.raw,
        "note": one_line(note, "The note", least=0, most=_NOTE),
        "content_name": " ".join(reading.lens.name.split())[:200],
    }


def spoken(path: str, message: str) -> str:
    """A problem as one line: where, then what."""
    return f"{path}: {message}" if path else message


def _errors(reading: Reading) -> list[Any]:
    return [problem for problem in reading.problems if problem.severity == "error"]


def _write(draft: LensVersion | None, lens: Lens, user: User | None, columns: dict[str, Any]) -> LensVersion:
    """Write over a draft only while it is the one that was read, or make one."""
    kept = {name: columns[name] for name in ("text", "sha256", "content", "note")}
    if draft is None:
        return LensVersion.objects.create(lens=lens, author=user, **kept)
    moved = LensVersion.objects.filter(pk=draft.pk, status=VersionStatus.DRAFT, sha256=draft.sha256)
    if not moved.update(author=user, created_at=database_now(), **kept):
        raise StaleDraft(_newest(lens))
    draft.refresh_from_db()
    return draft


def _newest(lens: Lens) -> LensVersion:
    """The draft, or the newest published version where there is none."""
    found = lens.versions.select_related("author").defer("text", "content")
    return found.filter(status=VersionStatus.DRAFT).first() or found.order_by("-major", "-minor")[:1].get()


def _next_number(lens: Lens, is_major: bool) -> tuple[int, int]:
    newest = newest_published(lens)
    if newest is None or newest.major is None or newest.minor is None:
        return 1, 0
    return (newest.major + 1, 0) if is_major else (newest.major, newest.minor + 1)


def _questions_differ(old: LensContent, new: LensContent) -> bool:
    came_or_went = {DifferenceStatus.NEW, DifferenceStatus.DELETED}
    return any(
        question.status in came_or_went for pillar in difference(old, new).pillars for question in pillar.questions
    )


def _told(version: LensVersion) -> dict[str, Any]:
    return {"version": version.number, "sha256": version.sha256, "note": version.note}


def _free_slug(name: str) -> str:
    """An address for a name, never one of a lens that the portal ships."""
    wanted = slugify(name)[:60].strip("-") or "lens"
    taken = set(Lens.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    taken |= _RESERVED | {path.stem for path in LIBRARY.glob("*.json")}
    number, slug = 1, wanted
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
