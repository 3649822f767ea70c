"""The record of a drill: one JSON document of what was promised, what was measured, how, and what was done.

Its fields are described in `docs/drill-record.md`; a test compares the two. Here: rows read into pure values, the
measurement asked for, and the document built. Not here: the rules (`measurement.py`), when it is written
(`drill_runner.py`). Times are UTC in ISO 8601, lengths are seconds.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from portal.aws.classification import ActionClass
from runbooks.actions import people
from runbooks.data_loss import DataLoss, Write, ranges
from runbooks.measurement import Measurement, Moments, Objectives, Rules, measure
from runbooks.models import Drill, Execution, Phase, Probe, RunbookVersion, Sample, StepExecution
from runbooks.outages import ALARM_RUN, STABLE_RUN, Observation, Outage, alarm_at, in_order
from runbooks.parts import PARTS, RECOVERY, RESTORATION, execution_of, version_of

SCHEMA = "bcdr-drill-record/1"


def observations(probe: Probe, since: datetime | None = None, newest: int | None = None) -> list[Observation]:
    """A probe's samples in order: all, those sent since a moment, or the newest so many."""
    rows = Sample.objects.filter(probe=probe)
    if since is not None:
        rows = rows.filter(sent_at__gte=since)
    rows = rows.order_by("-sent_at", "-sequence")
    values = rows.values_list("sequence", "sent_at", "is_good", "region", "error", "latency")
    return in_order(
        [
            Observation(sequence, sent_at, is_good, region, error, timedelta(milliseconds=latency))
            for sequence, sent_at, is_good, region, error, latency in (values if newest is None else values[:newest])
        ]
    )


def writes(probe: Probe) -> list[Write]:
    """A probe's heartbeat records in the order of their numbers."""
    columns = ("sequence", "written_at", "is_acknowledged", "has_survived", "has_reappeared")
    return [Write(*row) for row in probe.heartbeats.order_by("sequence").values_list(*columns)]


def began_at(drill: Drill, phase: Phase) -> datetime | None:
    """When a phase began; None where the drill never came to it."""
    return next((datetime.fromisoformat(row["began_at"]) for row in drill.phases if row["phase"] == phase), None)


def measured(drill: Drill, probe: Probe, closed_at: datetime, obstacle: str) -> Measurement:
    """What this drill proved, from its rows as they stand."""
    samples = observations(probe)
    declared_at = began_at(drill, Phase.INJECT)
    changing_at, changed_at = _changes(execution_of(drill, RECOVERY))
    return measure(
        samples,
        writes(probe),
        moments=Moments(
            declared_at=declared_at,
            closed_at=closed_at,
            alarm_at=alarm_at([one for one in samples if declared_at and one.sent_at >= declared_at]),
            changing_at=changing_at,
            changed_at=changed_at,
        ),
        objectives=Objectives(drill.rto, drill.rpo),
        rules=Rules(
            interval=probe.interval,
            heartbeat_interval=probe.heartbeat_interval,
            time_scale=drill.time_scale,
            obstacle=obstacle,
        ),
    )


def _changes(recovery: Execution | None) -> tuple[datetime | None, datetime | None]:
    """When the recovery's first step that changes something began and its last one ended.

    Steps before the last approval prepare the decision, whatever they call, so the first change is looked for after it.
    """
    if recovery is None:
        return None, None
    steps = list(recovery.steps.order_by("sequence"))
    decided = max((place for place, step in enumerate(steps) if step.action == people.APPROVE.name), default=-1)
    changing = [step for step in steps[decided + 1 :] if step.action_class != ActionClass.READ_ONLY]
    if not changing:
        return None, None
    return changing[0].started_at, changing[-1].ended_at


# --- the document ----------------------------------------------------------------------------------------------------


