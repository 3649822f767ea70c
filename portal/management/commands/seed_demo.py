"""`manage.py seed_demo`: the sandbox's people, account and services. Adds what is missing and changes nothing that is there."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assessments.operations.checks import CheckPlanDraft, save_check_plan
from portal.catalogue.models import AwsAccount, Service
from portal.catalogue.operations import create_service, save_account
from portal.catalogue.sample import SAMPLE, sample_account, sample_draft
from portal.people.demo import DEMO_USERS, PASSWORD, TEAM_NAME, TEAM_SLUG
from portal.people.models import Membership, Role, Team, User
from portal.people.operations import grant_role


class Command(BaseCommand):
    """One transaction: all of it or nothing. Refused outside the sandbox, because the passwords are public."""

    help = "Add the demonstration's people, AWS account and services. Only in sandbox mode."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_SANDBOX:
            raise CommandError(
                "The demonstration's passwords are public, so it is made in sandbox mode only. Set IS_SANDBOX=1 for that."
            )
        team, _ = Team.objects.get_or_create(slug=TEAM_SLUG, defaults={"name": TEAM_NAME})
        admin = _people(team)
        account = AwsAccount.objects.filter(name=SAMPLE["account"]["name"]).first()
        if account is None:
            account = save_account(user=admin, account=sample_account(team))
        added = [told["name"] for told in SAMPLE["services"] if not Service.objects.filter(name=told["name"]).exists()]
        entry = f"http://127.0.0.1:{os.environ.get('SANDBOX_GATEWAY_PORT', '5580')}/"
        for told in SAMPLE["services"]:
            if told["name"] in added:
                draft = sample_draft(told, team=team, account=account, entry=entry)
                _look_at(create_service(user=draft.owner, draft=draft), told)
        if added:
            self.stdout.write(f"Sample services added: {', '.join(added)}.")
        people = ", ".join(f"{each.username} ({each.role.label.lower()})" for each in DEMO_USERS)
        self.stdout.write(f"Sign in as {people}; the password of all is {PASSWORD}")


def _look_at(service: Service, told: dict[str, Any]) -> None:
    """Say which resources of the sandbox are the service's, so that checks find them."""
    names = {kind: tuple(listed) for kind, listed in told.get("resources", {}).items()}
    if names:
        save_check_plan(user=service.owner, service=service, draft=CheckPlanDraft(names=names))


def _people(team: Team) -> User:
    """The people of the demonstration; returns the admin, who gives the others their roles."""
    made: dict[Role, User] = {}
    for each in DEMO_USERS:
        user = User.objects.filter(username=each.username).first()
        if user is None:
            first, _, last = each.full_name.partition(" ")
            user = User.objects.create_user(
                each.username, f"{each.username}@mysfits.example", PASSWORD, first_name=first, last_name=last
            )
        made[each.role] = user
    admin = made[Role.ADMIN]
    Membership.objects.get_or_create(user=admin, team=team, role=Role.ADMIN)
    for role, user in made.items():
        grant_role(user=admin, person=user, team=team, role=role)
    return admin
