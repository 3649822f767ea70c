"""`manage.py sandbox`: the sandbox with the same options as `python -m portal.sandbox`, in this process."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.sandbox.command import add_options, run


class Command(BaseCommand):
    help = "Run the emulated AWS: API, gateway and sample estate on loopback, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(options))
