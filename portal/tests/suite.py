"""`make test`: checks, then the tests, on every database and broker at hand, and at the end on what it all ran.

SQLite and the embedded broker always; PostgreSQL and RabbitMQ where they answer (TEST_POSTGRES_URL, TEST_RABBITMQ_URL), for
the engine's tests. Exit status 0 only when everything passed. Arguments are handed to pytest; with any, checks are left out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import kombu
import psycopg2

from portal.tests import schema
from portal.tests.browser import find_chromium

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
WORKERS = 2  # of a lane; two lanes at once, of which one mostly waits, keep two cores busy
PARTS = ("portal", "runbooks", "assessments")


@dataclass
class Lane:
    """Commands that run one after the other, beside other lanes; what they print is kept and shown when they have ended."""

    name: str
    commands: list[list[str]]
    extra: dict[str, str] = field(default_factory=dict)
    is_shown: bool = True  # what it printed, also when it passed
    status: int = 0
    seconds: float = 0.0
    output: str = ""


def main(arguments: list[str]) -> int:
    began = time.monotonic()
    if not find_browser():
        return 1
    if arguments:
        return subprocess.run(pytest("-n", "3", *arguments), cwd=ROOT, env=environment({}), check=False).returncode
    lanes = side_by_side([*checks(), reading()])
    with tempfile.TemporaryDirectory(prefix="portal-schema-") as folder:
        os.environ[schema.FOLDER] = folder
        lanes += side_by_side([on_sqlite(), journeys(), *on_servers()])
    failed = [lane for lane in lanes if lane.status > 0]
    for lane in failed:
        print(f"\n=== FAILED: {lane.name}\n{lane.output}")
    print(f"\nIn {time.monotonic() - began:.0f} s:")
    for lane in lanes:
        print(f"  {'FAILED' if lane.status else 'passed'} {lane.seconds:5.0f} s  {lane.name}")
    for said in left_out():
        print(f"  left out       {said}")
    return int(bool(failed))


def side_by_side(lanes: list[Lane]) -> list[Lane]:
    """Runs two at a time, in this order. What passed is shown when it ends; what failed is shown last, by the caller."""
    with ThreadPoolExecutor(2) as pool:
        for future in as_completed([pool.submit(run, lane) for lane in lanes]):
            lane = future.result()
            print(f"\n=== {'FAILED' if lane.status else 'passed'} in {lane.seconds:.0f} s: {lane.name}", flush=True)
            if not lane.status and lane.is_shown:
                print(lane.output.strip(), flush=True)
    return lanes


def run(lane: Lane) -> Lane:
    print(f"... {lane.name}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        for command in lane.commands:
            done = subprocess.run(
                command, cwd=ROOT, env=environment(lane.extra), stdout=output, stderr=output, check=False
            )
            lane.status = lane.status or done.returncode
        output.seek(0)
        lane.output = output.read()
    lane.seconds = time.monotonic() - began
    return lane


def environment(extra: dict[str, str]) -> dict[str, str]:
    """Ours and `extra`. Bytecode is kept: without it every one of many processes translates all tests again."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"IS_SANDBOX": "1", **kept, **extra}


def checks() -> list[Lane]:
    python = sys.executable
    return [
        Lane(
            "ruff, mypy, migrations are complete",
            [
                [python, "-m", "ruff", "check", "--quiet", "."],
                [python, "-m", "ruff", "format", "--check", "--quiet", "."],
                [python, "-m", "mypy", *PARTS],
                [python, "manage.py", "makemigrations", "--check", "--dry-run"],
            ],
        )
    ]


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def lane_of(name: str, marks: str, *paths: str, extra: dict[str, str] | None = None) -> Lane:
    """Tests that carry these marks, and are not long."""
    chosen = ["-n", str(WORKERS), "-p", "no:cacheprovider", "-m", f"({marks}) and not long", *paths]
    return Lane(name, [pytest(*chosen)], extra or {})


def reading() -> Lane:
    """Translates the tests once, before many processes read them at once; says too when one cannot be read."""
    command = pytest("-n", "0", "-p", "no:cacheprovider", "--collect-only", "-qq")
    return Lane("all tests can be read", [command], is_shown=False)


def journeys() -> Lane:
    return lane_of("journeys: whole processes and browsers, on SQLite", "journey")


def on_sqlite() -> Lane:
    return lane_of("tests on SQLite and the embedded broker", "not journey")


def on_servers() -> list[Lane]:
    """The engine's tests on PostgreSQL and RabbitMQ, as far as these answer."""
    version = postgres_version()
    if version is None:
        return []
    has_rabbitmq = answers_rabbitmq()
    extra = {"TEST_DATABASE_URL": POSTGRES, **({"TEST_PROCESS_BROKER_URL": RABBITMQ} if has_rabbitmq else {})}
    name = f"engine tests on PostgreSQL {version} and {'RabbitMQ' if has_rabbitmq else 'the embedded broker'}"
    return [lane_of(name, "engine", *engine_files(), extra=extra)]


def engine_files() -> list[str]:
    """Only these need to be read for the engine's tests."""
    found = (path for part in PARTS for path in sorted((ROOT / part).rglob("test_*.py")))
    return [str(path.relative_to(ROOT)) for path in found if "mark.engine" in path.read_text(encoding="utf-8")]


def left_out() -> list[str]:
    """What this machine could not be asked for; said, never silent."""
    if postgres_version() is None:
        return [f"engine tests on PostgreSQL and RabbitMQ: nothing answers at {POSTGRES.rpartition('@')[2]}"]
    return [] if answers_rabbitmq() else [f"RabbitMQ: nothing answers at {RABBITMQ.rpartition('@')[2]}"]


def postgres_version() -> str | None:
    try:
        with psycopg2.connect(POSTGRES, connect_timeout=2) as connection:
            return str(connection.server_version // 10000)
    except psycopg2.OperationalError:
        return None


def answers_rabbitmq() -> bool:
    try:
        with kombu.Connection(RABBITMQ, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
            return True
    except (OSError, kombu.exceptions.OperationalError):
        return False


def find_browser() -> bool:
    """The browser tests drive Debian's Chromium; where it is missing and we may, it is installed."""
    if find_chromium():
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests (once) ...", flush=True)
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
                break
        if find_chromium():
            return True
    print("Chromium is missing, the browser tests need it. As root: apt-get install chromium", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
