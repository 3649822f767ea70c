"""The timeline of an incident: notes, executions and what people did, merged by time. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from portal.audit.models import Event
from portal.people.models import User
from runbooks.models import Execution, Incident
from runbooks.operations.incidents import chain_of


@dataclass(frozen=True)
class Entry:
    """One line. `kind` is opened, note, changed, resolved, started, ended or act, the last three of an execution."""

    at: datetime
    kind: str
    who: str
    text: str
    execution: Execution | None = None
    status: str = ""


def timeline(incident: Incident) -> list[Entry]:
    """Everything known about an incident, newest first; three queries whatever its length."""
    executions = list(incident.executions.select_related("version__runbook", "started_by"))
    notes = incident.notes.select_related("author")
    entries = [
        *(Entry(note.written_at, "note", note.author.shown_name, note.text) for note in notes),
        *_executions(executions),
        *_events(incident, executions),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _executions(executions: list[Execution]) -> Iterator[Entry]:
    for execution in executions:
        yield Entry(execution.created_at, "started", execution.started_by.shown_name, execution.reason, execution)
        if execution.ended_at:
            yield Entry(execution.ended_at, "ended", "", execution.status_message, execution, execution.status)


def _events(incident: Incident, executions: list[Execution]) -> Iterator[Entry]:
    """The incident's own events (its notes stand for themselves), and what people did to its executions."""
    by_chain = {f"execution:{execution.pk}": execution for execution in executions}
    own = chain_of(incident)
    # What a person sent is told once: when it was sent, not again when a worker applied it.
    noise = Q(chain=own, verb="noted") | Q(chain__startswith="execution:") & (
        Q(actor=None) | Q(verb__startswith="applied ")
    )
    events = Event.objects.filter(chain__in=[own, *by_chain]).exclude(noise).select_related("actor")
    for event in events:
        who = _shown(event.actor)
        if event.chain != own:
            if event.sequence > 1:
                words = str(event.detail.get("comment") or event.detail.get("reason") or "")
                yield Entry(event.at, "act", who, f"{event.verb}. {words}".removesuffix(". "), by_chain[event.chain])
        elif event.verb == "opened":
            yield Entry(event.at, "opened", who, f"Opened as SEV{event.detail.get('severity')}.")
        elif event.verb == "resolved":
            yield Entry(event.at, "resolved", who, str(event.detail.get("resolution", "")))
        else:
            words = f"{event.verb[:1].upper()}{event.verb[1:]}: {event.detail.get('reason', '')}"
            yield Entry(event.at, "changed", who, words.rstrip(": "))


def _shown(actor: User | None) -> str:
    return actor.shown_name if actor else "the portal"
