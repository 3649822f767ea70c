"""Pages of incidents: what is seen, who may, and that nothing typed is lost."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.log import record
from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks.models import Incident, SignalKind, Status
from runbooks.operations.incidents import add_note, resolve_incident
from runbooks.operations.signals import send_signal
from runbooks.tests.rows import a_waiting_approval, an_execution, an_incident

pytestmark = pytest.mark.django_db
People = dict[str, User]


def page(client: Client, user: User, name: str, *arguments: object, query: str = "") -> tuple[int, str]:
    client.force_login(user)
    answer = client.get(reverse(name, args=arguments) + query)
    return answer.status_code, answer.content.decode()


def test_an_empty_list_invites_responders_and_tells_others(client: Client, people: People) -> None:
    assert reverse("incident_create") in page(client, people["responder"], "incident_list")[1]
    status, text = page(client, people["viewer"], "incident_list")
    assert status == 200
    assert reverse("incident_create") not in text


def test_the_list_shows_open_ones_first(client: Client, people: People, team: Team) -> None:
    closed = an_incident(people, team, "Closed one")
    resolve_incident(user=people["responder"], incident=closed, resolution="Done.")
    an_incident(people, team, "Open one")
    text = page(client, people["viewer"], "incident_list")[1]
    assert text.index("Open one") < text.index("Closed one")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?state=open", {"Open one"}),
        ("?state=resolved", {"Closed one"}),
        ("?text=open", {"Open one"}),
        ("?severity=4", set()),
    ],
)
def test_the_list_is_narrowed(client: Client, people: People, team: Team, query: str, shown: set[str]) -> None:
    resolve_incident(user=people["responder"], incident=an_incident(people, team, "Closed one"), resolution="Done.")
    an_incident(people, team, "Open one")
    text = page(client, people["viewer"], "incident_list", query=query)[1]
    assert {title for title in ("Open one", "Closed one") if f">{title}<" in text} == shown


def test_another_teams_incident_does_not_exist(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    assert page(client, people["outsider"], "incident_detail", incident.pk)[0] == 404
    assert page(client, people["outsider"], "incident_fragment", incident.pk)[0] == 404
    assert incident.title not in page(client, people["outsider"], "incident_list")[1]
    for name in ("incident_note", "incident_severity", "incident_resolve"):
        assert client.post(reverse(name, args=[incident.pk]), {"text": "x"}).status_code == 404


def test_a_responder_opens_one_and_lands_on_it(client: Client, people: People, team: Team, service: Service) -> None:
    client.force_login(people["responder"])
    typed = {
        "title": "Checkout is down",
        "severity": "1",
        "team": team.pk,
        "services": [service.pk],
        "disrupted_at": "",
    }
    answer = client.post(reverse("incident_create"), typed)
    incident = Incident.objects.get()
    assert answer.headers["Location"] == reverse("incident_detail", args=[incident.pk])
    assert list(incident.services.all()) == [service]


def test_a_refused_opening_keeps_what_was_typed(client: Client, people: People, team: Team) -> None:
    client.force_login(people["responder"])
    typed = {"title": "", "severity": "3", "team": team.pk, "disrupted_at": "2999-01-01T10:00"}
    answer = client.post(reverse("incident_create"), typed)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Say in a few words what is wrong." in text
    assert "This lies in the future." in text
    assert "2999-01-01T10:00" in text
    assert not Incident.objects.exists()


def test_who_may_not_open_one_is_told_so(client: Client, people: People) -> None:
    assert page(client, people["viewer"], "incident_create")[0] == 403


def test_the_page_merges_notes_executions_and_acts_by_time(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    add_note(user=people["responder"], incident=incident, text="First **seen** by a client")
    execution = an_execution(people, team, incident=incident, status=Status.FAILED)
    resolve_incident(user=people["responder"], incident=incident, resolution="By hand")
    status, text = page(client, people["viewer"], "incident_detail", incident.pk)
    assert status == 200
    assert "First <strong>seen</strong> by a client" in text
    assert reverse("execution_detail", args=[execution.pk]) in text
    assert text.index("Resolved by Responder Tester") < text.index("First <strong>seen</strong>")


def test_a_note_cannot_carry_a_script(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    add_note(user=people["responder"], incident=incident, text="<script>alert(1)</script> [x](javascript:alert(1))")
    text = page(client, people["viewer"], "incident_detail", incident.pk)[1]
    assert "<script>alert" not in text
    assert 'href="javascript' not in text


def test_a_viewer_sees_no_forms_and_is_refused_when_he_posts(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    text = page(client, people["viewer"], "incident_detail", incident.pk)[1]
    assert reverse("incident_note", args=[incident.pk]) not in text
    assert client.post(reverse("incident_note", args=[incident.pk]), {"text": "x"}).status_code == 403
    assert not incident.notes.exists()


def test_a_note_by_htmx_returns_an_empty_form_and_the_timeline(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client.force_login(people["responder"])
    answer = client.post(reverse("incident_note", args=[incident.pk]), {"text": "Seen"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="note-form"' in text
    assert 'id="incident-live"' in text
    assert 'hx-swap-oob="true"' in text
    assert "<p>Seen</p>" in text


def test_an_empty_note_is_refused_in_its_form(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client.force_login(people["responder"])
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post(reverse("incident_note", args=[incident.pk]), {"text": " "}, headers=headers)
        assert answer.status_code == 422
        assert "Write what happened, was seen or was decided." in answer.content.decode()


def test_the_fragment_is_sent_only_when_something_changed(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client.force_login(people["viewer"])
    address = reverse("incident_fragment", args=[incident.pk])
    seen = client.get(address).context["seen"]
    assert client.get(address, {"seen": seen}).status_code == 204
    add_note(user=people["responder"], incident=incident, text="Something")
    assert client.get(address, {"seen": seen}).status_code == 200


def test_severity_and_resolution_change_from_the_page(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client.force_login(people["responder"])
    client.post(reverse("incident_severity", args=[incident.pk]), {"severity": "1", "reason": "All down"})
    client.post(reverse("incident_resolve", args=[incident.pk]), {"resolution": "Failed over"})
    incident.refresh_from_db()
    assert (incident.severity, incident.resolution) == (1, "Failed over")


def test_a_refused_resolution_keeps_the_box_open(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    client.force_login(people["responder"])
    answer = client.post(reverse("incident_resolve", args=[incident.pk]), {"resolution": ""})
    assert answer.status_code == 422
    assert '<details class="card" id="resolve-box" open>' in answer.content.decode()


def test_an_incident_that_never_was_is_not_found(client: Client, people: People) -> None:
    assert page(client, people["admin"], "incident_detail", uuid.uuid4())[0] == 404


def test_what_a_person_sent_to_an_execution_is_in_the_timeline_once(client: Client, people: People, team: Team) -> None:
    incident = an_incident(people, team)
    execution, step = a_waiting_approval(people, team, incident=incident)
    chain = f"execution:{execution.pk}"
    record(chain, "started", str(execution.version), actor=people["responder"], team=team)
    send_signal(
        user=people["approver"], execution=execution, kind=SignalKind.APPROVE, step_execution=step, comment="Go ahead"
    )
    record(chain, "applied approve", str(execution.version), actor=people["approver"], detail={"comment": "Go ahead"})
    record(chain, "finished step Approve", str(execution.version))
    client.force_login(people["viewer"])
    entries = client.get(reverse("incident_detail", args=[incident.pk])).context["entries"]
    assert [(entry.who, entry.text) for entry in entries if entry.kind == "act"] == [
        ("Approver Tester", "sent approve step Approve. Go ahead")
    ]
