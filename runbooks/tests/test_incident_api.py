"""Incidents as JSON: the same refusals as the pages, nothing of other teams, nothing that is not known."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks.models import Incident
from runbooks.tests.rows import an_execution, an_incident

pytestmark = pytest.mark.django_db
People = dict[str, User]
ADDRESS = "/api/incidents/"


def asking(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_a_responder_opens_notes_grades_and_resolves(people: People, team: Team, service: Service) -> None:
    client = asking(people["responder"])
    sent = {
        "title": "Down",
        "severity": 2,
        "team": "shop",
        "services": ["checkout"],
        "disrupted_at": "2026-01-01T10:00:00Z",
    }
    opened = client.post(ADDRESS, sent, format="json")
    assert opened.status_code == 201, opened.json()
    address = f"{ADDRESS}{opened.json()['id']}/"
    assert client.post(f"{address}notes/", {"text": "Seen"}, format="json").status_code == 201
    assert client.post(f"{address}severity/", {"severity": 1, "reason": "All"}, format="json").json()["severity"] == 1
    resolved = client.post(f"{address}resolve/", {"resolution": "Failed over"}, format="json").json()
    assert (resolved["resolution"], resolved["resolved_by"]) == ("Failed over", "responder")
    assert [note["text"] for note in resolved["notes"]] == ["Seen"]
    assert resolved["services"] == ["checkout"]


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"title": "", "severity": 9, "team": "shop"}, {"title", "severity"}),
        ({"title": "x", "severity": 1, "team": "nowhere", "services": ["none"]}, {"team", "services"}),
    ],
)
def test_every_problem_comes_at_once(people: People, team: Team, sent: dict[str, Any], named: set[str]) -> None:
    answer = asking(people["responder"]).post(ADDRESS, sent, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == named
    assert not Incident.objects.exists()


@pytest.mark.parametrize("field", ["resolved_by", "opened_at", "opened_by", "nonsense"])
def test_an_unknown_field_is_refused(people: People, team: Team, field: str) -> None:
    sent = {"title": "Down", "severity": 1, "team": "shop", field: "x"}
    assert asking(people["responder"]).post(ADDRESS, sent, format="json").status_code == 400
    assert not Incident.objects.exists()


def test_a_viewer_reads_but_may_not_write(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client, address = asking(people["viewer"]), f"{ADDRESS}{incident.pk}/"
    assert client.get(address).status_code == 200
    assert client.post(ADDRESS, {"title": "x", "severity": 1, "team": "shop"}, format="json").status_code == 403
    assert client.post(f"{address}notes/", {"text": "x"}, format="json").status_code == 403
    assert client.post(f"{address}resolve/", {"resolution": "x"}, format="json").status_code == 403
    assert client.post(f"{address}severity/", {"severity": 1, "reason": "x"}, format="json").status_code == 403


def test_another_teams_incident_does_not_exist(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client, address = asking(people["outsider"]), f"{ADDRESS}{incident.pk}/"
    assert client.get(ADDRESS).json()["results"] == []
    assert client.get(address).status_code == 404
    for door, sent in (("notes", {"text": "x"}), ("resolve", {"resolution": "x"})):
        assert client.post(f"{address}{door}/", sent, format="json").status_code == 404
    assert client.delete(address).status_code == 405


def test_the_list_is_narrowed_and_tells_what_it_cannot_read(people: People, team: Team) -> None:
    an_incident(people, team)
    client = asking(people["viewer"])
    assert client.get(f"{ADDRESS}?state=open").json()["count"] == 1
    assert client.get(f"{ADDRESS}?state=resolved").json()["count"] == 0
    assert client.get(f"{ADDRESS}?severity=77").status_code == 400


def test_the_detail_names_its_executions(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    execution = an_execution(people, team, incident=incident)
    answer = asking(people["viewer"]).get(f"{ADDRESS}{incident.pk}/").json()
    assert [one["id"] for one in answer["executions"]] == [str(execution.pk)]
