"""What the portal proved itself: drills of all ages and verdicts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from assessments.checks.context import Context, DrillFact, Promise
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import NOW, PROMISE, context, said


def drilled(verdict: str = "Met", days: int = 10, scope: str = "region", **lengths: timedelta) -> DrillFact:
    return DrillFact("8b1f", scope, verdict, NOW - timedelta(days=days), **lengths)


def proved(*drills: DrillFact, tier: int = 1, **objectives: Promise) -> Context:
    return replace(context(tier=tier), drills=drills, objectives=objectives)


def test_a_scope_with_objectives_that_was_never_drilled_is_a_failure() -> None:
    result = said("drill_recent_success", proved(drilled(), region=PROMISE, zone=PROMISE))
    assert result.outcome is Outcome.FAILED
    assert "scope zone was never drilled" in result.sentence


@pytest.mark.parametrize(
    ("tier", "days", "outcome"), [(1, 92, Outcome.PASSED), (1, 93, Outcome.FAILED), (3, 365, Outcome.PASSED)]
)
def test_how_long_a_drill_lasts_depends_on_the_tier(tier: int, days: int, outcome: Outcome) -> None:
    assert said("drill_recent_success", proved(drilled(days=days), tier=tier, region=PROMISE)).outcome is outcome


@pytest.mark.parametrize("verdict", ["Not met", "Not recovered", "Not measured"])
def test_only_the_verdict_met_is_a_success(verdict: str) -> None:
    assert said("drill_recent_success", proved(drilled(verdict), region=PROMISE)).outcome is Outcome.FAILED


@pytest.mark.parametrize("name", ["rto_met_in_drill", "rpo_met_in_drill"])
def test_what_was_not_measured_is_nothing_to_check(name: str) -> None:
    result = said(name, proved(drilled("Not measured"), region=PROMISE))
    assert result.outcome is Outcome.NOTHING
    assert "no drill that measured" in result.sentence


@pytest.mark.parametrize("name", ["rto_met_in_drill", "rpo_met_in_drill"])
def test_a_measurement_without_an_objective_is_nothing_to_check(name: str) -> None:
    measured = drilled(rto=timedelta(seconds=1), rpo=timedelta(seconds=1))
    assert said(name, proved(measured, zone=PROMISE)).outcome is Outcome.NOTHING


@pytest.mark.parametrize(("seconds", "outcome"), [(900, Outcome.PASSED), (901, Outcome.FAILED)])
def test_a_measured_rto_is_held_against_the_objective_of_today(seconds: int, outcome: Outcome) -> None:
    facts = proved(drilled(rto=timedelta(seconds=seconds)), region=PROMISE)
    assert said("rto_met_in_drill", facts).outcome is outcome


def test_a_service_without_objectives_and_drills_has_nothing_to_check() -> None:
    assert said("drill_recent_success", proved()).outcome is Outcome.NOTHING
