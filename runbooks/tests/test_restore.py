"""A promotion and a restore as they happen: a PostgreSQL of the test's own gets a new timeline, its dump another server."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from runbooks.tests.chaos.servers import OwnPostgres, Unavailable
from runbooks.tests.test_processes import ROOT

pytestmark = [pytest.mark.long, pytest.mark.journey, pytest.mark.xdist_group("processes")]


PATIENCE = 120.0


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


def environment_of(server: OwnPostgres, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": server.url,
        "VAR_DIR": str(folder / "var"),
        "LOG_LEVEL": "INFO",
        "WAKE_INTERVAL_SECONDS": "0.2",
        "LEASE_SECONDS": "6",
    }


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., str]:
    """Runs a command of the portal on a server to its end and returns what it said."""

    def run(server: OwnPostgres, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        environment = environment_of(server, tmp_path)
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def work(tmp_path: Path) -> Callable[[OwnPostgres], str]:
    """Runs a worker on a server until it has looked for work, then stops it, and returns what it said."""

    def run(server: OwnPostgres) -> str:
        log = tmp_path / "work.log"
        with log.open("w") as said:
            command = [sys.executable, str(ROOT / "manage.py"), "work"]
            environment = environment_of(server, tmp_path)
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            until = time.monotonic() + PATIENCE
            while not has_looked(server, process.pid):
                assert time.monotonic() < until and process.poll() is None, log.read_text()
                time.sleep(0.2)
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
        return log.read_text()

    return run


def has_looked(server: OwnPostgres, pid: int) -> bool:
    """Whether the worker said for the second time that it lives: after the first it looks for work."""
    query = "SELECT count(*) FROM runbooks_worker WHERE pid = %s AND ended_at IS NULL AND seen_at > started_at"
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute(query, [pid])
        return bool(cursor.fetchone()[0])


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
    server: Callable[[], OwnPostgres], manage: Callable[..., str], work: Callable[[OwnPostgres], str]
) -> None:
    own = server()
    manage(own, "prepare")
    release = ("release", "--as", "anna", "--confirm", "old writer is off")
    assert "quiesced" not in work(own)
    promote(own)
    assert "timeline 1 became 2" in work(own)
    assert "Released" in manage(own, *release)
    assert "quiesced" not in work(own)

    other = server()
    copy(own, other)
    assert "restored on another server" in work(other)
    assert "Released" in manage(other, *release)
    assert "The audit log holds" in manage(other, "verify_audit")
