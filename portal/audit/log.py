"""Adding to the log and proving that nobody edited it. There is no function that changes or removes an event.

`record` must be called inside the transaction of the change it tells of: both are kept or neither. Writers of one
chain queue for each other: on PostgreSQL by a lock on the chain's name that lasts as long as the transaction, on SQLite
because every transaction is a writer from its start. What the database refuses by itself is in the migration
`0002_refuse_changes`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError

from portal.audit.models import Event
from portal.statements import Change, Guard, as_time, insert, inserting, vendor

if TYPE_CHECKING:
    from portal.people.models import Team, User


# Milliseconds on SQLite, microseconds on PostgreSQL; written for statements with parameters.
_CLOCK = {"sqlite": "strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')", "postgresql": "clock_timestamp()"}
MOST_GUESSED_WRONG = timedelta(milliseconds=250)
_SECONDS = MOST_GUESSED_WRONG.total_seconds()
_IS_ABOUT_NOW = {
    "sqlite": f"ABS(JULIANDAY('now') - JULIANDAY(%s)) * 86400 <= {_SECONDS}",
    "postgresql": f"ABS(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP() - CAST(%s AS timestamptz))) <= {_SECONDS}",
}
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def database_now() -> datetime:
    """The database's clock, where times in rows come from (milliseconds on SQLite, microseconds on PostgreSQL)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_CLOCK[vendor()]}", [])
        return as_time(cursor.fetchone()[0])


def digest(previous_hash: str, event: Event) -> str:
    """SHA-256 over the previous hash and the canonical JSON (sorted keys, no spaces) of everything the event says."""
    said = {
        "chain": event.chain,
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "actor": event.actor_id,
        "team": event.team_id,
        "verb": event.verb,
        "subject": event.subject,
        "detail": event.detail,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous_hash}\n{text}".encode()).hexdigest()


class Told(NamedTuple):
    """What happened, who did it (nobody: a worker), and what else there is to say."""

    verb: str
    actor: "User | None" = None
    detail: Mapping[str, Any] | None = None


def record(
    chain: str,
    verb: str,
    subject: str,
    *,
    actor: "User | None" = None,
    detail: Mapping[str, Any] | None = None,
    team: "Team | None" = None,
) -> Event:
    """Add one event to a chain and return it.

    `team` says whose auditors may read the event; left out, it is the team of the chain's event before. Raises
    `TransactionManagementError` outside a transaction, because an event without its change would be a lie.
    """
    return record_all(chain, subject, [Told(verb, actor, detail)], team=team)[0]


def record_all(
    chain: str,
    subject: str,
    told: Sequence[Told],
    *,
    team: "Team | None" = None,
    after: Event | None = None,
    now: datetime | None = None,
) -> list[Event]:
    """Add several events of one moment to a chain, in their order; otherwise as `record`.

    A caller that knows where the chain ends may hand in the last event as `after` (None: it has not begun), with the database's
    clock in this transaction as `now`: where it does end there, which the database tests, the chain is not read.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            f"Record '{told[0].verb}' of {chain} inside the transaction of the change it tells of."
        )
    team_id = team.pk if team is not None else None
    if now is not None:
        known = _Head(after.sequence, after.hash, after.team_id, now) if after is not None else _Head(0, "", None, now)
        events = _following(known, chain, subject, told, team_id)
        if insert(events, guard=_ends_at(chain, known)):
            return events
    events = _following(_head_of(chain), chain, subject, told, team_id)
    insert(events)
    return events


def adding(
    chain: str, subject: str, told: Sequence[Told], *, after: Event, now: datetime
) -> tuple[list[Event], Change]:
    """What `record_all` adds after the chain's last event, as a change to be made together with others.

    `now` may be a guess at the database's clock. The change adds nothing where the chain does not end there any more, nor where
    the guess is wrong by more than `MOST_GUESSED_WRONG`.
    """
    head = _Head(after.sequence, after.hash, after.team_id, now)
    events = _following(head, chain, subject, told, None)
    guard = _ends_at(chain, head)
    test = f"{guard.test} AND {_IS_ABOUT_NOW[vendor()]}"
    return events, inserting(events, guard=guard._replace(test=test, values=(*guard.values, now)))


def _ends_at(chain: str, head: "_Head") -> Guard:
    """That nobody has added to the chain since, nor will before this transaction is over."""
    last = "COALESCE((SELECT hash FROM audit_event WHERE chain = %s ORDER BY sequence DESC LIMIT 1), '')"
    lock = (_LOCK, (f"audit {chain}",)) if vendor() == "postgresql" else ()
    return Guard(f"{last} = %s", (chain, head.hash), *lock)


def _following(head: "_Head", chain: str, subject: str, told: Sequence[Told], team_id: int | None) -> list[Event]:
    """The events that come next in a chain, not yet added."""
    events: list[Event] = []
    for sequence, (verb, actor, detail) in enumerate(told, start=head.sequence + 1):
        event = Event(
            chain=chain,
            sequence=sequence,
            at=head.now,
            actor=actor if actor is not None and actor.is_authenticated else None,
            team_id=team_id if team_id is not None else head.team_id,
            verb=verb[:60],
            subject=subject[:200],
            detail=json.loads(json.dumps(detail or {}, default=str)),
            previous_hash=events[-1].hash if events else head.hash,
        )
        event.hash = digest(event.previous_hash, event)
        events.append(event)
    return events


class _Head(NamedTuple):
    """Where a chain ends: the last event's place, hash and team, and the database's clock."""

    sequence: int
    hash: str
    team_id: int | None
    now: datetime


def _head_of(chain: str) -> _Head:
    """The last event and the clock, once no other writer of this chain is left; an empty chain ends at 0.

    A lock on the last row would not do: a chain begins without one. Lock and look are two statements, since a statement sees
    what was committed when it began, and one message to the server.
    """
    last = "SELECT sequence, hash, team_id FROM audit_event WHERE chain = %s ORDER BY sequence DESC LIMIT 1"
    clock = f"SELECT {_CLOCK[vendor()]} AS now"
    look = f"SELECT sequence, hash, team_id, now FROM ({clock}) AS clock LEFT JOIN ({last}) AS last ON 1 = 1"  # noqa: S608
    with connection.cursor() as cursor:
        if vendor() == "postgresql":
            cursor.execute(f"{_LOCK}; {look}", [f"audit {chain}", chain])
        else:
            cursor.execute(look, [chain])
        sequence, previous_hash, team_id, now = cursor.fetchone()
    return _Head(sequence or 0, previous_hash or "", team_id, as_time(now))


def broken_link(chain: str) -> Event | None:
    """The first event of a chain that does not follow from the one before it, or None where the chain holds."""
    previous_hash = ""
    events = Event.objects.filter(chain=chain).order_by("sequence").iterator()
    for sequence, event in enumerate(events, start=1):
        if (
            event.sequence != sequence
            or event.previous_hash != previous_hash
            or event.hash != digest(previous_hash, event)
        ):
            return event
        previous_hash = event.hash
    return None
