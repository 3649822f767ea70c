"""`manage.py document_checks [--check]`: writes docs/checks.md from the table of checks, so that the page cannot drift.

With `--check` nothing is written: it ends with 1 where the page is not what the table says.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assessments.checks.examination import Check
from assessments.checks.permissions import actions_of
from assessments.checks.registry import CHECKS
from assessments.checks.resources import KINDS

PAGE: Path = settings.ROOT / "docs" / "checks.md"
OPENING = """\
# Checks

Automated checks that a best practice of a lens can be bound to (`_check` of a choice). Each reads AWS with the service's
read-only role, or what the portal itself proved in drills, and changes nothing. A service whose account has no such role, or that
lives in several accounts while its plan names none, is not looked at: the run fails and says so. The portal's own credentials are
never used.

This page is written by `python3 manage.py document_checks` from `assessments/checks/registry.py`; a test compares both.

## What a result says

| result | meaning |
|---|---|
| Passed | at least one resource was looked at, and each is as it should be |
| Failed | at least one is not, whatever else could not be seen |
| Nothing to check | no resource of the kind was found; this is not a pass |
| Unavailable | AWS denied the call, does not know it, throttled it or did not answer, or a named resource was not found |

A result carries its sentence, the facts seen of each resource as JSON, the resources and the AWS calls made. A half-life is
how long it takes until a result is worth half of what it was as evidence; it is given for tiers 1 to 4.

## How the resources of a service are found

1. **By tag**: what carries the tag `service` = the service's slug (both can be set for a service) in one of its Regions, read
   through the Resource Groups Tagging API; Auto Scaling groups through their own API, which filters by tag.
2. **By name**: what the service's hints name. A name is looked for in every Region of the service, an ARN in its own. A name
   that is found in none of the Regions makes the result Unavailable: a name with a mistake in it must not look like a pass.

Alarms and dashboards are also found by what they show: an alarm whose dimensions name a part of the service, and a dashboard
with a widget that does, are the service's without a tag. Certificates at the listeners of its load balancers are, too.

| kind | what it is | by tag | a hint is its |
|---|---|---|---|
"""
DRILLS = "none: the facts come from the portal"


class Command(BaseCommand):
    """Write the page about checks."""

    help = "Write docs/checks.md from the table of checks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where the page is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = written(CHECKS.values())
        if not options["check"]:
            PAGE.write_text(page, encoding="utf-8")
            self.stdout.write(f"{len(CHECKS)} checks written to {PAGE.relative_to(settings.ROOT)}.")
        elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
            raise CommandError(
                "docs/checks.md is not what the table of checks says. Run: python3 manage.py document_checks"
            )


def written(checks: Iterable[Check]) -> str:
    """The page about these checks, by name."""
    ordered = sorted(checks, key=lambda check: check.name)
    kinds = [_row(kind.name, kind.words, "yes" if kind.type_filter else "no", kind.hint) for kind in KINDS.values()]
    by_tag = [row.replace("| no |", "| by its own API |") if "auto_scaling_group" in row else row for row in kinds]
    parts = [OPENING + "\n".join(by_tag), "", *_policy(ordered), *(line for check in ordered for line in _lines(check))]
    return "\n".join(parts).rstrip() + "\n"


def _policy(checks: list[Check]) -> Iterator[str]:
    """The IAM policy of a role that may run all of them."""
    actions = actions_of(api for check in checks for api in check.apis)
    statement = {"Sid": "BcdrChecks", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
    yield "## What the read-only role needs\n"
    yield "The managed policy `ReadOnlyAccess` holds all of it; this is the least:\n"
    yield "```json"
    yield json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
    yield "```\n"


def _lines(check: Check) -> Iterator[str]:
    days = ", ".join(f"{check.half_life(tier).days} d" for tier in sorted(check.half_lives))
    yield f"## {check.name}\n"
    yield f"**{check.title}.** {check.reads}\n"
    yield f"- Speaks for: {', '.join(check.practices)}"
    yield f"- Permissions: {', '.join(f'`{action}`' for action in check.permissions) or DRILLS}"
    yield f"- Half-life: {days}"
    yield f"- Tested against: {check.tried_on}\n"
    yield f"To mend it: {check.remediation}\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
