"""Faults 6, 12, 13, 15, 16, 18 and 40 of docs/faults.md: the database goes away at any place, takes no writes, or errs in time.

A dropped connection is caused where Django meets the driver, so that each place is hit once and for certain; a server that
crashes under real workers is in the chaos run.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, OperationalError, connection, connections

from portal.audit import log as audit
from portal.people.models import User
from runbooks import attempts, runner
from runbooks.lease import Renewal, claim
from runbooks.ledger import Ledger
from runbooks.models import Execution, SignalKind, Status
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import Died, a_text, die, dies, effects, interrupted, let_the_lease_run_out
from runbooks.workers import Presence

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
MOST_PLACES = 200
"""A slice of two steps makes fewer statements than this; a sweep that does not end has found something."""


class Dropper:
    """Drops this thread's connection at one place: before a statement, after it, before a commit or after it."""

    def __init__(self, what: str, at: int) -> None:
        self.what, self.at, self.seen = what, at, 0
        self.has_dropped = False
        self.thread = threading.get_ident()

    def _is_here(self, what: str) -> bool:
        if threading.get_ident() != self.thread or self.has_dropped or what != self.what:
            return False
        self.seen += 1
        self.has_dropped = self.seen == self.at
        return self.has_dropped

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._is_here("before a statement"):
            drop()
        result = execute(sql, params, many, context)
        if self._is_here("after a statement"):
            drop()
        return result

    def commit(self, original: Callable[[], None]) -> None:
        if self._is_here("before a commit"):
            drop()
        original()
        if self._is_here("after a commit"):
            drop()


def drop() -> None:
    """The server is gone: the transaction with it, and the driver says so. SQLite's file cannot go, its transaction can."""
    if connection.vendor == "sqlite" and connection.connection.in_transaction:
        connection.connection.rollback()
    elif connection.vendor == "postgresql":
        connection.connection.close()
    raise OperationalError("server closed the connection unexpectedly")


@contextmanager
def dropping(dropper: Dropper) -> Iterator[None]:
    """Within the block the connection is dropped at the dropper's place."""
    original = connection._commit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_commit", lambda: dropper.commit(original))
        with connection.execute_wrapper(dropper.statement):
            yield


@pytest.mark.long
@pytest.mark.parametrize(
    "what", ["before a statement", "after a statement", "before a commit", "after a commit"], ids=lambda what: what
)
def test_f13_a_connection_dropped_anywhere_costs_no_second_effect(
    start: Start, aws: AwsDouble, people: dict[str, User], publish: Callable[..., Any], what: str
) -> None:
    for place in range(1, MOST_PLACES):
        aws.calls.clear()
        execution = start("", version=publish(a_text("ONCE"), f"Example {place}"))
        dropper = Dropper(what, place)
        # An error that reaches us is a task that failed; the next one looks at the rows.
        with dropping(dropper), contextlib.suppress(Error):
            runner.advance(execution.pk)
        connection.close()
        let_the_lease_run_out(execution)
        _end_truthfully(execution, aws, people)
        assert effects(aws, "ONCE") == 1, f"{what} {place}: {effects(aws, 'ONCE')} effects"
        assert audit.broken_link(f"execution:{execution.pk}") is None, f"{what} {place}"
        if not dropper.has_dropped:
            return
    raise AssertionError(f"more than {MOST_PLACES} places {what}")


def _end_truthfully(execution: Execution, aws: AwsDouble, people: dict[str, User]) -> None:
    """Carry on; a question is answered after a look into AWS's log."""
    execution = carry(execution)
    if execution.status == Status.WAITING:
        kind = SignalKind.MARK_DONE if effects(aws, "ONCE") else SignalKind.RETRY
        attempt = execution.steps.get(is_outcome_unknown=True)
        send_signal(
            user=people["responder"], execution=execution, kind=kind, step_execution=attempt, comment="I looked"
        )
        execution = carry(execution)
    assert execution.status == Status.SUCCESS, execution.status_message


@pytest.mark.parametrize("kind", ["READ", "ONCE"])
def test_f12_an_answer_that_cannot_be_recorded_is_recovered_by_class(start: Start, aws: AwsDouble, kind: str) -> None:
    """The database goes away while a call is out, and is back a moment later."""
    execution = start(a_text(kind))
    with interrupted(attempts, "act", after=drop), contextlib.suppress(Error):
        runner.advance(execution.pk)
    connection.close()
    let_the_lease_run_out(execution)
    execution = carry(execution)
    assert execution.status == (Status.WAITING if kind == "ONCE" else Status.SUCCESS)
    assert effects(aws, kind) == (1 if kind == "ONCE" else 2)


