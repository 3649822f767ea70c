"""`manage.py drill`: a whole drill in the terminal. Progress on standard error, the record on standard output."""

import json
import os
import signal
import sys
from argparse import ArgumentParser
from datetime import timedelta
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.catalogue.models import Objective, Scope, Service
from portal.errors import sentences
from portal.people.models import User
from runbooks.management.cold_start import ColdStartFailed, run_in_a_sandbox
from runbooks.management.drill_driver import Driver
from runbooks.management.drill_report import report
from runbooks.measurement import MET
from runbooks.models import Drill, RunbookVersion, Status, VersionStatus
from runbooks.operations.drills import start_drill

DETECTION_TIMEOUT = timedelta(minutes=10)
RECOVERY_TIMEOUT = timedelta(minutes=30)
UNAIDED_TIMEOUT = timedelta(minutes=5)
"""How long a service without a recovery is watched for coming back by itself."""


class Command(BaseCommand):
    """Exit status 0: every step succeeded and both objectives were measured and met. 1: not so. 2: it never began."""

    help = (
        "Run a drill in the terminal. Without AWS_ENDPOINT_URL in the environment it starts a sandbox and a database of "
        "its own and removes them afterwards; with it, it uses that sandbox and the portal's database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--service", default="mythical-mysfits", help="the service's slug (mythical-mysfits)")
        parser.add_argument(
            "--scope", default=Scope.REGION.value, choices=Scope.values, help="what is disrupted (region)"
        )
        parser.add_argument("--injection", default="inject-stop-tasks", help="name of the injection runbook")
        parser.add_argument("--recovery", default="fail-over", help="name of the recovery runbook")
        parser.add_argument("--restoration", default="fail-back", help="name of the runbook that cleans up")
        parser.add_argument("--without-recovery", action="store_true", help="inject and recover nothing")
        parser.add_argument("--as", dest="starter", default="rob", help="who starts it (rob)")
        parser.add_argument("--approver", default="petra", help="who approves from this terminal (petra)")
        parser.add_argument("--json", action="store_true", help="print the record as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not os.environ.get("AWS_ENDPOINT_URL"):
            try:
                status = run_in_a_sandbox(sys.argv[1:], self._tell)
            except ColdStartFailed as error:
                raise CommandError(str(error), returncode=2) from error
            sys.exit(status)
        if not settings.IS_SANDBOX:
            raise CommandError(
                "Drills from the terminal approve themselves, so they run in a sandbox only.", returncode=2
            )
        drill = self._started(options)
        driver = Driver(drill, _person(options["approver"]), self._tell)

        def stop(number: int, frame: FrameType | None) -> None:
            driver.stop_reason = f"Stopped from the terminal ({signal.Signals(number).name})."

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        drill = driver.run()
        record = drill.record or {}
        self._tell("")
        self.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) if options["json"] else report(record))
        sys.exit(0 if is_proved(drill) else 1)

    def _started(self, options: dict[str, Any]) -> Drill:
        service = Service.objects.filter(slug=options["service"]).first()
        if service is None:
            raise CommandError(
                f"There is no service {options['service']!r}. Run manage.py prepare first.", returncode=2
            )
        objective = Objective.objects.filter(service=service, scope=options["scope"]).first()
        if objective is None:
            raise CommandError(f"{service.name} has no objectives for the scope {options['scope']!r}.", returncode=2)
        is_aided = not options["without_recovery"]
        title = f"Drill from the terminal: {options['injection']}{'' if is_aided else ', without a recovery'}"
        try:
            drill = start_drill(
                user=_person(options["starter"]),
                service=service,
                scope=options["scope"],
                title=title,
                injection=_version(options["injection"]),
                recovery=_version(options["recovery"]) if is_aided else None,
                restoration=_version(options["restoration"]) if options["restoration"] else None,
                rto=objective.rto,
                rpo=objective.rpo,
                detection_timeout=DETECTION_TIMEOUT,
                recovery_timeout=RECOVERY_TIMEOUT if is_aided else UNAIDED_TIMEOUT,
                participants=[_person(options["starter"]), _person(options["approver"])],
            )
        except ValidationError as refusal:
            raise CommandError(
                "\n".join(["The drill was not started:", *sentences(refusal)]), returncode=2
            ) from refusal
        except PermissionDenied as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        self._tell(f"{title}: {service.name}, started as {options['starter']} ({drill.pk})")
        return drill

    def _tell(self, line: str) -> None:
        self.stderr.write(line, style_func=str)
        self.stderr.flush()


def is_proved(drill: Drill) -> bool:
    """Whether every part succeeded and both objectives were measured and met."""
    if drill.status != Status.SUCCESS or drill.verdict != MET:
        return False
    return all(status == Status.SUCCESS for status in drill.executions.values_list("status", flat=True))


def _person(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(
            f"There is no user {username!r}. Run manage.py prepare first, or name another.", returncode=2
        )
    return user


def _version(name: str) -> RunbookVersion:
    versions = RunbookVersion.objects.filter(runbook__name=name, status=VersionStatus.PUBLISHED)
    version = versions.order_by("-number").first()
    if version is None:
        raise CommandError(f"No published version of the runbook {name!r}. Run manage.py prepare first.", returncode=2)
    return version
