"""Starting, answering and watching an execution in a terminal."""

import json
import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from portal.people.models import Team, User
from runbooks.models import Execution, LateResult, Status
from runbooks.tests.rows import (
    a_deviation,
    a_version,
    a_waiting_approval,
    an_attempt,
    an_execution,
    an_incident,
)
from runbooks.tests.test_execution_controls import PARAMETERS, a_question, a_step_by_step, an_unknown

People = dict[str, User]


def run(*arguments: str, **options: Any) -> str:
    written = StringIO()
    call_command(*arguments, stdout=written, **options)
    return written.getvalue()


def start(*more: str) -> str:
    told = ("--reason", "Rehearsal", "--region", "us-east-1", "--parameter", "Cluster=mysfits")
    return run("start_execution", "fail-over", "--as", "responder", *told, *more)


@pytest.mark.django_db
def test_it_starts_by_slug_and_says_which_execution(people: People, team: Team) -> None:
    version = a_version(people, team)
    text = start()
    execution = Execution.objects.get()
    assert str(execution.pk) in text
    assert (execution.version, execution.started_by) == (version, people["responder"])


@pytest.mark.django_db
def test_it_starts_for_an_incident_and_prints_json(people: People, team: Team) -> None:
    a_version(people, team)
    incident = an_incident(people, team)
    told = json.loads(start("--incident", str(incident.pk), "--json"))
    assert (told["purpose"], told["incident"]) == ("Incident", str(incident.pk))
    assert told["parameters"]["Cluster"] == "mysfits"


@pytest.mark.django_db
def test_every_refusal_is_on_a_line_of_its_own(people: People, team: Team) -> None:
    a_version(people, team)
    with pytest.raises(CommandError) as refused:
        run("start_execution", "fail-over", "--as", "responder", "--parameter", "Nope=1")
    lines = str(refused.value).splitlines()
    assert len(lines) == 5
    assert any("reason" in line for line in lines)
    assert any("parameters.Nope" in line for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as", "viewer"), "You may not start an execution"),
        (("--as", "outsider"), "There is no published version"),
        (("--as", "nobody"), "no active person"),
        (("--as", "responder", "--parameter", "Cluster"), "write NAME=VALUE"),
        (("--as", "responder", "--parameter", "A=1", "--parameter", "A=2"), "each name once"),
        (("--as", "responder", "--version-number", "7"), "number 7"),
    ],
)
def test_what_cannot_be_started_is_refused(people: People, team: Team, arguments: tuple[str, ...], said: str) -> None:
    a_version(people, team)
    with pytest.raises(CommandError, match=said):
        run("start_execution", "fail-over", *arguments)
    assert not Execution.objects.exists()


