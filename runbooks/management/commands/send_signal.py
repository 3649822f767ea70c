"""`manage.py send_signal EXECUTION KIND --as USER ...`: approve, answer, start steps, change, cancel without the browser."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from runbooks.api.executions import SignalSerializer
from runbooks.boards import target_of
from runbooks.lookups import find_execution
from runbooks.management.commands.start_execution import LOOK_AGAIN, pairs, person_named, refused
from runbooks.models import Signal, SignalKind
from runbooks.operations.signals import send_signal


class Command(BaseCommand):
    """Send a signal to an execution."""

    help = "Send a signal to an execution, to the step that waits for it unless --step-execution names one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("execution", metavar="EXECUTION", help="The id, or its first letters.")
        parser.add_argument("kind", choices=SignalKind.values, metavar="KIND", help=", ".join(SignalKind.values))
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="Who sends it: a user name.")
        parser.add_argument("--comment", default="")
        parser.add_argument("--step-execution", type=int, metavar="ID")
        parser.add_argument(
            "--value", dest="values", action="append", default=[], metavar="NAME=VALUE", help="For a manual task."
        )
        parser.add_argument(
            "--parameter",
            dest="changed",
            metavar="NAME=VALUE",
            help="For Change: the parameter and its value from now on.",
        )
        parser.add_argument("--step", metavar="NAME", help="For StartStep: refuse when another step is next.")
        parser.add_argument("--key", help="The same key again is the same signal.")
        parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="Wait until it is applied.")
        parser.add_argument("--json", action="store_true", dest="is_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            execution = find_execution(options["execution"])
            signal = send_signal(
                user=person_named(options["user"]),
                execution=execution,
                kind=SignalKind(options["kind"]),
                step_execution=target_of(execution, options["kind"], options["step_execution"]),
                comment=options["comment"],
                payload=_payload(options),
                key=options["key"],
            )
        except (ValidationError, PermissionDenied) as refusal:
            raise refused("It was not sent", refusal) from refusal
        _wait(signal, options["wait"])
        if options["is_json"]:
            self.stdout.write(json.dumps(SignalSerializer(signal).data, indent=2, ensure_ascii=False, default=str))
        else:
            about = signal.step_execution.step_name if signal.step_execution else "the execution"
            state = "applied" if signal.applied_at else "sent; a worker applies it"
            self.stdout.write(f"{signal.kind} for {about} of {execution}: {signal.refusal or state}.")
        if signal.refusal:
            raise CommandError("The signal was refused when it was applied.", returncode=2)


def _payload(options: dict[str, Any]) -> dict[str, Any]:
    """What goes with the signal. An option that belongs to another kind is refused, not passed over."""
    for name, kind in (
        ("values", SignalKind.COMPLETE),
        ("changed", SignalKind.CHANGE),
        ("step", SignalKind.START_STEP),
    ):
        if options[name] and options["kind"] != kind:
            written = {"values": "--value", "changed": "--parameter", "step": "--step"}[name]
            raise CommandError(f"{written} belongs to {kind}, not to {options['kind']}.")
    changed = pairs([options["changed"]], "--parameter") if options["changed"] else {}
    name, value = next(iter(changed.items()), ("", None))
    return {
        "values": pairs(options["values"], "--value"),
        "parameter": name,
        "value": value,
        "step": options["step"] or "",
    }


def _wait(signal: Signal, seconds: float) -> None:
    until = time.monotonic() + seconds
    while signal.applied_at is None and time.monotonic() < until:
        time.sleep(LOOK_AGAIN)
        signal.refresh_from_db()
