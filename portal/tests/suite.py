"""`make test`: checks, then the tests, on every database and broker at hand, and at the end on what it all ran.

SQLite and the embedded broker always; PostgreSQL and RabbitMQ where they answer (TEST_POSTGRES_URL, TEST_RABBITMQ_URL), for
the engine's tests. Exit status 0 only when everything passed. Arguments are handed to pytest; with any, checks are left out.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import kombu
import psycopg2

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: list[str]) -> int:
    began = time.monotonic()
    results: list[tuple[str, int]] = []
    if not find_browser():
        return 1
    if not arguments:
        results += [(name, run(name, command)) for name, command in checks()]
    # Three workers for two cores: those that drive processes and browsers mostly wait.
    chosen = arguments or ["-m", "not long"]
    results.append(("tests on SQLite, embedded broker", run("tests", pytest("-n", "3", *chosen))))
    if not arguments:
        results += on_servers()
    print(f"\nIn {time.monotonic() - began:.0f} s:")
    for name, status in results:
        print(f"  {'passed' if status == 0 else 'FAILED'}  {name}")
    return int(any(status > 0 for _, status in results))


def checks() -> list[tuple[str, list[str]]]:
    python = sys.executable
    return [
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("ruff format", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("mypy", [python, "-m", "mypy", "portal", "runbooks", "assessments"]),
        ("migrations are complete", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
    ]


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def on_servers() -> list[tuple[str, int]]:
    """The engine's tests on PostgreSQL and RabbitMQ, as far as these answer; what does not is said."""
    version = postgres_version()
    if version is None:
        return [(f"engine tests on PostgreSQL: left out, nothing answers at {POSTGRES.rpartition('@')[2]}", 0)]
    has_rabbitmq = answers_rabbitmq()
    broker = "RabbitMQ" if has_rabbitmq else "the embedded broker (no RabbitMQ answers)"
    extra = {"TEST_DATABASE_URL": POSTGRES, **({"TEST_PROCESS_BROKER_URL": RABBITMQ} if has_rabbitmq else {})}
    name = f"engine tests on PostgreSQL {version} and {broker}"
    return [(name, run(name, pytest("-n", "3", "-m", "engine and not long"), extra))]


def run(name: str, command: list[str], extra: dict[str, str] | None = None) -> int:
    print(f"\n=== {name}", flush=True)
    environment = {"IS_SANDBOX": "1", **os.environ, **(extra or {})}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


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
    if any(shutil.which(name) for name in BROWSERS):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests (once) ...", flush=True)
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
                break
        if shutil.which("chromium"):
            return True
    print("Chromium is missing, the browser tests need it. As root: apt-get install chromium", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
