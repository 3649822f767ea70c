"""What drills proved of a service's promises; joins the catalogue and the assessments with the runbooks half.

Here: whether an objective is proved, the evidence a service's page shows, and what answers of assessments may refer to. Not here:
the measuring (`runbooks.measurement`) and the home page's counts (`home`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.urls import reverse

from assessments.checks.context import DrillFact, RunbookFact
from assessments.models import Assessment
from assessments.proof_source import NamedProof
from portal.audit.log import database_now
from portal.catalogue.models import Objective, Scope, Service
from runbooks.models import FINAL_STATUSES, Drill, Execution, Purpose, RunbookVersion, Status, Verdict, VersionStatus

SHOWN = 5
LARGE_OF_DRILL = ("record", "phases", "parameters")
"""Columns of a drill that are not needed to say what it proved, and long."""
# SOC 2 A1.3, DORA Art. 24.6 and ISO 22301 8.5 ask for a test of every critical function at least yearly.
PROOF_LASTS = timedelta(days=365)


@dataclass(frozen=True)
class ScopeProof:
    """One promise and the newest drill that judged it; `why_unproved` is None where the promise is proved."""

    objective: Objective
    drill: Drill | None
    why_unproved: str | None


@dataclass(frozen=True)
class ServiceProof:
    """What was run for a service lately, what it showed, and what its owners say of it."""

    scopes: list[ScopeProof]
    drills: list[Drill]
    executions: list[Execution]
    assessments: list[Assessment]


def of_service(service: Service) -> ServiceProof:
    """The evidence of one service, the newest first."""
    drills = Drill.objects.filter(service=service).select_related("started_by").defer(*LARGE_OF_DRILL)
    judged = newest_judged([service])
    oldest = database_now() - PROOF_LASTS
    scopes = []
    promised = {objective.scope: objective for objective in service.objectives.all()}
    for objective in (promised[scope] for scope in Scope.values if scope in promised):
        newest = judged.get((service.pk, objective.scope))
        scopes.append(ScopeProof(objective, newest, why_unproved(newest, objective, oldest)))
    executions = Execution.objects.filter(service=service).exclude(purpose=Purpose.DRILL)
    return ServiceProof(
        scopes=scopes,
        drills=list(drills.order_by("-created_at")[:SHOWN]),
        executions=list(
            executions.select_related("version__runbook", "started_by").order_by("-created_at", "-pk")[:SHOWN]
        ),
        assessments=list(_judged(service)),
    )


def newest_judged(services: Collection[Service]) -> dict[tuple[int, str], Drill]:
    """The newest drill with a verdict of each promise, by service and scope; one query that looks at no older ones."""
    judged = Drill.objects.filter(service=OuterRef("service"), scope=OuterRef("scope"), status__in=FINAL_STATUSES)
    newest = judged.exclude(verdict="").order_by("-ended_at").values("pk")[:1]
    promises = Objective.objects.filter(service__in=services).annotate(newest=Subquery(newest))
    found = Drill.objects.filter(pk__in=promises.values("newest")).defer(*LARGE_OF_DRILL)
    return {(drill.service_id, drill.scope): drill for drill in found}


def _judged(service: Service) -> QuerySet[Assessment]:
    """The open assessments with their counted risks, without the long texts of their lenses."""
    opened = Assessment.objects.filter(service=service, closed_at__isnull=True).order_by("lens__name")
    return opened.select_related("lens", "tally")


def why_unproved(drill: Drill | None, objective: Objective, oldest: datetime) -> str | None:
    """Why the newest drill of a scope does not prove what is promised today, in a few words; None where it does."""
    if drill is None:
        return "never drilled"
    if drill.verdict != Verdict.MET:
        return drill.verdict.lower()
    if drill.ended_at is None or drill.ended_at < oldest:
        return "last met over a year ago"
    if drill.rto > objective.rto or drill.rpo > objective.rpo:
        return "met a looser objective only"
    return None


class RunbooksProof:
    """`assessments.proof_source.ProofSource`, answered from the rows of drills, executions and runbooks."""

    def drills_of(self, service: Service) -> tuple[DrillFact, ...]:
        """The newest drill of each scope that has a verdict; lengths are those that were compared with the objectives."""
        judged = Drill.objects.filter(service=service, status__in=FINAL_STATUSES, ended_at__isnull=False)
        found: dict[str, DrillFact] = {}
        for drill in judged.exclude(verdict="").order_by("-ended_at"):
            found.setdefault(drill.scope, _fact(drill))
        return tuple(found.values())

    def runbooks_of(self, service: Service) -> tuple[RunbookFact, ...]:
        """The runbooks that ran for the service and have a published version. A runbook belongs to a team, not to a service."""
        used = Execution.objects.filter(service=service).values("version__runbook")
        published = RunbookVersion.objects.filter(
            runbook__in=used, status=VersionStatus.PUBLISHED, runbook__is_archived=False
        )
        newest = published.values("runbook__name").annotate(newest=Max("number"), at=Max("published_at"))
        return tuple(
            RunbookFact(row["runbook__name"], row["newest"], row["at"]) for row in newest.order_by("runbook__name")
        )

    def recent(self, service: Service) -> tuple[NamedProof, ...]:
        """The drills and executions outside drills that ended last, the newest first."""
        drills = Drill.objects.filter(service=service, ended_at__isnull=False).order_by("-ended_at")
        alone = Execution.objects.filter(service=service, ended_at__isnull=False, drill=None)
        executions = alone.select_related("version__runbook").order_by("-ended_at")
        found = [(drill.ended_at, _named_drill(drill)) for drill in drills[:OFFERED]]
        found += [(each.ended_at, _named_execution(each)) for each in executions[:OFFERED]]
        newest = sorted(found, key=itemgetter(0), reverse=True)
        return tuple(named for _, named in newest[:OFFERED])

    def named(self, service: Service, references: Collection[UUID]) -> Mapping[str, NamedProof]:
        """The drills and executions of the service with these ids, by id."""
        drills = Drill.objects.filter(service=service, pk__in=references)
        executions = Execution.objects.filter(service=service, pk__in=references).select_related("version__runbook")
        found = [_named_drill(drill) for drill in drills] + [_named_execution(each) for each in executions]
        return {each.reference: each for each in found}


SOURCE = RunbooksProof()
OFFERED = 12
"""How many drills and executions are offered as evidence; older ones are named by their addresses."""
_SAYS: dict[str, bool] = {Verdict.MET: True, Verdict.NOT_MET: False, Verdict.NOT_RECOVERED: False}


def _fact(drill: Drill) -> DrillFact:
    measured = (drill.record or {}).get("measured", {})
    return DrillFact(
        drill_id=str(drill.pk),
        scope=drill.scope,
        verdict=drill.verdict,
        ended_at=drill.ended_at or drill.created_at,
        rto=_length(measured.get("rto_compared_seconds")),
        rpo=_length(measured.get("rpo_compared_seconds")),
    )


def _length(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _named_drill(drill: Drill) -> NamedProof:
    is_met = _SAYS.get(drill.verdict)
    says = f"drill, {drill.verdict.lower()}" if drill.verdict else f"drill, {drill.get_status_display().lower()}"
    address = reverse("drill_detail", args=[drill.pk])
    return NamedProof(str(drill.pk), drill.title, says, address, drill.ended_at, is_met)


def _named_execution(execution: Execution) -> NamedProof:
    """An execution that went well speaks for an answer; one that did not says nothing about the service."""
    says = f"execution, {execution.get_status_display().lower()}"
    is_met = True if execution.status == Status.SUCCESS else None
    address = reverse("execution_detail", args=[execution.pk])
    return NamedProof(str(execution.pk), str(execution.version), says, address, execution.ended_at, is_met)
