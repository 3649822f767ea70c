"""Every way a drill may end badly, with the real engine, and cancelling it: what it proves then, and that it cleans up."""

from datetime import timedelta

import pytest

from runbooks import parts, runner
from runbooks.models import Drill, Phase, Status, Verdict
from runbooks.operations.drills import cancel_drill
from runbooks.tests.drill_stage import BACK, CHANGING, FAILING, OUTAGE, PATIENT, Stage, age, look

pytestmark = pytest.mark.django_db(transaction=True)


# --- ways to end badly -----------------------------------------------------------------------------------------------


def test_a_failed_injection_ends_the_drill_and_still_cleans_up(stage: Stage) -> None:
    drill = stage.injected(injection=stage.version(FAILING, "break-badly"))
    stage.double.answers["DescribeTable"] = {}
    stage.double.behaviour.append("400")
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.FAILED, Verdict.NOT_MEASURED)
    assert "injection ended as Failed" in drill.record["verdict"]["reason"]
    assert parts.execution_of(drill, parts.RESTORATION).status == Status.SUCCESS
    assert parts.execution_of(drill, parts.RECOVERY) is None


def test_an_injection_that_disrupts_nothing_is_not_measured(stage: Stage) -> None:
    drill = stage.until_phase(stage.injected(), Phase.DETECT)
    age(drill, timedelta(minutes=1))
    stage.after_injection(drill, "." * 60)
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.TIMED_OUT, Verdict.NOT_MEASURED)
    assert parts.execution_of(drill, parts.RECOVERY) is None
    assert parts.execution_of(drill, parts.RESTORATION) is not None


def test_without_a_recovery_the_verdict_is_not_recovered(stage: Stage) -> None:
    drill = stage.injected(recovery=None)
    stage.after_injection(drill, OUTAGE)
    drill = stage.until_phase(drill, Phase.VERIFY)
    age(drill, timedelta(minutes=5))
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.TIMED_OUT, Verdict.NOT_RECOVERED)
    assert drill.record["measured"]["rto_seconds"] is None


def test_a_failed_recovery_fails_the_drill(stage: Stage) -> None:
    drill = stage.injected(recovery=stage.version(FAILING, "mend-badly"))
    stage.double.answers["DescribeTable"] = {}
    stage.after_injection(drill, OUTAGE)
    drill = stage.until_phase(drill, Phase.RECOVER)
    stage.double.behaviour.append("400")
    look(drill)
    runner.advance(parts.execution_of(drill, parts.RECOVERY).pk)
    drill = stage.until_phase(drill, Phase.VERIFY)
    age(drill, timedelta(minutes=1))
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.FAILED, Verdict.NOT_RECOVERED)


def test_a_flapping_service_is_never_verified(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + "::::x" * 30)
    drill = stage.until_phase(drill, Phase.VERIFY)
    for _ in range(5):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (Phase.VERIFY, "Waits for the service to answer steadily.")


def test_a_recovery_must_hold_before_it_is_believed(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + ":" * 30)
    drill = stage.until_phase(drill, Phase.VERIFY)
    look(drill)
    drill.refresh_from_db()
    assert drill.phase == Phase.VERIFY
    assert drill.status_message.startswith("Good since")


def test_a_failed_restoration_is_said_and_changes_no_verdict(stage: Stage) -> None:
    drill = stage.injected(restoration=stage.version(FAILING, "tidy-badly"))
    stage.double.answers["DescribeTable"] = {}
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.RESTORE)
    look(drill)
    stage.double.behaviour.append("400")
    runner.advance(parts.execution_of(drill, parts.RESTORATION).pk)
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.SUCCESS, Verdict.MET)
    assert "restoration ended as Failed" in drill.status_message
    assert drill.record["restoration"]["status"] == "Failed"


def test_an_unreadable_recovery_side_gives_an_rto_but_no_rpo(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.CLOSE)
    stage.double.behaviour.extend(["400"] * 400)
    age(drill, timedelta(minutes=2))
    drill = stage.until_over(drill)
    assert drill.verdict == Verdict.NOT_MEASURED
    assert drill.record["measured"]["is_rto_met"] is True
    assert "not read back" in drill.record["measured"]["rpo_reason"]


def test_lost_records_that_come_back_after_the_restoration_are_named(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.RESTORE)
    stage.survive(range(1, 10))
    for _ in range(4):
        look(drill)
        for execution in drill.executions.filter(ended_at__isnull=True):
            runner.advance(execution.pk)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (Phase.RESTORE, "Looks whether lost records have come back.")
    stage.survive(range(1, 11))
    drill = stage.until_over(drill)
    assert drill.record["heartbeats"]["missing"] == [[8, 10]]
    assert drill.record["heartbeats"]["reappeared"] == [[8, 10]]
    assert drill.record["restoration"]["still_missing_count"] == 0
    assert drill.record["measured"]["rpo_seconds"] is not None


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_drill_cancels_what_runs_and_cleans_up(stage: Stage) -> None:
    drill = stage.injected(recovery=stage.version(PATIENT, "ask-first"))
    stage.after_injection(drill, OUTAGE)
    drill = stage.until(stage.until_phase(drill, Phase.RECOVER), lambda one: one.status == Status.WAITING)
    age(drill, timedelta(seconds=10))
    cancel_drill(user=stage.people["responder"], drill=drill, comment="A real incident")
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.CANCELLED, Verdict.NOT_RECOVERED)
    assert parts.execution_of(drill, parts.RECOVERY).status == Status.CANCELLED
    assert parts.execution_of(drill, parts.RESTORATION).status == Status.SUCCESS


def test_a_drill_cancelled_before_anything_was_injected_is_not_measured(stage: Stage) -> None:
    drill = stage.start()
    look(drill)
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Wrong day")
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.CANCELLED, Verdict.NOT_MEASURED)
    assert not drill.executions.exists()
    assert "Wrong day" in drill.record["verdict"]["reason"]


def test_a_declined_restoration_does_not_run(stage: Stage) -> None:
    drill = stage.until_phase(stage.injected(), Phase.DETECT)
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Leave it", is_restored=False)
    drill = stage.until_over(drill)
    assert drill.status == Status.CANCELLED
    assert parts.execution_of(drill, parts.RESTORATION) is None


def test_a_part_that_starts_in_the_moment_of_the_cancel_is_cancelled_too(stage: Stage) -> None:
    drill = stage.until_phase(stage.injected(injection=stage.version(PATIENT, "ask-to-break")), Phase.INJECT)
    look(drill)
    Drill.objects.filter(pk=drill.pk).update(is_cancelling=True, status_message="Cancelled by nobody.")
    drill = stage.until_over(drill)
    assert drill.status == Status.CANCELLED
    assert parts.execution_of(drill, parts.INJECTION).status == Status.CANCELLED


def test_changing_runbooks_get_what_the_catalogue_knows(stage: Stage) -> None:
    drill = stage.start(recovery=stage.version(CHANGING, "mend-it"))
    assert drill.parameters["recovery"] == {"EntryUrl": "http://127.0.0.1:9/"}
