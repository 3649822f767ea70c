"""The availability strip's picture of a drill: its samples as JSON values, bounded, and the clock, outages and markers.

What the picture's script expects is described in `portal/static/portal/availability-strip.js`. Reads only.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.audit.log import database_now
from runbooks.drill_phases import TITLES
from runbooks.drill_record import began_at, observations
from runbooks.models import Drill, Phase, Probe
from runbooks.outages import Observation, Outage, outages

MOST_CELLS = 3000
LATENESS = timedelta(seconds=1)
"""How long after its answer a sample is written at the latest."""
MARKED = (Phase.INJECT, Phase.RECOVER)


def strip_of(drill: Drill, probe: Probe, after: datetime | None = None) -> dict[str, Any]:
    """The payload; with `after` only the samples that may be missing since then, as long as there are few enough."""
    seen = observations(probe)
    is_live = not drill.is_final and probe.is_running
    cells, interval = _cells(seen, probe.interval)
    is_partial = after is not None and interval == probe.interval and is_live
    since = after - probe.timeout - LATENESS if after is not None else None
    if is_partial and since is not None:
        cells = [cell for cell in cells if cell.sent_at >= since]
    found = outages(seen, probe.interval)
    now = database_now() if is_live else _end(drill, seen)
    return {
        "now": _time(now),
        "is_live": is_live,
        "is_partial": is_partial,
        "samples_from": _time(since) if is_partial and since is not None else None,
        "interval_seconds": interval.total_seconds(),
        "objective_seconds": drill.rto.total_seconds(),
        "time_scale": drill.time_scale,
        "samples": [_sample(cell) for cell in cells],
        "outages": [{"from": _time(one.began_at), "to": _time(one.ended_at)} for one in found if one.failed],
        "clock": _clock(drill, seen, found),
        "markers": _markers(drill),
    }


def _cells(seen: Sequence[Observation], interval: timedelta) -> tuple[list[Observation], timedelta]:
    """At most `MOST_CELLS` cells: of several samples in one cell the worst is shown, so that no failure disappears."""
    width = interval
    if seen:
        while (seen[-1].sent_at - seen[0].sent_at) / width > MOST_CELLS:
            width *= 2
    if width == interval:
        return list(seen), interval
    cells: dict[int, Observation] = {}
    for sample in seen:
        place = int((sample.sent_at - seen[0].sent_at) / width)
        if place not in cells or (cells[place].is_good and not sample.is_good):
            cells[place] = sample
    return list(cells.values()), width


def _end(drill: Drill, seen: Sequence[Observation]) -> datetime:
    """When the observation ended: the record's word, else the last sample, else now."""
    closed_at = (drill.record or {}).get("drill", {}).get("closed_at")
    if closed_at:
        return datetime.fromisoformat(closed_at)
    return seen[-1].sent_at if seen else database_now()


def _clock(drill: Drill, seen: Sequence[Observation], found: Sequence[Outage]) -> dict[str, str | None]:
    """The RTO's clock: what was measured once there is a record, until then what it would be if the drill closed now."""
    if drill.record:
        measured = drill.record["measured"]
        return {"from": measured["disrupted_at"], "to": measured["recovered_at"]}
    declared = began_at(drill, Phase.INJECT)
    is_failed = declared is not None and any(not one.is_good and one.sent_at >= declared for one in seen)
    counted = [one for one in found if declared and (one.ended_at is None or one.ended_at > declared)]
    if not is_failed or declared is None or not counted:
        return {"from": None, "to": None}
    return {"from": _time(max(counted[0].began_at, declared)), "to": _time(counted[-1].ended_at)}


def _markers(drill: Drill) -> list[dict[str, str | None]]:
    """The phases that change what a client may see."""
    begun = ((phase, began_at(drill, phase)) for phase in MARKED)
    return [{"at": _time(at), "label": TITLES[phase]} for phase, at in begun if at is not None]


def _sample(sample: Observation) -> dict[str, Any]:
    return {
        "at": _time(sample.sent_at),
        "ok": sample.is_good,
        "region": sample.region,
        "ms": round(sample.latency.total_seconds() * 1000, 1),
        "error": sample.error,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
