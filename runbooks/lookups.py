"""The rows that names stand for, as somebody writes them in JSON or in a terminal, among those he may see. Reads only."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.people.permissions import visible_teams
from runbooks.models import Execution, Incident, RunbookVersion, VersionStatus

SHORTEST_ID = 4


def rows_of_start(user: User, said: Mapping[str, Any]) -> dict[str, Any]:
    """The version, service, account and incident that a start names (`runbook`, `version`, `service`, `account`, `incident`).

    Raises `ValidationError` with everything that is not there.
    """
    teams = visible_teams(user)
    rows: dict[str, Any] = {
        "version": find_version(user, said["runbook"], said.get("version")),
        "service": Service.objects.filter(team__in=teams, slug=said.get("service") or "").first(),
        "account": AwsAccount.objects.filter(team__in=teams, name=said.get("account") or "").first(),
        "incident": Incident.objects.filter(team__in=teams, pk=said.get("incident")).first(),
    }
    problems = {
        name: [f"There is no {name} “{said[name]}” in your teams."]
        for name in ("service", "account", "incident")
        if said.get(name) and rows[name] is None
    }
    if rows["version"] is None:
        number = f" number {said['version']}" if said.get("version") else ""
        problems["runbook"] = [f"There is no published version{number} of a runbook “{said['runbook']}” in your teams."]
    if problems:
        raise ValidationError(problems)
    return rows


def find_version(user: User, runbook: str, number: int | None = None) -> RunbookVersion | None:
    """A published version by its runbook's slug or name; the newest one where no number is given."""
    versions = RunbookVersion.objects.filter(
        runbook__team__in=visible_teams(user), status=VersionStatus.PUBLISHED
    ).select_related("runbook")
    if number is not None:
        versions = versions.filter(number=number)
    newest_first = versions.order_by("-number")
    return newest_first.filter(runbook__slug=runbook).first() or newest_first.filter(runbook__name=runbook).first()


def find_execution(text: str) -> Execution:
    """An execution by its id or the beginning of it. Raises `ValidationError` when none or several begin so."""
    wanted = text.strip().lower().replace("-", "")
    if len(wanted) < SHORTEST_ID or not all(letter in "0123456789abcdef" for letter in wanted):
        raise ValidationError(
            f"“{text}” is no id of an execution. Give at least its first {SHORTEST_ID} letters and digits."
        )
    least, most = wanted.ljust(32, "0")[:32], wanted.ljust(32, "f")[:32]
    found = list(Execution.objects.filter(pk__gte=least, pk__lte=most).order_by("-created_at")[:3])
    if not found:
        raise ValidationError(f"There is no execution whose id begins with {text}.")
    if len(found) > 1:
        raise ValidationError(f"More than one execution begins with {text}: {', '.join(str(one.pk) for one in found)}.")
    return found[0]
