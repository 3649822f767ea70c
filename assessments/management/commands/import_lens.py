"""`manage.py import_lens FILE... [--json] [--as USER --team TEAM | --as USER --lens SLUG]`: custom lenses from files.

Says what they hold, what is wrong with them, and what to remark. With `--as` the usable ones are kept as drafts, new lenses
of a team or the next draft of one; publishing is for people who look. Ends with 1 when a file was refused.
"""

import json
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from assessments.lens import Lens, Problem, export_problems
from assessments.linter import Finding, lint
from assessments.management.lens_file import line, read_lens, text_of, told_finding, told_problem
from assessments.models import LensVersion
from assessments.operations.lenses import create_lens, decoded, save_draft
from assessments.operations.shelf import find_lens, versions_of
from portal.errors import sentences
from portal.people.models import Team, User


@dataclass(frozen=True)
class _Report:
    """One file: a problem that a finding tells better is left to the finding."""

    path: Path
    lens: Lens | None
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    refusals: tuple[Problem, ...]


class Command(BaseCommand):
    """Read custom lenses and report on them."""

    help = "Read Well-Architected custom lenses (JSON, schema 2021-11-01), report their problems and lint their rules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="FILE", type=Path, help="Files with one lens each.")
        parser.add_argument("--json", action="store_true", dest="is_json", help="Print the report as JSON.")
        parser.add_argument("--as", dest="user", metavar="USER", help="Keep usable lenses as drafts of this person.")
        parser.add_argument("--team", metavar="TEAM", help="The slug of the team that new lenses are for.")
        parser.add_argument("--lens", metavar="SLUG", help="The lens whose next draft the file is.")

    def handle(self, *args: Any, **options: Any) -> None:
        reports = [_report(path) for path in options["paths"]]
        if options["is_json"]:
            self.stdout.write(json.dumps([_told(report) for report in reports], indent=2, ensure_ascii=False))
        else:
            for report in reports:
                self._print(report)
        if options.get("user"):
            self._keep([report.path for report in reports if report.lens], options)
        refused = sum(report.lens is None for report in reports)
        if refused:
            raise CommandError(f"{refused} of {len(reports)} files hold no usable lens.", returncode=1)

    def _keep(self, paths: list[Path], options: dict[str, Any]) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active person with the user name {options['user']}. Give one with --as.")
        if bool(options.get("team")) == bool(options.get("lens")):
            raise CommandError("Name either the --team that new lenses are for, or the --lens whose next draft it is.")
        teams = Team.objects.order_by("slug").values_list("slug", flat=True)
        if options.get("team") and options["team"] not in teams:
            raise CommandError(f"There is no team {options['team']}. There are: {', '.join(teams) or 'none'}.")
        if options.get("lens") and len(paths) > 1:
            raise CommandError("A lens has one draft. Give one file with --lens.")
        for path in paths:
            try:
                version = _kept(user, path, options)
            except (ValidationError, PermissionDenied, Http404) as error:
                said = sentences(error) if isinstance(error, ValidationError) else [str(error)]
                raise CommandError(f"{path} was not kept: {' '.join(said)}", returncode=1) from error
            place = self.stderr if options["is_json"] else self.stdout
            place.write(f"{path}: kept as {version.number} of {version.lens.slug}")

    def _print(self, report: _Report) -> None:
        self.stdout.write(f"{report.path}: {_summary(report)}")
        for problem in report.problems:
            self.stdout.write(line(problem.severity, problem.path, problem.message))
        for finding in report.findings:
            self.stdout.write(line(finding.severity, finding.path, finding.message))


def _kept(user: User, path: Path, options: dict[str, Any]) -> LensVersion:
    text = decoded(text_of(path))
    if options.get("lens"):
        lens = find_lens(user, options["lens"])
        return save_draft(user=user, lens=lens, text=text, base_sha256=versions_of(lens)[0].sha256)
    return create_lens(user=user, team=Team.objects.get(slug=options["team"]), text=text)


def _report(path: Path) -> _Report:
    reading = read_lens(path)
    if reading.lens is None:
        return _Report(path, None, reading.problems, (), ())
    findings = lint(reading.lens)
    told = {(finding.code, finding.path) for finding in findings}
    problems = tuple(problem for problem in reading.problems if (problem.code, problem.path) not in told)
    refusals = tuple(problem for problem in export_problems(reading.lens.raw) if problem.severity == "error")
    return _Report(path, reading.lens, problems, findings, refusals)


def _counts(lens: Lens) -> dict[str, int]:
    questions = lens.questions.values()
    return {
        "pillars": len(lens.pillars),
        "questions": len(questions),
        "choices": sum(len(question.choices) for question in questions),
        "rules": sum(len(question.rules) for question in questions),
    }


def _summary(report: _Report) -> str:
    if report.lens is None:
        return "refused"
    counts = ", ".join(f"{number} {noun}" for noun, number in _counts(report.lens).items())
    number = len(report.refusals)
    reasons = "1 reason" if number == 1 else f"{number} reasons"
    verdict = f"AWS would refuse it for {reasons}" if number else "AWS would take it"
    return f"{report.lens.name}: {counts}; {verdict}"


def _told(report: _Report) -> dict[str, Any]:
    lens = report.lens
    return {
        "file": str(report.path),
        "is_usable": lens is not None,
        "name": lens.name if lens else None,
        "counts": _counts(lens) if lens else None,
        "problems": [told_problem(problem) for problem in report.problems],
        "findings": [told_finding(finding) for finding in report.findings],
        "aws_refuses": [told_problem(problem) for problem in report.refusals],
    }
