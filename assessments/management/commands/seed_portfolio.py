"""`manage.py seed_portfolio --services 500`: many services with assessments, answers and milestones, to see the portal at size.

Sandbox only. The same number gives the same portfolio; services that are there already are left alone.
"""

import random
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assessments.lens import Lens
from assessments.models import Answer, Assessment, LensVersion, RiskTally
from assessments.operations.lenses import install_lenses
from assessments.operations.milestones import freeze
from assessments.operations.shelf import lens_of
from assessments.operations.tally import tallied
from assessments.results import results_of
from portal.catalogue.models import Service, Strategy, Tier
from portal.people.models import Membership, Role, Team, User

_AREAS = "Payments Checkout Search Catalogue Identity Shipping Pricing Ledger Messaging Media Reporting Returns".split()
_PARTS = "API Gateway Worker Store Stream Index Portal Scheduler Archive Relay".split()
_TEAMS = "Money Shop Platform Logistics".split()
_LENSES = ("bcdr-core", "reliability", "operational-excellence")
# How a service's diligence is spread: most are in the middle, a few are very good or very bad.
_TIERS = (Tier.MISSION_CRITICAL, Tier.CRITICAL, Tier.CRITICAL, Tier.IMPORTANT, Tier.IMPORTANT, Tier.SUPPORTING)


class Command(BaseCommand):
    """One transaction: all of it or nothing."""

    help = "Add many services with assessments to try the portal at size. Only in sandbox mode."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--services", type=int, default=500, help="How many services there are to be.")
        parser.add_argument(
            "--user", default="", help="Who owns them; the first superuser or admin where none is named."
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_SANDBOX:
            raise CommandError("These services are invented, so they are made in sandbox mode only. Set IS_SANDBOX=1.")
        owner = _owner(options["user"])
        install_lenses()
        versions = list(
            LensVersion.objects.filter(lens__slug__in=_LENSES, status="Published").order_by("lens__slug", "-pk")
        )
        newest = {version.lens_id: version for version in reversed(versions)}
        teams = [_team(name, owner) for name in _TEAMS]
        added = 0
        for number in range(options["services"]):
            chance = random.Random(number)
            area, part = _AREAS[number % len(_AREAS)], _PARTS[number // len(_AREAS) % len(_PARTS)]
            name = f"{area} {part} {number // (len(_AREAS) * len(_PARTS)) + 1}"
            if Service.objects.filter(name=name).exists():
                continue
            _assess(_service(name, owner, teams[number % len(teams)], chance), list(newest.values()), owner, chance)
            added += 1
        self.stdout.write(f"{added} services added, {Service.objects.count()} in all.")


def _owner(name: str) -> User:
    named = User.objects.filter(username=name) if name else User.objects.filter(memberships__role=Role.ADMIN)
    found = named.first() or (None if name else User.objects.filter(is_superuser=True).first())
    if found is None:
        raise CommandError(f"There is nobody {'called ' + name if name else 'to own them'}. Run seed_demo first.")
    return found


def _team(name: str, owner: User) -> Team:
    team, _ = Team.objects.get_or_create(slug=f"portfolio-{name.lower()}", defaults={"name": f"{name} team"})
    Membership.objects.get_or_create(user=owner, team=team, role=Role.ADMIN)
    return team


def _service(name: str, owner: User, team: Team, chance: random.Random) -> Service:
    return Service.objects.create(
        slug=name.lower().replace(" ", "-"),
        name=name,
        team=team,
        owner=owner,
        tier=chance.choice(_TIERS),
        strategy=chance.choice(Strategy.values),
        primary_region="us-west-2",
        recovery_regions=["us-east-1"],
    )


def _assess(service: Service, versions: list[LensVersion], owner: User, chance: random.Random) -> None:
    """One in ten services nobody has judged; the others by one lens or more."""
    if chance.random() < 0.1:
        return
    diligence = chance.betavariate(4, 2)
    for version in versions[: chance.randint(1, len(versions))]:
        assessment = Assessment.objects.create(
            service=service, lens=version.lens, lens_version=version, owner=owner, started_by=owner
        )
        rows = _answers(assessment, lens_of(version), diligence, chance)
        Answer.objects.bulk_create(rows)
        RiskTally.objects.create(assessment=assessment, **tallied(results_of(lens_of(version), rows)))
        if chance.random() < 0.05:
            freeze(owner, assessment, "First look")


def _answers(assessment: Assessment, lens: Lens, diligence: float, chance: random.Random) -> list[Answer]:
    found: list[Answer] = []
    for question in lens.questions.values():
        if chance.random() > 0.4 + diligence / 2:
            continue
        share = 1.0 if chance.random() < diligence else diligence / 2
        chosen = [choice.id for choice in question.choices if not choice.is_none_of_these and chance.random() < share]
        chosen = chosen or sorted(question.none_of_these)[:1]
        said = {choice_id: {"status": "SELECTED", "reason": "", "notes": ""} for choice_id in chosen}
        row = Answer(assessment=assessment, question_id=question.id, choices=said, revision=1)
        row.changed_by = assessment.owner
        found.append(row)
    return found
