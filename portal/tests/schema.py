"""The tables of the tests are made once a run: the first worker migrates, the others take a copy of its empty database.

For SQLite, where TEST_SCHEMA_FOLDER names a folder that the workers share; the suite sets it. Elsewhere every worker migrates.
Here too: how they are emptied.
"""

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO

from django.core.management.color import Style
from django.core.management.sql import sql_flush
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

FOLDER = "TEST_SCHEMA_FOLDER"
_turns: list[IO[str]] = []


def take_copy() -> bool:
    """Whether this worker's database is there already. If not, it is this worker's turn to make it, and to offer a copy."""
    folder = os.environ.get(FOLDER)
    if not folder or connection.vendor != "sqlite":
        return False
    turn = (Path(folder) / "turn").open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)  # waits for the worker that makes it; given back by the system if that one dies
    made = Path(folder) / "empty.sqlite3"
    if made.exists():
        turn.close()
        shutil.copyfile(made, connection.settings_dict["TEST"]["NAME"])
        return True
    _turns.append(turn)
    return False


def offer_copy() -> None:
    """Ends this worker's turn, if it has it: the others copy what it made."""
    while _turns:
        turn = _turns.pop()
        unfinished = Path(turn.name).with_name("unfinished.sqlite3")
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as here,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            here.backup(copy)
        unfinished.rename(Path(turn.name).with_name("empty.sqlite3"))
        turn.close()


def deletion(
    style: Style, using: BaseDatabaseWrapper, reset_sequences: bool = True, allow_cascade: bool = False
) -> list[str]:
    """Django's `sql_flush`, but PostgreSQL deletes rows: TRUNCATE makes new files for every table, 150 ms for nearly no rows."""
    if using.vendor != "postgresql":
        return sql_flush(style, using, reset_sequences, allow_cascade)
    tables = using.introspection.table_names(include_views=False)
    deletions = [f"DELETE FROM {using.ops.quote_name(name)}" for name in tables if name != "django_migrations"]
    return ["; ".join(["SET CONSTRAINTS ALL DEFERRED", *deletions])]