def test_f12_a_lease_is_renewed_again_after_the_database_was_away(start: Start, settings: Any) -> None:
    """The thread that renews must outlive every error that a lost connection brings, and take a new connection."""
    settings.LEASE = settings.LEASE / 200
    execution = start(a_text("READ"))
    lease = claim(Execution, execution.pk)
    assert lease is not None
    renewals: list[bool] = []
    original = type(lease).renew

    def renew(self: Any) -> bool:
        if len(renewals) == 1:
            connection.connection.close()
        renewals.append(False)
        renewals[-1] = original(self)
        return renewals[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(lease), "renew", renew)
        with Renewal(lease) as renewal:
            for _ in range(1200):
                if len(renewals) > 3:
                    break
                renewal.is_over.wait(0.05)
    assert renewals[:1] == [True] and True in renewals[2:], renewals


def test_f15_a_database_that_takes_no_writes_starts_no_step(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("ONCE"))
    with read_only(), pytest.raises(Error):
        runner.advance(execution.pk)
    assert aws.calls == []
    assert carry(execution).status == Status.SUCCESS


@contextmanager
def read_only() -> Iterator[None]:
    """As a full disk or a replica: everything can be read and nothing written."""
    said = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if connection.vendor == "sqlite"
        else ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
    )
    with connection.cursor() as cursor:
        cursor.execute(said[0])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(said[1])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_f16_a_log_that_cannot_be_written_fails_no_step(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = logging.FileHandler("/dev/full")
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("runbooks.runner").error("this line finds no room")
        execution = carry(start(a_text("READ")))
    finally:
        logging.getLogger().removeHandler(handler)
        with contextlib.suppress(OSError):
            handler.close()
    assert execution.status == Status.SUCCESS


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
def test_f18_workers_claim_nothing_while_the_clock_of_the_database_has_jumped(db: None, by: timedelta) -> None:
    """A jump forward would end leases and quarantines early; the workers' own clocks tell that something is wrong."""
    presence = Presence()
    presence.beat()
    assert presence.may_claim()
    with clock_jumped(by):
        presence.beat()
        assert not presence.may_claim()
    presence.beat()
    assert presence.may_claim()


CLOCKS = ("statement_timestamp", "clock_timestamp")


@contextmanager
def clock_jumped(by: timedelta) -> Iterator[None]:
    """Within the block this connection's database has another time: what it tells the time with is overlaid."""
    connection.close()  # a statement that is prepared already keeps the clock it was prepared with
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        connection.connection.create_function("strftime", 2, lambda *_: _spelled(datetime.now(UTC) + by))
        ends: tuple[str, ...] = ()
    else:
        for name in CLOCKS:
            _execute(
                f"CREATE FUNCTION public.{name}() RETURNS timestamptz LANGUAGE sql AS "
                f"$$ SELECT pg_catalog.{name}() + interval '{by.total_seconds()} seconds' $$"
            )
        _execute("SET search_path = public, pg_catalog")
        ends = ("RESET search_path", *(f"DROP FUNCTION public.{name}()" for name in CLOCKS))
    try:
        yield
    finally:
        _execute(*ends)
        connection.close()  # with it goes what was overlaid


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_f06_a_start_that_was_broken_off_left_nothing_and_can_be_sent_again(
    start: Start, publish: Callable[..., Any]
) -> None:
    version = publish(a_text("READ"))
    with interrupted(audit, "record_all", before=die), pytest.raises(Died):
        start("", version=version, start_key="one click")
    assert not Execution.objects.exists()
    assert start("", version=version, start_key="one click").pk == start("", version=version, start_key="one click").pk


def test_f06_a_start_whose_answer_was_lost_is_found_by_its_key(start: Start, publish: Callable[..., Any]) -> None:
    version = publish(a_text("READ"))
    kept = start("", version=version, start_key="one click")
    assert start("", version=version, start_key="one click").pk == kept.pk
    assert Execution.objects.count() == 1


def test_f40_sqlite_keeps_what_it_said_it_kept() -> None:
    if connection.vendor != "sqlite":
        assert connections.settings["default"].get("CONN_HEALTH_CHECKS")
        return
    with connection.cursor() as cursor:
        assert [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")] == [
            "wal",
            2,
        ]


def test_f40_a_worker_killed_inside_a_transaction_wrote_nothing_of_it(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("READ"))
    dies(execution, Ledger, "note", is_after=True)
    connection.close()
    execution.refresh_from_db()
    assert (execution.steps.count(), aws.calls) == (0, [])
    assert carry(execution).status == Status.SUCCESS
