"""RTO, RPO and the verdict of a drill, from what a client saw and what the recovery side kept.

Pure: standard library only. Here: the rules of DESIGN.md section 5, in one function, `measure`. Not here: failing
stretches (`outages.py`), lost records (`data_loss.py`), the JSON document made of all this (`drill_record.py`), rows
(`drill_runner.py`).

Nothing here ever rounds in favour of the service: time nobody looked at is not "up", a good answer that was followed by
a bad one is no recovery, and data loss is counted from the first failed answer, never from an earlier suspicion.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runbooks.data_loss import DataLoss, Write, assess
from runbooks.outages import (
    LONGEST_STEP,
    STABLE_RUN,
    Observation,
    Outage,
    Stretch,
    in_order,
    outages,
    unobserved,
)

MET = "Met"
NOT_MET = "Not met"
NOT_RECOVERED = "Not recovered"
NOT_MEASURED = "Not measured"


@dataclass(frozen=True)
class Objectives:
    """What the service promised, in time as it would pass against the real AWS."""

    rto: timedelta
    rpo: timedelta


@dataclass(frozen=True)
class Moments:
    """Times of the drill, all by the database's clock; None where it never came to it.

    `declared_at` is the declared start of the disruption: nothing before it counts. `closed_at` ends the observation.
    `alarm_at`, `changing_at` and `changed_at` split the RTO: the alarm, the start of the recovery's first step that
    changes something, the end of its last one.
    """

    declared_at: datetime | None
    closed_at: datetime
    alarm_at: datetime | None = None
    changing_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Rules:
    """How it was watched. `time_scale` is the sandbox's: a measured time divided by it is what AWS would have taken."""

    interval: timedelta
    heartbeat_interval: timedelta | None = None
    time_scale: float = 1.0
    stable_run: int = STABLE_RUN
    # A reason, known to whoever ran the drill, why it proves nothing: cancelled, never started, injection failed.
    obstacle: str = ""


@dataclass(frozen=True)
class Split:
    """The RTO in four parts, which add up to it."""

    detect: timedelta
    decide: timedelta
    act: timedelta
    verify: timedelta


@dataclass(frozen=True)
class Measurement:
    """What was measured. Times are as they passed; `scaled_*` are divided by the time scale and are what was judged."""

    verdict: str
    reason: str
    disrupted_at: datetime | None
    first_failed_at: datetime | None
    recovered_at: datetime | None
    rto: timedelta | None
    scaled_rto: timedelta | None
    is_rto_met: bool | None
    split: Split | None
    loss: DataLoss
    scaled_rpo: timedelta | None
    is_rpo_met: bool | None
    outages: tuple[Outage, ...]
    unobserved: tuple[Stretch, ...]
    regions_before: Mapping[str, int]
    regions_during: Mapping[str, int]
    regions_after: Mapping[str, int]
    total: int
    good: int
    errors: Mapping[str, int]
    observed_from: datetime | None
    observed_until: datetime | None


def measure(
    samples: Sequence[Observation], writes: Sequence[Write], *, moments: Moments, objectives: Objectives, rules: Rules
) -> Measurement:
    """Everything a drill proved. Samples sent after `moments.closed_at` are left out. Any order of input will do."""
    seen = in_order([sample for sample in samples if sample.sent_at <= moments.closed_at])
    failing = outages(seen, rules.interval, rules.stable_run)
    began, first_failed, recovered = _disruption(seen, failing, moments, rules.interval)
    loss = assess(writes, first_failed)
    is_disrupted = first_failed is not None
    rto = recovered - began if is_disrupted and recovered and began else None
    scaled_rto = rto / rules.time_scale if rto is not None else None
    scaled_rpo = loss.rpo / rules.time_scale if loss.rpo is not None else None
    is_rto_met = scaled_rto <= objectives.rto if scaled_rto is not None else None
    is_rpo_met = scaled_rpo <= objectives.rpo if scaled_rpo is not None else None
    if loss.at_least is not None and loss.at_least / rules.time_scale > objectives.rpo:
        is_rpo_met = False
    before, during, after = _regions(seen, began if is_disrupted else None, recovered)
    verdict, reason = _verdict(
        seen, loss, moments, rules, is_disrupted=is_disrupted, is_rto_met=is_rto_met, is_rpo_met=is_rpo_met
    )
    return Measurement(
        verdict=verdict,
        reason=reason,
        disrupted_at=began if is_disrupted else None,
        first_failed_at=first_failed,
        recovered_at=recovered if is_disrupted else None,
        rto=rto,
        scaled_rto=scaled_rto,
        is_rto_met=is_rto_met,
        split=_split(began, recovered, moments) if rto is not None else None,
        loss=loss,
        scaled_rpo=scaled_rpo,
        is_rpo_met=is_rpo_met,
        outages=tuple(failing),
        unobserved=tuple(unobserved(seen, rules.interval)),
        regions_before=before,
        regions_during=during,
        regions_after=after,
        total=len(seen),
        good=sum(sample.is_good for sample in seen),
        errors=Counter(sample.error or "failed" for sample in seen if not sample.is_good),
        observed_from=seen[0].sent_at if seen else None,
        observed_until=seen[-1].sent_at if seen else None,
    )


