"""Pages of executions: what a responder sees and sends, who may, and that a refusal says how the run stands."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks.models import Execution, SignalKind, Status
from runbooks.tests.rows import CONTENT, a_signal, a_version, a_waiting_approval, an_attempt, an_execution, an_incident

pytestmark = pytest.mark.django_db
People = dict[str, User]
HTMX = {"HX-Request": "true"}


def page(client: Client, user: User, name: str, *arguments: object, query: str = "") -> tuple[int, str]:
    client.force_login(user)
    answer = client.get(reverse(name, args=arguments) + query)
    return answer.status_code, answer.content.decode()


def send(client: Client, user: User, execution: Execution, headers: dict[str, str] | None = None, **typed: Any) -> Any:
    client.force_login(user)
    return client.post(reverse("execution_signal", args=[execution.pk]), typed, headers=headers or {})


# --- the list -----------------------------------------------------------------------------------------------------------


def test_an_empty_list_invites_responders_only(client: Client, people: People) -> None:
    assert reverse("execution_choose") in page(client, people["responder"], "execution_list")[1]
    assert reverse("execution_choose") not in page(client, people["viewer"], "execution_list")[1]


def test_the_list_is_narrowed_by_status_purpose_runbook_and_service(
    client: Client, people: People, team: Team, service: Service
) -> None:
    running = an_execution(people, team, service=service)
    ended = an_execution(people, team, status=Status.FAILED, version=a_version(people, team, name="Fail back"))
    for query, shown in (
        ("?status=active", {running}),
        ("?status=Failed", {ended}),
        ("?purpose=Incident", set()),
        ("?runbook=fail-back", {ended}),
        ("?service=checkout", {running}),
        (f"?since={timezone.now() + timedelta(days=2):%Y-%m-%d}", set()),
        (f"?until={timezone.now():%Y-%m-%d}", {running, ended}),
        ("?status=nonsense", {running, ended}),
    ):
        text = page(client, people["viewer"], "execution_list", query=query)[1]
        found = {one for one in (running, ended) if reverse("execution_detail", args=[one.pk]) in text}
        assert found == shown, query


def test_every_execution_is_on_exactly_one_page(client: Client, people: People, team: Team) -> None:
    version = a_version(people, team)
    made = {an_execution(people, team, version=version, status=Status.SUCCESS).pk for _ in range(55)}
    client.force_login(people["viewer"])
    found: list[uuid.UUID] = []
    last: uuid.UUID | None = None
    for _ in range(3):
        answer = client.get(reverse("execution_list"), {"after": str(last)} if last else {})
        found += [execution.pk for execution in answer.context["executions"]]
        last = answer.context["last"]
    assert last is None
    assert len(found) == 55
    assert set(found) == made


def test_the_executions_of_another_team_do_not_exist(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    assert str(execution.pk) not in page(client, people["outsider"], "execution_list")[1]
    assert page(client, people["outsider"], "execution_detail", execution.pk)[0] == 404
    assert page(client, people["outsider"], "execution_fragment", execution.pk)[0] == 404
    assert send(client, people["outsider"], execution, kind="Pause").status_code == 404
    assert page(client, people["outsider"], "execution_start", execution.version_id)[0] == 404


def test_a_list_of_many_costs_as_many_queries_as_a_list_of_one(
    client: Client, people: People, team: Team, django_assert_max_num_queries: Any
) -> None:
    version = a_version(people, team)
    for _ in range(20):
        an_execution(people, team, version=version, status=Status.SUCCESS)
    client.force_login(people["viewer"])
    with django_assert_max_num_queries(14):
        client.get(reverse("execution_list"))


# --- one execution ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_it_waits_for_and_who_can_answer(client: Client, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team, incident=an_incident(people, team))
    status, text = page(client, people["viewer"], "execution_detail", execution.pk)
    assert status == 200
    assert "Waits for a decision: Approve" in text
    assert "Approver Tester" in text
    assert "run-banner-incident" in text
    assert "Responder Tester" in text


def test_only_those_whose_answer_would_be_taken_are_named(client: Client, people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team, started_by=people["admin"])
    client.force_login(people["viewer"])
    address = reverse("execution_detail", args=[execution.pk])
    assert client.get(address).context["answerers"] == [people["approver"]]
    step.inputs = {"Approvers": ["somebody-else"]}
    step.save()
    answer = client.get(address)
    assert answer.context["answerers"] == []
    assert "Nobody in Shop can." in answer.content.decode()


def test_the_steps_stand_in_the_documents_order_with_their_status(client: Client, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    places = [text.index(f'id="step-{name}"') for name in ("CheckRecoverySide", "Approve", "ShiftTraffic")]
    assert places == sorted(places)
    graph = json.loads(text.split('type="application/json">')[1].split("</script>")[0])
    assert [node["status"] for node in graph["nodes"]] == ["Success", "Waiting", "Pending"]


def test_what_a_step_gave_is_shown_as_text(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    an_attempt(execution, "CheckRecoverySide", outputs={"Html": "<script>alert(1)</script>"})
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_failure_is_prominent_and_says_what_to_do_next(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, status=Status.FAILED)
    an_attempt(execution, "CheckRecoverySide", Status.FAILED, failure_message="ecs DescribeServices: AccessDenied")
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "What went wrong" in text
    assert "ecs DescribeServices: AccessDenied" in text
    assert f"{reverse('execution_start', args=[execution.version_id])}?again={execution.pk}" in text


def test_earlier_attempts_stay_visible(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    an_attempt(execution, "CheckRecoverySide", Status.FAILED, failure_message="First")
    an_attempt(execution, "CheckRecoverySide", attempt=2)
    text = page(client, people["viewer"], "execution_detail", execution.pk)[1]
    assert "Attempt 1: Failed" in text
    assert "What went wrong" not in text


def test_parameters_that_look_like_credentials_are_masked(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, parameters={"DatabasePassword": "hunter2", "Cluster": "mysfits"})
    text = page(client, people["admin"], "execution_detail", execution.pk)[1]
    assert "hunter2" not in text
    assert "mysfits" in text


def test_an_execution_no_worker_takes_up_says_so(client: Client, people: People, team: Team) -> None:
    late = an_execution(people, team, wake_at=timezone.now() - timedelta(minutes=1))
    assert "No worker has taken this up" in page(client, people["viewer"], "execution_detail", late.pk)[1]
    resting = an_execution(people, team, version=late.version, wake_at=None)
    assert "No worker has taken this up" not in page(client, people["viewer"], "execution_detail", resting.pk)[1]


def test_a_leased_execution_is_not_late(client: Client, people: People, team: Team) -> None:
    now = timezone.now()
    held = an_execution(people, team, wake_at=now - timedelta(minutes=1), lease_until=now + timedelta(seconds=20))
    assert "No worker has taken this up" not in page(client, people["viewer"], "execution_detail", held.pk)[1]


# --- the live part ------------------------------------------------------------------------------------------------------


def test_the_fragment_is_sent_only_when_something_changed(client: Client, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    client.force_login(people["viewer"])
    address = reverse("execution_fragment", args=[execution.pk])
    seen = client.get(address).context["board"].seen
    assert client.get(address, {"seen": seen}).status_code == 204
    a_signal(execution, SignalKind.PAUSE, people["responder"])
    assert client.get(address, {"seen": seen}).status_code == 200


def test_a_finished_execution_is_asked_for_no_more(client: Client, people: People, team: Team) -> None:
    running = an_execution(people, team)
    stream = f'data-live="{reverse("execution_stream", args=[running.pk])}"'
    assert stream in page(client, people["viewer"], "execution_fragment", running.pk)[1]
    ended = an_execution(people, team, version=running.version, status=Status.SUCCESS)
    assert "data-live" not in page(client, people["viewer"], "execution_fragment", ended.pk)[1]


# --- signals ------------------------------------------------------------------------------------------------------------


def test_an_approver_approves_in_place(client: Client, people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    answer = send(client, people["approver"], execution, kind="Approve", step_execution=step.pk, comment="Go")
    assert answer.headers["Location"] == reverse("execution_detail", args=[execution.pk])
    signal = execution.signals.get()
    assert (signal.kind, signal.sent_by, signal.comment, signal.step_execution) == (
        "Approve",
        people["approver"],
        "Go",
        step,
    )


def test_the_same_button_twice_is_one_signal(client: Client, people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    key = str(uuid.uuid4())
    for _ in range(2):
        send(client, people["approver"], execution, kind="Approve", step_execution=step.pk, key=key)
    assert execution.signals.count() == 1


def test_who_started_it_may_not_approve_it_and_reads_why(client: Client, people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team, started_by=people["admin"])
    text = page(client, people["admin"], "execution_detail", execution.pk)[1]
    assert "You started this execution, so another person has to decide." in text
    answer = send(client, people["admin"], execution, HTMX, kind="Approve", step_execution=step.pk)
    assert answer.status_code == 422
    assert "You started this execution, so another person has to decide." in answer.content.decode()
    assert not execution.signals.exists()


@pytest.mark.parametrize("role", ["viewer", "responder", "author"])
def test_who_is_no_approver_is_refused(client: Client, people: People, team: Team, role: str) -> None:
    execution, step = a_waiting_approval(people, team, started_by=people["admin"])
    assert send(client, people[role], execution, kind="Approve", step_execution=step.pk).status_code == 403
    assert not execution.signals.exists()


def test_a_rejection_without_words_is_refused_and_nothing_typed_is_lost(
    client: Client, people: People, team: Team
) -> None:
    execution, step = a_waiting_approval(people, team)
    answer = send(client, people["approver"], execution, HTMX, kind="Reject", step_execution=step.pk, comment="  ")
    assert answer.status_code == 422
    assert "reject needs a reason" in answer.content.decode()
    assert not execution.signals.exists()


def test_a_stale_page_is_told_how_the_run_stands(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    step = an_attempt(execution, "Approve", waits_for=["Approve"])
    answer = send(client, people["approver"], execution, kind="Approve", step_execution=step.pk, comment="Still typing")
    assert answer.status_code == 422
    assert "Approve is already over (Success)" in answer.content.decode()
    assert "Still typing" in answer.content.decode()


def test_a_step_of_another_execution_is_refused(client: Client, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    other, step = a_waiting_approval(people, team, version=execution.version)
    answer = send(client, people["approver"], execution, kind="Approve", step_execution=step.pk)
    assert answer.status_code == 422
    assert not other.signals.exists()


@pytest.mark.parametrize("typed", [{"kind": "Explode"}, {}, {"kind": "Approve", "step_execution": "x"}])
def test_rubbish_is_refused(client: Client, people: People, team: Team, typed: dict[str, str]) -> None:
    execution, _ = a_waiting_approval(people, team)
    assert send(client, people["responder"], execution, **typed).status_code == 422
    assert not execution.signals.exists()


def test_a_cancel_wants_a_reason_and_then_is_sent(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    assert send(client, people["responder"], execution, HTMX, kind="Cancel").status_code == 422
    assert send(client, people["responder"], execution, HTMX, kind="Cancel", comment="Wrong service").status_code == 200
    assert execution.signals.get().comment == "Wrong service"


def test_a_manual_task_is_completed_with_typed_values(client: Client, people: People, team: Team) -> None:
    asked = {"Ticket": {"type": "Integer", "description": "Number"}, "IsSafe": {"type": "Boolean"}}
    task = {"name": "Task", "action": "bcdr:manualTask", "inputs": {"Instructions": "Call **them**", "Values": asked}}
    execution = an_execution(
        people, team, version=a_version(people, team, {**CONTENT, "mainSteps": [task]}), status=Status.WAITING
    )
    step = an_attempt(
        execution, "Task", Status.WAITING, waits_for=["Complete", "Reject"], waiting_message="Call **them**"
    )
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "Call <strong>them</strong>" in text
    typed = {"kind": "Complete", "step_execution": step.pk, "values.Ticket": "abc", "values.IsSafe": "true"}
    refused = send(client, people["responder"], execution, HTMX, **typed)
    assert refused.status_code == 422
    assert "is not a whole number" in refused.content.decode()
    assert 'value="abc"' in refused.content.decode()
    assert send(client, people["responder"], execution, HTMX, **{**typed, "values.Ticket": "42"}).status_code == 200
    assert execution.signals.get().payload == {"values": {"Ticket": 42, "IsSafe": True}}


def test_an_unknown_outcome_is_a_persons_decision(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team, status=Status.WAITING, current_step="ShiftTraffic")
    step = an_attempt(
        execution,
        "ShiftTraffic",
        Status.WAITING,
        is_outcome_unknown=True,
        waits_for=["MarkDone", "Retry", "Skip", "StopStep"],
        waiting_message="The worker stopped before it noted an outcome.",
    )
    text = page(client, people["responder"], "execution_detail", execution.pk)[1]
    assert "Outcome unknown: a person has to decide about ShiftTraffic" in text
    assert f"bcdr-{execution.pk}" in text
    typed = {"kind": "MarkDone", "step_execution": step.pk}
    assert send(client, people["responder"], execution, HTMX, **typed).status_code == 422
    assert send(client, people["responder"], execution, HTMX, **typed, comment="Seen in AWS").status_code == 200
    assert execution.signals.get().kind == "MarkDone"
