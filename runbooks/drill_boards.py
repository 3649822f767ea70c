"""What a person looks at while a drill runs and afterwards: its rows and its record joined into one value.

Read by the pages and the API. Reads only: what may be done is decided by `operations.drills`, what was proved by
`measurement`. The availability strip's picture is in `drill_strip.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch, QuerySet

from portal.audit.log import database_now
from portal.audit.models import Event
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks.drill_phases import TITLES
from runbooks.models import FINAL_STATUSES, Drill, Execution, Phase, RunbookVersion, Status, StepExecution
from runbooks.parts import PARTS, version_of
from runbooks.revisions import seen_of_drill


@dataclass(frozen=True)
class PhaseLine:
    """One phase on the rail: `state` is done, current, todo or skipped."""

    title: str
    state: str
    began_at: datetime | None
    ended_at: datetime | None
    happened: str


@dataclass(frozen=True)
class PartLine:
    """One part: its version, its execution once started, and what that is doing."""

    name: str
    version: RunbookVersion
    execution: Execution | None
    steps: tuple[StepExecution, ...]

    @property
    def open_step(self) -> StepExecution | None:
        return next((step for step in self.steps if step.status not in FINAL_STATUSES), None)

    @property
    def is_shown(self) -> bool:
        """Whether its steps stand open on the page: while it runs, and when it ended in any way but success."""
        return self.execution is not None and self.execution.status != Status.SUCCESS


@dataclass(frozen=True)
class Objective:
    """One objective beside what was measured; lengths in seconds, None where not measured."""

    name: str
    meaning: str
    promised: float
    measured: float | None
    compared: float | None
    at_least: float | None
    is_met: bool | None
    reason: str


@dataclass(frozen=True)
class Share:
    """A part of the RTO: its length in seconds, and its place and width in a bar of 100."""

    name: str
    seconds: float
    x: float
    width: float


@dataclass(frozen=True)
class DrillBoard:
    """Everything the page of a drill shows. `now` is the database's clock."""

    drill: Drill
    phases: tuple[PhaseLine, ...]
    parts: tuple[PartLine, ...]
    events: tuple[Event, ...]
    now: datetime

    @property
    def running(self) -> PartLine | None:
        """The part whose execution is under way."""
        return next((line for line in self.parts if line.execution and not line.execution.is_final), None)

    @property
    def may_be_cancelled(self) -> bool:
        return not (self.drill.is_final or self.drill.is_cancelling or self.drill.phase in (Phase.CLOSE, Phase.RESTORE))

    @property
    def objectives(self) -> list[Objective]:
        """Both objectives against the record; empty before there is one."""
        record = self.drill.record
        return [_objective(record, "rto"), _objective(record, "rpo")] if record else []

    @property
    def split(self) -> list[Share]:
        """The parts of the RTO, as they passed."""
        split = (self.drill.record or {}).get("measured", {}).get("split") or {}
        total = sum(split.values()) or 1.0
        shares, before = [], 0.0
        for name, seconds in split.items():
            shares.append(Share(name.removesuffix("_seconds"), seconds, before / total * 100, seconds / total * 100))
            before += seconds
        return shares

    @property
    def disrupted_at(self) -> datetime | None:
        return _moment((self.drill.record or {}).get("measured", {}), "disrupted_at")

    @property
    def recovered_at(self) -> datetime | None:
        return _moment((self.drill.record or {}).get("measured", {}), "recovered_at")

    @property
    def survivor_written_at(self) -> datetime | None:
        """When the newest record that survived was written."""
        newest = (self.drill.record or {}).get("heartbeats", {}).get("newest_survivor") or {}
        return _moment(newest, "written_at")

    @property
    def seen(self) -> str:
        """Changes whenever the page would look different, apart from clocks that tick by themselves."""
        runs = sum(line.execution.revision + len(line.steps) for line in self.parts if line.execution)
        return seen_of_drill(self.drill, runs, self.events[-1].sequence if self.events else 0)


def visible_drills(user: User) -> QuerySet[Drill]:
    """The drills somebody may see, with what lists and heads of pages show; newest first."""
    return (
        Drill.objects.filter(team__in=visible_teams(user))
        .select_related(
            "service",
            "team",
            "account",
            "started_by",
            "injection__runbook",
            "recovery__runbook",
            "restoration__runbook",
        )
        .order_by("-created_at", "-pk")
    )


def drills_by_line(user: User) -> QuerySet[Drill]:
    """The same for a list that gives each drill one line: of its record only `measured`, which the line shows."""
    joined = visible_drills(user).select_related(None).select_related("service", "started_by")
    return joined.defer("phases", "parameters", "record").annotate(measured=F("record__measured"))


def listed_drills(user: User) -> QuerySet[Drill]:
    """The same for lists: without long columns, and what not every line shows asked for apart (planning joins takes time)."""
    versions = RunbookVersion.objects.select_related("runbook").defer("text", "content")
    apart = [Prefetch(part, versions) for part in PARTS]
    joined = visible_drills(user).select_related(None).select_related("service", "started_by")
    return joined.prefetch_related("team", "account").prefetch_related(*apart).defer("phases", "parameters")


def board_of(drill: Drill) -> DrillBoard:
    """Read a drill's board; a handful of queries whatever its length."""
    executions = {one.part: one for one in drill.executions.select_related("version__runbook", "started_by", "team")}
    steps: dict[Any, list[StepExecution]] = {}
    for step in StepExecution.objects.filter(execution__drill=drill).order_by("sequence"):
        steps.setdefault(step.execution_id, []).append(step)
    lines = []
    for part in PARTS:
        version, execution = version_of(drill, part), executions.get(part)
        if version is not None:
            of_it = tuple(steps.get(execution.pk, ())) if execution else ()
            lines.append(PartLine(part, version, execution, of_it))
    events = Event.objects.filter(chain=f"drill:{drill.pk}").select_related("actor").order_by("sequence")
    return DrillBoard(drill, tuple(_rail(drill)), tuple(lines), tuple(events), database_now())


def _rail(drill: Drill) -> list[PhaseLine]:
    gone_through = {row["phase"]: row for row in drill.phases}
    lines = []
    for phase, title in TITLES.items():
        row: Mapping[str, Any] = gone_through.get(phase.value, {})
        if not row:
            state = "skipped" if drill.is_final or Phase.CLOSE in gone_through else "todo"
            state = "todo" if phase == Phase.RESTORE and not drill.is_final else state
        else:
            state = "done" if row["ended_at"] else "current"
        lines.append(
            PhaseLine(title, state, _moment(row, "began_at"), _moment(row, "ended_at"), row.get("happened", ""))
        )
    return lines


def _moment(row: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(row[name]) if row.get(name) else None


def _objective(record: Mapping[str, Any], name: str) -> Objective:
    measured = record["measured"]
    return Objective(
        name=name.upper(),
        meaning="Time until clients were served again" if name == "rto" else "Stretch of writes that was lost",
        promised=record["objectives"][f"{name}_seconds"],
        measured=measured[f"{name}_seconds"],
        compared=measured[f"{name}_compared_seconds"],
        at_least=measured["rpo_at_least_seconds"] if name == "rpo" else None,
        is_met=measured[f"is_{name}_met"],
        reason=measured["rpo_reason"] if name == "rpo" else "",
    )
