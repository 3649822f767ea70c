"""Standing still after a restore or a promotion: when it begins, what it does to what is under way, who ends it and how."""

import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks import installation, runner
from runbooks.installation import Identity, present, quiesce, reason_to_stand_still
from runbooks.models import Drill, Execution, Installation, Phase, Probe, SignalKind, Status
from runbooks.operations.installation import CONFIRMATION, release
from runbooks.operations.signals import send_signal
from runbooks.sampler import sample_until
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.rows import a_signal, a_version, a_waiting_approval, an_attempt, an_execution
from runbooks.tests.test_runner import TWO_CALLS

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def noted(system_identifier: str, timeline: int) -> Installation:
    present()
    Installation.objects.update(system_identifier=system_identifier, timeline=timeline)
    return present()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Decides what the server says of itself."""

    def say(system_identifier: str, timeline: int) -> None:
        monkeypatch.setattr(installation, "identity", lambda: Identity(system_identifier, timeline))

    return say


# -- when ------------------------------------------------------------------------------------------------------------------


def test_the_server_says_who_it_is_where_it_can() -> None:
    found = installation.identity()
    assert bool(found.system_identifier) == bool(found.timeline) == (connection.vendor == "postgresql")


def test_a_portal_on_its_own_database_may_work() -> None:
    assert reason_to_stand_still() == ""


def test_a_database_on_another_server_stands_still_at_the_first_look(answers: Callable[[str, int], None]) -> None:
    noted("42", 1)
    answers("43", 1)
    assert "restored on another server" in reason_to_stand_still()
    assert present().is_quiesced


def test_a_promoted_database_stands_still(answers: Callable[[str, int], None]) -> None:
    noted("42", 1)
    answers("42", 2)
    assert "timeline 1 became 2" in reason_to_stand_still()


def test_a_promotion_without_loss_is_only_noted(answers: Callable[[str, int], None], settings: Settings) -> None:
    settings.IS_REPLICATION_SYNCHRONOUS = True
    noted("42", 1)
    answers("42", 2)
    assert reason_to_stand_still() == ""
    assert present().timeline == 2
    assert Event.objects.filter(chain="installation", verb="noted its database server").count() == 1


def test_an_identity_learned_for_the_first_time_is_no_change(answers: Callable[[str, int], None]) -> None:
    noted("", 0)
    answers("42", 3)
    assert reason_to_stand_still() == ""
    assert present().system_identifier == "42"


def test_a_server_that_says_nothing_is_no_change(answers: Callable[[str, int], None]) -> None:
    noted("42", 1)
    answers("", 0)
    assert reason_to_stand_still() == ""
    assert present().system_identifier == "42"


def test_a_release_is_not_undone_by_the_next_look(answers: Callable[[str, int], None], people: dict[str, User]) -> None:
    noted("42", 1)
    answers("43", 1)
    reason_to_stand_still()
    release(user=people["admin"], confirm=CONFIRMATION)
    assert reason_to_stand_still() == ""


# -- what it does ------------------------------------------------------------------------------------------------------------


def test_a_running_execution_is_paused_and_says_what_to_do(people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team, status=Status.IN_PROGRESS, current_step="ShiftTraffic")
    quiesce("Restored from last night.")
    execution.refresh_from_db()
    assert (execution.status, execution.is_paused, execution.wake_at) == (Status.WAITING, True, None)
    assert execution.status_message.startswith("This portal was restored; nothing runs until a person confirms.")
    assert "ShiftTraffic" in execution.status_message
    assert broken_link(f"execution:{execution.pk}") is None


def test_the_worker_that_holds_it_is_fenced_out(people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team, fence=4)
    quiesce("Restored.")
    execution.refresh_from_db()
    assert (execution.fence, execution.lease_token) == (5, None)


def test_a_call_under_way_becomes_a_question(people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team, current_step="ShiftTraffic")
    attempt = an_attempt(execution, "ShiftTraffic", Status.IN_PROGRESS, action_class="not idempotent")
    quiesce("Restored.")
    attempt.refresh_from_db()
    assert attempt.is_outcome_unknown
    assert {"Retry", "MarkDone", "Skip"} <= set(attempt.waits_for)


def test_a_read_under_way_is_no_question(people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team, current_step="CheckRecoverySide")
    attempt = an_attempt(execution, "CheckRecoverySide", Status.IN_PROGRESS)
    quiesce("Restored.")
    attempt.refresh_from_db()
    assert not attempt.is_outcome_unknown


def test_signals_from_before_are_refused_with_words(people: dict[str, User], team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    signal = a_signal(execution, SignalKind.APPROVE, people["approver"], step_execution=step)
    quiesce("Restored.")
    signal.refresh_from_db()
    assert signal.applied_at is not None
    assert "send it again" in signal.refusal


def test_what_is_over_stays_as_it_is(people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team, status=Status.SUCCESS)
    quiesce("Restored.")
    before = execution.revision
    execution.refresh_from_db()
    assert (execution.status, execution.revision) == (Status.SUCCESS, before)


def a_drill(service: Service, people: dict[str, User], team: Team, **columns: object) -> Drill:
    version = a_version(people, team)
    facts: dict[str, object] = {
        "title": "Lose a Region",
        "service": service,
        "team": team,
        "scope": "region",
        "injection": version,
        "restoration": version,
        "rto": timedelta(minutes=15),
        "rpo": timedelta(minutes=1),
        "detection_timeout": timedelta(minutes=1),
        "recovery_timeout": timedelta(minutes=1),
        "started_by": people["responder"],
        "status": Status.IN_PROGRESS,
    }
    return Drill.objects.create(**{**facts, **columns})


def test_a_drill_that_disrupts_waits_to_be_cancelled(service: Service, people: dict[str, User], team: Team) -> None:
    drill = a_drill(service, people, team, phase=Phase.BASELINE)
    quiesce("Restored.")
    drill.refresh_from_db()
    assert (drill.status, drill.wake_at) == (Status.WAITING, None)
    assert "cancel this drill" in drill.status_message


def test_a_drill_that_concludes_does_not_begin_its_restoration_by_itself(
    service: Service, people: dict[str, User], team: Team
) -> None:
    drill = a_drill(service, people, team, phase=Phase.RESTORE)
    quiesce("Restored.")
    drill.refresh_from_db()
    assert drill.restoration is None
    assert drill.wake_at is not None


def test_quiescing_twice_changes_nothing(people: dict[str, User], team: Team) -> None:
    assert quiesce("First.") is not None
    assert quiesce("Second.") is None
    assert present().quiesce_reason == "First."


# -- and after ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_after_the_release_nothing_goes_on_until_it_is_resumed(
    start: Callable[..., Execution], aws: AwsDouble, people: dict[str, User]
) -> None:
    execution = start(TWO_CALLS)
    quiesce("Restored.")
    release(user=people["admin"], confirm=CONFIRMATION)
    runner.advance(execution.pk)
    execution.refresh_from_db()
    assert (execution.status, aws.calls) == (Status.PENDING, [])
    send_signal(user=people["responder"], execution=execution, kind=SignalKind.RESUME)
    assert carry(execution).status == Status.SUCCESS, execution.status_message


@pytest.mark.parametrize("role", ["responder", "approver", "auditor", "outsider"])
def test_only_an_admin_releases(role: str, people: dict[str, User]) -> None:
    quiesce("Restored.")
    with pytest.raises(PermissionDenied, match="admin"):
        release(user=people[role], confirm=CONFIRMATION)
    assert present().is_quiesced


@pytest.mark.parametrize("said", ["", "yes", "Old Writer Is Off"])
def test_a_release_needs_the_words(said: str, people: dict[str, User]) -> None:
    quiesce("Restored.")
    with pytest.raises(ValidationError, match="old writer is off"):
        release(user=people["admin"], confirm=said)


def test_there_is_nothing_to_release_where_nothing_stands_still(people: dict[str, User]) -> None:
    with pytest.raises(ValidationError, match="does not stand still"):
        release(user=people["admin"], confirm=CONFIRMATION)


def test_both_are_events_of_one_chain_that_holds(people: dict[str, User]) -> None:
    quiesce("Restored.")
    release(user=people["admin"], confirm=CONFIRMATION)
    told = Event.objects.filter(chain="installation").order_by("sequence")
    assert [(event.verb, event.actor) for event in told] == [("quiesced", None), ("released", people["admin"])]
    assert broken_link("installation") is None


def test_the_commands_do_both_and_say_what_is_next(people: dict[str, User], team: Team) -> None:
    an_execution(people, team)
    said = StringIO()
    call_command("quiesce", "--reason", "Restored from last night.", stdout=said)
    assert "1 executions" in said.getvalue()
    call_command("quiesce", "--reason", "Again.", stdout=said)
    assert "already" in said.getvalue()
    call_command("release", "--as", "admin", "--confirm", CONFIRMATION, stdout=said)
    assert not present().is_quiesced


@pytest.mark.parametrize(
    ("user", "confirm", "said"),
    [("nobody", CONFIRMATION, "no active person"), ("viewer", CONFIRMATION, "admin"), ("admin", "yes", "old writer")],
)
def test_the_release_command_refuses_with_words(user: str, confirm: str, said: str, people: dict[str, User]) -> None:
    quiesce("Restored.")
    with pytest.raises(CommandError, match=said):
        call_command("release", "--as", user, "--confirm", confirm)


def test_the_quiesce_command_wants_a_reason() -> None:
    with pytest.raises(CommandError, match="--reason"):
        call_command("quiesce", "--reason", "  ")


def test_no_probe_is_sampled_while_the_portal_stands_still(
    service: Service, people: dict[str, User], team: Team
) -> None:
    quiesce("Restored.")
    drill = a_drill(service, people, team)
    length = timedelta(milliseconds=40)
    Probe.objects.create(
        drill=drill, url="http://127.0.0.1:9/", interval=length, timeout=length, heartbeat_interval=length
    )
    is_over = threading.Event()
    threading.Timer(0.5, is_over.set).start()
    sample_until(is_over)
    assert Probe.objects.get().started_at is None
