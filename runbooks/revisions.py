"""How far running executions and drills have come, as short texts that change whenever their pages would look different.

A few queries however many rows are asked for, so that one look a moment serves everybody who watches. Not here: what the pages
show (`boards`, `drill_boards`) and who is told (`live_hub`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, Model, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Now

from portal.audit.models import Event
from runbooks.models import FINAL_STATUSES, Drill, Execution, LateResult, Signal, StepExecution

# A worker looks at due rows every second; when nobody did for this long, somebody should look at the workers.
PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True)
class Revision:
    """What a page shows, as a text: `seen` differs where the page would look different. A final row changes no more."""

    seen: str
    is_final: bool


def revisions_of_executions(pks: Collection[UUID]) -> dict[UUID, Revision]:
    """The revisions of those of the executions that exist; two queries."""
    found = Execution.objects.filter(pk__in=pks).annotate(
        clock=Now(),
        last_signal=_newest(Signal.objects.filter(execution=OuterRef("pk")), "execution"),
        last_late=_newest(
            LateResult.objects.filter(step_execution__execution=OuterRef("pk")), "step_execution__execution"
        ),
        unknown_since=Subquery(
            StepExecution.objects.filter(execution=OuterRef("pk"), is_outcome_unknown=True)
            .exclude(status__in=FINAL_STATUSES)
            .values("started_at")[:1]
        ),
    )
    columns = ("revision", "status", "wake_at", "lease_until")
    events = _last_events("execution", pks)
    return {
        row.pk: Revision(
            seen_of_execution(
                row,
                (row.last_signal or 0, events.get(row.pk, 0), row.last_late or 0),
                is_late=late_by(row, row.clock) is not None,
                is_early=retry_in(row.unknown_since, row.clock) is not None,
            ),
            row.is_final,
        )
        for row in found.only(*columns)
    }


def seen_of_execution(
    execution: Execution, last: tuple[int, int, int], *, is_late: bool = False, is_early: bool = False
) -> str:
    """`last`: the ids of the last signal and of the last late result around the last event's number.

    Late: no worker takes it up. Early: it is too early for the Retry of an unknown outcome.
    """
    moods = f"{'late' if is_late else ''}{'early' if is_early else ''}"
    return ".".join([str(execution.revision), *map(str, last), moods])


def late_by(execution: Execution, now: datetime) -> timedelta | None:
    """How long a worker has been due without one taking it up; None while all is well."""
    if execution.is_final or execution.wake_at is None:
        return None
    since = max(execution.wake_at, execution.lease_until or execution.wake_at)
    return now - since if now - since > PATIENCE else None


def retry_in(unknown_since: datetime | None, now: datetime) -> timedelta | None:
    """How long a call without an answer may still take effect, so that Retry has to wait; None where it has not."""
    left = unknown_since + settings.QUARANTINE - now if unknown_since is not None else timedelta(0)
    return left if left > timedelta(0) else None


def revisions_of_drills(pks: Collection[UUID]) -> dict[UUID, Revision]:
    """The revisions of those of the drills that exist; two queries."""
    runs = Execution.objects.filter(drill=OuterRef("pk")).order_by().values("drill")
    steps = StepExecution.objects.filter(execution__drill=OuterRef("pk")).order_by().values("execution__drill")
    found = Drill.objects.filter(pk__in=pks).annotate(
        runs=Subquery(runs.annotate(total=Sum("revision")).values("total")),
        steps=Subquery(steps.annotate(total=Count("pk")).values("total")),
    )
    events = _last_events("drill", pks)
    return {
        row.pk: Revision(seen_of_drill(row, (row.runs or 0) + (row.steps or 0), events.get(row.pk, 0)), row.is_final)
        for row in found.only("revision", "status")
    }


def seen_of_drill(drill: Drill, runs: int, last_event: int) -> str:
    """`runs`: the revisions of its executions and the number of their attempts, added up."""
    return f"{drill.revision}.{runs}.{last_event}"


def _newest(rows: QuerySet[Any, Model], owner: str) -> Subquery:
    """The greatest id of an owner's rows. Grouped, because a bare maximum may walk the whole table's ids backwards."""
    return Subquery(rows.order_by().values(owner).annotate(newest=Max("pk")).values("newest"))


def _last_events(kind: str, pks: Collection[UUID]) -> Mapping[UUID, int]:
    """The number of the last event of each row's chain."""
    chains = {f"{kind}:{pk}": pk for pk in pks}
    last = Event.objects.filter(chain__in=chains).order_by().values_list("chain").annotate(Max("sequence"))
    return {chains[chain]: sequence for chain, sequence in last}
