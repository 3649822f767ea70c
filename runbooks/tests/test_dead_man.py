"""The dead-man ping against a real listener: sent once an interval while work gets done, kept back otherwise."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from portal.people.models import Team, User
from runbooks.dead_man import ping_if_due
from runbooks.installation import present, quiesce
from runbooks.lease import later
from runbooks.models import Installation
from runbooks.tests.rows import an_execution

pytestmark = pytest.mark.django_db


class Listener(ThreadingHTTPServer):
    """Counts calls and answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls, self.status = 0, 200


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Listener)
        self.server.calls += 1
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener(settings: Settings) -> Iterator[Listener]:
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.DEAD_MAN_URL = f"http://127.0.0.1:{server.server_port}/ping"
        yield server
        server.shutdown()


def test_one_call_an_interval_however_many_workers_ask(listener: Listener) -> None:
    assert ping_if_due()
    assert not ping_if_due()
    assert listener.calls == 1
    Installation.objects.update(pinged_at=later(timedelta(minutes=-2)))
    assert ping_if_due()
    assert listener.calls == 2


def test_silence_while_the_portal_stands_still(listener: Listener) -> None:
    quiesce("Restored.")
    assert not ping_if_due()
    assert listener.calls == 0
    assert "stands still" in present().ping_error


def test_silence_while_due_work_is_taken_by_nobody(listener: Listener, people: dict[str, User], team: Team) -> None:
    execution = an_execution(people, team)
    type(execution).objects.filter(pk=execution.pk).update(wake_at=later(timedelta(seconds=-61)))
    assert not ping_if_due()
    assert listener.calls == 0
    assert "taken by nobody" in present().ping_error


def test_what_the_other_side_refuses_is_noted_and_cleared_by_the_next_good_call(listener: Listener) -> None:
    listener.status = 404
    assert not ping_if_due()
    assert present().ping_error == "DEAD_MAN_URL answered 404"
    listener.status = 200
    Installation.objects.update(pinged_at=None)
    assert ping_if_due()
    assert present().ping_error == ""


def test_nobody_listening_is_noted_and_raises_nothing(settings: Settings) -> None:
    settings.DEAD_MAN_URL = "http://127.0.0.1:9/ping"
    assert not ping_if_due()
    assert "did not answer" in present().ping_error


def test_an_address_of_the_instance_metadata_is_never_called(settings: Settings) -> None:
    settings.DEAD_MAN_URL = "http://169.254.169.254/latest"
    assert not ping_if_due()
    assert "must never be called" in present().ping_error
