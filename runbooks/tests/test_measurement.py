"""The rules of measuring: scripted outages of known length, flapping entries, missing samples, lost records."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.data_loss import Write, assess, ranges
from runbooks.measurement import (
    MET,
    NOT_MEASURED,
    NOT_MET,
    NOT_RECOVERED,
    Measurement,
    Moments,
    Objectives,
    Rules,
    measure,
)
from runbooks.outages import Observation, alarm_at, outages, stable_since

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(milliseconds=50)
OBJECTIVES = Objectives(rto=timedelta(minutes=15), rpo=timedelta(minutes=1))


def at(slots: float) -> datetime:
    return START + INTERVAL * slots


def script(pattern: str) -> list[Observation]:
    """One sample an interval: `.` good from the primary, `:` good from the recovery Region, `x` failed, ` ` none."""
    regions = {".": "us-west-2", ":": "us-east-1", "x": ""}
    return [
        Observation(place, at(place), mark != "x", regions[mark], "503" if mark == "x" else "")
        for place, mark in enumerate(pattern)
        if mark != " "
    ]


def judge(
    samples: Sequence[Observation],
    writes: Sequence[Write] = (),
    *,
    declared: float | None = 0,
    closed: float | None = None,
    time_scale: float = 1.0,
    objectives: Objectives = OBJECTIVES,
    obstacle: str = "",
) -> Measurement:
    end = at(closed) if closed is not None else max((s.sent_at for s in samples), default=START)
    return measure(
        samples,
        writes,
        moments=Moments(declared_at=None if declared is None else at(declared), closed_at=end),
        objectives=objectives,
        rules=Rules(INTERVAL, timedelta(seconds=0.2), time_scale, obstacle=obstacle),
    )


def kept(count: int, survived: int, *, first: float = 0) -> list[Write]:
    """Acknowledged records, four intervals apart; the first `survived` of them were found again."""
    return [Write(n, at(first + 4 * n), True, n < survived) for n in range(count)]


# --- RTO -------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(3, 400), st.integers(5, 60), st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_scripted_outage_is_measured_within_one_interval(
    before: int, during: int, after: int, began: float, ended: float
) -> None:
    down_from, down_to = at(before - 1 + began), at(before - 1 + during + ended)
    samples = [
        Observation(n, at(n), not down_from <= at(n) < down_to, "us-west-2") for n in range(before + during + after + 2)
    ]
    found = judge(samples)
    assert found.rto is not None
    assert abs(found.rto - (down_to - down_from)) <= INTERVAL


def test_the_clock_runs_from_the_first_failed_sample_to_the_first_good_one_that_stays_good() -> None:
    found = judge(script("....." + "x" * 20 + ":" * 10))
    assert (found.disrupted_at, found.recovered_at, found.rto) == (at(5), at(25), INTERVAL * 20)


def test_four_good_samples_in_a_row_do_not_stop_the_clock() -> None:
    found = judge(script("....." + "xxx::::xxx" + ":" * 6))
    assert found.rto == INTERVAL * 10
    assert len(found.outages) == 1


def test_a_recovery_that_does_not_last_until_the_drill_closes_is_none() -> None:
    found = judge(script("....." + "xxx" + ":" * 8 + "x" + ":" * 6))
    assert found.rto == INTERVAL * 12
    assert [outage.length for outage in found.outages] == [INTERVAL * 3, INTERVAL]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(0, 4))
def test_a_flapping_entry_never_ends_the_clock(good_runs: list[int], tail: int) -> None:
    found = judge(script("....." + "".join("x" + "." * run for run in good_runs) + "x" + "." * tail))
    assert found.rto is None
    assert found.verdict == NOT_RECOVERED


def test_failures_before_the_declared_start_do_not_count() -> None:
    found = judge(script("..x......xxxx" + ":" * 10), declared=8)
    assert found.disrupted_at == at(9)
    assert len(found.outages) == 2


def test_an_outage_under_way_at_the_declared_start_counts_from_there() -> None:
    found = judge(script("...xxxxxx" + ":" * 10), declared=5)
    assert found.rto == INTERVAL * 4


# --- missing samples -------------------------------------------------------------------------------------------------


def test_missing_samples_inside_the_outage_change_nothing() -> None:
    assert judge(script(".....xxx      xxx:::::::")).rto == judge(script(".....xxxxxxxxxxxx:::::::")).rto


def test_missing_samples_before_the_first_failure_are_not_up() -> None:
    found = judge(script(".....      xxx:::::::"))
    assert found.disrupted_at == at(4)
    assert [stretch.length for stretch in found.unobserved] == [INTERVAL * 7]


def test_missing_samples_after_the_recovery_restart_the_stable_run() -> None:
    found = judge(script(".....xxx::::::       :::::::"))
    assert found.recovered_at == at(21)


def test_nobody_watching_at_the_end_is_no_recovery() -> None:
    found = judge(script(".....xxx::::::::"), closed=40)
    assert found.verdict == NOT_RECOVERED
    assert "missing at the end" in found.reason


def test_an_outage_nobody_saw_a_failure_of_is_not_measured() -> None:
    found = judge(script(".....          ::::::::"))
    assert (found.verdict, found.rto) == (NOT_MEASURED, None)


patterns = st.text(alphabet=".x", min_size=1, max_size=60).map(lambda middle: "......" + middle + "......")


@given(patterns, st.data())
def test_removing_samples_never_shortens_the_rto_nor_betters_the_verdict(pattern: str, data: st.DataObject) -> None:
    samples = script(pattern)
    declared = data.draw(st.integers(0, 10))
    gone = data.draw(st.sets(st.integers(0, len(samples) - 1)))
    tight = Objectives(rto=INTERVAL * 10, rpo=timedelta(hours=1))
    writes = kept(1, 1)
    whole = judge(samples, writes, declared=declared, objectives=tight)
    left = judge(
        [s for s in samples if s.sequence not in gone],
        writes,
        declared=declared,
        closed=len(samples) - 1,
        objectives=tight,
    )
    if whole.rto is not None and left.rto is not None:
        assert left.rto >= whole.rto
    if whole.verdict in (NOT_MET, NOT_RECOVERED):
        assert left.verdict != MET
    if whole.loss.rpo is not None and left.loss.rpo is not None:
        assert left.loss.rpo >= whole.loss.rpo


# --- verdicts --------------------------------------------------------------------------------------------------------


def test_no_samples_is_not_measured() -> None:
    found = judge([])
    assert (found.verdict, found.rto, found.is_rto_met) == (NOT_MEASURED, None, None)


def test_nothing_disrupted_is_not_measured() -> None:
    found = judge(script("." * 40), kept(5, 5))
    assert found.verdict == NOT_MEASURED
    assert "nothing was disrupted" in found.reason


def test_both_objectives_measured_and_met_is_met() -> None:
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 4))
    assert found.verdict == MET


def test_a_late_recovery_is_not_met() -> None:
    objectives = Objectives(rto=INTERVAL * 19, rpo=timedelta(minutes=1))
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 4), objectives=objectives)
    assert (found.verdict, found.is_rto_met, found.is_rpo_met) == (NOT_MET, False, True)
    assert "RTO" in found.reason


def test_lost_data_beyond_the_objective_is_not_met() -> None:
    objectives = Objectives(rto=timedelta(minutes=1), rpo=INTERVAL * 7)
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 3), objectives=objectives)
    assert (found.verdict, found.is_rto_met, found.is_rpo_met) == (NOT_MET, True, False)


def test_an_rto_met_without_a_measured_rpo_is_not_measured() -> None:
    found = judge(script("." * 20 + "x" * 20 + ":" * 20))
    assert (found.verdict, found.is_rto_met, found.is_rpo_met) == (NOT_MEASURED, True, None)
    assert "RPO was not measured" in found.reason


def test_a_cancelled_drill_whose_service_came_back_is_not_measured() -> None:
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 5), obstacle="It was cancelled.")
    assert (found.verdict, found.reason) == (NOT_MEASURED, "It was cancelled.")


def test_a_cancelled_drill_whose_service_is_down_is_not_recovered() -> None:
    assert judge(script("." * 20 + "x" * 20), kept(5, 5), obstacle="It was cancelled.").verdict == NOT_RECOVERED


@pytest.mark.parametrize(("time_scale", "verdict"), [(1.0, MET), (0.1, NOT_MET)])
def test_the_objective_is_compared_with_the_measured_time_divided_by_the_time_scale(
    time_scale: float, verdict: str
) -> None:
    objectives = Objectives(rto=timedelta(seconds=2), rpo=timedelta(minutes=1))
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 5), time_scale=time_scale, objectives=objectives)
    assert found.verdict == verdict
    assert found.rto == timedelta(seconds=1)
    assert found.scaled_rto == timedelta(seconds=1) / time_scale


def test_regions_that_answered_are_counted_before_during_and_after() -> None:
    found = judge(script("....xx.:xx" + ":" * 6), declared=2)
    assert found.regions_before == {"us-west-2": 4}
    assert found.regions_during == {"us-west-2": 1, "us-east-1": 1}
    assert found.regions_after == {"us-east-1": 6}


# --- the split -------------------------------------------------------------------------------------------------------

moments = st.one_of(st.none(), st.integers(-20, 60).map(at))


@given(moments, moments, moments)
def test_the_parts_of_the_rto_add_up_to_it(
    alarm: datetime | None, changing: datetime | None, changed: datetime | None
) -> None:
    found = measure(
        script("....." + "x" * 20 + ":" * 10),
        [],
        moments=Moments(at(0), at(34), alarm, changing, changed),
        objectives=OBJECTIVES,
        rules=Rules(INTERVAL),
    )
    parts = [found.split.detect, found.split.decide, found.split.act, found.split.verify]
    assert sum(parts, timedelta(0)) == found.rto
    assert min(parts) >= timedelta(0)


def test_the_split_follows_the_alarm_and_the_changing_steps() -> None:
    found = measure(
        script("....." + "x" * 20 + ":" * 10),
        [],
        moments=Moments(at(0), at(34), at(8), at(15), at(22)),
        objectives=OBJECTIVES,
        rules=Rules(INTERVAL),
    )
    assert [found.split.detect, found.split.decide, found.split.act, found.split.verify] == [
        INTERVAL * slots for slots in (3, 7, 7, 3)
    ]


# --- outages, alarm, stability ---------------------------------------------------------------------------------------


def test_the_alarm_is_raised_when_three_failures_in_a_row_are_known() -> None:
    late = [Observation(n, at(n), n < 4, latency=timedelta(seconds=1)) for n in range(10)]
    assert alarm_at(late) == at(6) + timedelta(seconds=1)
    assert alarm_at(script("..x.xx..x.")) is None


def test_a_stable_run_lasts_to_the_end() -> None:
    assert stable_since(script("..xx......"), INTERVAL) == at(4)
    assert stable_since(script("..xx......x"), INTERVAL) is None
    assert stable_since(script("..xx.... ...."), INTERVAL) is None
    assert stable_since([], INTERVAL) is None


def test_an_outage_counts_its_failed_and_its_good_samples() -> None:
    (found,) = outages(script(".......xx.x..x::::::"), INTERVAL)
    assert (found.failed, found.good) == (4, 3)


# --- RPO -------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 50), st.integers(1, 50))
def test_the_rpo_reaches_back_to_the_newest_record_that_survived(count: int, survived: int) -> None:
    survived = min(survived, count)
    disrupted = at(4 * count)
    loss = assess(kept(count, survived), disrupted)
    assert loss.rpo == disrupted - at(4 * (survived - 1))
    assert loss.missing_count == count - survived


def test_records_written_after_the_recovery_do_not_shorten_the_rpo() -> None:
    writes = [*kept(5, 3), Write(9, at(100), True, True)]
    assert assess(writes, at(20)).rpo == at(20) - at(8)


def test_lost_records_are_named_by_ranges_and_so_are_those_that_came_back() -> None:
    writes = [Write(n, at(n), True, n not in (3, 4, 7), n == 4) for n in range(10)]
    loss = assess(writes, at(10))
    assert (loss.missing, loss.reappeared) == (((3, 4), (7, 7)), ((4, 4),))


def test_records_nobody_acknowledged_are_not_lost() -> None:
    writes = [*kept(4, 4), Write(8, at(18), False, False)]
    assert assess(writes, at(20)).missing == ()


def test_without_any_survivor_only_a_lower_bound_is_known() -> None:
    loss = assess(kept(5, 0), at(20))
    assert (loss.rpo, loss.at_least) == (None, timedelta(seconds=1))


def test_a_loss_that_is_at_least_longer_than_the_objective_is_not_met() -> None:
    objectives = Objectives(rto=timedelta(minutes=1), rpo=timedelta(seconds=0.5))
    found = judge(script("." * 20 + "x" * 20 + ":" * 20), kept(5, 0), objectives=objectives)
    assert (found.verdict, found.is_rpo_met) == (NOT_MET, False)


def test_a_recovery_side_that_was_not_read_back_gives_no_rpo() -> None:
    loss = assess([Write(1, at(1), True)], at(5))
    assert loss.rpo is None
    assert "not read back" in loss.reason


@given(st.sets(st.integers(0, 200)))
def test_ranges_cover_exactly_the_numbers(numbers: set[int]) -> None:
    found = ranges(numbers)
    assert {n for first, last in found for n in range(first, last + 1)} == numbers
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
