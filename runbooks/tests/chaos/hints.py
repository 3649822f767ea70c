"""The broker of a chaos run: the portal's own, in a folder. Takes hints from it, and does to those that wait what bad brokers do.

A hint is a file named after when it was sent: kombu reads the oldest name first.
"""

import base64
import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from kombu.exceptions import KombuError

from portal.celery import app

FOLDER = Path(settings.VAR) / "broker" / "messages"
HELD_BACK = FOLDER.parent / "held-back"


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


def harm(die: random.Random) -> str:
    """Do one bad thing to all hints that wait; what it was. A worker that takes one of them meanwhile was faster."""
    name = die.choice(sorted(HARMS))
    HELD_BACK.mkdir(parents=True, exist_ok=True)
    for path in sorted(FOLDER.glob("*.msg")):
        with suppress(FileNotFoundError):
            HARMS[name](path, die)
    return name


def _drop(path: Path, _: random.Random) -> None:
    path.unlink()


def _double(path: Path, _: random.Random) -> None:
    shutil.copy(path, _beside(path))


def _reorder(path: Path, die: random.Random) -> None:
    path.rename(_beside(path, str(die.randrange(10**6))))


def _hold_back(path: Path, _: random.Random) -> None:
    path.rename(HELD_BACK / path.name)


def _deliver_late(path: Path, _: random.Random) -> None:
    """Whatever was held back arrives now, behind this one."""
    for late in HELD_BACK.glob("*.msg"):
        late.rename(_beside(path, path.name.partition("_")[0]))


def _forge(path: Path, _: random.Random) -> None:
    """One more, for an execution that does not exist."""
    message = json.loads(path.read_text())
    arguments, *rest = json.loads(base64.b64decode(message["body"]))
    body = json.dumps([[str(uuid4()), *arguments[1:]], *rest]).encode()
    whole = path.with_suffix(".forged")
    whole.write_text(json.dumps({**message, "body": base64.b64encode(body).decode()}))
    whole.rename(_beside(path))


def _beside(path: Path, moment: str = "") -> Path:
    """A name of its own for one more message of the same queue."""
    return path.with_name(f"{moment or path.name.partition('_')[0]}_{uuid4()}.{path.name.partition('.')[2]}")


HARMS: dict[str, Callable[[Path, random.Random], None]] = {
    "hints dropped": _drop,
    "hints doubled": _double,
    "hints reordered": _reorder,
    "hints held back": _hold_back,
    "hints delivered late": _deliver_late,
    "hints forged": _forge,
}
