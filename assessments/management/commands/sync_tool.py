"""`manage.py sync_tool ASSESSMENT --as USER [--push | --pull] [--preview]`: the same operations as the page's buttons.

It carries the sync itself, so that it works where no worker runs.
"""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from assessments import tool_runner
from assessments.claiming import may_claim
from assessments.models import Assessment, RunStatus, ToolSync
from assessments.operations.shelf import find_assessment
from assessments.operations.tool import start_comparison, start_milestone_push, start_pull, start_push
from assessments.tool import Decision, Side, Verdict
from assessments.tool_comparison import Comparison, from_json
from assessments.tool_connect import connect, link_of
from portal.errors import sentences
from portal.people.models import User

LOOK_AGAIN = 1.0
PATIENCE = 600.0
CONFLICTS = 2


class Command(BaseCommand):
    """Ends with 2 when conflicts are left; what is newer is never overwritten."""

    help = "Compare an assessment with the Well-Architected Tool, push what changed here, pull what changed there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("assessment", metavar="ASSESSMENT", help="The assessment's id, as in its page's address.")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="Who syncs: a user name.")
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--push", action="store_true", help="Send what changed here.")
        way.add_argument("--pull", action="store_true", help="Take what changed in the Tool.")
        parser.add_argument("--preview", action="store_true", help="Only show what would change.")
        parser.add_argument("--resolve", choices=[side.value for side in Side], help="Whose answer stays in conflicts.")
        parser.add_argument("--milestone", default="", metavar="NAME", help="Then freeze both sides under this name.")
        parser.add_argument(
            "--account", metavar="NAME", help="Connect first: an AWS account of the service, by its name."
        )
        parser.add_argument("--region", default="", help="With --account: where; else the service's primary Region.")
        parser.add_argument("--workload", default="", metavar="ID", help="With --account: a workload that exists.")
        parser.add_argument("--lens", default="", metavar="ALIAS", help="With --account: a lens that is in the Tool.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._sync(_person(options["user"]), options)
        except (ValidationError, PermissionDenied, Http404) as refusal:
            told = sentences(refusal) if isinstance(refusal, ValidationError) else [str(refusal)]
            raise CommandError("\n".join(told)) from refusal

    def _sync(self, user: User, options: dict[str, Any]) -> None:
        assessment = _assessment(user, options["assessment"])
        if options["account"] and link_of(assessment) is None:
            _connect(user, assessment, options)
        seen = _carried(start_comparison(user=user, assessment=assessment))
        compared = from_json(seen.comparison)
        self._show(assessment, compared)
        left = compared.counts[Verdict.CONFLICT.name]
        if not options["preview"] and (options["push"] or options["pull"]):
            start = start_push if options["push"] else start_pull
            decisions = _decisions(compared, options["resolve"])
            seen = _carried(start(user=user, assessment=assessment, seen=seen, decisions=decisions))
            self._tell(seen.result, "went to the Tool" if options["push"] else "came from the Tool")
            left = seen.result["conflicts"]
        if options["milestone"] and not options["preview"]:
            name = options["milestone"]
            made = _carried(start_milestone_push(user=user, assessment=assessment, seen=seen, name=name)).result
            self.stdout.write(f"Milestone {made['milestone']} is number {made['in_the_tool']} in the Tool.")
        if left:
            raise CommandError(f"Conflicts left: {left}. Decide with --resolve or on the page.", returncode=CONFLICTS)

    def _show(self, assessment: Assessment, compared: Comparison) -> None:
        link = link_of(assessment)
        counts = ", ".join(f"{compared.counts[verdict.name]} {verdict.lower()}" for verdict in Verdict)
        is_there = link is not None and compared.review is not None
        where = f"workload {link.workload_id}" if link and is_there else "no review in AWS yet: a push makes it"
        self.stdout.write(f"{link.account}, {link.region}, {where}: {counts}" if link else f"{where}: {counts}")
        for fact in compared.workload:
            self.stdout.write(
                f"Push: {fact.label} of the workload: here {fact.ours}; in the Tool {fact.theirs or 'empty'}"
            )
        for each in compared.changes:
            self.stdout.write(f"{each.verdict}: {each.title}")
            for field in each.differences:
                self.stdout.write(
                    f"    {field.label}: here {field.ours or 'empty'}; in the Tool {field.theirs or 'empty'}"
                )
            for sentence in each.obstacles:
                self.stdout.write(f"    Not possible: {sentence}")

    def _tell(self, result: dict[str, Any], where: str) -> None:
        for title in result["done"]:
            self.stdout.write(f"{title} {where}.")
        for title, why in result["left"].items():
            self.stdout.write(f"{title} was left as it is: {why}")
        if not result["done"]:
            self.stdout.write(f"Nothing {where}.")


def _person(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {name}.")
    return user


def _assessment(user: User, key: str) -> Assessment:
    try:
        return find_assessment(user, UUID(key))
    except ValueError as error:
        raise CommandError(f"{key} is no id of an assessment. Copy it from the address of its page.") from error


def _connect(user: User, assessment: Assessment, options: dict[str, Any]) -> None:
    service = assessment.service
    account = service.accounts.filter(name=options["account"]).first()
    if account is None:
        names = ", ".join(service.accounts.values_list("name", flat=True)) or "none"
        raise CommandError(f"{service.name} has no account {options['account']}. Its accounts: {names}.")
    region = options["region"] or service.primary_region
    workload, lens = options["workload"], options["lens"]
    connect(user=user, assessment=assessment, account=account, region=region, workload_id=workload, lens_alias=lens)


def _decisions(compared: Comparison, side: str | None) -> dict[str, Decision]:
    """One word on all conflicts that were shown; one that moves on meanwhile stays a conflict."""
    if side is None:
        return {}
    conflicts = [each for each in compared.questions if each.verdict is Verdict.CONFLICT]
    return {each.id: Decision(Side(side), each.fingerprint) for each in conflicts}


def _carried(sync: ToolSync) -> ToolSync:
    """The sync at its end: carried by this process, or by a worker that was faster. Ten minutes at most."""
    until = time.monotonic() + PATIENCE
    while not sync.is_final:
        if not may_claim():
            raise CommandError("The portal stands still, or this host's clock is wrong: nothing is sent. See its log.")
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        if not sync.is_final:
            if time.monotonic() > until:
                raise CommandError("The sync is still under way. The assessment's page says how far it is.")
            time.sleep(LOOK_AGAIN)
    if sync.status == RunStatus.FAILED:
        raise CommandError(sync.status_message)
    return sync
