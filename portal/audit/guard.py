"""Whether the database refuses changes of the log, and the one way to lift that for a moment.

The triggers are made by the migration `0002_refuse_changes`; nothing here creates them from nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

TABLE = "audit_event"
WANTED = {
    "sqlite": {"audit_event_refuses_update", "audit_event_refuses_delete"},
    "postgresql": {"audit_event_refuses_changes", "audit_event_refuses_truncate"},
}


def missing_triggers(using: str = "default") -> set[str]:
    """The names of triggers that should refuse changes and are not there or switched off."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        else:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'",
                [TABLE],
            )
        return WANTED[connection.vendor] - {name for (name,) in cursor.fetchall()}


@contextmanager
def lifted(using: str) -> Iterator[None]:
    """Within the block the log may be emptied; afterwards, and after any failure, the triggers stand as before."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
        else:
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
        yield
        if connection.vendor == "sqlite":
            for _, statement in triggers:
                cursor.execute(statement)
        else:
            connection.check_constraints()  # a table with deferred checks pending cannot be altered
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")
