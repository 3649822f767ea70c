"""What operators steer a run with on its page: answers about a failure, Start step, a changed parameter, what came too late."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.people.models import Team, User
from runbooks.boards import board_of
from runbooks.models import Execution, LateResult, SignalKind, Status, StepExecution
from runbooks.tests.rows import a_deviation, a_signal, an_attempt, an_execution
from runbooks.tests.test_execution_pages import HTMX, page, send

pytestmark = pytest.mark.django_db
People = dict[str, User]
DENIED = "globalaccelerator UpdateEndpointGroup: AccessDeniedException"
PARAMETERS = {
    "Cluster": "mysfits",
    "DesiredCount": 2,
    "Fence": True,
    "Target": "us-east-1",
    "Zones": ["a"],
    "Labels": {},
}


def a_question(people: People, team: Team, **columns: Any) -> tuple[Execution, StepExecution]:
    """An execution that asks about its failed step ShiftTraffic."""
    execution = an_execution(
        people, team, status=Status.WAITING, current_step="ShiftTraffic", asks_on_failure=True, wake_at=None, **columns
    )
    failed = an_attempt(execution, "ShiftTraffic", Status.FAILED, failure_message=DENIED, action_class="declarative")
    Execution.objects.filter(pk=execution.pk).update(question=failed)
    execution.refresh_from_db()
    return execution, failed


def an_unknown(people: People, team: Team) -> tuple[Execution, StepExecution]:
    """An execution that asks whether the call of ShiftTraffic took effect."""
    execution = an_execution(people, team, status=Status.WAITING, current_step="ShiftTraffic", wake_at=None)
    step = an_attempt(
        execution,
        "ShiftTraffic",
        Status.WAITING,
        action_class="not idempotent",
        is_outcome_unknown=True,
        waits_for=["MarkDone", "Retry", "Skip", "StopStep"],
        waiting_message="Outcome unknown: the worker stopped.",
    )
    return execution, step


def a_step_by_step(people: People, team: Team) -> Execution:
    execution = an_execution(
        people, team, status=Status.WAITING, current_step="Approve", is_stepwise=True, wake_at=None
    )
    an_attempt(execution, "CheckRecoverySide")
    return execution


# --- a failed step that asks ----------------------------------------------------------------------------------------------


def test_a_failed_step_asks_with_awss_words_and_says_what_each_answer_does(
    client: Client, people: People, team: Team
) -> None:
    execution, failed = a_question(people, team)
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "ShiftTraffic failed: what now?" in text
    assert DENIED in text[text.index("what now?") : text.index("answer-form-")]
    places = [text.index(f'value="{kind}" aria-describedby') for kind in ("Retry", "MarkDone", "Skip", "StopStep")]
    assert places == sorted(places)
    assert "Let the failure stand: the execution ends." in text
    assert "What went wrong" not in text
    assert f'id="answer-form-{failed.pk}"' in text


def test_those_who_control_the_run_can_answer(client: Client, people: People, team: Team) -> None:
    execution, _ = a_question(people, team)
    client.force_login(people["viewer"])
    answer = client.get(reverse("execution_detail", args=[execution.pk]))
    assert answer.context["answerers"] == [people["admin"], people["responder"]]
    assert answer.context["change_form"] is None
    assert 'value="Retry" aria-describedby="answer-Retry-does" disabled' in answer.content.decode()


def test_an_answer_is_sent_to_the_failed_attempt_with_its_reason(client: Client, people: People, team: Team) -> None:
    execution, failed = a_question(people, team)
    typed = {"kind": "Retry", "step_execution": failed.pk}
    refused = send(client, people["responder"], execution, HTMX, **typed)
    assert refused.status_code == 422
    assert "retry needs a reason" in refused.content.decode()
    assert (
        send(client, people["responder"], execution, HTMX, **typed, comment="Added the permission").status_code == 200
    )
    signal = execution.signals.get()
    assert (signal.kind, signal.step_execution, signal.comment) == ("Retry", failed, "Added the permission")


def test_who_may_not_control_the_run_cannot_answer(client: Client, people: People, team: Team) -> None:
    execution, failed = a_question(people, team)
    typed = {"kind": "Skip", "step_execution": failed.pk, "comment": "x"}
    assert send(client, people["approver"], execution, **typed).status_code == 403
    assert not execution.signals.exists()


def test_an_answer_to_a_question_that_was_answered_says_how_the_run_stands(
    client: Client, people: People, team: Team
) -> None:
    execution, failed = a_question(people, team)
    Execution.objects.filter(pk=execution.pk).update(question=None, status=Status.IN_PROGRESS)
    typed = {"kind": "Retry", "step_execution": failed.pk, "comment": "Half an hour of typing"}
    answer = send(client, people["responder"], execution, **typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "ShiftTraffic is already over (Failed)" in text
    assert "Half an hour of typing" in text
    assert not execution.signals.exists()


# --- an unknown outcome that cannot be tried again yet ------------------------------------------------------------------


def test_a_retry_that_must_wait_counts_down(client: Client, people: People, team: Team, settings: Any) -> None:
    settings.QUARANTINE = timedelta(seconds=60)
    execution, _ = an_unknown(people, team)
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "Possible in" in text
    left = float(text.split('data-countdown="')[1].split('"')[0])
    assert 50 < left <= 60
    assert 'aria-describedby="answer-Retry-does" disabled' in text
    assert 'aria-describedby="answer-MarkDone-does" disabled' not in text


def test_the_page_is_sent_anew_when_the_wait_for_a_retry_is_over(
    client: Client, people: People, team: Team, settings: Any
) -> None:
    settings.QUARANTINE = timedelta(seconds=60)
    execution, step = an_unknown(people, team)
    client.force_login(people["responder"])
    address = reverse("execution_fragment", args=[execution.pk])
    seen = client.get(address).context["board"].seen
    assert client.get(address, {"seen": seen}).status_code == 204
    StepExecution.objects.filter(pk=step.pk).update(started_at=timezone.now() - timedelta(seconds=61))
    answer = client.get(address, {"seen": seen})
    assert answer.status_code == 200
    assert "data-countdown" not in answer.content.decode()


def test_an_attempt_that_is_made_again_later_says_when(client: Client, people: People, team: Team) -> None:
    said = "CheckRecoverySide will be tried again in a moment."
    later = timezone.now() + timedelta(minutes=5)
    execution = an_execution(people, team, status_message=said, wake_at=later)
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    assert said in text
    assert 290 < float(text.split('data-countdown="')[1].split('"')[0]) <= 300
    Execution.objects.filter(pk=execution.pk).update(wake_at=timezone.now())
    assert "data-countdown" not in page(client, people["viewer"], "execution_detail", execution.pk)[1]


# --- step by step -------------------------------------------------------------------------------------------------------


def test_the_button_names_the_step_that_is_next(client: Client, people: People, team: Team) -> None:
    execution = a_step_by_step(people, team)
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "Start step Approve" in text
    assert "Resume, run the rest" in text
    sent = send(client, people["responder"], execution, HTMX, kind="StartStep", step="Approve")
    assert sent.status_code == 200
    assert execution.signals.get().payload == {"step": "Approve"}


def test_a_start_for_a_step_that_is_over_is_refused_in_place(client: Client, people: People, team: Team) -> None:
    execution = a_step_by_step(people, team)
    answer = send(client, people["responder"], execution, HTMX, kind="StartStep", step="CheckRecoverySide")
    assert answer.status_code == 422
    assert "CheckRecoverySide is not next: Approve is." in answer.content.decode()
    assert not execution.signals.exists()


def test_a_run_that_does_not_go_step_by_step_has_no_such_button(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, current_step="Approve")
    assert "Start step" not in page(client, people["responder"], "execution_detail", execution.pk)[1]


# --- a changed parameter --------------------------------------------------------------------------------------------------


def test_a_parameter_is_changed_with_its_typed_value_and_a_reason(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, parameters=PARAMETERS)
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert 'id="change-form"' in text
    assert "Now: <code>mysfits</code>" in text
    typed = {"kind": "Change", "parameter": "Zones", "parameters.Zones": "a\r\nc", "comment": "A zone is gone"}
    assert send(client, people["responder"], execution, HTMX, **typed).status_code == 200
    signal = execution.signals.get()
    assert (signal.kind, signal.payload) == ("Change", {"parameter": "Zones", "value": ["a", "c"]})


def test_a_parameter_can_be_changed_back_to_its_default(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, parameters={**PARAMETERS, "DesiredCount": 4})
    typed = {"kind": "Change", "parameter": "DesiredCount", "parameters.DesiredCount": "2", "comment": "Enough"}
    assert send(client, people["responder"], execution, HTMX, **typed).status_code == 200
    assert execution.signals.get().payload == {"parameter": "DesiredCount", "value": 2}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"parameter": "Cluster", "parameters.Cluster": "NOT LOWER", "comment": "x"},
            "change-parameters.Cluster_error_1",
        ),
        ({"parameter": "Cluster", "parameters.Cluster": "mysfits", "comment": "x"}, "has this value already"),
        ({"parameter": "", "comment": "x"}, "Choose a parameter of this document"),
        ({"parameter": "Nope", "comment": "x"}, "Select a valid choice"),
        ({"parameter": "Cluster", "parameters.Cluster": "other"}, "needs a reason"),
    ],
)
def test_a_change_that_is_refused_says_why_beside_what_was_typed(
    client: Client, people: People, team: Team, typed: dict[str, str], said: str
) -> None:
    execution = an_execution(people, team, parameters=PARAMETERS)
    answer = send(client, people["responder"], execution, HTMX, kind="Change", **typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert 'id="control-Change" open' in text
    assert typed.get("parameters.Cluster", "") in text
    assert not execution.signals.exists()


def test_who_may_not_control_the_run_changes_nothing(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, parameters=PARAMETERS)
    assert "change-form" not in page(client, people["approver"], "execution_detail", execution.pk)[1]
    typed = {"kind": "Change", "parameter": "Cluster", "parameters.Cluster": "other", "comment": "x"}
    assert send(client, people["approver"], execution, **typed).status_code == 403
    assert not execution.signals.exists()


def test_a_change_of_a_run_that_is_over_is_refused_and_not_lost(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, status=Status.SUCCESS, parameters=PARAMETERS)
    assert "change-form" not in page(client, people["responder"], "execution_detail", execution.pk)[1]
    typed = {"kind": "Change", "parameter": "Cluster", "parameters.Cluster": "other", "comment": "It was renamed"}
    answer = send(client, people["responder"], execution, **typed)
    assert answer.status_code == 422
    assert "This execution is over (Success)" in answer.content.decode()
    assert "It was renamed" in answer.content.decode()


def test_what_was_changed_stands_on_the_page_with_who_and_why(client: Client, people: People, team: Team) -> None:
    changed = [a_deviation("Cluster", "mysfits", "<b>moved</b>", before_step="ShiftTraffic")]
    parameters = {**PARAMETERS, "Cluster": "<b>moved</b>"}
    execution = an_execution(people, team, deviations=changed, parameters=parameters)
    a_signal(execution, SignalKind.CHANGE, people["responder"], comment="It moved")
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    told = text[
        text.index("Changed under way: 1 parameter differs") : text.index("</section>", text.index("Changed under"))
    ]
    for words in ("ShiftTraffic", "&lt;b&gt;moved", "mysfits", "Responder Tester", "It moved"):
        assert words in told
    fragment = page(client, people["viewer"], "execution_fragment", execution.pk)[1]
    assert 'id="execution-parameters" hx-swap-oob="true"' in fragment
    assert "hx-swap-oob" not in text


def test_a_changed_secret_is_never_shown(people: People, team: Team) -> None:
    execution = an_execution(people, team, deviations=[a_deviation("DatabasePassword", "hunter2", "hunter3")])
    (deviation,) = board_of(execution).deviations
    assert "hunter" not in f"{deviation.before}{deviation.after}"


# --- what came too late ---------------------------------------------------------------------------------------------------


def test_what_a_worker_saw_too_late_stands_beside_its_attempt_and_its_question(
    client: Client, people: People, team: Team
) -> None:
    execution, step = an_unknown(people, team)
    client.force_login(people["responder"])
    seen = client.get(reverse("execution_fragment", args=[execution.pk])).context["board"].seen
    LateResult.objects.create(step_execution=step, fence=1, outcome="Failed", message="Throttled <b>late</b>")
    answer = client.get(reverse("execution_fragment", args=[execution.pk]), {"seen": seen})
    text = answer.content.decode()
    assert text.count("Failed, seen too late to count") == 2
    assert "Throttled &lt;b&gt;late" in text


def test_a_board_with_late_results_costs_as_many_queries_as_one_without(
    people: People, team: Team, django_assert_num_queries: Any
) -> None:
    execution = an_execution(people, team)
    for number in range(4):
        attempt = an_attempt(execution, "CheckRecoverySide", attempt=number + 1)
        LateResult.objects.create(step_execution=attempt, fence=1, outcome="Succeeded", response={"n": number})
    board_of(execution)
    with django_assert_num_queries(5):
        assert board_of(execution).seen


# --- classes --------------------------------------------------------------------------------------------------------------


def test_the_class_of_every_step_and_attempt_is_said_in_words(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    an_attempt(execution, "ShiftTraffic", action_class="not idempotent")
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    step = text[text.index('id="step-ShiftTraffic"') :]
    assert "changes something, must not happen twice" in step
    assert "not idempotent, must not happen twice. Each call does it again." in step
    assert "asks a person" in text[text.index('id="step-Approve"') : text.index('id="step-ShiftTraffic"')]
    assert "What the classes of steps mean" in text
