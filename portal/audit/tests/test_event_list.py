"""The page of the log: who reads which events, how it is narrowed, and that a broken chain is said aloud."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from portal.audit.guard import lifted
from portal.audit.log import database_now, record
from portal.audit.models import Event
from portal.people.models import Membership, Role, Team, User

PAGE = "/audit/"


@pytest.fixture
def enter(people: dict[str, User]) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(people[role])
        return client

    return sign_in


@pytest.fixture
def events(team: Team, people: dict[str, User]) -> None:
    with transaction.atomic():
        record("service:checkout", "created", "Checkout", actor=people["owner"], team=team)
        record(
            "service:checkout",
            "changed",
            "Checkout",
            actor=people["admin"],
            detail={"changed": {"tier": {"from": 1, "to": 2}}},
        )
        record("execution:abc", "started", "Failover", actor=people["responder"], team=team)
        other = Team.objects.create(slug="warehouse", name="Warehouse")
        record("service:stock", "created", "Stock of another team", team=other)
        record("execution:lost", "started", "Run of nobody's team")


def shown(client: Client, **narrowed: str) -> list[str]:
    return [str(reading.event) for reading in client.get(PAGE, narrowed).context["readings"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 200), ("admin", 200), ("viewer", 403), ("owner", 403), ("outsider", 403)]
)
def test_the_log_is_for_auditors_and_admins(
    enter: Callable[[str], Client], events: None, role: str, status: int
) -> None:
    assert enter(role).get(PAGE).status_code == status


@pytest.mark.django_db
def test_an_auditor_reads_the_events_of_his_teams_only(enter: Callable[[str], Client], events: None) -> None:
    assert shown(enter("auditor")) == [
        "execution:abc#1 started",
        "service:checkout#2 changed",
        "service:checkout#1 created",
    ]


@pytest.mark.django_db
def test_a_viewer_of_another_team_is_no_auditor_there(
    enter: Callable[[str], Client], events: None, people: dict[str, User]
) -> None:
    other = Team.objects.get(slug="warehouse")
    Membership.objects.create(user=people["auditor"], team=other, role=Role.VIEWER)
    assert len(shown(enter("auditor"))) == 3
    Membership.objects.create(user=people["auditor"], team=other, role=Role.AUDITOR)
    assert len(shown(enter("auditor"))) == 4


@pytest.mark.django_db
def test_the_log_is_narrowed(enter: Callable[[str], Client], events: None) -> None:
    client = enter("auditor")
    today, tomorrow = database_now().date(), database_now().date() + timedelta(days=1)
    assert shown(client, kind="execution") == ["execution:abc#1 started"]
    assert shown(client, actor="owner") == ["service:checkout#1 created"]
    assert shown(client, q="failover") == ["execution:abc#1 started"]
    assert len(shown(client, since=today.isoformat(), until=today.isoformat())) == 3
    assert shown(client, since=tomorrow.isoformat()) == []
    assert shown(client, chain="service:stock") == []
    assert len(shown(client, since="not a day", kind="nonsense")) == 3


@pytest.mark.django_db
def test_a_chain_that_holds_is_said_to_hold(enter: Callable[[str], Client], events: None) -> None:
    page = enter("auditor").get(PAGE, {"chain": "service:checkout"})
    assert b"holds" in page.content
    assert page.context["length"] == 2


@pytest.mark.django_db(transaction=True)
def test_a_broken_chain_is_named_with_its_event(enter: Callable[[str], Client], events: None) -> None:
    with lifted("default"):
        Event.objects.filter(chain="service:checkout", sequence=1).update(subject="Something else")
    page = enter("auditor").get(PAGE, {"chain": "service:checkout"})
    assert b"is broken at event 1" in page.content


@pytest.mark.django_db
def test_a_missing_guard_is_shown(enter: Callable[[str], Client], events: None) -> None:
    name = "audit_event_refuses_update" if connection.vendor == "sqlite" else "audit_event_refuses_changes"
    if connection.vendor == "postgresql":
        connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else " ON audit_event"))
    assert name.encode() in enter("auditor").get(PAGE).content


@pytest.mark.django_db
def test_pages_of_many_events_ask_a_fixed_number_of_questions(
    enter: Callable[[str], Client], team: Team, people: dict[str, User], django_assert_max_num_queries: Callable
) -> None:
    for number in range(60):
        record("service:checkout", f"changed {number}", "Checkout", actor=people["owner"], team=team)
    client = enter("auditor")
    with django_assert_max_num_queries(14):
        assert len(client.get(PAGE).context["readings"]) == 50
