"""Operations on incidents: who may, what is refused, what is recorded."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks.models import Incident
from runbooks.operations.incidents import add_note, chain_of, change_severity, open_incident, resolve_incident
from runbooks.tests.rows import an_execution, an_incident

pytestmark = pytest.mark.django_db
People = dict[str, User]


def test_a_responder_opens_an_incident_with_its_services(people: People, team: Team, service: Service) -> None:
    incident = open_incident(
        user=people["responder"], team=team, title=" Checkout is down ", severity=1, services=[service]
    )
    assert (incident.title, incident.severity, list(incident.services.all())) == ("Checkout is down", 1, [service])
    assert incident.is_open


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "approver", "auditor", "outsider"])
def test_others_may_not_open_one(people: People, team: Team, role: str) -> None:
    with pytest.raises(PermissionDenied):
        open_incident(user=people[role], team=team, title="Checkout is down", severity=1)
    assert not Incident.objects.exists()


def test_every_problem_is_named_at_once(people: People, team: Team, service: Service) -> None:
    other = Team.objects.create(slug="other", name="Other")
    foreign = Service.objects.create(
        slug="foreign", name="Foreign", team=other, owner=people["outsider"], primary_region="x"
    )
    with pytest.raises(ValidationError) as refused:
        open_incident(
            user=people["responder"],
            team=team,
            title="  ",
            severity=9,
            services=[service, foreign],
            disrupted_at=timezone.now() + timedelta(hours=1),
        )
    assert set(refused.value.message_dict) == {"title", "severity", "services", "disrupted_at"}
    assert refused.value.message_dict["services"] == ["Foreign is retired or not yours to see. Leave it out."]


def test_a_second_click_does_not_open_a_second_incident(people: People, team: Team) -> None:
    open_incident(user=people["responder"], team=team, title="Checkout is down", severity=2)
    with pytest.raises(ValidationError, match="is open already, opened by Responder Tester"):
        open_incident(user=people["admin"], team=team, title="checkout is DOWN", severity=2)
    assert Incident.objects.count() == 1


def test_the_same_title_may_return_after_the_first_was_resolved(people: People, team: Team) -> None:
    first = open_incident(user=people["responder"], team=team, title="Checkout is down", severity=2)
    resolve_incident(user=people["responder"], incident=first, resolution="Rolled back.")
    open_incident(user=people["responder"], team=team, title="Checkout is down", severity=2)
    assert Incident.objects.count() == 2


def test_a_note_is_kept_with_its_author(people: People, team: Team) -> None:
    note = add_note(user=people["responder"], incident=an_incident(people, team), text="  Alarm at 09:12 ")
    assert (note.text, note.author) == ("Alarm at 09:12", people["responder"])


def test_a_second_click_does_not_add_a_second_note(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    first = add_note(user=people["responder"], incident=incident, text="Alarm")
    assert add_note(user=people["responder"], incident=incident, text="Alarm") == first
    add_note(user=people["admin"], incident=incident, text="Alarm")
    assert incident.notes.count() == 2


@pytest.mark.parametrize("text", ["", "   \n", "x" * 10_001])
def test_a_note_without_words_or_with_too_many_is_refused(people: People, team: Team, text: str) -> None:
    incident = an_incident(people, team)
    with pytest.raises(ValidationError):
        add_note(user=people["responder"], incident=incident, text=text)
    assert not incident.notes.exists()


def test_a_viewer_may_not_write_a_note(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    with pytest.raises(PermissionDenied):
        add_note(user=people["viewer"], incident=incident, text="Hello")
    assert not incident.notes.exists()


def test_the_severity_changes_with_a_reason(people: People, team: Team) -> None:
    incident = change_severity(
        user=people["responder"], incident=an_incident(people, team), severity=1, reason="All down"
    )
    assert Incident.objects.get(pk=incident.pk).severity == 1
    event = Event.objects.get(chain=chain_of(incident), verb="changed severity to SEV1")
    assert event.detail == {"before": 2, "after": 1, "reason": "All down"}


@pytest.mark.parametrize(("severity", "reason"), [(2, "It is so already"), (5, "No such severity"), (1, " ")])
def test_a_change_of_severity_that_says_nothing_is_refused(
    people: People, team: Team, severity: int, reason: str
) -> None:
    incident = an_incident(people, team)
    with pytest.raises(ValidationError):
        change_severity(user=people["responder"], incident=incident, severity=severity, reason=reason)
    incident.refresh_from_db()
    assert incident.severity == 2


def test_resolving_takes_words_and_keeps_who_and_when(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    with pytest.raises(ValidationError):
        resolve_incident(user=people["responder"], incident=incident, resolution="")
    resolved = resolve_incident(
        user=people["responder"], incident=incident, resolution="Failed over; clients are served."
    )
    assert (resolved.resolved_by, resolved.is_open) == (people["responder"], False)
    assert resolved.resolved_at is not None


def test_an_incident_is_resolved_once_and_the_second_is_told_by_whom(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    resolve_incident(user=people["responder"], incident=incident, resolution="Done.")
    with pytest.raises(ValidationError, match="Responder Tester resolved this incident at"):
        resolve_incident(user=people["admin"], incident=incident, resolution="Done again.")
    with pytest.raises(ValidationError, match="resolved this incident"):
        change_severity(user=people["admin"], incident=incident, severity=4, reason="Over")
    incident.refresh_from_db()
    assert incident.resolution == "Done."


def test_a_fact_that_comes_late_is_still_noted(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    resolve_incident(user=people["responder"], incident=incident, resolution="Done.")
    add_note(user=people["responder"], incident=incident, text="The alarm had been muted.")
    assert incident.notes.count() == 1


def test_an_incident_is_not_resolved_under_a_running_execution(people: People, team: Team) -> None:
    incident = an_incident(people, team)
    an_execution(people, team, incident=incident)
    with pytest.raises(ValidationError, match="Still running for this incident"):
        resolve_incident(user=people["responder"], incident=incident, resolution="Done.")
    incident.refresh_from_db()
    assert incident.is_open


def test_what_was_done_is_in_the_audit_log_and_its_chain_holds(people: People, team: Team) -> None:
    incident = open_incident(user=people["responder"], team=team, title="Down", severity=2)
    add_note(user=people["responder"], incident=incident, text="Seen")
    resolve_incident(user=people["admin"], incident=incident, resolution="Mended")
    events = Event.objects.filter(chain=chain_of(incident)).order_by("sequence")
    assert [(event.verb, event.actor) for event in events] == [
        ("opened", people["responder"]),
        ("noted", people["responder"]),
        ("resolved", people["admin"]),
    ]
    assert broken_link(chain_of(incident)) is None