@pytest.mark.django_db
def test_a_signal_finds_the_step_that_waits_by_the_first_letters_of_the_id(people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    text = run("send_signal", str(execution.pk)[:8], "Approve", "--as", "approver", "--comment", "Go")
    assert "Approve for Approve" in text
    assert execution.signals.get().step_execution == step


@pytest.mark.django_db
def test_a_refused_signal_says_why(people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    for arguments, said in (
        (("Approve", "--as", "responder"), "You may not approve"),
        (("Reject", "--as", "approver"), "needs a reason"),
        (("Resume", "--as", "responder"), "not paused"),
    ):
        with pytest.raises(CommandError, match=said):
            run("send_signal", str(execution.pk), *arguments)
    assert not execution.signals.exists()


@pytest.mark.django_db
def test_an_id_that_fits_none_or_several_is_refused(people: People, team: Team) -> None:
    with pytest.raises(CommandError, match="at least its first 4"):
        run("show_execution", "xyz!")
    with pytest.raises(CommandError, match="no execution whose id begins"):
        run("show_execution", "abcd")
    version = a_version(people, team)
    for last in "12":
        an_execution(people, team, version=version, id=f"aaaaaaaa-0000-4000-8000-00000000000{last}")
    with pytest.raises(CommandError, match="More than one execution"):
        run("show_execution", "aaaaaaaa")
    assert "aaaaaaaa-0000-4000-8000-000000000002" in run("show_execution", "aaaaaaaa-0000-4000-8000-000000000002")


@pytest.mark.django_db
def test_the_board_in_the_terminal_says_what_the_page_says(people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    text = run("show_execution", str(execution.pk))
    assert "Waits for Approve or Reject at Approve; can answer: admin, approver" in text
    assert text.index("CheckRecoverySide") < text.index("ShiftTraffic")
    told = json.loads(run("show_execution", str(execution.pk), "--json"))
    assert [step["status"] for step in told["steps"]] == ["Success", "Waiting", None]


@pytest.mark.django_db
def test_a_failure_is_shown_with_its_message(people: People, team: Team) -> None:
    execution = an_execution(people, team, status=Status.FAILED)
    an_attempt(execution, "CheckRecoverySide", Status.FAILED, failure_message="AccessDenied for ecs")
    text = run("show_execution", str(execution.pk))
    assert "AccessDenied for ecs" in text
    assert "not run" in text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("status", "code"), [(Status.SUCCESS, 0), (Status.FAILED, 2)])
def test_waiting_ends_with_the_execution_and_its_status(people: People, team: Team, status: Status, code: int) -> None:
    a_version(people, team)

    def end() -> None:
        try:
            Execution.objects.update(status=status, ended_at=timezone.now())
        finally:
            connection.close()

    ender = threading.Timer(0.8, end)
    ender.start()
    try:
        if code == 0:
            assert "Success" in start("--wait", "--timeout", "20")
        else:
            with pytest.raises(CommandError) as failed:
                start("--wait", "--timeout", "20")
            assert failed.value.returncode == code
    finally:
        ender.join(10)


@pytest.mark.django_db
def test_waiting_for_too_long_says_where_to_look(people: People, team: Team) -> None:
    a_version(people, team)
    with pytest.raises(CommandError, match="show_execution") as late:
        start("--wait", "--timeout", "0")
    assert late.value.returncode == 3


@pytest.mark.django_db
def test_the_ways_of_running_are_options_that_are_off_by_themselves(people: People, team: Team) -> None:
    a_version(people, team)
    told = json.loads(start("--ask-on-failure", "--step-by-step", "--json"))
    assert (told["asks_on_failure"], told["is_stepwise"]) == (True, True)
    Execution.objects.update(exclusive_key="another")
    told = json.loads(start("--json"))
    assert (told["asks_on_failure"], told["is_stepwise"]) == (False, False)


@pytest.mark.django_db
def test_a_question_is_shown_with_what_each_answer_does_and_answered(people: People, team: Team) -> None:
    execution, failed = a_question(people, team, deviations=[a_deviation("Cluster", "mysfits", "moved")])
    LateResult.objects.create(step_execution=failed, fence=2, outcome="Failed", message="Throttled")
    text = run("show_execution", str(execution.pk))
    assert "ShiftTraffic failed: what now? Can answer: admin, responder" in text
    assert "StopStep  Let the failure stand" in text
    assert "Changed before Approve: Cluster is 'moved', was 'mysfits'" in text
    assert "Seen too late to count: Failed. Throttled" in text
    run("send_signal", str(execution.pk), "Retry", "--as", "responder", "--comment", "Mended")
    assert execution.signals.get().step_execution == failed


@pytest.mark.django_db
def test_an_unknown_outcome_says_in_the_terminal_when_it_can_be_tried_again(
    people: People, team: Team, settings: Any
) -> None:
    settings.QUARANTINE = timedelta(minutes=5)
    execution, _ = an_unknown(people, team)
    text = run("show_execution", str(execution.pk))
    assert "nobody knows how: what now?" in text
    assert "It did not happen: make the step again. Possible in 4 min" in text or "Possible in 5 min" in text


@pytest.mark.django_db
def test_a_step_is_started_and_a_parameter_changed_in_the_terminal(people: People, team: Team) -> None:
    execution = a_step_by_step(people, team)
    Execution.objects.filter(pk=execution.pk).update(parameters=PARAMETERS)
    change = ("--parameter", "Cluster=other", "--comment", "Renamed")
    run("send_signal", str(execution.pk), "Change", "--as", "responder", *change)
    run("send_signal", str(execution.pk), "StartStep", "--as", "responder", "--step", "Approve")
    assert [signal.payload for signal in execution.signals.all()] == [
        {"parameter": "Cluster", "value": "other"},
        {"step": "Approve"},
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("StartStep", "--step", "CheckRecoverySide"), "is not next: Approve is"),
        (("StartStep", "--parameter", "Cluster=x"), "belongs to Change"),
        (("Pause", "--step", "Approve"), "belongs to StartStep"),
        (("Pause", "--value", "A=1"), "belongs to Complete"),
        (("Change", "--comment", "x"), "Choose a parameter of this document"),
        (("Change", "--parameter", "Cluster", "--comment", "x"), "write NAME=VALUE"),
        (("Change", "--parameter", "Cluster=NOT LOWER", "--comment", "x"), "parameters.Cluster"),
        (("Retry", "--comment", "x"), "must say which step"),
    ],
)
def test_a_control_that_does_not_fit_is_refused_in_the_terminal(
    people: People, team: Team, arguments: tuple[str, ...], said: str
) -> None:
    execution = a_step_by_step(people, team)
    with pytest.raises(CommandError, match=said):
        run("send_signal", str(execution.pk), *arguments, "--as", "responder")
    assert not execution.signals.exists()
