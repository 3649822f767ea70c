"""What every page of a version shows: its facts, problems, steps, picture and coloured source."""

from dataclasses import dataclass
from typing import Any

from portal.people.models import User
from portal.people.permissions import Act, may
from runbooks.automation.document import Document, Problem, Reading
from runbooks.models import Runbook, RunbookVersion, VersionStatus
from runbooks.operations import versions
from runbooks.pictures import described, picture
from runbooks.sources import highlighted

# A file of more lines is offered as a download; the page stays quick on a phone.
MAXIMUM_SHOWN_LINES = 5_000


@dataclass(frozen=True)
class Check:
    """One line of the list an approver goes through. `state` is "ok", "warning" or "refused"."""

    state: str
    text: str


def version_context(user: User, runbook: Runbook, version: RunbookVersion) -> dict[str, Any]:
    """The context of `partials/version_body.html`. `document` is None while the text has problems that forbid reading it."""
    reading = versions.read_version(version)
    document = reading.document
    is_draft = version.status == VersionStatus.DRAFT
    written = version.text.splitlines()
    shown = "\n".join(written[:MAXIMUM_SHOWN_LINES])
    return {
        "runbook": runbook,
        "version": version,
        "document": document,
        "problems": reading.problems,
        "errors": versions.errors_of(reading),
        "steps": described(document) if document else (),
        "picture": picture(document) if document else None,
        "lines": highlighted(shown, version.format, reading.problems),
        "hidden_lines": max(0, len(written) - MAXIMUM_SHOWN_LINES),
        "is_draft": is_draft,
        "may_edit": may(user, Act.EDIT_RUNBOOK, runbook.team_id) and not runbook.is_archived,
        "may_start": may(user, Act.START, runbook.team_id) and not is_draft and not runbook.is_archived,
    }


def check_context(reading: Reading) -> dict[str, Any]:
    """The context of `runbook_check.html`: the problems for reading, and as JSON for the editor's marks."""
    marks = [
        {"line": problem.line, "path": problem.path, "message": problem.message, "severity": problem.severity}
        for problem in reading.problems
    ]
    return {
        "reading": reading,
        "problems": reading.problems,
        "errors": versions.errors_of(reading),
        "problems_json": marks,
    }


def checks(
    user: User, version: RunbookVersion, problems: tuple[Problem, ...], document: Document | None
) -> list[Check]:
    """What is looked at before a version is published, each with its result."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    found = [
        Check("refused", f"The document has {errors} problem{'' if errors == 1 else 's'} that forbid publishing.")
        if errors
        else Check("ok", "The document can be read, and this portal runs every action in it.")
    ]
    if warnings:
        found.append(
            Check("warning", f"{warnings} warning{'' if warnings == 1 else 's'} to look at; publishing is allowed.")
        )
    refusals = versions.publish_refusals(user=user, version=version)
    found += [Check("refused", refusal) for refusal in refusals]
    if not refusals:
        found.append(Check("ok", "You wrote none of this version, so two pairs of eyes will have seen it."))
    if not may(user, Act.PUBLISH_RUNBOOK, version.runbook.team_id):
        found.append(Check("refused", "You may read this, but publishing needs the role approver in this team."))
    missing = _missing_children(document) if document else []
    found += [Check("warning", f"It starts the runbook {name}, which is not published here.") for name in missing]
    return found


def _missing_children(document: Document) -> list[str]:
    """Names of documents that aws:executeAutomation steps start by a literal name and that nobody published here."""
    names = {
        str(step.inputs.get("DocumentName", "")) for step in document.steps if step.action == "aws:executeAutomation"
    }
    literal = {name for name in names if name and "{{" not in name}
    known = RunbookVersion.objects.filter(status=VersionStatus.PUBLISHED, runbook__name__in=literal)
    return sorted(literal - set(known.values_list("runbook__name", flat=True)))
