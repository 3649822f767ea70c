"""`manage.py start_execution RUNBOOK --as USER ...`: for when the browser is not there. The same operation as the page."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.errors import sentences
from portal.people.models import User
from runbooks.api.executions import WholeExecutionSerializer
from runbooks.lookups import rows_of_start
from runbooks.models import Execution, Purpose, Status
from runbooks.operations.executions import start_execution

LOOK_AGAIN = 0.5
SAID = ("reason", "region", "typed_name", "start_key", "asks_on_failure", "is_stepwise")


class Command(BaseCommand):
    """Start a published runbook."""

    help = "Start an execution. With --wait it ends when the execution does: 0 only for Success."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("runbook", metavar="RUNBOOK", help="The runbook's slug or name.")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="Who starts it: a user name.")
        parser.add_argument("--version-number", dest="version", type=int, metavar="N", help="Not the newest version.")
        parser.add_argument(
            "--parameter", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help="May be repeated."
        )
        parser.add_argument("--reason", default="", help="Why; it stays in the history.")
        parser.add_argument("--incident", metavar="ID", help="The id of an open incident it is started for.")
        parser.add_argument("--service", metavar="SLUG")
        parser.add_argument("--account", metavar="NAME", help="An AWS account by its name here.")
        parser.add_argument("--region", default="")
        parser.add_argument("--typed-name", default="", metavar="NAME", help="Confirms a production account.")
        parser.add_argument(
            "--ask-on-failure", action="store_true", dest="asks_on_failure", help="Ask when a step fails; do not end."
        )
        parser.add_argument(
            "--step-by-step", action="store_true", dest="is_stepwise", help="Each step waits for a signal StartStep."
        )
        parser.add_argument("--start-key", metavar="KEY", help="The same key again returns the same execution.")
        parser.add_argument("--wait", action="store_true", help="Wait for the end.")
        parser.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="Wait at most this long.")
        parser.add_argument("--json", action="store_true", dest="is_json")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person_named(options["user"])
        try:
            rows = rows_of_start(user, options)
            execution = start_execution(
                user=user,
                purpose=Purpose.INCIDENT if options["incident"] else Purpose.ALONE,
                parameters=pairs(options["parameters"], "--parameter"),
                **{name: options[name] for name in SAID},
                **rows,
            )
        except (ValidationError, PermissionDenied) as refusal:
            raise refused("It was not started", refusal) from refusal
        if not options["is_json"]:
            self.stdout.write(f"Started {execution.version}: execution {execution.pk}")
        execution = _ended(execution, options["timeout"]) if options["wait"] else execution
        execution.refresh_from_db()
        if options["is_json"]:
            self.stdout.write(
                json.dumps(WholeExecutionSerializer(execution).data, indent=2, ensure_ascii=False, default=str)
            )
        elif options["wait"]:
            self.stdout.write(f"{execution.status}: {execution.status_message}".rstrip(": "))
        if options["wait"] and execution.status != Status.SUCCESS:
            raise CommandError(f"The execution is {execution.get_status_display().lower()}.", returncode=2)


def _ended(execution: Execution, timeout: float) -> Execution:
    """The execution when it is over. A person it waits for has as long as `timeout` (seconds) says."""
    until = time.monotonic() + timeout
    while not execution.is_final:
        if time.monotonic() > until:
            raise CommandError(
                f"It still runs after {timeout:g} s: {execution.get_status_display()}, step {execution.current_step}. "
                f"Look with: manage.py show_execution {execution.pk} --follow",
                returncode=3,
            )
        time.sleep(LOOK_AGAIN)
        execution.refresh_from_db()
    return execution


def person_named(name: str) -> User:
    """An active person by user name."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active person with the user name {name!r}.")
    return user


def pairs(written: list[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a map. A name given twice is refused, because nobody can know which is meant."""
    found: dict[str, str] = {}
    for pair in written:
        name, separator, value = pair.partition("=")
        if not separator or not name or name in found:
            raise CommandError(f"{option} {pair!r}: write NAME=VALUE, each name once.")
        found[name] = value
    return found


def refused(what: str, refusal: ValidationError | PermissionDenied) -> CommandError:
    """A refusal for the terminal: every sentence on a line of its own."""
    said = sentences(refusal) if isinstance(refusal, ValidationError) else [str(refusal)]
    return CommandError("\n  ".join([f"{what}:", *said]))
