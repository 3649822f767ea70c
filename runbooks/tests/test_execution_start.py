"""The page that starts an execution: its parameters, every problem at once, nothing typed lost, a double click."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.catalogue.models import AwsAccount, Service
from portal.people.models import Team, User
from runbooks.models import Execution, RunbookVersion, Status, VersionStatus
from runbooks.tests.rows import CONTENT, a_version, an_execution, an_incident

pytestmark = pytest.mark.django_db
People = dict[str, User]


@pytest.fixture
def version(people: People, team: Team) -> RunbookVersion:
    return a_version(people, team)


def typed(**instead: Any) -> dict[str, Any]:
    return {
        "purpose": "Alone",
        "reason": "Rehearsal",
        "region": "us-east-1",
        "start_key": str(uuid.uuid4()),
        "parameters.Cluster": "mysfits",
        "parameters.DesiredCount": "2",
        "parameters.Fence": "true",
        "parameters.Target": "us-east-1",
        "parameters.Zones": "a\r\nb",
        "parameters.Labels": "{}",
        **instead,
    }


def post(client: Client, user: User, version: RunbookVersion, sent: dict[str, Any]) -> Any:
    client.force_login(user)
    return client.post(reverse("execution_start", args=[version.pk]), sent)


def test_only_published_runbooks_are_offered_and_only_to_who_may(
    client: Client, people: People, version: RunbookVersion
) -> None:
    newest = a_version(people, version.runbook.team)
    draft = a_version(people, version.runbook.team, name="Draft only")
    RunbookVersion.objects.filter(pk=draft.pk).update(status=VersionStatus.DRAFT)
    client.force_login(people["responder"])
    text = client.get(reverse("execution_choose")).content.decode()
    assert reverse("execution_start", args=[newest.pk]) in text
    assert reverse("execution_start", args=[version.pk]) not in text
    assert "Draft only" not in text
    client.force_login(people["viewer"])
    text = client.get(reverse("execution_choose")).content.decode()
    assert reverse("execution_start", args=[newest.pk]) not in text
    assert "Only responders of Shop start it." in text


def test_the_choice_keeps_the_incident_it_was_asked_for(
    client: Client, people: People, version: RunbookVersion
) -> None:
    incident = an_incident(people, version.runbook.team)
    client.force_login(people["responder"])
    text = client.get(reverse("execution_choose"), {"incident": str(incident.pk)}).content.decode()
    assert f"{reverse('execution_start', args=[version.pk])}?incident={incident.pk}" in text


def test_each_parameter_has_a_field_with_its_default_and_description(
    client: Client, people: People, version: RunbookVersion
) -> None:
    client.force_login(people["responder"])
    text = client.get(reverse("execution_start", args=[version.pk])).content.decode()
    assert "see the <em>dashboard</em>" in text
    assert 'name="parameters.DesiredCount" value="2"' in text
    assert '<option value="eu-west-1">eu-west-1</option>' in text
    assert "a\nb</textarea>" in text
    assert "must match ^[a-z-]{3,20}$" in text


def test_the_page_says_which_steps_change_something(client: Client, people: People, version: RunbookVersion) -> None:
    client.force_login(people["responder"])
    answer = client.get(reverse("execution_start", args=[version.pk]))
    assert [(step.step.name, step.effect) for step in answer.context["plan"]] == [
        ("CheckRecoverySide", "reads"),
        ("Approve", "asks"),
        ("ShiftTraffic", "changes"),
    ]


def test_it_starts_and_leads_to_the_execution(client: Client, people: People, version: RunbookVersion) -> None:
    answer = post(client, people["responder"], version, typed())
    execution = Execution.objects.get()
    assert answer.headers["Location"] == reverse("execution_detail", args=[execution.pk])
    assert execution.parameters == {
        "Cluster": "mysfits",
        "DesiredCount": 2,
        "Fence": True,
        "Target": "us-east-1",
        "Zones": ["a", "b"],
        "Labels": {},
    }


def test_typed_values_are_read_in_their_types(client: Client, people: People, version: RunbookVersion) -> None:
    changed = {
        "parameters.DesiredCount": " 5 ",
        "parameters.Fence": "false",
        "parameters.Zones": "x\r\n\r\n y ",
        "parameters.Labels": '{"k": "v"}',
    }
    post(client, people["responder"], version, typed(**changed))
    parameters = Execution.objects.get().parameters
    assert (parameters["DesiredCount"], parameters["Fence"]) == (5, False)
    assert (parameters["Zones"], parameters["Labels"]) == (["x", "y"], {"k": "v"})


def test_a_double_click_starts_one_execution(client: Client, people: People, version: RunbookVersion) -> None:
    sent = typed()
    first, second = (post(client, people["responder"], version, sent) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Execution.objects.count() == 1


def test_every_problem_is_listed_and_nothing_typed_is_lost(
    client: Client, people: People, version: RunbookVersion
) -> None:
    wrong = {
        "reason": " ",
        "region": "",
        "parameters.Cluster": "NOT ALLOWED",
        "parameters.DesiredCount": "many",
        "parameters.Target": "mars",
        "parameters.Labels": "{not json",
    }
    answer = post(client, people["responder"], version, typed(**wrong))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)
    for value in ("NOT ALLOWED", "many", "{not json"):
        assert value in text
    assert not Execution.objects.exists()


def test_a_second_start_leads_to_the_running_one(client: Client, people: People, version: RunbookVersion) -> None:
    post(client, people["responder"], version, typed())
    running = Execution.objects.get()
    answer = post(client, people["responder"], version, typed())
    assert answer.status_code == 422
    assert reverse("execution_detail", args=[running.pk]) in answer.content.decode()


def test_a_production_account_wants_the_services_name_typed(
    client: Client, people: People, version: RunbookVersion, service: Service, account: AwsAccount
) -> None:
    AwsAccount.objects.update(is_production=True)
    sent = typed(service="checkout", account=str(account.pk))
    assert set(post(client, people["responder"], version, sent).context["form"].errors) == {"typed_name"}
    sent["typed_name"] = "Checkout"
    assert post(client, people["responder"], version, sent).status_code == 302


def test_an_incident_is_bound_at_the_start(client: Client, people: People, version: RunbookVersion) -> None:
    incident = an_incident(people, version.runbook.team)
    answer = post(client, people["responder"], version, typed(purpose="Incident", incident=""))
    assert set(answer.context["form"].errors) == {"incident"}
    post(client, people["responder"], version, typed(purpose="Incident", incident=str(incident.pk)))
    assert incident.executions.count() == 1


def test_starting_again_begins_with_the_same_values(client: Client, people: People, version: RunbookVersion) -> None:
    before = an_execution(
        people,
        version.runbook.team,
        version=version,
        status=Status.FAILED,
        parameters={"Cluster": "earlier", "DesiredCount": 7},
        reason="The first time",
        region="eu-west-1",
    )
    client.force_login(people["responder"])
    text = client.get(reverse("execution_start", args=[version.pk]), {"again": str(before.pk)}).content.decode()
    for value in ("earlier", "7", "The first time", "eu-west-1"):
        assert f'value="{value}"' in text


@pytest.mark.parametrize("role", ["viewer", "approver", "author"])
def test_who_may_not_start_is_told_so(client: Client, people: People, version: RunbookVersion, role: str) -> None:
    assert post(client, people[role], version, typed()).status_code == 403
    assert not Execution.objects.exists()


def test_a_draft_cannot_be_started(client: Client, people: People, version: RunbookVersion) -> None:
    RunbookVersion.objects.filter(pk=version.pk).update(status=VersionStatus.DRAFT)
    client.force_login(people["responder"])
    answer = client.get(reverse("execution_start", args=[version.pk]))
    assert answer.status_code == 400
    assert "is a draft" in answer.content.decode()


def test_rubbish_in_the_address_is_ignored(client: Client, people: People, version: RunbookVersion) -> None:
    client.force_login(people["responder"])
    address = reverse("execution_start", args=[version.pk])
    assert client.get(address, {"again": "x", "incident": "y", "service": "z"}).status_code == 200


@pytest.mark.parametrize(
    ("declared", "sent", "kept"),
    [
        ({"type": "String", "default": ""}, "", ""),
        ({"type": "String", "default": "x"}, "", ""),
        ({"type": "StringList", "default": []}, "", []),
        ({"type": "StringList", "allowedValues": ["a", "b"], "default": ["a"]}, ["b"], ["b"]),
        ({"type": "StringList"}, '["a b", "c"]', ["a b", "c"]),
        ({"type": "MapList", "default": []}, '[{"k": 1}]', [{"k": 1}]),
        ({"type": "Boolean"}, "false", False),
        ({"type": "Integer", "allowedValues": [1, 2]}, "2", 2),
        ({"type": "String", "default": "a\nb " + "x" * 130}, "a\r\nb " + "x" * 130, "a\nb " + "x" * 130),
    ],
)
def test_a_field_of_each_kind_hands_on_what_was_typed(
    client: Client, people: People, team: Team, declared: dict[str, Any], sent: Any, kept: Any
) -> None:
    version = a_version(people, team, {**CONTENT, "parameters": {"One": declared}}, name="Kinds")
    base = {"purpose": "Alone", "reason": "x", "region": "us-east-1"}
    answer = post(client, people["responder"], version, {**base, "parameters.One": sent})
    assert answer.status_code == 302, answer.context["form"].errors
    assert Execution.objects.get().parameters == {"One": kept}


def test_a_start_asks_about_failures_unless_it_is_told_not_to(
    client: Client, people: People, version: RunbookVersion
) -> None:
    client.force_login(people["responder"])
    form = client.get(reverse("execution_start", args=[version.pk])).context["form"]
    assert [field.value() for field in form.ways_of_running()] == [True, None]
    post(client, people["responder"], version, typed())
    assert (Execution.objects.get().asks_on_failure, Execution.objects.get().is_stepwise) == (False, False)


def test_both_ways_of_running_are_kept_and_offered_when_it_is_started_again(
    client: Client, people: People, version: RunbookVersion
) -> None:
    post(client, people["responder"], version, typed(asks_on_failure="on", is_stepwise="on"))
    execution = Execution.objects.get()
    assert (execution.asks_on_failure, execution.is_stepwise) == (True, True)
    again = client.get(reverse("execution_start", args=[version.pk]), {"again": str(execution.pk)})
    assert [field.value() for field in again.context["form"].ways_of_running()] == [True, True]


def test_the_preview_says_the_class_of_each_step(client: Client, people: People, version: RunbookVersion) -> None:
    client.force_login(people["responder"])
    text = client.get(reverse("execution_start", args=[version.pk])).content.decode()
    assert "changes something, safe to repeat, sets a value" in text
    assert "asks a person" in text
