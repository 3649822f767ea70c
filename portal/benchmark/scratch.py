"""A database of the benchmark's own: made, migrated, used by child processes, dropped. Not here: what is measured on it."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import environ
from django.conf import settings
from django.db.utils import ConnectionHandler

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Scratch:
    """The folder of one run and the environment of its child processes."""

    folder: Path
    url: str
    broker: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """A sandbox without AWS on the scratch database; nothing of the portal's own folder or broker."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "VAR_DIR": str(self.folder),
            "CELERY_BROKER_URL": self.broker or "memory://localhost",
            "CACHE_URL": "locmemcache://",
            "IS_SANDBOX": "1",
            "SECRET_KEY": "benchmark of a scratch database, read by nobody",
            "AWS_ENDPOINT_URL": NOWHERE,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_EC2_METADATA_DISABLED": "true",
            "DEAD_MAN_URL": "",
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *arguments: str, timeout: float) -> str:
        """Run Python with arguments on this database; what it printed. Raises `CalledProcessError`."""
        command = [sys.executable, *arguments]
        done = subprocess.run(  # noqa: S603 (our own Python, our own arguments)
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=timeout, check=True
        )
        return done.stdout


@contextmanager
def scratch(server: str, broker: str = "") -> Iterator[Scratch]:
    """A migrated database beside the one `server` names, and a folder; both are gone afterwards.

    `server` is a database URL: PostgreSQL's server gets a database with a name of its own, SQLite a file in the folder.
    """
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as name:
        folder = Path(name)
        if urlsplit(server).scheme.startswith("sqlite"):
            made = Scratch(folder, f"sqlite:///{folder / 'benchmark.sqlite3'}", broker)
            made.run("manage.py", "migrate", "--verbosity=0", timeout=300)
            yield made
            return
        database = f"benchmark_{uuid.uuid4().hex[:12]}"
        _tell(server, f'CREATE DATABASE "{database}"')
        try:
            made = Scratch(folder, urlunsplit(urlsplit(server)._replace(path=f"/{database}")), broker)
            made.run("manage.py", "migrate", "--verbosity=0", timeout=300)
            yield made
        finally:
            _tell(server, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def own_server() -> str:
    """The URL of the database this portal is set up with, only to know on which server to make another."""
    return str(environ.Env().str("DATABASE_URL", default="")) or f"sqlite:///{settings.DATABASES['default']['NAME']}"


def _tell(server: str, statement: str) -> None:
    """One statement outside any transaction, as creating a database needs."""
    connection = ConnectionHandler({"default": environ.Env.db_url_config(server)})["default"]
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
