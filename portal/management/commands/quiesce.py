"""`manage.py quiesce --reason TEXT`: nothing runs until an admin releases it. The first command after a restore."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runbooks.installation import present, quiesce


class Command(BaseCommand):
    """Safe to run again. It needs no sign-in: whoever reaches the database's credentials may stop what uses them."""

    help = "Let nothing run: workers claim nothing, and what is under way waits for a person. After a restore or promotion."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="Shown on every page until the release.")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("Say why with --reason: it is shown to everybody until the release.")
        held = quiesce(reason)
        if held is None:
            row = present()
            self.stdout.write(
                f"It stands still already, since {row.quiesced_at:%Y-%m-%d %H:%M} UTC: {row.quiesce_reason}"
            )
            return
        self.stdout.write(
            f"Nothing runs now. Held back: {held.executions} executions, {held.drills} drills. When no other portal writes:\n"
            '  manage.py release --as USER --confirm "old writer is off"'
        )
