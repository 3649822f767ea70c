"""The embedded broker of a laptop: kombu's transport over a folder, with messages that appear whole.

kombu opens a message under its final name and fills it afterwards; a worker that looks in between takes the empty file, finds no
JSON in it and ends. Here a message is written beside its place and moved there. Not for a company's servers: they have a broker.
"""

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """A channel whose readers never see half a message."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Names as kombu makes them: they sort by the time of sending, and end with the queue."""
        place = Path(self.data_folder_out) / f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        unfinished = place.with_suffix(".unfinished")
        try:
            unfinished.write_bytes(dumps(payload).encode())
            unfinished.replace(place)
        except OSError as error:
            raise ChannelError(f"Cannot add the message {place}: {error}") from error


class Transport(filesystem.Transport):
    """The transport that `filesystem://` means here; `portal.celery` says so to kombu."""

    Channel = Channel
