"""The broker of a chaos run: the portal's own, in a folder. Takes hints from it, or throws away all that wait."""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from kombu.exceptions import KombuError

from portal.celery import app

FOLDER = Path(settings.VAR) / "broker" / "messages"


class Hints:
    """A worker's end of the broker. Without one it has nothing to say, and the worker looks at the database."""

    def __init__(self) -> None:
        self.channel = app.connection_for_read().default_channel

    def take(self) -> UUID | None:
        """The execution a waiting hint names, if one waits; hints for anything else are dropped."""
        try:
            message = self.channel.basic_get(app.conf.task_default_queue, no_ack=True)
        except (KombuError, OSError, ValueError):
            return None  # another worker took the file first
        if message is None or message.headers.get("task") != "runbooks.tasks.advance":
            return None
        return UUID(message.decode()[0][0])


def flush() -> int:
    """Throw away every hint that waits; how many."""
    waiting = list(FOLDER.glob("*"))
    for path in waiting:
        path.unlink(missing_ok=True)
    return len(waiting)
