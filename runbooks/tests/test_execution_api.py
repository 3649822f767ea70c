"""Executions as JSON: the same refusals as the pages, nothing of other teams, nothing that is not known."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.catalogue.models import AwsAccount, Service
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
from runbooks.tests.test_execution_controls import PARAMETERS, a_question, a_step_by_step

pytestmark = pytest.mark.django_db
People = dict[str, User]
ADDRESS = "/api/executions/"


def asking(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


def start(user: User | None, **sent: Any) -> Any:
    return asking(user).post(ADDRESS, sent, format="json")


def a_start(**instead: Any) -> dict[str, Any]:
    return {
        "runbook": "fail-over",
        "reason": "Rehearsal",
        "region": "us-east-1",
        "parameters": {"Cluster": "mysfits"},
        **instead,
    }


def test_a_responder_starts_the_newest_published_version(people: People, team: Team, service: Service) -> None:
    a_version(people, team)
    newest = a_version(people, team)
    answer = start(people["responder"], **a_start(service="checkout"))
    assert answer.status_code == 201, answer.json()
    execution = Execution.objects.get(pk=answer.json()["id"])
    assert (execution.version, execution.service, execution.reason) == (newest, service, "Rehearsal")
    assert execution.parameters["Cluster"] == "mysfits"
    assert answer.json()["status"] == "Pending"


def test_the_same_key_starts_once(people: People, team: Team) -> None:
    a_version(people, team)
    key = str(uuid.uuid4())
    first, second = (start(people["responder"], **a_start(start_key=key)) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert Execution.objects.count() == 1


def test_it_starts_for_an_incident(people: People, team: Team) -> None:
    a_version(people, team)
    incident = an_incident(people, team)
    answer = start(people["responder"], **a_start(purpose="Incident", incident=str(incident.pk)))
    assert answer.status_code == 201, answer.json()
    assert incident.executions.count() == 1


def test_every_problem_comes_at_once(people: People, team: Team) -> None:
    a_version(people, team)
    answer = start(people["responder"], runbook="fail-over", parameters={"Nope": 1, "DesiredCount": "x"})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {
        "reason",
        "region",
        "parameters.Nope",
        "parameters.Cluster",
        "parameters.DesiredCount",
    }
    assert not Execution.objects.exists()


def test_an_unknown_field_is_refused(people: People, team: Team) -> None:
    a_version(people, team)
    for field in ("status", "team", "started_by", "document_sha256"):
        assert start(people["responder"], **a_start(**{field: "x"})).status_code == 400
    assert not Execution.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "approver", "auditor"])
def test_who_may_not_start_is_refused(people: People, team: Team, role: str) -> None:
    a_version(people, team)
    assert start(people[role], **a_start()).status_code == 403
    assert not Execution.objects.exists()


def test_who_did_not_sign_in_gets_nothing(people: People, team: Team) -> None:
    execution = an_execution(people, team)
    assert start(None, **a_start()).status_code in {401, 403}
    assert asking(None).get(f"{ADDRESS}{execution.pk}/").status_code in {401, 403}


def test_another_teams_rows_do_not_exist(people: People, team: Team, service: Service, account: AwsAccount) -> None:
    execution = an_execution(people, team)
    client = asking(people["outsider"])
    assert client.get(ADDRESS).json()["results"] == []
    assert client.get(f"{ADDRESS}{execution.pk}/").status_code == 404
    assert client.post(f"{ADDRESS}{execution.pk}/signals/", {"kind": "Pause"}, format="json").status_code == 404
    refused = start(people["outsider"], **a_start(service="checkout", account=account.name))
    assert set(refused.json()["fields"]) == {"runbook", "service", "account"}


def test_the_list_goes_on_where_the_page_before_ended(people: People, team: Team) -> None:
    version = a_version(people, team)
    made = {str(an_execution(people, team, version=version, status=Status.SUCCESS).pk) for _ in range(53)}
    client, address, found = asking(people["viewer"]), ADDRESS, []
    for _ in range(2):
        page = client.get(address).json()
        found += [execution["id"] for execution in page["results"]]
        address = page["next"]
    assert address is None
    assert len(found) == 53
    assert set(found) == made


@pytest.mark.parametrize("query", ["status=Nonsense", "runbook=none", "since=yesterday", "after=x"])
def test_a_filter_that_cannot_be_read_is_refused(people: People, query: str) -> None:
    assert asking(people["viewer"]).get(f"{ADDRESS}?{query}").status_code == 400


def test_the_detail_tells_steps_in_order_with_their_attempts(people: People, team: Team) -> None:
    execution = an_execution(people, team, parameters={"DatabasePassword": "hunter2"})
    an_attempt(execution, "CheckRecoverySide", Status.FAILED, failure_message="Throttled")
    an_attempt(execution, "CheckRecoverySide", attempt=2, outputs={"Running": "2"})
    answer = asking(people["viewer"]).get(f"{ADDRESS}{execution.pk}/")
    steps = answer.json()["steps"]
    assert [(step["name"], step["status"], len(step["attempts"])) for step in steps] == [
        ("CheckRecoverySide", "Success", 2),
        ("Approve", None, 0),
        ("ShiftTraffic", None, 0),
    ]
    assert "hunter2" not in answer.content.decode()


def test_offers_say_who_may_and_sending_follows_them(people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    address = f"{ADDRESS}{execution.pk}/signals/"
    offers = {offer["kind"]: offer for offer in asking(people["approver"]).get(address).json()}
    assert offers["Approve"]["refusal"] == ""
    assert offers["Cancel"]["refusal"] != ""
    sent = asking(people["approver"]).post(address, {"kind": "Approve", "comment": "Go"}, format="json")
    assert sent.status_code == 201, sent.json()
    assert sent.json()["step_execution"] == step.pk
    assert (
        asking(people["approver"]).post(address, {"kind": "Cancel", "comment": "x"}, format="json").status_code == 403
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"kind": "Explode"}, 400),
        ({}, 400),
        ({"kind": "Cancel"}, 400),
        ({"kind": "Cancel", "comment": "x", "applied_at": "2026-01-01"}, 400),
        ({"kind": "Resume"}, 400),
        ({"kind": "Pause", "step_execution": 999_999}, 400),
    ],
)
def test_a_signal_that_does_not_fit_is_refused(people: People, team: Team, sent: dict[str, Any], code: int) -> None:
    execution = an_execution(people, team)
    answer = asking(people["responder"]).post(f"{ADDRESS}{execution.pk}/signals/", sent, format="json")
    assert answer.status_code == code
    assert not execution.signals.exists()


def test_nothing_can_be_sent_to_an_execution_that_is_over(people: People, team: Team) -> None:
    execution = an_execution(people, team, status=Status.SUCCESS)
    client, address = asking(people["responder"]), f"{ADDRESS}{execution.pk}/signals/"
    answer = client.post(address, {"kind": "Cancel", "comment": "Late"}, format="json")
    assert answer.status_code == 400
    assert "is over (Success)" in answer.json()["detail"]


# --- operators' controls --------------------------------------------------------------------------------------------------


def post_signal(user: User, execution: Execution, **sent: Any) -> Any:
    return asking(user).post(f"{ADDRESS}{execution.pk}/signals/", sent, format="json")


def test_it_starts_step_by_step_and_asking_about_failures(people: People, team: Team) -> None:
    a_version(people, team)
    answer = start(people["responder"], **a_start(asks_on_failure=True, is_stepwise=True))
    assert (answer.json()["asks_on_failure"], answer.json()["is_stepwise"]) == (True, True)
    assert start(people["responder"], **a_start(is_stepwise="sometimes")).status_code == 400


def test_the_detail_tells_the_question_what_was_changed_and_what_came_late(people: People, team: Team) -> None:
    execution, failed = a_question(people, team, deviations=[a_deviation("Cluster", "mysfits", "moved")])
    LateResult.objects.create(step_execution=failed, fence=2, outcome="Failed", message="Throttled")
    told = asking(people["viewer"]).get(f"{ADDRESS}{execution.pk}/").json()
    assert (told["question"], told["asks_on_failure"]) == (failed.pk, True)
    (deviation,) = told["deviations"]
    assert [deviation[name] for name in ("parameter", "before", "after", "before_step")] == [
        "Cluster",
        "mysfits",
        "moved",
        "Approve",
    ]
    (late,) = told["steps"][2]["attempts"][0]["late_results"]
    assert (late["outcome"], late["message"]) == ("Failed", "Throttled")


def test_an_answer_goes_to_the_question_without_naming_the_step(people: People, team: Team) -> None:
    execution, failed = a_question(people, team)
    offers = asking(people["responder"]).get(f"{ADDRESS}{execution.pk}/signals/").json()
    assert [offer["kind"] for offer in offers][:4] == ["Retry", "MarkDone", "Skip", "StopStep"]
    sent = post_signal(people["responder"], execution, kind="Skip", comment="Not needed")
    assert (sent.status_code, sent.json()["step_execution"]) == (201, failed.pk)


def test_an_answer_where_nothing_is_asked_is_refused(people: People, team: Team) -> None:
    execution = an_execution(people, team)
    assert post_signal(people["responder"], execution, kind="Skip", comment="x").status_code == 400
    assert not execution.signals.exists()


def test_a_parameter_is_changed_and_a_step_started(people: People, team: Team) -> None:
    execution = a_step_by_step(people, team)
    Execution.objects.filter(pk=execution.pk).update(parameters=PARAMETERS)
    changed = post_signal(
        people["responder"], execution, kind="Change", parameter="DesiredCount", value=5, comment="More"
    )
    assert changed.json()["payload"] == {"parameter": "DesiredCount", "value": 5}
    started = post_signal(people["responder"], execution, kind="StartStep", step="Approve")
    assert (started.status_code, started.json()["payload"]) == (201, {"step": "Approve"})


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "Change", "parameter": "DesiredCount", "value": "many", "comment": "x"}, "parameters.DesiredCount"),
        ({"kind": "Change", "parameter": "Nope", "value": "x", "comment": "x"}, "parameter"),
        ({"kind": "Change", "comment": "x"}, "parameter"),
        ({"kind": "Pause", "parameter": "Cluster", "value": "x"}, "parameter"),
        ({"kind": "Pause", "step": "Approve"}, "step"),
        ({"kind": "Pause", "values": {"a": 1}}, "values"),
    ],
)
def test_a_control_that_does_not_fit_is_refused_by_its_field(
    people: People, team: Team, sent: dict[str, Any], field: str
) -> None:
    execution = an_execution(people, team, parameters=PARAMETERS)
    answer = post_signal(people["responder"], execution, **sent)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert not execution.signals.exists()


def test_a_start_that_comes_too_late_is_refused(people: People, team: Team) -> None:
    execution = a_step_by_step(people, team)
    answer = post_signal(people["responder"], execution, kind="StartStep", step="CheckRecoverySide")
    assert answer.status_code == 400
    assert "is not next" in answer.json()["detail"]
