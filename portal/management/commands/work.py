"""`manage.py work`: a worker without Celery and without a broker; it finds what is due in the database."""

import logging
import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from portal.lanes import every_lane
from runbooks.poller import Poller
from runbooks.workers import keep_connections

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop (Ctrl-C or SIGTERM), then finishes the calls it is in. Several may run, anywhere."""

    help = "Carry executions, drills and automated checks. Needs the database and nothing else."
    # Checks read the addresses of all pages, which a worker never serves.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        keep_connections()
        poller = Poller(every_lane())

        def stop(number: int, frame: FrameType | None) -> None:
            poller.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        log.info("worker %s looks for work", poller.presence.id)
        poller.run()
