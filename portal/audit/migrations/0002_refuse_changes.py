"""The database itself refuses to change or remove an event, whoever asks: only adding is left.

`manage.py flush` (portal/audit/management/commands/flush.py) takes the triggers off for a moment, outside production only.
A later migration that makes SQLite rebuild the table must create its triggers again; `verify_audit` notices their absence.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

REFUSAL = "Events of the audit log are only ever added."

SQLITE = [
    f"""CREATE TRIGGER audit_event_refuses_{act.lower()} BEFORE {act} ON audit_event
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""
    for act in ("UPDATE", "DELETE")
]

POSTGRESQL = [
    f"""CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_event_refuses_changes BEFORE UPDATE OR DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()""",
    """CREATE TRIGGER audit_event_refuses_truncate BEFORE TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()""",
]


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def unguard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER audit_event_refuses_update")
        schema_editor.execute("DROP TRIGGER audit_event_refuses_delete")
        return
    schema_editor.execute("DROP TRIGGER audit_event_refuses_truncate ON audit_event")
    schema_editor.execute("DROP TRIGGER audit_event_refuses_changes ON audit_event")
    schema_editor.execute("DROP FUNCTION audit_event_refuse()")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
