"""Drills moved phase by phase, with the real engine: what each phase waits for, and every way it may end badly."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from portal.audit.log import database_now
from portal.audit.models import Event
from portal.catalogue.models import Service
from portal.people.models import User
from runbooks import drill_runner, parts, runner
from runbooks.lease import claim, later
from runbooks.models import Drill, Execution, Heartbeat, Phase, Probe, RunbookVersion, Sample, Status, Verdict
from runbooks.operations.drills import cancel_drill
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.drill_stage import CHANGING, FAILING, INTERVAL, NOTHING, PATIENT, Stage, age, look

pytestmark = pytest.mark.django_db(transaction=True)

OUTAGE = "." * 4 + "x" * 30
BACK = ":" * 80


@pytest.fixture
def stage(service: Service, people: dict[str, User], publish: Callable[..., RunbookVersion], aws: AwsDouble) -> Stage:
    return Stage(service, people, publish, aws)


def injected(stage: Stage, **said: object) -> Drill:
    """A drill whose injection has begun, with a good baseline."""
    drill = stage.start(**said)
    stage.good_before(drill)
    return stage.until_phase(drill, Phase.INJECT)


def test_a_drill_goes_through_every_phase_and_ends_with_its_verdict(stage: Stage) -> None:
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_over(drill)
    assert [row["phase"] for row in drill.phases] == [
        "Baseline", "Inject", "Detect", "Recover", "Verify", "Close", "Restore",
    ]  # fmt: skip
    assert (drill.status, drill.verdict) == (Status.SUCCESS, Verdict.MET)
    assert drill.record["measured"]["rto_seconds"] == 1.5
    assert drill.record["measured"]["rto_compared_seconds"] == 75.0
    assert drill.record["heartbeats"]["missing"] == [[8, 10]]
    assert {row["part"]: row["status"] for row in drill.record["executions"]} == {
        "injection": "Success", "recovery": "Success", "restoration": "Success",
    }  # fmt: skip


def test_the_recovery_of_a_lost_region_runs_in_the_recovery_region(stage: Stage) -> None:
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + BACK)
    stage.until_over(drill)
    assert set(drill.executions.values_list("part", "region")) == {
        ("injection", "us-west-2"),
        ("recovery", "us-east-1"),
        ("restoration", "us-west-2"),
    }


def test_every_phase_is_an_audit_event(stage: Stage) -> None:
    drill = injected(stage)
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


# --- ways to end badly -----------------------------------------------------------------------------------------------


def test_a_failed_injection_ends_the_drill_and_still_cleans_up(stage: Stage) -> None:
    drill = injected(stage, injection=stage.version(FAILING, "break-badly"))
    stage.double.answers["DescribeTable"] = {}
    stage.double.behaviour.append("400")
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.FAILED, Verdict.NOT_MEASURED)
    assert "injection ended as Failed" in drill.record["verdict"]["reason"]
    assert parts.execution_of(drill, parts.RESTORATION).status == Status.SUCCESS
    assert parts.execution_of(drill, parts.RECOVERY) is None


def test_an_injection_that_disrupts_nothing_is_not_measured(stage: Stage) -> None:
    drill = stage.until_phase(injected(stage), Phase.DETECT)
    age(drill, timedelta(minutes=1))
    stage.after_injection(drill, "." * 60)
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.TIMED_OUT, Verdict.NOT_MEASURED)
    assert parts.execution_of(drill, parts.RECOVERY) is None
    assert parts.execution_of(drill, parts.RESTORATION) is not None


def test_without_a_recovery_the_verdict_is_not_recovered(stage: Stage) -> None:
    drill = injected(stage, recovery=None)
    stage.after_injection(drill, OUTAGE)
    drill = stage.until_phase(drill, Phase.VERIFY)
    age(drill, timedelta(minutes=5))
    drill = stage.until_over(drill)
    assert (drill.status, drill.verdict) == (Status.TIMED_OUT, Verdict.NOT_RECOVERED)
    assert drill.record["measured"]["rto_seconds"] is None


def test_a_failed_recovery_fails_the_drill(stage: Stage) -> None:
    drill = injected(stage, recovery=stage.version(FAILING, "mend-badly"))
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
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + "::::x" * 30)
    drill = stage.until_phase(drill, Phase.VERIFY)
    for _ in range(5):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (Phase.VERIFY, "Waits for the service to answer steadily.")


def test_a_recovery_must_hold_before_it_is_believed(stage: Stage) -> None:
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + ":" * 30)
    drill = stage.until_phase(drill, Phase.VERIFY)
    look(drill)
    drill.refresh_from_db()
    assert drill.phase == Phase.VERIFY
    assert drill.status_message.startswith("Good since")


def test_a_failed_restoration_is_said_and_changes_no_verdict(stage: Stage) -> None:
    drill = injected(stage, restoration=stage.version(FAILING, "tidy-badly"))
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
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.CLOSE)
    stage.double.behaviour.extend(["400"] * 400)
    age(drill, timedelta(minutes=2))
    drill = stage.until_over(drill)
    assert drill.verdict == Verdict.NOT_MEASURED
    assert drill.record["measured"]["is_rto_met"] is True
    assert "not read back" in drill.record["measured"]["rpo_reason"]


def test_lost_records_that_come_back_after_the_restoration_are_named(stage: Stage) -> None:
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.RESTORE)
    stage.survive(range(1, 10))
    for _ in range(4):
        look(drill)
        for execution in drill.executions.filter(ended_at__isnull=True):
            runner.advance(execution.pk)
    stage.survive(range(1, 11))
    drill = stage.until_over(drill)
    assert drill.record["heartbeats"]["missing"] == [[8, 10]]
    assert drill.record["heartbeats"]["reappeared"] == [[8, 10]]
    assert drill.record["restoration"]["still_missing_count"] == 0
    assert drill.record["measured"]["rpo_seconds"] is not None


# --- waiting, dying, racing ------------------------------------------------------------------------------------------


def test_a_drill_says_that_it_waits_for_a_person(stage: Stage) -> None:
    drill = injected(stage, recovery=stage.version(PATIENT, "ask-first"))
    stage.after_injection(drill, OUTAGE)
    drill = stage.until(stage.until_phase(drill, Phase.RECOVER), lambda one: one.status == Status.WAITING)
    assert "wait" in drill.status_message


def test_the_observation_ends_only_when_the_sampler_has_given_the_probe_back(stage: Stage) -> None:
    drill = injected(stage)
    stage.after_injection(drill, OUTAGE + BACK)
    drill = stage.until_phase(drill, Phase.CLOSE)
    Probe.objects.filter(drill=drill).update(lease_until=later(timedelta(minutes=1)))
    for _ in range(3):
        look(drill)
    drill.refresh_from_db()
    assert (drill.phase, drill.status_message) == (Phase.CLOSE, "Waits for the last answers.")
    assert not Probe.objects.get(drill=drill).is_running


def test_a_part_is_started_once_even_when_a_worker_dies_after_starting_it(stage: Stage) -> None:
    drill = injected(stage)
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


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_drill_cancels_what_runs_and_cleans_up(stage: Stage) -> None:
    drill = injected(stage, recovery=stage.version(PATIENT, "ask-first"))
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
    drill = stage.until_phase(injected(stage), Phase.DETECT)
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Leave it", is_restored=False)
    drill = stage.until_over(drill)
    assert drill.status == Status.CANCELLED
    assert parts.execution_of(drill, parts.RESTORATION) is None


def test_a_part_that_starts_in_the_moment_of_the_cancel_is_cancelled_too(stage: Stage) -> None:
    drill = stage.until_phase(injected(stage, injection=stage.version(PATIENT, "ask-to-break")), Phase.INJECT)
    look(drill)
    Drill.objects.filter(pk=drill.pk).update(is_cancelling=True, status_message="Cancelled by nobody.")
    drill = stage.until_over(drill)
    assert drill.status == Status.CANCELLED
    assert parts.execution_of(drill, parts.INJECTION).status == Status.CANCELLED


def test_changing_runbooks_get_what_the_catalogue_knows(stage: Stage) -> None:
    drill = stage.start(recovery=stage.version(CHANGING, "mend-it"))
    assert drill.parameters["recovery"] == {"EntryUrl": "http://127.0.0.1:9/"}
