"""What a client saw, as stretches of time: pure functions over the samples of one probe.

Here: failing stretches, unobserved stretches, stable runs, the alarm. Not here: objectives and verdicts
(`measurement.py`), heartbeat records (`data_loss.py`), rows and clocks (`drill_runner.py`). Standard library only.

A time nobody looked at is never "up": between two samples that lie too far apart, or whose sequence numbers are not
neighbours, the entry is "unobserved", and an unobserved stretch ends a stable run exactly as a failed sample does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

STABLE_RUN = 5
"""Good samples in a row that end an outage."""
ALARM_RUN = 3
"""Failed samples in a row that raise the alarm."""
LONGEST_STEP = 2.5
"""Intervals that may lie between two samples before the time between them counts as unobserved."""


@dataclass(frozen=True)
class Observation:
    """One sample: when it was sent, whether the entry answered as expected, and from which Region ("": not named)."""

    sequence: int
    sent_at: datetime
    is_good: bool
    region: str = ""
    error: str = ""
    latency: timedelta = timedelta(0)


@dataclass(frozen=True)
class Stretch:
    """Time between two samples in which nobody looked."""

    began_at: datetime
    ended_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ended_at - self.began_at


@dataclass(frozen=True)
class Outage:
    """A failing stretch: from its first sign to the first good sample of a stable run; `ended_at` None: it never ended.

    `began_at` is the first failed sample, or the last sample before it where the time between is unobserved.
    `failed` counts failed samples; an outage with none consists of unobserved time only.
    """

    began_at: datetime
    ended_at: datetime | None
    failed: int
    good: int
    first_failed_at: datetime | None

    @property
    def length(self) -> timedelta | None:
        return None if self.ended_at is None else self.ended_at - self.began_at


def in_order(samples: Sequence[Observation]) -> list[Observation]:
    """The samples by the time they were sent; the sequence decides between equal times."""
    return sorted(samples, key=lambda sample: (sample.sent_at, sample.sequence))


def is_unobserved_between(earlier: Observation, later: Observation, interval: timedelta) -> bool:
    """Whether a sample is missing between two neighbours."""
    return later.sequence > earlier.sequence + 1 or later.sent_at - earlier.sent_at > interval * LONGEST_STEP


def unobserved(samples: Sequence[Observation], interval: timedelta) -> list[Stretch]:
    """The stretches in which samples are missing; `samples` in order."""
    return [
        Stretch(earlier.sent_at, later.sent_at)
        for earlier, later in pairwise(samples)
        if is_unobserved_between(earlier, later, interval)
    ]


def outages(samples: Sequence[Observation], interval: timedelta, stable_run: int = STABLE_RUN) -> list[Outage]:
    """Every failing stretch, in order. Unobserved time fails; fewer than `stable_run` good samples end nothing.

    `samples` in order. Good samples at the very end that are too few for a stable run leave the last outage open.
    """
    return list(_outages(samples, interval, stable_run))


def _outages(samples: Sequence[Observation], interval: timedelta, stable_run: int) -> Iterator[Outage]:
    began: datetime | None = None
    failed = good = 0
    first_failed: datetime | None = None
    run: list[Observation] = []
    previous: Observation | None = None
    for sample in samples:
        is_missing = previous is not None and is_unobserved_between(previous, sample, interval)
        if is_missing or not sample.is_good:
            if began is None:
                began = previous.sent_at if previous is not None and is_missing else sample.sent_at
            else:
                good += len(run)
            run = []
        if sample.is_good:
            run.append(sample)
        else:
            failed += 1
            first_failed = first_failed or sample.sent_at
        if began is not None and len(run) >= stable_run:
            yield Outage(began, run[0].sent_at, failed, good, first_failed)
            began, failed, good, first_failed = None, 0, 0, None
        if began is None:
            run = run[:stable_run]
        previous = sample
    if began is not None:
        yield Outage(began, None, failed, good + len(run), first_failed)


def stable_since(samples: Sequence[Observation], interval: timedelta, stable_run: int = STABLE_RUN) -> datetime | None:
    """When the run of good samples that lasts to the end began; None where it is shorter than `stable_run`.

    `samples` in order.
    """
    run: list[Observation] = []
    for sample in reversed(samples):
        if not sample.is_good or (run and is_unobserved_between(sample, run[-1], interval)):
            break
        run.append(sample)
    return run[-1].sent_at if len(run) >= stable_run else None


def alarm_at(samples: Sequence[Observation], alarm_run: int = ALARM_RUN) -> datetime | None:
    """When the first run of `alarm_run` failed samples was complete: the answer (or the timeout) of its last one.

    `samples` in order. Unobserved time raises no alarm: a blind watcher is no proof of an outage.
    """
    run: list[Observation] = []
    for sample in samples:
        run = [] if sample.is_good else [*run, sample]
        if len(run) == alarm_run:
            return max(one.sent_at + one.latency for one in run)
    return None
