"""What the Well-Architected Tool's page shows: the connection, the sync under way or the last one, the newest comparison.

Everything is read from rows; the worker asks AWS. Not here: the addresses (`views.tool`).
"""

from datetime import timedelta
from typing import Any

from assessments.forms.assessments import MilestoneForm
from assessments.models import Assessment, RunStatus, SyncKind, ToolSync
from assessments.operations.tool import is_passed, milestones_here, newest_comparison, syncs_of
from assessments.tool_connect import link_of
from portal.audit.log import database_now
from portal.people.models import User
from portal.people.permissions import Act, may

LONG_UNTAKEN = timedelta(seconds=15)
"""A worker looks once or twice a second; after this the page says that none has come."""


def page_of(user: User, assessment: Assessment) -> dict[str, Any]:
    """The context of the page and of its live part."""
    link = link_of(assessment)
    sync = syncs_of(assessment).first()
    is_running = sync is not None and not sync.is_final
    is_allowed = assessment.is_open and may(user, Act.EDIT_SERVICE, assessment.service.team_id)
    return {
        "nav": "assessment_list",
        "assessment": assessment,
        "link": link,
        "may_edit": is_allowed,
        "sync": sync,
        "is_running": is_running,
        "progress": _progress(sync) if sync is not None and is_running else "",
        "outcome": _outcome(sync) if sync is not None and sync.status == RunStatus.SUCCESS else "",
        **({} if is_running else _compared(assessment, is_allowed)),
    }


def _compared(assessment: Assessment, is_allowed: bool) -> dict[str, Any]:
    found = newest_comparison(assessment)
    if found is None:
        return {}
    seen, comparison = found
    ours, is_old = milestones_here(assessment), is_passed(assessment, seen)
    return {
        "seen": seen,
        "is_passed": is_old,
        "may_sync": is_allowed and not is_old,
        "comparison": comparison,
        "counts": comparison.counts,
        "milestones": [(each, ours.get(each.number)) for each in reversed(comparison.milestones)],
        "form": MilestoneForm(),
    }


def _progress(sync: ToolSync) -> str:
    now = database_now()
    if sync.lease_until is not None and sync.lease_until < now:
        return "Its worker is gone. Another takes over and goes on from there."
    if sync.status == RunStatus.PENDING:
        if now - sync.created_at > LONG_UNTAKEN:
            return "No worker has taken it yet. Look at the System page for whether one runs."
        return "Waiting for a worker."
    if sync.waits and sync.lease_until is None:
        return "AWS is importing the lens. It goes on by itself."
    if sync.steps_total:
        return f"{sync.steps_done} of {sync.steps_total} answers."
    return "Asking AWS."


def _outcome(sync: ToolSync) -> str:
    """What a sync that succeeded did, in a sentence."""
    number = len(sync.result.get("done", []))
    answers = "Nothing" if not number else "1 answer" if number == 1 else f"{number} answers"
    there, here = sync.result.get("in_the_tool"), sync.result.get("milestone")
    told: dict[str, str] = {
        SyncKind.COMPARE: "",
        SyncKind.PUSH: f"{answers} went to the Tool.",
        SyncKind.PULL: f"{answers} came from the Tool.",
        SyncKind.PUSH_MILESTONE: f"Milestone {here} is recorded here, and as number {there} in the Tool.",
        SyncKind.PULL_MILESTONE: f"The Tool's milestone {there} is recorded here as milestone {here}.",
    }
    return told[sync.kind]
