"""`manage.py chaos`: workers killed, stopped and lied to for a while, on a database made for it, and what came of it.

The run itself is test machinery (`runbooks.tests.chaos`); nothing of this portal's own data is touched.
"""

import random
import signal
from argparse import ArgumentParser
from subprocess import CalledProcessError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runbooks.tests.chaos.mutants import MUTANTS
from runbooks.tests.chaos.servers import Unavailable
from runbooks.tests.chaos.stage import play


class Command(BaseCommand):
    """Exit status 0: no invariant was violated, or, for mutants, each was caught. 1: not so. 2: it could not begin."""

    help = (
        "Run executions on several workers while killing and stopping them, losing and delaying AWS's answers, crashing the "
        "database and flushing the broker; then compare the rows with AWS's own log. The seed is printed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=60, help="how long faults go on (60)")
        parser.add_argument("--workers", type=int, default=4, help="worker processes (4)")
        parser.add_argument("--seed", type=int, help="the die of documents, faults and answers (a new one)")
        parser.add_argument(
            "--database",
            default="sqlite",
            help="sqlite; postgresql: a server of its own that is crashed too; or postgres://..., a server to make a database on",
        )
        parser.add_argument(
            "--mutant", choices=[*MUTANTS, "all"], help="break the protocol in one place, or in each in turn"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Told to stop, it takes its processes, its server and its folder along.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        seed = options["seed"] if options["seed"] is not None else random.SystemRandom().randrange(2**31)
        wanted = list(MUTANTS) if options["mutant"] == "all" else [options["mutant"] or ""]
        self.stdout.write(f"Seed {seed}. Say --seed {seed} to throw the same die again.")
        if not options["database"].startswith("postgresql"):
            self.stdout.write(
                "Database crashes are left out: they need --database postgresql, a server of the run's own."
            )
        is_right = True
        rows = []
        for mutant in wanted:
            plan = {"seconds": options["seconds"], "workers": options["workers"], "seed": seed, "mutant": mutant}
            try:
                found = play(plan, options["database"])
            except (Unavailable, CalledProcessError) as error:
                raise CommandError(f"The run could not be made: {error}", returncode=2) from error
            self.stdout.write(found["table"])
            is_right = is_right and (bool(found["broken"]) if mutant else not found["violations"])
            first = found["violations"][0][:80] if found["violations"] else "nothing"
            rows.append(f"  {mutant or 'the protocol as it is':<24}{found['took']:>5.0f} s  {first}")
        self.stdout.write("\nWhat was found first:\n" + "\n".join(rows))
        if not is_right:
            raise CommandError("A mutant was not caught." if wanted != [""] else "Invariants were violated; see above.")
