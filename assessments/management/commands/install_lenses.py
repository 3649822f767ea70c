"""`manage.py install_lenses`: publish the lenses shipped with the portal, for everybody. Twice is once."""

from typing import Any

from django.core.management.base import BaseCommand

from assessments.operations.lenses import install_lenses


class Command(BaseCommand):
    """Part of `manage.py prepare`."""

    help = "Publish the lenses shipped with the portal; those that are installed and unchanged are left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        for version in install_lenses():
            self.stdout.write(f"Installed version {version.number} of {version.lens.slug}.")
