"""The system page, its buttons, and the banner on pages whose reader waits for something to happen."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from portal import health
from portal.audit.guard import lifted
from portal.audit.models import Event
from portal.chains import follow_chains
from portal.people.models import Team, User
from runbooks.installation import present, quiesce
from runbooks.lease import later
from runbooks.models import Worker
from runbooks.operations.installation import CONFIRMATION
from runbooks.tests.rows import an_execution

pytestmark = pytest.mark.django_db
Enter = Callable[[str], Client]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    health.banner.forget()
    yield
    health.banner.forget()


@pytest.fixture
def enter(people: dict[str, User]) -> Enter:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(people[role])
        return client

    return sign_in


def a_worker(**columns: object) -> Worker:
    return Worker.objects.create(**{"host": "host-1", "pid": 7, "version": "0.1.0", **columns})


def page(client: Client, address: str = "/system/", **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "approver", "responder", "auditor", "outsider"])
def test_only_admins_see_the_page(enter: Enter, role: str) -> None:
    assert enter(role).get("/system/").status_code == 403


def test_somebody_unknown_is_sent_to_sign_in(client: Client) -> None:
    assert client.get("/system/").status_code == 302


def test_the_page_tells_that_work_gets_done(enter: Enter) -> None:
    a_worker(clock_offset=0.125)
    shown = page(enter("admin"))
    assert "Work gets done" in shown
    assert "host-1" in shown
    assert "0.125 s" in shown
    assert "working" in shown


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"is_stopping": True}, "stopping"),
        ({"clock_offset": -40.0}, "clock off"),
        ({"seen_at": later(timedelta(seconds=-40))}, "silent"),
        ({"ended_at": later(timedelta(0))}, "ended"),
        ({"version": "0.0.9"}, "another than here"),
    ],
)
def test_the_page_tells_how_a_worker_stands(enter: Enter, columns: dict[str, object], word: str) -> None:
    a_worker(**columns)
    assert f"{word}</span>" in page(enter("admin"))


def test_the_page_tells_that_no_worker_runs(enter: Enter) -> None:
    shown = page(enter("admin"))
    assert "Work does not get done" in shown
    assert "No worker was seen today" in shown


def test_the_living_part_comes_alone(enter: Enter) -> None:
    a_worker()
    shown = page(enter("admin"), **{"HX-Request": "true"})
    assert shown.startswith('<div id="system-live"')
    assert "<html" not in shown


def test_the_log_is_verified_on_demand(enter: Enter) -> None:
    quiesce("Restored.")
    answer = enter("admin").post("/system/verify/")
    assert "All of it holds:</strong> 1 of 1 chains" in " ".join(answer.content.decode().split())


@pytest.mark.django_db(transaction=True)
def test_a_changed_event_is_found(enter: Enter) -> None:
    quiesce("Restored.")
    with lifted("default"):
        Event.objects.update(subject="another")
    answer = enter("admin").post("/system/verify/")
    assert "The log does not hold." in answer.content.decode()


def test_a_verification_whose_time_is_up_says_how_far_it_came(people: dict[str, User], team: Team) -> None:
    an_execution(people, team, status="InProgress")
    quiesce("Restored.")
    found = follow_chains(timedelta(0))
    assert (found.chains, found.total, found.is_complete, found.holds) == (1, 2, False, True)


def test_verifying_is_for_admins_and_no_link_does_it(enter: Enter) -> None:
    assert enter("auditor").post("/system/verify/").status_code == 403
    assert enter("admin").get("/system/verify/").status_code == 405


def test_an_admin_releases_with_the_words(enter: Enter) -> None:
    quiesce("Restored from last night.")
    client = enter("admin")
    assert "Restored from last night." in page(client)
    answer = client.post("/system/release/", {"confirm": CONFIRMATION}, follow=True)
    assert "Released." in answer.content.decode()
    assert not present().is_quiesced


@pytest.mark.parametrize("typed", ["", "yes"])
def test_other_words_release_nothing(enter: Enter, typed: str) -> None:
    quiesce("Restored.")
    answer = enter("admin").post("/system/release/", {"confirm": typed})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.content.decode()
    assert present().is_quiesced


def test_nobody_else_releases(enter: Enter) -> None:
    quiesce("Restored.")
    assert enter("responder").post("/system/release/", {"confirm": CONFIRMATION}).status_code == 403
    assert present().is_quiesced


# -- the banner --------------------------------------------------------------------------------------------------------------

NOBODY_WORKS = "No worker is running: executions stand still."


@pytest.mark.parametrize("address", ["/executions/", "/executions/start/", "/drills/", "/drills/start/", "/"])
def test_pages_of_runs_say_that_no_worker_runs(enter: Enter, address: str) -> None:
    assert NOBODY_WORKS in page(enter("responder"), address)


def test_an_execution_says_that_no_worker_runs(enter: Enter, people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team)
    assert NOBODY_WORKS in page(enter("responder"), f"/executions/{execution.pk}/")


def test_nothing_is_said_while_a_worker_runs(enter: Enter) -> None:
    a_worker()
    assert "stand still" not in page(enter("responder"), "/executions/")


def test_start_pages_say_that_the_portal_stands_still(enter: Enter) -> None:
    quiesce("Restored from last night.")
    shown = page(enter("responder"), "/drills/start/")
    assert "This portal stands still: Restored from last night." in shown


def test_the_reason_is_shown_as_text(enter: Enter) -> None:
    quiesce("<script>alert(1)</script>")
    assert "<script>alert(1)" not in page(enter("responder"), "/executions/")


def test_pages_of_the_catalogue_say_nothing_of_it(enter: Enter) -> None:
    assert NOBODY_WORKS not in page(enter("responder"), "/services/")


def test_an_open_page_learns_of_it_by_asking(enter: Enter) -> None:
    client = enter("responder")
    assert NOBODY_WORKS in page(client, "/system/banner/")
    assert client.get("/system/banner/", {"seen": NOBODY_WORKS}).status_code == 204
    a_worker()
    health.banner.forget()
    assert NOBODY_WORKS not in page(client, f"/system/banner/?seen={NOBODY_WORKS}")


def test_the_server_that_answers_is_named(enter: Enter) -> None:
    shown = page(enter("admin"))
    assert ("PostgreSQL" if connection.vendor == "postgresql" else "SQLite") in shown
    assert str(present().uuid) in shown
