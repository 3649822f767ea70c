"""Drills moved phase by phase, with the real engine: what each phase waits for, deaths, races. Ends: `test_drill_endings.py`."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from portal.audit.log import database_now
from portal.audit.models import Event
from runbooks import drill_runner, parts
from runbooks.lease import claim, later
from runbooks.models import Drill, Execution, Heartbeat, Phase, Probe, Sample, Status, Verdict
from runbooks.tests.drill_stage import BACK, INTERVAL, NOTHING, OUTAGE, PATIENT, Stage, age, look

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_drill_goes_through_every_phase_and_ends_with_its_verdict(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_over(drill)
    assert [row["phase"] for row in drill.phases] == [
        "Baseline", "Inject", "Detect", "Recover", "Verify", "Close", "Restore",
    ]  # fmt: skip
    assert (drill.status, drill.verdict) == (Status.SUCCESS, Verdict.MET)
    assert drill.record["measured"]["rto_seconds"] == 1.5
    assert drill.record["measured"]["rto_compared_seconds"] == 75.0
    assert drill.record["heartbeats"]["missing"] == [[8, 10]]
    assert drill.record["restoration"]["still_missing_count"] == 3
    assert {row["part"]: row["status"] for row in drill.record["executions"]} == {
        "injection": "Success", "recovery": "Success", "restoration": "Success",
    }  # fmt: skip


def test_the_recovery_of_a_lost_region_runs_in_the_recovery_region(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    stage.until_over(drill)
    assert set(drill.executions.values_list("part", "region")) == {
        ("injection", "us-west-2"),
        ("recovery", "us-east-1"),
        ("restoration", "us-west-2"),
    }


def test_every_phase_is_an_audit_event(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    stage.until_over(drill)
    verbs = list(Event.objects.filter(chain=f"drill:{drill.pk}").order_by("sequence").values_list("verb", flat=True))
    assert verbs == [
        "started",
        "began",
        "came to injection",
        "started the injection",
        "came to detection",
        "came to recovery",
        "started the recovery",
        "came to verification",
        "came to measuring",
        "came to restoration",
        "started the restoration",
        "closed",
    ]


# --- baseline --------------------------------------------------------------------------------------------------------


def test_without_a_sampler_nothing_is_injected_and_the_message_says_what_to_start(stage: Stage) -> None:
    drill = stage.start()
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status) == (Phase.BASELINE, Status.IN_PROGRESS)
    assert "manage.py sample" in drill.status_message


def test_an_unreachable_entry_fails_the_drill_and_names_the_address_and_its_answer(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill, "x" * 60)
    look(drill)
    age(drill, timedelta(minutes=2))
    stage.sample(drill, "x" * 40, database_now() - INTERVAL * 40)
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.FAILED, Verdict.NOT_MEASURED)
    assert "http://127.0.0.1:9/" in drill.status_message
    assert "HTTP 503" in drill.status_message
    assert not drill.executions.exists()


def test_one_failed_sample_in_the_baseline_puts_the_injection_off(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill, "." * 30 + "x" + "." * 29)
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert drill.phase == Phase.BASELINE


def test_a_silent_sampler_is_no_baseline(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill)
    Sample.objects.update(sent_at=later(timedelta(minutes=-1)))
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, "silent" in drill.status_message) == (Phase.BASELINE, True)


def test_unacknowledged_records_put_the_injection_off(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill)
    Heartbeat.objects.update(is_acknowledged=False, error="HTTP 500, expected 201")
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert drill.phase == Phase.BASELINE
    assert "HTTP 500" in drill.status_message


def test_records_that_never_arrive_on_the_recovery_side_put_the_injection_off(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill)
    stage.survive([])
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (
        Phase.BASELINE,
        "Waits for the first heartbeat record to arrive in us-east-1.",
    )


# --- waiting, dying, racing ------------------------------------------------------------------------------------------


def test_a_drill_says_that_it_waits_for_a_person(stage: Stage) -> None:
    drill = stage.injected(recovery=stage.version(PATIENT, "ask-first"))
    stage.after_injection(drill, OUTAGE)
    drill = stage.until(stage.until_phase(drill, Phase.RECOVER), lambda one: one.status == Status.WAITING)
    assert "wait" in drill.status_message


def test_the_observation_ends_only_when_the_sampler_has_given_the_probe_back(stage: Stage) -> None:
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.CLOSE)
    Probe.objects.filter(drill=drill).update(lease_until=later(timedelta(minutes=1)))
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (Phase.CLOSE, "Waits for the last answers.")
    assert not Probe.objects.get(drill=drill).is_running


def test_a_part_is_started_once_even_when_a_worker_dies_after_starting_it(stage: Stage) -> None:
    drill = stage.injected()
    assert parts.begin(drill, parts.INJECTION) == ""
    look(drill)
    assert parts.begin(drill, parts.INJECTION) == ""
    assert drill.executions.filter(part="injection").count() == 1


def test_a_part_waits_while_another_run_of_its_runbook_holds_the_service(stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill)
    version = stage.version(NOTHING, "break-it")
    blocker = parts.built(drill, "other", version)
    blocker.drill, blocker.start_key = None, "somebody-elses"
    blocker.save(force_insert=True)
    drill = stage.until_phase(drill, Phase.INJECT)
    look(drill)
    drill.refresh_from_db()
    assert "running for this service already" in drill.status_message
    Execution.objects.filter(pk=blocker.pk).update(status=Status.SUCCESS, ended_at=Now())
    stage.until_phase(drill, Phase.DETECT)


def test_a_drill_held_by_another_worker_is_left_alone(stage: Stage) -> None:
    drill = stage.start()
    assert claim(Drill, drill.pk) is not None
    assert drill_runner.advance_drill(drill.pk) is False
    drill.refresh_from_db()
    assert drill.status == Status.PENDING


def test_a_dead_workers_drill_is_taken_up_when_its_lease_is_over(stage: Stage) -> None:
    drill = stage.start()
    claim(Drill, drill.pk)
    Drill.objects.filter(pk=drill.pk).update(lease_until=later(timedelta(seconds=-1)))
    look(drill)
    drill.refresh_from_db()
    assert drill.status == Status.IN_PROGRESS


def test_a_stale_worker_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    drill = stage.start()
    look(drill)
    real = drill_runner.drill_phases.next_move

    def slowly(one: Drill) -> object:
        move = real(one)
        Drill.objects.filter(pk=one.pk).update(fence=one.fence + 1, lease_token=None, lease_until=None)
        return move

    stage.good_before(drill)
    monkeypatch.setattr(drill_runner.drill_phases, "next_move", slowly)
    assert look(drill) is False
    drill.refresh_from_db()
    assert drill.phase == Phase.BASELINE
