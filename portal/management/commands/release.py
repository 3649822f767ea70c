"""`manage.py release --as USER --confirm "old writer is off"`: work may be claimed again."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.errors import sentences
from portal.people.models import User
from runbooks.operations.installation import CONFIRMATION, release


class Command(BaseCommand):
    """What was held back stays so until somebody resumes or cancels it, one by one."""

    help = "Let work be claimed again after a quiesce."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="An admin: a user name.")
        parser.add_argument("--confirm", required=True, metavar="TEXT", help=f'Exactly "{CONFIRMATION}".')

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active person with the user name {options['user']}. Name one with --as.")
        try:
            release(user=user, confirm=options["confirm"])
        except ValidationError as refusal:
            raise CommandError("\n".join(sentences(refusal))) from refusal
        except PermissionDenied as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("Released: workers claim again. What was held back waits for its own Resume or Cancel.")
