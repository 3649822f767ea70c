"""`manage.py sample`: the process that watches services as a client does while drills run."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from runbooks.sampler import sample_until

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop (Ctrl-C or SIGTERM), then gives its probes back. Several may run."""

    help = "Sample the public entries of services while drills run. Keep one of these running beside the web server."

    def handle(self, *args: Any, **options: Any) -> None:
        is_over = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            is_over.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        log.info("waiting for drills to sample")
        sample_until(is_over)