def record_of(drill: Drill, probe: Probe, found: Measurement, closed_at: datetime) -> dict[str, Any]:
    """The document, without what is known only after the restoration (see `with_restoration`)."""
    return {
        "schema": SCHEMA,
        "drill": {
            "id": str(drill.pk),
            "title": drill.title,
            "service": {"slug": drill.service.slug, "name": drill.service.name},
            "scope": drill.scope,
            "started_by": drill.started_by.username,
            "started_at": _time(drill.started_at),
            "closed_at": _time(closed_at),
        },
        "verdict": {"word": found.verdict, "reason": found.reason},
        "objectives": {"rto_seconds": drill.rto.total_seconds(), "rpo_seconds": drill.rpo.total_seconds()},
        "time_scale": drill.time_scale,
        "measured": _measured(found),
        "method": method(drill, probe, found),
        "resolution": {
            "sample_interval_seconds": probe.interval.total_seconds(),
            "heartbeat_interval_seconds": probe.heartbeat_interval.total_seconds() if probe.heartbeat_url else None,
            "request_timeout_seconds": probe.timeout.total_seconds(),
            "clock_offset_seconds": round(probe.clock_offset, 6),
        },
        "samples": _samples(probe, found),
        "heartbeats": _heartbeats(probe, found.loss),
        "phases": drill.phases,
        "executions": [_execution(drill, part) for part in PARTS if version_of(drill, part) is not None],
        "participants": [_person(user) for user in drill.participants.order_by("username")],
        "environment": {
            "is_sandbox": settings.IS_SANDBOX,
            "account": str(drill.account) if drill.account else "",
            "primary_region": drill.service.primary_region,
            "recovery_regions": list(drill.service.recovery_regions),
            "portal_version": settings.VERSION,
        },
        "restoration": None,
    }


def with_restoration(drill: Drill, probe: Probe, record: Mapping[str, Any], problem: str) -> dict[str, Any]:
    """The document completed after the restoration: what it did, and which lost records reappeared. The verdict stays."""
    restoration = execution_of(drill, RESTORATION)
    lost = [write for write in writes(probe) if write.is_acknowledged and write.has_survived is False]
    back = [write.sequence for write in lost if write.has_reappeared]
    return {
        **record,
        "heartbeats": {**record["heartbeats"], "reappeared": _ranges(back), "reappeared_count": len(back)},
        "phases": drill.phases,
        "executions": [_execution(drill, part) for part in PARTS if version_of(drill, part) is not None],
        "restoration": {
            "status": restoration.status if restoration else None,
            "message": problem or (restoration.status_message if restoration else ""),
            "still_missing_count": len(lost) - len(back),
        },
    }


def _measured(found: Measurement) -> dict[str, Any]:
    split = found.split
    return {
        "disrupted_at": _time(found.disrupted_at),
        "first_failed_sample_at": _time(found.first_failed_at),
        "recovered_at": _time(found.recovered_at),
        "rto_seconds": _length(found.rto),
        "rto_compared_seconds": _length(found.scaled_rto),
        "is_rto_met": found.is_rto_met,
        "rpo_seconds": _length(found.loss.rpo),
        "rpo_compared_seconds": _length(found.scaled_rpo),
        "rpo_at_least_seconds": _length(found.loss.at_least),
        "is_rpo_met": found.is_rpo_met,
        "rpo_reason": found.loss.reason,
        "split": None
        if split is None
        else {
            "detect_seconds": _length(split.detect),
            "decide_seconds": _length(split.decide),
            "act_seconds": _length(split.act),
            "verify_seconds": _length(split.verify),
        },
        "outages": [_outage(outage) for outage in found.outages],
        "regions": {
            "before": dict(found.regions_before),
            "during": dict(found.regions_during),
            "after": dict(found.regions_after),
        },
    }


