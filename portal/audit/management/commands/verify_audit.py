"""Proves the audit log from the command line: every chain is followed, the triggers that guard it are looked for."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.guard import missing_triggers
from portal.audit.log import broken_link
from portal.audit.models import Event


class Command(BaseCommand):
    """Exit status 1 and the first broken event of each chain where the log was edited; 0 where all of it holds."""

    help = "Follow the hash chains of the audit log and name the first broken link of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("chains", nargs="*", help="Chains to follow, like service:checkout. None: all of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        known = Event.objects.order_by("chain").values_list("chain", flat=True).distinct()
        chains: list[str] = options["chains"] or list(known)
        unknown = sorted(set(chains) - set(known)) if options["chains"] else []
        if unknown:
            raise CommandError(f"No such chain: {', '.join(unknown)}. Without arguments every chain is followed.")
        problems = [
            f"{event.chain} is broken at event {event.sequence}: "
            f"{event.verb} {event.subject}, {event.at:%Y-%m-%d %H:%M:%S} UTC"
            for chain in chains
            if (event := broken_link(chain)) is not None
        ]
        problems += [
            f"The trigger {name} is missing; run `manage.py migrate audit`." for name in sorted(missing_triggers())
        ]
        if problems:
            raise CommandError("The audit log does not hold:\n" + "\n".join(f"- {problem}" for problem in problems))
        events = Event.objects.filter(chain__in=chains).count()
        self.stdout.write(
            f"The audit log holds: {len(chains)} chains, {events} events, changes refused by the database."
        )
