"""`manage.py prepare`: a database ready for use. Safe to run again; in sandbox mode it also holds the sample."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.people.models import Team, User
from runbooks.operations.versions import install_library


class Command(BaseCommand):
    """Migrate, make the cache table, install the lenses; on a laptop seed the demo people, the sample and its runbooks."""

    help = "Migrate the database; in sandbox mode add the demo people, the sample service and its runbooks."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        call_command("install_lenses", stdout=self.stdout)
        if not settings.IS_SANDBOX:
            self.stdout.write("The database is ready.")
            return
        call_command("seed_demo", stdout=self.stdout)
        install_library(
            author=User.objects.get(username="arthur"),
            publisher=User.objects.get(username="petra"),
            team=Team.objects.get(slug="mythical-mysfits"),
        )