def method(drill: Drill, probe: Probe, found: Measurement) -> list[str]:
    """How it was measured, in sentences for a person who was not there."""
    said = [
        f"RTO: a client outside requested {probe.url} every {_spoken(probe.interval)}, each time on a connection of its own, "
        f"whether or not earlier requests were answered. HTTP {probe.expected_status} within {_spoken(probe.timeout)} is good.",
        "The clock ran from the first failed sample after the injection began to the first good one that was followed "
        f"by at least {STABLE_RUN - 1} more and by nothing but good ones until the observation closed. "
        "Time without samples counts as failed.",
        f"The alarm is the moment {ALARM_RUN} failed samples in a row were known.",
    ]
    if probe.heartbeat_url:
        said.append(
            f"RPO: a numbered record was written through {probe.heartbeat_url} every {_spoken(probe.heartbeat_interval)}. "
            f"After the recovery the table {probe.heartbeat_table} was read in "
            f"{', '.join(drill.service.recovery_regions[:1]) or 'no Region'}. RPO is the first failed sample's time minus the "
            "write time of the newest acknowledged record found there that was written before it."
        )
    else:
        said.append("RPO: not measured, because the service has no heartbeat URL in the catalogue.")
    if drill.time_scale != 1.0:
        said.append(
            f"The sandbox ran at a time scale of {drill.time_scale:g}: objectives were compared with the measured times "
            f"divided by {drill.time_scale:g}. Both numbers are kept."
        )
    return said


def _samples(probe: Probe, found: Measurement) -> dict[str, Any]:
    length = (found.observed_until - found.observed_from) if found.observed_from and found.observed_until else None
    return {
        "url": probe.url,
        "total": found.total,
        "good": found.good,
        "failed": found.total - found.good,
        "per_second": round((found.total - 1) / length.total_seconds(), 2) if length else None,
        "errors": dict(found.errors),
        "observed_from": _time(found.observed_from),
        "observed_until": _time(found.observed_until),
        "unobserved": [
            {"from": _time(gap.began_at), "to": _time(gap.ended_at), "seconds": _length(gap.length)}
            for gap in found.unobserved
        ],
    }


def _heartbeats(probe: Probe, loss: DataLoss) -> dict[str, Any]:
    newest = loss.newest_survivor
    return {
        "table": probe.heartbeat_table,
        "acknowledged": loss.acknowledged,
        "survived": loss.survived,
        "newest_survivor": {"sequence": newest.sequence, "written_at": _time(newest.written_at)} if newest else None,
        "missing": [list(pair) for pair in loss.missing],
        "missing_count": loss.missing_count,
        "reappeared": [list(pair) for pair in loss.reappeared],
        "reappeared_count": loss.reappeared_count,
    }


def _execution(drill: Drill, part: str) -> dict[str, Any]:
    version = version_of(drill, part)
    execution = execution_of(drill, part)
    return {
        "part": part,
        "version": _version(version) if version else None,
        "execution": str(execution.pk) if execution else None,
        "status": execution.status if execution else None,
        "message": execution.status_message if execution else "",
        "started_at": _time(execution.started_at) if execution else None,
        "ended_at": _time(execution.ended_at) if execution else None,
        "steps": [_step(step) for step in execution.steps.order_by("sequence")] if execution else [],
    }


def _version(version: RunbookVersion) -> dict[str, Any]:
    return {"runbook": version.runbook.name, "number": version.number, "sha256": version.sha256}


def _step(step: StepExecution) -> dict[str, Any]:
    return {
        "name": step.step_name,
        "action": step.action,
        "attempt": step.attempt,
        "status": step.status,
        "started_at": _time(step.started_at),
        "seconds": _length(step.ended_at - step.started_at) if step.ended_at else None,
        "message": step.failure_message,
    }


def _outage(outage: Outage) -> dict[str, Any]:
    return {
        "began_at": _time(outage.began_at),
        "ended_at": _time(outage.ended_at),
        "seconds": _length(outage.length),
        "failed_samples": outage.failed,
    }


def _person(user: Any) -> dict[str, str]:
    return {"username": user.username, "name": user.shown_name}


def _ranges(sequences: Iterable[int]) -> list[list[int]]:
    return [list(pair) for pair in ranges(sequences)]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _length(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)


def _spoken(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"
