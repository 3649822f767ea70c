"""Bringing documents in from files or pasted text: each becomes a draft of its own, or is refused with its reasons.

One document that is refused never stops the others. Not here: opening files and reading forms (the doors do that) and
publishing, which is a second person's act.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from django.core.exceptions import PermissionDenied, ValidationError

from portal.errors import sentences
from portal.people.models import Team, User
from portal.people.permissions import Act, require, visible_teams
from runbooks.automation.document import Problem
from runbooks.models import Runbook, RunbookVersion, VersionStatus
from runbooks.operations import versions

SUFFIXES = (".yaml", ".yml", ".json")
MAXIMUM_DOCUMENTS = 50
NOTE = "Imported"


class Fate(StrEnum):
    """What became of one document."""

    CREATED = "created"
    DRAFTED = "new draft"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class Imported:
    """The report on one document. `version` is None where it was refused; `problems` are the document's own."""

    name: str
    text: str
    fate: Fate
    version: RunbookVersion | None = None
    reasons: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_runnable(self) -> bool:
        """Whether it could be published as it is."""
        return self.fate != Fate.REFUSED and not any(problem.severity == "error" for problem in self.problems)


def name_from_file(file_name: str) -> str:
    """The runbook's name that a file's name gives: `docs/Restore-DB.yaml` -> `Restore-DB`. No rule is checked here."""
    name = PurePath(file_name.replace("\\", "/")).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def decode(content: bytes) -> str:
    """A file's bytes as text. Raises ValidationError for anything but UTF-8 and for files that are too large."""
    if len(content) > versions.MAXIMUM_BYTES:
        raise ValidationError(
            f"The file has {len(content):,} bytes; at most {versions.MAXIMUM_BYTES:,} are read. Split it into several runbooks."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"The file is not UTF-8 text: byte {error.start + 1} cannot be read. Save it as UTF-8 and import it again."
        ) from error


def import_documents(*, user: User, team: Team, documents: Iterable[tuple[str, str]]) -> list[Imported]:
    """Import (name, text) pairs, each on its own; the answer has one report for each, in the same order.

    Raises PermissionDenied where the person may not edit runbooks of the team, ValidationError for too many documents.
    """
    require(user, Act.EDIT_RUNBOOK, team)
    pairs = list(documents)
    if len(pairs) > MAXIMUM_DOCUMENTS:
        raise ValidationError(
            f"{len(pairs)} documents at once are too many; at most {MAXIMUM_DOCUMENTS} are imported together. "
            "Nothing was imported. Choose fewer, or use the command import_runbook with a folder."
        )
    return [import_document(user=user, team=team, name=name, text=text) for name, text in pairs]


def import_document(*, user: User, team: Team, name: str, text: str) -> Imported:
    """Import one document as the first draft of a runbook, or as the next draft of the one that has its name."""
    try:
        return _import(user, team, name.strip(), text)
    except ValidationError as error:
        return Imported(name, text, Fate.REFUSED, reasons=tuple(sentences(error)))
    except PermissionDenied as error:
        return Imported(name, text, Fate.REFUSED, reasons=(str(error),))


def _import(user: User, team: Team, name: str, text: str) -> Imported:
    reading = versions.read_text(text)
    if text.strip() and not isinstance(reading.raw, dict):
        return Imported(
            name, text, Fate.REFUSED, reasons=("This is not an Automation document.",), problems=reading.problems
        )
    runbook = Runbook.objects.filter(name=name, team__in=visible_teams(user)).first()
    if runbook is None:
        version = versions.create_runbook(user=user, team=team, name=name, text=text, note=NOTE)
        return Imported(name, text, Fate.CREATED, version, problems=reading.problems)
    if runbook.team_id != team.pk:
        raise ValidationError(
            f"{name} belongs to the team {runbook.team.name}. Choose that team, or give it another name."
        )
    newest = runbook.versions.order_by("-number").first()
    if newest is None:
        raise ValidationError(f"{name} has no version. Ask an admin to look at it.")
    if newest.sha256 == versions.fingerprint(text):
        return Imported(name, text, Fate.UNCHANGED, newest, problems=reading.problems)
    if newest.status == VersionStatus.DRAFT:
        raise ValidationError(
            f"{name} has a draft by {newest.author.shown_name} that differs. Edit or publish that draft first, so that "
            "nothing of it is lost."
        )
    version = versions.save_draft(user=user, runbook=runbook, text=text, base_sha256=newest.sha256, note=NOTE)
    return Imported(name, text, Fate.DRAFTED, version, problems=reading.problems)
