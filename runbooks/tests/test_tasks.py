"""Celery's door: a broker that is gone or silent costs whoever starts something two seconds once, and loses nothing."""

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from portal.celery import transport_options
from portal.people.models import Team, User
from runbooks import tasks
from runbooks.models import Execution
from runbooks.tests.rows import an_execution


@pytest.fixture(autouse=True)
def broker() -> Iterator[None]:
    """Nothing is known of the broker before and after."""
    tasks.BROKER.away_until = 0.0
    yield
    tasks.BROKER.away_until = 0.0


class Hints:
    """Stands in for a task: keeps what it is asked to send, or fails like a broker that is gone."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[str] = []
        self.error = error

    def delay(self, pk: str) -> None:
        self.sent.append(pk)
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [OperationalError("gone"), ConnectionRefusedError("gone"), TimeoutError("silent")])
def test_after_a_hint_that_failed_the_broker_is_left_alone_for_a_while(error: Exception) -> None:
    hints = Hints(error)
    for _ in range(3):
        tasks.wake(hints, uuid.uuid4())  # type: ignore[arg-type]
    assert len(hints.sent) == 1
    tasks.BROKER.away_until = 0.0  # the pause is over
    tasks.wake(hints, uuid.uuid4())  # type: ignore[arg-type]
    assert len(hints.sent) == 2


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
@pytest.mark.parametrize("is_listening", [True, False])
def test_a_publish_to_a_silent_or_absent_broker_ends_in_time(
    scheme: str, is_listening: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent: it accepts connections and never says a word, as a frozen server does."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery would prefer it to what it is told
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1] if is_listening else 9
        url = f"{scheme}://127.0.0.1:{port}//"
        app = Celery("test", broker=url, set_as_current=False)
        app.conf.update(
            broker_transport_options=transport_options(url), broker_connection_timeout=2, task_publish_retry=False
        )
        began = time.monotonic()
        with pytest.raises((OperationalError, OSError)):
            app.send_task("nothing", ["x"], queue="wake")
        assert time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_everything_due_is_hinted_at(people: dict[str, User], team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    due, later = an_execution(people, team), an_execution(people, team)
    Execution.objects.filter(pk=later.pk).update(wake_at=None)
    hints = Hints()
    monkeypatch.setattr(tasks, "advance", hints)
    tasks.wake_due()
    assert hints.sent == [str(due.pk)]
