"""Streams of live pages over real sockets: a server, a client that reads events, rows that change."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.people.models import Membership, Role, Team, User
from runbooks.models import Execution, SignalKind
from runbooks.tests.asgi_server import AsgiServer, serving, wait_for
from runbooks.tests.rows import a_signal, a_waiting_approval, an_execution
from runbooks.tests.test_execution_in_a_browser import finish
from runbooks.views.live import HUB

pytestmark = pytest.mark.django_db(transaction=True)
People = dict[str, User]


@pytest.fixture
def portal(transactional_db: None) -> Iterator[AsgiServer]:
    with serving() as server:
        yield server


class Stream:
    """The events of one stream as (name, data); beats are passed over unless they are asked for."""

    def __init__(self, port: int, address: str, session: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", address, headers={"Cookie": f"sessionid={session}"})
        self.answer = self.connection.getresponse()

    def next(self, *, with_beats: bool = False) -> tuple[str, str]:
        """The next event; ("", "") when the stream has ended."""
        said: dict[str, str] = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                said[name] = value
            elif with_beats or said["event"] != "beat":
                return said["event"], said["data"]
            else:
                said = {}
        return "", ""

    def picture(self) -> str:
        name, data = self.next()
        assert name == "picture"
        return str(json.loads(data))

    def close(self) -> None:
        self.connection.close()


def signed_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def opened(portal: AsgiServer, user: User, execution: Execution, seen: str = "") -> Any:
    address = reverse("execution_stream", args=[execution.pk]) + f"?seen={seen}"
    return closing(Stream(portal.port, address, signed_in(user)))


def shown(user: User, execution: Execution) -> str:
    """What the page of somebody shows now, as its `seen`."""
    client = Client()
    client.force_login(user)
    page = client.get(reverse("execution_detail", args=[execution.pk])).content.decode()
    return re.search('data-seen="([^"]+)"', page)[1]


def test_a_page_that_shows_something_old_is_told_at_once(portal: AsgiServer, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    with opened(portal, people["viewer"], execution, seen="9.9.9.9.") as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        picture = stream.picture()
    assert 'id="execution-live"' in picture
    assert 'id="execution-parameters" hx-swap-oob="true"' in picture


def test_a_page_that_shows_what_is_hears_that_it_holds_and_then_of_the_change(
    portal: AsgiServer, people: People, team: Team
) -> None:
    execution, _ = a_waiting_approval(people, team)
    with opened(portal, people["viewer"], execution, shown(people["viewer"], execution)) as stream:
        assert stream.next(with_beats=True) == ("beat", "-")
        a_signal(execution, SignalKind.PAUSE, people["responder"])
        assert "is not applied yet" in stream.picture()


def test_the_last_picture_ends_the_stream(portal: AsgiServer, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team)
    with opened(portal, people["viewer"], execution, shown(people["viewer"], execution)) as stream:
        finish(execution)
        picture = stream.picture()
        assert "run-head-success" in picture
        assert "data-live" not in picture
        assert stream.next() == ("end", "-")
        assert stream.next() == ("", "")


def test_each_person_is_shown_what_they_may_do(portal: AsgiServer, people: People, team: Team) -> None:
    execution, _ = a_waiting_approval(people, team, started_by=people["admin"])
    names = ["viewer", "approver", "responder", "admin"]
    streams = {name: opened(portal, people[name], execution, seen="old") for name in names}
    found = {}
    for name, stream in streams.items():
        with stream as one:
            found[name] = one.picture()
    enabled = '<button class="btn btn-primary" type="submit" name="kind" value="Approve">'
    assert [name for name in names if enabled in found[name]] == ["approver"]
    assert "You started this execution" in found["admin"]
    assert "You started this execution" not in found["viewer"]


def test_no_two_pages_send_the_same_key_and_the_token_is_the_pages_own(
    portal: AsgiServer, people: People, team: Team
) -> None:
    execution, _ = a_waiting_approval(people, team)
    keys, tokens = [], []
    for _ in range(2):
        with opened(portal, people["responder"], execution, seen="old") as stream:
            picture = stream.picture()
        keys.append(set(re.findall('name="key" value="([^"]+)"', picture)))
        tokens.append(set(re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', picture)))
    assert not keys[0] & keys[1]
    assert all(len(key) == 32 for key in keys[0])
    assert not tokens[0] & tokens[1]


def test_a_form_of_a_picture_is_accepted(portal: AsgiServer, people: People, team: Team) -> None:
    execution, step = a_waiting_approval(people, team)
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["approver"])
    client.get(reverse("execution_detail", args=[execution.pk]))
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    address = reverse("execution_stream", args=[execution.pk])
    stream = Stream(portal.port, address, cookies.partition("sessionid=")[2])
    with closing(stream):
        picture = stream.picture()
    form = re.search(f'id="answer-form-{step.pk}".*?</form>', picture, re.S)[0]
    fields = dict(re.findall('type="hidden" name="([^"]+)" value="([^"]+)"', form))
    sent = client.post(reverse("execution_signal", args=[execution.pk]), {**fields, "kind": "Approve"})
    assert (sent.status_code, execution.signals.get().kind) == (302, "Approve")


@pytest.mark.parametrize("what", ["signed out", "no member any more", "not active", "another role"])
def test_somebody_who_may_not_watch_any_more_is_let_go(
    portal: AsgiServer, people: People, team: Team, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbooks.live_hub.RECHECK", 0.3)
    execution, _ = a_waiting_approval(people, team)
    session = signed_in(people["viewer"])
    address = reverse("execution_stream", args=[execution.pk])
    with closing(Stream(portal.port, address, session)) as stream:
        stream.picture()
        if what == "signed out":
            client = Client()
            client.cookies["sessionid"] = session
            client.post(reverse("account_logout"))
        elif what == "no member any more":
            Membership.objects.filter(user=people["viewer"]).delete()
        elif what == "another role":
            Membership.objects.create(user=people["viewer"], team=team, role=Role.AUDITOR)
        else:
            User.objects.filter(pk=people["viewer"].pk).update(is_active=False)
        assert stream.next() == ("", "")


def test_an_execution_of_another_team_has_no_stream(portal: AsgiServer, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    with opened(portal, people["outsider"], execution) as stream:
        assert stream.answer.status == 404


def test_nobody_watches_without_signing_in(portal: AsgiServer, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    with closing(Stream(portal.port, reverse("execution_stream", args=[execution.pk]), "")) as stream:
        assert stream.answer.status == 302


def test_a_server_without_asgi_has_no_streams(client: Client, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    client.force_login(people["viewer"])
    assert client.get(reverse("execution_stream", args=[execution.pk])).status_code == 204


def test_the_hub_rests_when_the_last_page_is_closed(portal: AsgiServer, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    with opened(portal, people["viewer"], execution, seen="old") as stream:
        stream.picture()
        assert not HUB.is_idle()
    wait_for(HUB.is_idle, "the hub rests")


def test_streams_end_with_the_server(portal: AsgiServer, people: People, team: Team) -> None:
    execution = an_execution(people, team)
    with opened(portal, people["viewer"], execution, seen="old") as stream:
        stream.picture()
        portal.stop()  # says so where it does not end


@pytest.mark.engine
def test_streams_keep_no_connection_to_the_database(portal: AsgiServer, people: People, team: Team) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only a server can say who is connected to it.")
    execution = an_execution(people, team)
    streams = [opened(portal, people["viewer"], execution, seen="old") for _ in range(10)]
    for stream in streams:
        stream.thing.picture()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        connections = cursor.fetchone()[0]
    for stream in streams:
        stream.thing.close()
    assert connections <= 2  # this test's own and the hub's
