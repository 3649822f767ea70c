"""What people may do with an incident: open it, add notes, change its severity, resolve it.

Every function checks the right, refuses bad input whole, and writes its audit event in the same transaction. Not here:
starting executions for it (`executions.start_execution`) and how its timeline is read (`runbooks.timelines`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from portal.audit.log import database_now, record
from portal.catalogue.models import Service
from portal.people.models import Team, User
from portal.people.permissions import Act, require, visible_teams
from runbooks.models import Incident, IncidentNote, Severity

MAXIMUM_TEXT = 10_000
CLOCK_TOLERANCE = timedelta(minutes=1)
# The same words from the same person within this time are a second click, not a second note.
SECOND_CLICK = timedelta(seconds=10)


def chain_of(incident: Incident) -> str:
    """The audit chain of an incident."""
    return f"incident:{incident.pk}"


def open_incident(
    *,
    user: User,
    team: Team,
    title: str,
    severity: int,
    services: Iterable[Service] = (),
    disrupted_at: datetime | None = None,
) -> Incident:
    """Open an incident. Raises `PermissionDenied`, or `ValidationError` with all problems by field.

    An open incident of the same team with the same title is refused: two clicks must not split a response.
    """
    require(user, Act.MANAGE_INCIDENT, team)
    title, services = title.strip(), list(services)
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        problems = _opening_problems(user, team, title, severity, services, disrupted_at)
        if problems:
            raise ValidationError(problems)
        incident = Incident.objects.create(
            title=title, severity=severity, team=team, opened_by=user, disrupted_at=disrupted_at
        )
        incident.services.set(services)
        incident.refresh_from_db()
        record(
            chain_of(incident),
            "opened",
            incident.title,
            actor=user,
            team=team,
            detail={
                "severity": severity,
                "services": [service.slug for service in services],
                "disrupted_at": disrupted_at.isoformat() if disrupted_at else None,
            },
        )
    return incident


def _opening_problems(
    user: User, team: Team, title: str, severity: int, services: list[Service], disrupted_at: datetime | None
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    twin = Incident.objects.filter(team=team, title__iexact=title, resolved_at__isnull=True).first()
    if not title:
        problems["title"] = ["Say in a few words what is wrong."]
    elif len(title) > 200:
        problems["title"] = [f"The title has {len(title)} characters, 200 are allowed. Put the rest into a note."]
    elif twin:
        problems["title"] = [
            f"“{twin.title}” is open already, opened by {twin.opened_by.shown_name} at {twin.opened_at:%H:%M} UTC. "
            "Add to that one, or choose another title."
        ]
    if severity not in Severity.values:
        problems["severity"] = ["Choose one of the severities 1 (the worst) to 4."]
    visible = set(visible_teams(user).values_list("pk", flat=True))
    unknown = [service.name for service in services if service.team_id not in visible or service.is_retired]
    if unknown:
        problems["services"] = [f"{name} is retired or not yours to see. Leave it out." for name in unknown]
    if disrupted_at and disrupted_at > database_now() + CLOCK_TOLERANCE:
        problems["disrupted_at"] = ["This lies in the future. Give the moment it began, in UTC, or leave it empty."]
    return problems


def add_note(*, user: User, incident: Incident, text: str) -> IncidentNote:
    """Add a line to the timeline, also after the end, because facts come late. Notes are never edited."""
    require(user, Act.MANAGE_INCIDENT, incident.team_id)
    text = _words(text, "text", "Write what happened, was seen or was decided.")
    with transaction.atomic():
        locked = Incident.objects.select_for_update().get(pk=incident.pk)
        last = locked.notes.filter(author=user).order_by("-written_at", "-pk").first()
        if last and last.text == text and database_now() - last.written_at < SECOND_CLICK:
            return last
        note = locked.notes.create(author=user, text=text)
        note.refresh_from_db()
        record(chain_of(locked), "noted", locked.title, actor=user, detail={"note": note.pk, "text": text})
    return note


def change_severity(*, user: User, incident: Incident, severity: int, reason: str) -> Incident:
    """Change how bad it is, with the reason. Refused when it is resolved or has that severity already."""
    require(user, Act.MANAGE_INCIDENT, incident.team_id)
    if severity not in Severity.values:
        raise ValidationError({"severity": "Choose one of the severities 1 (the worst) to 4."})
    with transaction.atomic():
        locked = Incident.objects.select_for_update().get(pk=incident.pk)
        _require_open(locked, "Its severity stays as it was.")
        if locked.severity == severity:
            raise ValidationError({"severity": f"It is SEV{severity} already. Choose another severity."})
        reason = _words(reason, "reason", "Say why, for those who read this later.")
        before, locked.severity = locked.severity, severity
        locked.save(update_fields=["severity"])
        record(
            chain_of(locked),
            f"changed severity to SEV{severity}",
            locked.title,
            actor=user,
            detail={"before": before, "after": severity, "reason": reason},
        )
    return locked


def resolve_incident(*, user: User, incident: Incident, resolution: str) -> Incident:
    """Close an incident with words. Refused when somebody did already, or while an execution for it still runs."""
    require(user, Act.MANAGE_INCIDENT, incident.team_id)
    with transaction.atomic():
        locked = Incident.objects.select_for_update().get(pk=incident.pk)
        _require_open(locked, "Add what you know as a note.")
        resolution = _words(resolution, "resolution", "Say how it was resolved and how you know.")
        running = [str(execution) for execution in locked.executions.filter(ended_at__isnull=True)]
        if running:
            raise ValidationError(
                f"Still running for this incident: {', '.join(running)}. Wait for the end or cancel, then resolve."
            )
        locked.resolved_by, locked.resolution = user, resolution
        Incident.objects.filter(pk=locked.pk).update(resolved_by=user, resolution=resolution, resolved_at=Now())
        locked.refresh_from_db()
        record(chain_of(locked), "resolved", locked.title, actor=user, detail={"resolution": resolution})
    return locked


def _require_open(incident: Incident, advice: str) -> None:
    if incident.resolved_at and incident.resolved_by:
        who, when = incident.resolved_by.shown_name, f"{incident.resolved_at:%Y-%m-%d %H:%M} UTC"
        raise ValidationError(f"{who} resolved this incident at {when}. {advice}")


def _words(text: str, field: str, wanted: str) -> str:
    """The text without outer blanks. Raises `ValidationError` when nothing or too much was written."""
    text = text.strip()
    if not text:
        raise ValidationError({field: wanted})
    if len(text) > MAXIMUM_TEXT:
        raise ValidationError({field: f"{len(text)} characters are too many; {MAXIMUM_TEXT} are allowed. Shorten it."})
    return text
