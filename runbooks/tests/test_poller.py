"""The poller inside one process: what it finds, how much at once, what keeps it from claiming. Processes are tested elsewhere."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from portal.people.models import Team, User
from runbooks import installation
from runbooks.models import Execution, Status, Worker
from runbooks.poller import Lane, Poller, lanes
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.rows import an_execution
from runbooks.tests.test_runner import TWO_CALLS
from runbooks.workers import Presence

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]
PATIENCE = timedelta(seconds=20)


@pytest.fixture
def pollers(settings: Settings) -> Iterator[Callable[[], Poller]]:
    """Makes pollers with a presence of their own and ends them."""
    settings.WAKE_INTERVAL = timedelta(seconds=0.05)
    made: list[Poller] = []

    def make(carry: Callable[[uuid.UUID], bool] | None = None, slots: int = 2) -> Poller:
        own = [Lane(Execution.objects.due().order_by("wake_at"), carry, slots)] if carry else lanes()
        poller = Poller(own, Presence())
        made.append(poller)
        return poller

    yield make
    for poller in made:
        poller.stop()
        assert poller.join(PATIENCE)


def soon(holds: Callable[[], bool], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def is_over(execution: Execution) -> bool:
    execution.refresh_from_db()
    return execution.is_final


class Held:
    """Stands in for the runner: keeps what it is given until let go, and counts."""

    def __init__(self) -> None:
        self.given: list[uuid.UUID] = []
        self.may_go = threading.Event()

    def __call__(self, pk: uuid.UUID) -> bool:
        self.given.append(pk)
        self.may_go.wait(15)
        return False


def test_due_work_is_carried_to_its_end(
    start: Callable[..., Execution], aws: AwsDouble, pollers: Callable[..., Poller]
) -> None:
    execution = start(TWO_CALLS)
    pollers().start()
    assert soon(lambda: is_over(execution))
    assert execution.status == Status.SUCCESS, execution.status_message


def test_never_more_at_once_than_there_are_slots_and_no_row_twice(
    people: dict[str, User], team: Team, pollers: Callable[..., Poller]
) -> None:
    for _ in range(5):
        an_execution(people, team)
    held = Held()
    pollers(held, slots=2).start()
    assert soon(lambda: len(held.given) == 2)
    time.sleep(0.3)  # six more looks
    assert len(held.given) == len(set(held.given)) == 2
    held.may_go.set()


def test_a_row_whose_carrying_failed_is_looked_at_again(
    people: dict[str, User], team: Team, pollers: Callable[..., Poller], caplog: pytest.LogCaptureFixture
) -> None:
    an_execution(people, team)
    seen: list[uuid.UUID] = []

    def fails(pk: uuid.UUID) -> bool:
        seen.append(pk)
        raise LookupError("nothing here")

    pollers(fails).start()
    assert soon(lambda: len(seen) >= 2)
    assert "carrying a row failed" in caplog.text


def test_a_poller_that_stops_claims_nothing_and_finishes_what_it_has(
    people: dict[str, User], team: Team, pollers: Callable[..., Poller]
) -> None:
    an_execution(people, team)
    held = Held()
    poller = pollers(held, slots=1)
    poller.start()
    assert soon(lambda: len(held.given) == 1)
    poller.stop()
    an_execution(people, team)
    assert soon(lambda: Worker.objects.filter(pk=poller.presence.id, is_stopping=True, ended_at=None).exists())
    held.may_go.set()
    assert poller.join(PATIENCE)
    assert len(held.given) == 1
    assert Worker.objects.get(pk=poller.presence.id).ended_at is not None


def test_a_worker_whose_clock_is_off_claims_nothing_and_says_why(
    people: dict[str, User],
    team: Team,
    pollers: Callable[..., Poller],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    an_execution(people, team)
    held = Held()
    held.may_go.set()
    real = time.time
    monkeypatch.setattr("runbooks.workers.time.time", lambda: real() + 31)
    poller = pollers(held)
    poller.start()
    assert soon(lambda: "clock differs" in caplog.text)
    assert Worker.objects.get(pk=poller.presence.id).is_clock_off
    assert held.given == []


def test_a_poller_takes_up_work_when_the_portal_is_released(
    people: dict[str, User], team: Team, pollers: Callable[..., Poller]
) -> None:
    installation.quiesce("A test stops it.")
    an_execution(people, team)
    held = Held()
    held.may_go.set()
    poller = pollers(held)
    poller.start()
    assert soon(lambda: poller.presence.reached > 0)
    time.sleep(0.3)
    assert held.given == []
    row = installation.present()
    row.quiesced_at, row.quiesce_reason = None, ""
    row.save()
    assert soon(lambda: bool(held.given))


def test_a_worker_lives_on_while_the_database_refuses_for_a_moment(
    people: dict[str, User], team: Team, pollers: Callable[..., Poller], caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    held.may_go.set()
    poller = pollers(held)
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE runbooks_worker RENAME TO runbooks_worker_away")
    try:
        poller.start()
        assert soon(lambda: "does not answer" in caplog.text)
    finally:
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE runbooks_worker_away RENAME TO runbooks_worker")
    an_execution(people, team)
    assert soon(lambda: bool(held.given))