def _disruption(
    seen: Sequence[Observation], failing: Sequence[Outage], moments: Moments, interval: timedelta
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """When the disruption began, its first failed sample, and when it ended (None: not before the drill closed).

    Every failing run from the declared start on has a gap to the recovery, because a recovery that does not last until
    the drill closes is none. The longest of these gaps, which is the RTO, is that of the first failing run.
    """
    declared = moments.declared_at
    if declared is None or not seen:
        return None, None, None
    counted = [outage for outage in failing if outage.ended_at is None or outage.ended_at > declared]
    began = max(counted[0].began_at, declared) if counted else None
    if seen[0].sent_at - declared > interval * LONGEST_STEP:
        began = declared
    first_failed = next((sample.sent_at for sample in seen if not sample.is_good and sample.sent_at >= declared), None)
    is_watched_to_the_end = moments.closed_at - seen[-1].sent_at <= interval * LONGEST_STEP
    recovered = counted[-1].ended_at if counted and is_watched_to_the_end else None
    return began, first_failed, recovered


def _split(began: datetime | None, recovered: datetime | None, moments: Moments) -> Split | None:
    """Detect until the alarm, decide until the first change, act until the last change, verify until the recovery.

    A moment that lies outside the outage is moved to its nearest end, so that the parts always add up to the RTO. A
    recovery without a step that changes something has no deciding and no acting: all of it is waiting for the verdict.
    """
    if began is None or recovered is None:
        return None
    alarm = _within(moments.alarm_at, began, recovered, recovered)
    changing = _within(moments.changing_at, alarm, recovered, alarm)
    changed = _within(moments.changed_at, changing, recovered, changing)
    return Split(alarm - began, changing - alarm, changed - changing, recovered - changed)


def _within(moment: datetime | None, earliest: datetime, latest: datetime, absent: datetime) -> datetime:
    return absent if moment is None else min(max(moment, earliest), latest)


def _regions(
    seen: Sequence[Observation], began: datetime | None, recovered: datetime | None
) -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
    """How many good answers each Region gave before, during and after the disruption."""
    before: Counter[str] = Counter()
    during: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for sample in seen:
        if not sample.is_good:
            continue
        if began is None or sample.sent_at < began:
            part = before
        elif recovered is None or sample.sent_at < recovered:
            part = during
        else:
            part = after
        part[sample.region or "not named"] += 1
    return before, during, after


def _verdict(
    seen: Sequence[Observation],
    loss: DataLoss,
    moments: Moments,
    rules: Rules,
    *,
    is_disrupted: bool,
    is_rto_met: bool | None,
    is_rpo_met: bool | None,
) -> tuple[str, str]:
    """The verdict and, in a sentence, why."""
    if not seen:
        return NOT_MEASURED, rules.obstacle or "There are no samples, so nobody knows what a client would have seen."
    if not is_disrupted:
        return NOT_MEASURED, rules.obstacle or (
            "Every sample after the declared start was good: nothing was disrupted, so there was nothing to recover."
        )
    if is_rto_met is None:
        if moments.closed_at - seen[-1].sent_at > rules.interval * LONGEST_STEP:
            return NOT_RECOVERED, "Samples are missing at the end: nobody saw the service stay up until the close."
        return NOT_RECOVERED, "The service was not answering steadily when the drill closed."
    if rules.obstacle:
        return NOT_MEASURED, rules.obstacle
    missed = [name for name, is_met in (("RTO", is_rto_met), ("RPO", is_rpo_met)) if is_met is False]
    if missed:
        verb = "was" if len(missed) == 1 else "were"
        return NOT_MET, f"The {' and the '.join(missed)} {verb} longer than the objective."
    if is_rpo_met is None:
        return NOT_MEASURED, f"The RTO was met, but the RPO was not measured: {loss.reason}"
    return MET, "Both objectives were measured and met."
