"""What a Celery worker runs beside its tasks: the poller, which finds due work in the database whatever the broker does.

A step of the worker's start and not of its consumer's: it runs while the broker is still away. Not here: Celery's settings
(`portal.celery`) and the looking itself (`runbooks.poller`).
"""

from datetime import timedelta
from typing import Any

from celery import bootsteps
from celery.signals import worker_shutting_down
from django.conf import settings

from portal.lanes import every_lane
from runbooks import workers
from runbooks.poller import Poller

LONGEST_CALL = timedelta(seconds=25)
"""Connecting and reading of one AWS call, and noting its outcome."""


class Carrying(bootsteps.StartStopStep):
    """Starts after the pool, whose processes must not inherit a thread's connection, and ends before it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.poller = Poller(every_lane())

    def start(self, parent: Any) -> None:
        workers.keep_connections()
        self.poller.start()

    def stop(self, parent: Any) -> None:
        self.poller.stop()
        self.poller.join(settings.SLICE + LONGEST_CALL)


@worker_shutting_down.connect
def stop_claiming(**facts: Any) -> None:
    """On SIGTERM, before Celery waits for its tasks. Runs in a signal handler: it only sets a flag."""
    workers.HERE.is_stopping = True
