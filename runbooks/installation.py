"""Which server this database lives on, and whether anything may run: a restored or promoted copy stands still.

Two copies of a portal that both carry executions would do everything twice, and a copy that is older than the truth would do
again what was done already. So work is claimed only while the database is the one it was, and a person confirms otherwise
(`runbooks.operations.installation`). Not here: what standing still means for executions and drills (`standstill.py`).
"""

import logging
from contextlib import nullcontext
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from portal.audit import log as audit
from portal.people.models import User
from portal.statements import StandingQuery
from runbooks import standstill
from runbooks.models import Installation

log = logging.getLogger(__name__)

CHAIN = "installation"
# The current timeline is the beginning of the name of the WAL file being written; the control file learns of a promotion later.
_POSTGRESQL = """
SELECT system_identifier::text,
       CASE WHEN pg_is_in_recovery() THEN 0
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
FROM pg_control_system()
"""


_NOTED = StandingQuery(Installation.objects.filter(pk=1), "system_identifier", "timeline", "quiesce_reason")


@dataclass(frozen=True)
class Identity:
    """What PostgreSQL says of itself. Empty and 0 where it does not say (SQLite, some managed servers): then any fits."""

    system_identifier: str = ""
    timeline: int = 0


def identity() -> Identity:
    """The identity of the server that answers now."""
    if connection.vendor != "postgresql":
        return Identity()
    try:
        # A refusal must not spoil the caller's transaction; outside of one there is nothing to spoil.
        spared = transaction.atomic() if connection.in_atomic_block else nullcontext()
        with spared, connection.cursor() as cursor:
            cursor.execute(_POSTGRESQL)
            return Identity(*cursor.fetchone())
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        log.debug("the database server does not say who it is: %s", error)
        return Identity()


def present() -> Installation:
    """The installation's row, made where there is none."""
    found = Installation.objects.filter(pk=1).first()
    if found is None:
        now = identity()
        Installation.objects.get_or_create(
            pk=1, defaults={"system_identifier": now.system_identifier, "timeline": now.timeline}
        )
        found = Installation.objects.get(pk=1)
    return found


def reason_to_stand_still() -> str:
    """Why nothing may be claimed now; empty while work may go on. Quiesces a database that is not the one it was.

    Asked before each claim, so that not one is made between a promotion and its discovery.
    """
    now = identity()
    for system_identifier, timeline, reason in _NOTED.rows():
        if now == Identity(system_identifier, timeline):
            return str(reason)
    row = present()
    changed = change_of(row, now)
    if not changed:
        known = row.system_identifier == now.system_identifier and row.timeline == now.timeline
        if not known and now != Identity():
            _note_identity(row, now)
        return row.quiesce_reason
    quiesce(changed)
    return changed


def change_of(row: Installation, now: Identity) -> str:
    """What makes this server another than the one noted; empty where nothing does."""
    if row.system_identifier and now.system_identifier and row.system_identifier != now.system_identifier:
        return "The database was restored on another server."
    if row.timeline and now.timeline and row.timeline != now.timeline and not settings.IS_REPLICATION_SYNCHRONOUS:
        return f"The database was promoted or recovered (timeline {row.timeline} became {now.timeline})."
    return ""


def quiesce(reason: str, actor: User | None = None) -> standstill.Held | None:
    """Let nothing run until a person releases it, and hold back what is under way. None when that is so already.

    The server's identity is noted with it, so that a release is not undone by the next look.
    """
    row = present()
    now = identity()
    noted = {"system_identifier": now.system_identifier, "timeline": now.timeline}
    with transaction.atomic():
        fresh = Installation.objects.filter(pk=row.pk, quiesced_at__isnull=True)
        if fresh.update(quiesced_at=Now(), quiesce_reason=reason[:300], **noted) != 1:
            Installation.objects.filter(pk=row.pk).update(**noted)
            return None
        held = standstill.hold_back(reason)
        for path in settings.HELD_BACK_TOO:
            import_string(path)(reason)
        detail = {"reason": reason, "executions": held.executions, "drills": held.drills, **noted}
        audit.record(CHAIN, "quiesced", str(row.uuid), actor=actor, detail=detail)
    log.critical("quiesced, nothing runs until a person releases it: %s", reason)
    return held


def _note_identity(row: Installation, now: Identity) -> None:
    """Learned for the first time, or changed in a way the settings call harmless."""
    with transaction.atomic():
        unchanged = Installation.objects.filter(
            pk=row.pk, system_identifier=row.system_identifier, timeline=row.timeline
        )
        if unchanged.update(system_identifier=now.system_identifier, timeline=now.timeline) == 1:
            detail = {"system identifier": now.system_identifier, "timeline": now.timeline}
            audit.record(CHAIN, "noted its database server", str(row.uuid), detail=detail)
