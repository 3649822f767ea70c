"""A promotion and a restore as they happen: a PostgreSQL of the test's own gets a new timeline, its dump another server."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from runbooks.tests.chaos.servers import OwnPostgres, Unavailable
from runbooks.tests.test_processes import ROOT

pytestmark = [pytest.mark.long, pytest.mark.journey, pytest.mark.xdist_group("processes")]


@pytest.fixture
def server() -> Iterator[Callable[[], OwnPostgres]]:
    """Makes servers, each in a folder that another user may reach."""
    made: list[OwnPostgres] = []

    def make() -> OwnPostgres:
        own = OwnPostgres(Path(tempfile.mkdtemp(prefix="portal-restore-")))
        try:
            own.make()
        except Unavailable as reason:
            pytest.skip(f"no PostgreSQL of its own can be had here: {reason}")
        made.append(own)
        return own

    yield make
    for own in made:
        own.remove()
        shutil.rmtree(own.data.parent, ignore_errors=True)


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., str]:
    """Runs a command of the portal on a server to its end, or for `seconds`, and returns what it said."""

    def run(server: OwnPostgres, *arguments: str, seconds: float = 0) -> str:
        environment = {
            **os.environ,
            "DATABASE_URL": server.url,
            "VAR_DIR": str(tmp_path / "var"),
            "LOG_LEVEL": "INFO",
            "WAKE_INTERVAL_SECONDS": "0.2",
        }
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            said = process.communicate(timeout=seconds or 120)[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            said = process.communicate(timeout=60)[0]
        assert process.returncode == 0, said
        return said

    return run


def promote(server: OwnPostgres) -> None:
    """What a standby goes through: it follows, then it is told to lead."""
    server._control("stop", "--mode=fast")
    (server.data / "standby.signal").touch()
    server._control("start")
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_promote()")


def copy(source: OwnPostgres, target: OwnPostgres) -> None:
    """A dump, loaded where another server runs."""
    with subprocess.Popen(["pg_dump", source.url], stdout=subprocess.PIPE) as dump:
        subprocess.run(
            ["psql", "--quiet", "--set=ON_ERROR_STOP=1", target.url], stdin=dump.stdout, check=True, capture_output=True
        )
    assert dump.returncode == 0


def test_a_promoted_and_a_restored_database_stand_still_until_released(
    server: Callable[[], OwnPostgres], manage: Callable[..., str]
) -> None:
    own = server()
    manage(own, "prepare")
    release = ("release", "--as", "anna", "--confirm", "old writer is off")
    assert "quiesced" not in manage(own, "work", seconds=12)
    promote(own)
    assert "timeline 1 became 2" in manage(own, "work", seconds=12)
    assert "Released" in manage(own, *release)
    assert "quiesced" not in manage(own, "work", seconds=12)

    other = server()
    copy(own, other)
    assert "restored on another server" in manage(other, "work", seconds=12)
    assert "Released" in manage(other, *release)
    assert "The audit log holds" in manage(other, "verify_audit")
