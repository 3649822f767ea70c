"""Checks of what the portal itself proved: drills, measured RTO and RPO, published runbooks. They call nothing.

Not here: the measuring. The facts are handed in, the newest drill of each scope.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from assessments.checks.context import DrillFact, Promise
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Resource

MET = "Met"
# By tier. The BC/DR core lens asks for a drill in the last six months; SOC 2 A1.3, DORA Art. 24.6 and ISO 22301 8.5 for one
# a year of everything that matters.
DRILLED_WITHIN = {1: timedelta(days=92), 2: timedelta(days=183), 3: timedelta(days=365), 4: timedelta(days=365)}


def drill_recent_success(reading: Reading) -> Iterator[Finding]:
    """For every scope with objectives, the newest drill met them and is recent. Without objectives any drilled scope counts."""
    context = reading.context
    by_scope = {drill.scope: drill for drill in context.drills}
    limit = DRILLED_WITHIN.get(context.service.tier, max(DRILLED_WITHIN.values()))
    for scope in context.objectives or by_scope:
        drill = by_scope.get(scope)
        if drill is None:
            yield Finding(Resource("objective", scope), False, f"scope {scope} was never drilled", {"scope": scope})
            continue
        is_recent = context.now - drill.ended_at <= limit
        says = f"the drill of {drill.ended_at:%Y-%m-%d} ended {drill.verdict}, {limit.days} days are the limit"
        facts = {**_facts(drill), "limit_days": limit.days}
        yield Finding(_resource(drill), is_recent and drill.verdict == MET, says, facts)
    reading.looked_for[" of the service"] = ["objective", "drill"]


def rto_met_in_drill(reading: Reading) -> Iterator[Finding]:
    """The RTO measured in the newest drill of each scope is within today's objective. What was not measured is not judged."""
    return _measured(reading, "RTO", lambda drill: drill.rto, lambda promise: promise.rto)


def rpo_met_in_drill(reading: Reading) -> Iterator[Finding]:
    """The RPO measured in the newest drill of each scope is within today's objective. What was not measured is not judged."""
    return _measured(reading, "RPO", lambda drill: drill.rpo, lambda promise: promise.rpo)


def _measured(
    reading: Reading,
    word: str,
    of_drill: Callable[[DrillFact], timedelta | None],
    of_promise: Callable[[Promise], timedelta],
) -> Iterator[Finding]:
    for drill in reading.context.drills:
        promise, measured = reading.context.objectives.get(drill.scope), of_drill(drill)
        if promise is None or measured is None:
            continue
        wanted = of_promise(promise)
        said = f"{word} {measured.total_seconds():g} s in the drill of {drill.ended_at:%Y-%m-%d}"
        says = f"{said}, promised {wanted.total_seconds():g} s"
        facts = {**_facts(drill), "promised_seconds": wanted.total_seconds()}
        yield Finding(_resource(drill), measured <= wanted, says, facts)
    reading.looked_for[f" that measured the {word} of a scope with objectives"] = ["drill"]


def runbook_published(reading: Reading) -> Iterator[Finding]:
    """The service has at least one runbook with a published version."""
    found = reading.context.runbooks
    names = [f"{each.name} version {each.version}" for each in found]
    facts = {
        "runbooks": [
            {"name": each.name, "version": each.version, "published_at": each.published_at.isoformat()}
            for each in found
        ]
    }
    says = f"published: {', '.join(names)}" if names else "no runbook of the service is published"
    yield Finding(Resource("runbook", reading.service.slug), bool(found), says, facts)


def _resource(drill: DrillFact) -> Resource:
    return Resource("drill", drill.drill_id)


def _facts(drill: DrillFact) -> dict[str, Any]:
    return {
        "drill": drill.drill_id,
        "scope": drill.scope,
        "verdict": drill.verdict,
        "ended_at": drill.ended_at.isoformat(),
        "rto_seconds": None if drill.rto is None else drill.rto.total_seconds(),
        "rpo_seconds": None if drill.rpo is None else drill.rpo.total_seconds(),
    }
