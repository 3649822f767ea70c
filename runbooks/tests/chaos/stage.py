"""A database for each chaos run, made for it and removed after it, and the run in a process that finds it in its environment.

`database` is "sqlite" (a file), "postgresql" (a server of the run's own, which it crashes), or the address of a PostgreSQL on
which a database is created; that one is not crashed. Not here: the run (`campaign`).
"""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2  # type: ignore[import-untyped]
from django.conf import settings

from runbooks.tests.chaos.servers import OwnPostgres


def play(plan: dict[str, Any], database: str) -> dict[str, Any]:
    """Make one run; its table, violations and length in seconds.

    Raises `servers.Unavailable` where there is no PostgreSQL, `subprocess.CalledProcessError` where the run broke off.
    """
    with tempfile.TemporaryDirectory(prefix="chaos-stage-") as name:
        folder = Path(name)
        with _database(folder, database) as (url, server):
            environment = {
                **os.environ,
                "DATABASE_URL": url,
                "VAR_DIR": str(folder / "var"),
                "IS_SANDBOX": "1",
                "SANDBOX_TIME_SCALE": "0.02",
                "SECRET_KEY": uuid.uuid4().hex * 2,
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "CELERY_BROKER_URL": "filesystem://",
                "LOG_LEVEL": "ERROR",
            }
            command = [sys.executable, "-m", "runbooks.tests.chaos", "command"]
            command += [json.dumps(plan), str(folder / "report.json"), *server]
            subprocess.run(command, cwd=settings.ROOT, env=environment, check=True)
        found: dict[str, Any] = json.loads((folder / "report.json").read_text())
        return found


@contextmanager
def _database(folder: Path, database: str) -> Iterator[tuple[str, list[str]]]:
    """The address of an empty database, and, for one that may be crashed, where it is."""
    if database == "sqlite":
        yield f"sqlite:///{folder / 'chaos.sqlite3'}", []
    elif database == "postgresql":
        server = OwnPostgres(folder)
        server.make()
        try:
            yield server.url, [str(folder), str(server.port)]
        finally:
            server.remove()
    else:
        yield from _created(database)


def _created(address: str) -> Iterator[tuple[str, list[str]]]:
    name = f"chaos_{uuid.uuid4().hex[:12]}"
    _execute(address, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(address)._replace(path=f"/{name}")), []
    finally:
        _execute(address, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(address: str, statement: str) -> None:
    connection = psycopg2.connect(address)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
