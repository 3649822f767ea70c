"""`manage.py import_runbook FILE|DIR... --as USER [--team TEAM] [--json]`: documents from disk become drafts.

For a whole folder of published documents, or when the browser is not there. Ends with 1 when a document was refused.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.errors import sentences
from portal.people.models import Team, User
from portal.people.permissions import Act
from runbooks.operations import imports, shelf, versions

MAXIMUM_FILES = 2_000


class Command(BaseCommand):
    """Import Automation documents from files and folders."""

    help = "Import Automation documents, YAML or JSON, as drafts. A runbook gets its file's name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", metavar="FILE|DIR", type=Path, help="Files; folders are searched below."
        )
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="The author: a user name.")
        parser.add_argument(
            "--team", metavar="TEAM", help="The team's slug; not needed where USER writes for one team only."
        )
        parser.add_argument("--json", action="store_true", dest="is_json", help="Print the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = _person(options["user"])
        team = _team(user, options["team"])
        paths = _documents(options["paths"])
        reports = [(path, _imported(user, team, path)) for path in paths]
        if options["is_json"]:
            self.stdout.write(
                json.dumps([_told(path, report) for path, report in reports], indent=2, ensure_ascii=False)
            )
        else:
            for path, report in reports:
                self._print(path, report)
        refused = sum(report.fate == imports.Fate.REFUSED for _, report in reports)
        if refused:
            raise CommandError(
                f"{refused} of {len(reports)} documents were refused; the others are kept.", returncode=1
            )

    def _print(self, path: Path, report: imports.Imported) -> None:
        number = f" version {report.version.number}" if report.version else ""
        remark = "" if report.is_runnable or report.fate == imports.Fate.REFUSED else ", cannot be published yet"
        self.stdout.write(f"{report.fate:<10} {report.name}{number}{remark} ({path})")
        for line in (*report.reasons, *(versions.spoken(problem) for problem in report.problems)):
            self.stdout.write(f"           {line}")


def _person(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active person with the user name {name}. Give one with --as.")
    return user


def _team(user: User, slug: str | None) -> Team:
    teams = list(shelf.teams_where(user, Act.EDIT_RUNBOOK))
    if slug:
        teams = [team for team in teams if team.slug == slug]
        if not teams:
            raise CommandError(f"{user.username} may not edit runbooks of a team {slug}. Ask an admin of the team.")
    if not teams:
        raise CommandError(f"{user.username} may not edit runbooks of any team. Ask an admin for the role author.")
    if len(teams) > 1:
        slugs = ", ".join(team.slug for team in teams)
        raise CommandError(f"{user.username} writes for several teams ({slugs}). Choose one with --team.")
    return teams[0]


def _documents(paths: list[Path]) -> list[Path]:
    """Every file named, and every document below every folder named, each once, in the order given."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path} does not exist. Nothing was imported.")
        for document in _below(path):
            found[document] = None
            if len(found) > MAXIMUM_FILES:
                raise CommandError(
                    f"More than {MAXIMUM_FILES:,} documents. Nothing was imported; import folder by folder."
                )
    if not found:
        raise CommandError("No file ends in .yaml, .yml or .json there. Nothing was imported.")
    return list(found)


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from sorted(item for item in path.rglob("*") if item.is_file() and item.suffix.lower() in imports.SUFFIXES)


def _imported(user: User, team: Team, path: Path) -> imports.Imported:
    name = imports.name_from_file(path.name)
    try:
        with path.open("rb") as file:
            text = imports.decode(file.read(versions.MAXIMUM_BYTES + 1))
    except ValidationError as error:
        return imports.Imported(name, "", imports.Fate.REFUSED, reasons=tuple(sentences(error)))
    except OSError as error:
        return imports.Imported(
            name, "", imports.Fate.REFUSED, reasons=(f"The file cannot be read: {error.strerror}.",)
        )
    return imports.import_document(user=user, team=team, name=name, text=text)


def _told(path: Path, report: imports.Imported) -> dict[str, Any]:
    return {
        "file": str(path),
        "name": report.name,
        "fate": report.fate,
        "version": report.version.number if report.version else None,
        "is_runnable": report.is_runnable,
        "reasons": list(report.reasons),
        "problems": [
            {
                "path": item.path,
                "line": item.line,
                "column": item.column,
                "severity": item.severity,
                "message": item.message,
            }
            for item in report.problems
        ],
    }
