"""What the heartbeat records say about lost data: pure functions over the writes of one probe.

Here: which acknowledged records are missing on the recovery side, which came back later, and the RPO. Not here: reading
the table (`drill_readback.py`), objectives and verdicts (`measurement.py`). Standard library only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Write:
    """One heartbeat record. `has_survived` is None until the recovery side was read back."""

    sequence: int
    written_at: datetime
    is_acknowledged: bool
    has_survived: bool | None = None
    has_reappeared: bool | None = None


@dataclass(frozen=True)
class DataLoss:
    """What was lost. `rpo` is None where it was not measured; `at_least` is then what is known of it, if anything.

    `missing` and `reappeared` are ranges of sequence numbers, both ends included.
    """

    rpo: timedelta | None
    at_least: timedelta | None
    newest_survivor: Write | None
    acknowledged: int
    survived: int
    missing: tuple[tuple[int, int], ...]
    missing_count: int
    reappeared: tuple[tuple[int, int], ...]
    reappeared_count: int
    reason: str = ""


def ranges(sequences: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Neighbouring numbers put together: 1, 2, 3, 7 -> ((1, 3), (7, 7))."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(sequences)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def assess(writes: Sequence[Write], disrupted_at: datetime | None) -> DataLoss:
    """RPO = `disrupted_at` minus the write time of the newest record that survived and was written before it.

    Only records the service acknowledged count: nobody was promised the others. Records written after the recovery
    survive too, but say nothing about what the disruption cost, so the newest survivor is looked for before it.
    """
    kept = [write for write in writes if write.is_acknowledged]
    missing = [write.sequence for write in kept if write.has_survived is False]
    reappeared = [write.sequence for write in kept if write.has_survived is False and write.has_reappeared]
    before = [write for write in kept if disrupted_at is not None and write.written_at <= disrupted_at]
    survivors = [write for write in before if write.has_survived]
    newest = max(survivors, key=lambda write: write.written_at, default=None)
    reason = _reason(kept, before, newest, disrupted_at)
    at_least = None
    if newest is None and before and disrupted_at is not None and any(w.has_survived is False for w in before):
        at_least = disrupted_at - min(write.written_at for write in before)
    return DataLoss(
        rpo=disrupted_at - newest.written_at if newest and disrupted_at and not reason else None,
        at_least=at_least,
        newest_survivor=newest,
        acknowledged=len(kept),
        survived=sum(write.has_survived is True for write in kept),
        missing=ranges(missing),
        missing_count=len(missing),
        reappeared=ranges(reappeared),
        reappeared_count=len(reappeared),
        reason=reason,
    )


def _reason(kept: Sequence[Write], before: Sequence[Write], newest: Write | None, disrupted_at: datetime | None) -> str:
    """Why there is no RPO; empty where there is one."""
    if not kept:
        return "No heartbeat record was acknowledged by the service, so nothing could be lost or found again."
    if disrupted_at is None:
        return "No disruption was observed, so there is no moment to measure data loss from."
    if any(write.has_survived is None for write in kept):
        return "The recovery side was not read back, so nobody knows which heartbeat records survived."
    if not before:
        return "No heartbeat record was acknowledged before the disruption."
    if newest is None:
        return "No heartbeat record written before the disruption was found on the recovery side."
    return ""
