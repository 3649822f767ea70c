"""`manage.py drill` as somebody runs it: from nothing, in processes of its own, with its exit status. Journeys."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 500
SCALE = "0.2"
"""At 0.1 a busy machine needs nearly all of the six seconds that the RPO allows just to carry out the injection."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where everything of the cold start goes: where the tests' other databases are, in memory if possible."""
    with tempfile.TemporaryDirectory(dir=os.environ["VAR_DIR"]) as made:
        yield Path(made)


def environment(folder: Path) -> dict[str, str]:
    """A shell in which nothing is set up but the sandbox mode."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_", "DJANGO_"))}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        kept.pop(name, None)
    return {**kept, "IS_SANDBOX": "1", "SANDBOX_TIME_SCALE": SCALE, "VAR_DIR": str(folder), "TMPDIR": str(folder)}


@contextmanager
def drill(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "drill", *options],
        cwd=ROOT,
        env=environment(folder),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def left_running(folder: Path) -> list[str]:
    """Processes whose environment still names this test's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"VAR_DIR={folder}".encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


@pytest.mark.journey
def test_a_drill_from_nothing_proves_both_objectives_and_leaves_nothing_behind(folder: Path) -> None:
    with drill(folder, "--json") as process:
        said, progress = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, progress
    record = json.loads(said)
    assert record["verdict"]["word"] == "Met"
    assert record["measured"]["disrupted_at"] < record["measured"]["recovered_at"]
    assert set(record["measured"]["regions"]["before"]) == {"us-west-2"}
    assert set(record["measured"]["regions"]["after"]) == {"us-east-1"}
    assert record["heartbeats"]["missing_count"] > 0
    assert record["heartbeats"]["reappeared_count"] == record["heartbeats"]["missing_count"]
    assert "approved by petra (demo approver, from the terminal)" in progress
    assert left_running(folder) == []
    assert not list(folder.glob("bcdr-drill-*"))


@pytest.mark.journey
@pytest.mark.long
def test_without_the_recovery_it_is_not_recovered_and_the_status_says_so(folder: Path) -> None:
    with drill(folder, "--without-recovery") as process:
        said, progress = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, progress
    assert "Verdict   Not recovered" in said
    assert left_running(folder) == []


@pytest.mark.journey
@pytest.mark.long
def test_ctrl_c_cancels_cleans_up_and_stops_everything(folder: Path) -> None:
    with drill(folder) as process:
        assert process.stderr is not None
        until = time.monotonic() + PATIENCE
        for line in process.stderr:
            if " Detection " in line or " Recovery " in line:
                break
            assert time.monotonic() < until
        process.send_signal(signal.SIGINT)
        said, progress = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, progress
    assert "Cancelling: Stopped from the terminal (SIGINT)." in progress
    assert "Restoration  Success" in said
    assert left_running(folder) == []


def test_a_drill_outside_the_sandbox_is_refused(folder: Path) -> None:
    outside = {
        **environment(folder),
        "IS_SANDBOX": "0",
        "SECRET_KEY": "x" * 50,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "drill"],
        cwd=ROOT,
        env=outside,
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert "sandbox only" in done.stderr
