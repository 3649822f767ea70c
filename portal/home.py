"""What the home page tells, joined from both halves in a fixed number of queries, whatever the size of the installation.

Not here: how it looks (`templates/home.html`) and the evidence of single services (`proof.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.audit.log import database_now
from portal.catalogue.models import Scope, Service
from portal.people.models import User
from portal.people.permissions import Act, teams_where, visible_teams
from portal.proof import LARGE_OF_DRILL, PROOF_LASTS, newest_judged, why_unproved
from runbooks.models import ACTIVE_STATUSES, FINAL_STATUSES, Drill, Execution, Incident, Runbook, VersionStatus

SHOWN = 8


@dataclass(frozen=True)
class Unproved:
    """A service with promises that no drill has shown within `PROOF_LASTS`, and what the newest drill of each said."""

    service: Service
    scopes: list[tuple[Scope, str]]


@dataclass(frozen=True)
class FirstStep:
    """One of the three steps to the first drill."""

    title: str
    text: str
    url_name: str
    label: str
    is_done: bool
    is_possible: bool
    query: str = ""


@dataclass(frozen=True)
class Home:
    """Everything on the page."""

    running: list[Execution]
    running_count: int
    running_drills: list[Drill]
    incidents: list[Incident]
    incident_count: int
    drills: list[Drill]
    unproved: list[Unproved]
    promised: int
    proved: int
    first_steps: list[FirstStep]


def home_of(user: User) -> Home:
    """What somebody's teams have running, open, proved and not proved."""
    teams = visible_teams(user)
    drills = Drill.objects.filter(team__in=teams).select_related("service", "started_by").defer(*LARGE_OF_DRILL)
    services = list(
        Service.objects.filter(team__in=teams, is_retired=False).select_related("owner").prefetch_related("objectives")
    )
    oldest = database_now() - PROOF_LASTS
    judged = newest_judged(services)
    unproved = [
        Unproved(service, scopes) for service in services if (scopes := _unproved_scopes(service, judged, oldest))
    ]
    promised = sum(len(service.objectives.all()) for service in services)
    recent = list(drills.filter(status__in=FINAL_STATUSES).order_by("-ended_at")[:SHOWN])
    running = Execution.objects.filter(team__in=teams, ended_at__isnull=True)
    incidents = Incident.objects.filter(team__in=teams, resolved_at__isnull=True)
    return Home(
        running=list(
            running.select_related("version__runbook", "service", "started_by").order_by("-created_at")[:SHOWN]
        ),
        running_count=running.count(),
        running_drills=list(drills.filter(status__in=ACTIVE_STATUSES)[:SHOWN]),
        incidents=list(incidents.prefetch_related("services").order_by("severity", "-opened_at")[:SHOWN]),
        incident_count=incidents.count(),
        drills=recent,
        unproved=sorted(unproved, key=lambda each: (each.service.tier, each.service.name)),
        promised=promised,
        proved=promised - sum(len(each.scopes) for each in unproved),
        first_steps=[] if recent else _first_steps(user, services),
    )


def _unproved_scopes(
    service: Service, judged: Mapping[tuple[int, str], Drill], oldest: datetime
) -> list[tuple[Scope, str]]:
    """Scopes whose newest drill is not "Met" against what is promised today, with what to say of each."""
    found: list[tuple[Scope, str]] = []
    promised = {objective.scope: objective for objective in service.objectives.all()}
    for scope in Scope:
        if scope.value not in promised:
            continue
        newest = judged.get((service.pk, scope.value))
        if (words := why_unproved(newest, promised[scope.value], oldest)) is not None:
            found.append((scope, words))
    return found


def _first_steps(user: User, services: Sequence[Service]) -> list[FirstStep]:
    teams = visible_teams(user)
    has_runbook = Runbook.objects.filter(
        team__in=teams, is_archived=False, versions__status=VersionStatus.PUBLISHED
    ).exists()
    return [
        FirstStep(
            "Name what must survive",
            "Add a service with its owner, objectives, Regions and public entry.",
            "service_create",
            "Add a service",
            bool(services),
            teams_where(user, Act.EDIT_SERVICE).exists(),
        ),
        FirstStep(
            "Publish how it comes back",
            "Import or write a runbook, and let somebody else review and publish it.",
            "runbook_import",
            "Import runbooks",
            has_runbook,
            teams_where(user, Act.EDIT_RUNBOOK).exists(),
        ),
        FirstStep(
            "Prove it",
            "Disrupt the service on purpose, recover it with the runbook, and read the measured RTO and RPO.",
            "drill_start",
            "Start a drill",
            False,
            bool(services) and has_runbook and teams_where(user, Act.START).exists(),
            query="?sample=1",  # prefills the sample drill where it is installed, nothing elsewhere
        ),
    ]
