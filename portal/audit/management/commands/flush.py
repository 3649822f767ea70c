"""Django's `flush` for a database whose audit log refuses to be emptied: for the sandbox and tests, nowhere else."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as Flush
from django.db import connections

from portal.audit.guard import TABLE, lifted


class Command(Flush):
    """Empties every table, the audit log included."""

    def handle(self, **options: Any) -> None:
        if not settings.IS_SANDBOX:
            raise CommandError(
                "This would erase the audit log, which is only ever added to. To begin anew, create another database."
            )
        # knox's own token table stays although ours takes its place, and refers to people: PostgreSQL then asks for CASCADE.
        options["allow_cascade"] = True
        using = options["database"]
        if TABLE not in connections[using].introspection.table_names():
            super().handle(**options)
            return
        with lifted(using):
            super().handle(**options)
