"""`manage.py sync_tool ASSESSMENT --as USER [--push | --pull] [--preview]`: the same operations as the page's buttons."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from assessments.models import Assessment
from assessments.operations.shelf import find_assessment
from assessments.tool import Decision, Side, Verdict
from assessments.tool_connect import StillImporting, connect, link_of
from assessments.tool_milestones import push_milestone
from assessments.tool_sync import Preview, Synced, preview, pull, push
from portal.errors import sentences
from portal.people.models import User

LOOK_AGAIN = 1.0
IMPORT_PATIENCE = 120.0
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
        seen = preview(user=user, assessment=assessment)
        self._show(seen)
        left = seen.plan.counts[Verdict.CONFLICT]
        if not options["preview"] and (options["push"] or options["pull"]):
            way = push if options["push"] else pull
            done = _patiently(way, user, assessment, _decisions(seen, options["resolve"]))
            self._tell(done, "went to the Tool" if options["push"] else "came from the Tool")
            left = done.conflicts
        if options["milestone"] and not options["preview"]:
            made = push_milestone(user=user, assessment=assessment, name=options["milestone"])
            self.stdout.write(f"Milestone {made.milestone.number} is number {made.number} in the Tool.")
        if left:
            raise CommandError(f"Conflicts left: {left}. Decide with --resolve or on the page.", returncode=CONFLICTS)

    def _show(self, seen: Preview) -> None:
        counts = ", ".join(f"{number} {verdict.lower()}" for verdict, number in seen.plan.counts.items())
        where = f"workload {seen.link.workload_id}" if seen.facts else "no review in AWS yet: a push makes it"
        self.stdout.write(f"{seen.link.account}, {seen.link.region}, {where}: {counts}")
        for fact in seen.workload:
            self.stdout.write(
                f"Push: {fact.label} of the workload: here {fact.ours}; in the Tool {fact.theirs or 'empty'}"
            )
        for each in seen.plan.changes:
            self.stdout.write(f"{each.verdict}: {each.question.title}")
            for field in each.differences:
                self.stdout.write(
                    f"    {field.label}: here {field.ours or 'empty'}; in the Tool {field.theirs or 'empty'}"
                )
            for sentence in each.obstacles:
                self.stdout.write(f"    Not possible: {sentence}")

    def _tell(self, done: Synced, where: str) -> None:
        for title in done.done:
            self.stdout.write(f"{title} {where}.")
        for title, why in done.left.items():
            self.stdout.write(f"{title} was left as it is: {why}")
        if not done.done:
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


def _decisions(seen: Preview, side: str | None) -> dict[str, Decision]:
    """One word on all conflicts that were shown; one that moves on meanwhile stays a conflict."""
    if side is None:
        return {}
    return {each.question.id: Decision(Side(side), each.fingerprint) for each in seen.plan.having(Verdict.CONFLICT)}


def _patiently(way: Any, user: User, assessment: Assessment, decisions: dict[str, Decision]) -> Synced:
    """The sync, again and again while AWS imports the lens, two minutes at most."""
    until = time.monotonic() + IMPORT_PATIENCE
    while True:
        try:
            return way(user=user, assessment=assessment, decisions=decisions)
        except StillImporting as waiting:
            if time.monotonic() > until:
                raise CommandError("AWS is still importing the lens. Run the same command again later.") from waiting
            time.sleep(LOOK_AGAIN)
