"""A drill's record as lines for a terminal, and the lines of its progress. Reads the record only, no rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from portal.templatetags.lengths import spoken_length


def report(record: Mapping[str, Any]) -> str:
    """The record for a person: verdict, both objectives with what was measured, how, and what was done."""
    return "\n".join(_lines(record))


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    drill, verdict, measured = record["drill"], record["verdict"], record["measured"]
    yield f"{drill['title']}: {drill['service']['name']}, scope {drill['scope']}"
    yield ""
    yield f"Verdict   {verdict['word']}. {verdict['reason']}"
    yield ""
    yield from _table(record)
    split = measured["split"]
    if split:
        parts = ", ".join(f"{name.removesuffix('_seconds')} {_length(seconds)}" for name, seconds in split.items())
        yield f"Split     {parts}"
    yield f"Outage    from {measured['disrupted_at'] or 'never'} to {measured['recovered_at'] or 'not seen to end'}"
    for when, regions in measured["regions"].items():
        answered = ", ".join(f"{name} ({count})" for name, count in regions.items()) or "nobody"
        yield f"Answered  {when}: {answered}"
    yield from _losses(record["heartbeats"])
    samples = record["samples"]
    yield f"Samples   {samples['total']} at {samples['per_second'] or 0:g} a second, {samples['failed']} failed"
    yield from (
        f"          nobody watched from {gap['from']} for {_length(gap['seconds'])}" for gap in samples["unobserved"]
    )
    yield ""
    yield from (f"Method    {sentence}" for sentence in record["method"])
    yield f"Resolution {_resolution(record['resolution'])}"
    yield ""
    for part in record["executions"]:
        version = part["version"]
        what = f"{version['runbook']} v{version['number']} (sha256 {version['sha256'][:12]})"
        yield f"{part['part'].capitalize():<12} {part['status'] or 'not started'}: {what}"
        yield from (_step(step) for step in part["steps"])
    yield from _restoration(record["restoration"])


def _table(record: Mapping[str, Any]) -> Iterator[str]:
    measured, objectives = record["measured"], record["objectives"]
    yield f"{'':<9} {'objective':>14} {'measured':>14} {'as on AWS':>14}"
    for name in ("rto", "rpo"):
        is_met = measured[f"is_{name}_met"]
        judged = "not measured" if is_met is None else "met" if is_met else "NOT MET"
        yield (
            f"{name.upper():<9} {_length(objectives[f'{name}_seconds']):>14} {_length(measured[f'{name}_seconds']):>14} "
            f"{_length(measured[f'{name}_compared_seconds']):>14}  {judged}"
        )
    if measured["rpo_reason"]:
        yield f"          {measured['rpo_reason']}"
    if measured["rpo_at_least_seconds"] is not None:
        yield f"          At least {_length(measured['rpo_at_least_seconds'])} of writes were lost."
    yield f"          (time scale {record['time_scale']:g}: as on AWS = measured / {record['time_scale']:g})"


def _losses(heartbeats: Mapping[str, Any]) -> Iterator[str]:
    newest = heartbeats["newest_survivor"]
    yield f"Records   {heartbeats['acknowledged']} acknowledged, {heartbeats['missing_count']} missing after the recovery"
    if newest:
        yield f"          newest survivor: number {newest['sequence']}, written at {newest['written_at']}"
    if heartbeats["missing"]:
        yield f"          lost numbers: {_ranges(heartbeats['missing'])}"
    if heartbeats["reappeared"]:
        yield f"          reappeared later: {_ranges(heartbeats['reappeared'])}"


def _restoration(restoration: Mapping[str, Any] | None) -> Iterator[str]:
    if restoration and restoration["status"]:
        still = restoration["still_missing_count"]
        yield f"After the clean-up ({restoration['status']}) {still} lost record{'s are' if still != 1 else ' is'} still missing."
        if restoration["message"] and restoration["status"] != "Success":
            yield f"          {restoration['message']}"


def _step(step: Mapping[str, Any]) -> str:
    length = _length(step["seconds"])
    return f"    {step['name']:<32} {step['status']:<10} {length:>10}" + (
        f"  {step['message']}" if step["message"] else ""
    )


def _resolution(resolution: Mapping[str, Any]) -> str:
    records = resolution["heartbeat_interval_seconds"]
    said = f"a sample every {_length(resolution['sample_interval_seconds'])}"
    return f"{said}, a record every {_length(records)}" if records else said


def _ranges(pairs: list[list[int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in pairs)


def _length(seconds: float | None) -> str:
    return "–" if seconds is None else spoken_length(seconds)
