"""A drill from nothing: a sandbox of its own, a fresh database, and a command run inside them; all of it gone afterwards.

Settings read the endpoint before Django starts, so the command runs as a child process with its environment set. Not
here: the drill (`commands/drill.py`), the sandbox (`portal.sandbox`, started as its own process).
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from django.conf import settings

READY = re.compile(r"sandbox ready api=(?P<api>http://127\.0\.0\.1:\d+) gateway=(?P<gateway>http://127\.0\.0\.1:\d+)")
PATIENCE = 120.0
"""Seconds the sandbox and the sample estate have to be ready."""


class ColdStartFailed(Exception):
    """Something did not come up; the message says what, and shows its last words."""


def run_in_a_sandbox(arguments: Sequence[str], tell: Callable[[str], None]) -> int:
    """Run `manage.py <arguments>` against a sandbox and a database made for it; its exit status. Stops what it started."""
    with tempfile.TemporaryDirectory(prefix="bcdr-drill-") as folder, _Children() as children:
        tell("Cold start: a sandbox and an empty database of their own.")
        api, gateway, sandbox = _start_sandbox(children, Path(folder))
        environment = _environment(api, gateway, Path(folder))
        _run(children, ["prepare"], environment, is_quiet=True)
        tell(f"Sandbox at {api}, public entry at {gateway}/; the database is prepared.")
        _wait_for_estate(api, sandbox)
        tell("The sample estate is deployed in both Regions.")
        return _run(children, arguments, environment)


class _Children(contextlib.AbstractContextManager["_Children"]):
    """Processes started here. A signal to us is passed on; whatever still runs at the end is ended, newest first."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []
        self.earlier: dict[int, object] = {}

    def __enter__(self) -> "_Children":
        for number in (signal.SIGINT, signal.SIGTERM):
            self.earlier[number] = signal.signal(number, self._pass_on)
        return self

    def start(
        self, command: Sequence[str], environment: dict[str, str], output: int | None = None
    ) -> "subprocess.Popen[str]":
        """Start a process; both its outputs go to `output`, or, for None, where ours go."""
        # A session of its own: Ctrl-C reaches the drill through us only, and never the sandbox it still needs.
        child = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            env=environment,
            cwd=settings.ROOT,
            text=True,
            start_new_session=True,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
        )
        self.running.append(child)
        return child

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        """To the newest child: the drill, or what is being prepared for it. It ends, and then so do we."""
        if self.running and self.running[-1].poll() is None:
            self.running[-1].send_signal(number)

    def __exit__(self, *_: object) -> None:
        for number in self.earlier:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.running):
            if child.poll() is None:
                child.terminate()
        for child in reversed(self.running):
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for number, handler in self.earlier.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _start_sandbox(children: _Children, folder: Path) -> tuple[str, str, "subprocess.Popen[str]"]:
    said = folder / "sandbox.log"
    command = [sys.executable, "-m", "portal.sandbox", "--port", "0", "--gateway-port", "0"]
    with said.open("w") as output:
        command += ["--time-scale", str(settings.TIME_SCALE)]
        sandbox = children.start(command, dict(os.environ), output.fileno())
    for _ in _patiently():
        found = READY.search(said.read_text())
        if found:
            return found["api"], found["gateway"], sandbox
        if sandbox.poll() is not None:
            break
    raise ColdStartFailed(f"The sandbox did not start. Its last words:\n{said.read_text()[-2000:]}")


def _wait_for_estate(api: str, sandbox: "subprocess.Popen[str]") -> None:
    for _ in _patiently():
        with urllib.request.urlopen(f"{api}/_sandbox/status", timeout=10) as answer:  # noqa: S310 - loopback, ours
            status = json.load(answer)
        if status["estate_error"]:
            raise ColdStartFailed(f"The sample estate was not deployed: {status['estate_error']}")
        if status["is_estate_ready"]:
            return
        if sandbox.poll() is not None:
            break
    raise ColdStartFailed(f"The sample estate was not ready within {PATIENCE:g} s.")


def _patiently() -> Iterator[None]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        yield
        time.sleep(0.1)


def _environment(api: str, gateway: str, folder: Path) -> dict[str, str]:
    """What the children see: the sandbox instead of AWS, and nothing of another installation's database or broker."""
    return {
        **os.environ,
        "IS_SANDBOX": "1",
        "AWS_ENDPOINT_URL": api,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SANDBOX_TIME_SCALE": str(settings.TIME_SCALE),
        "SANDBOX_GATEWAY_PORT": gateway.rpartition(":")[2],
        "DATABASE_URL": f"sqlite:///{folder / 'drill.sqlite3'}",
        "VAR_DIR": str(folder),
        "CELERY_BROKER_URL": "memory://localhost/",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def _run(children: _Children, arguments: Sequence[str], environment: dict[str, str], *, is_quiet: bool = False) -> int:
    """One `manage.py` command to its end. A quiet one must succeed, and says nothing but why it did not."""
    output = subprocess.PIPE if is_quiet else None
    child = children.start([sys.executable, "manage.py", *arguments], environment, output)
    said, _ = child.communicate()
    if is_quiet and child.returncode != 0:
        raise ColdStartFailed(f"manage.py {' '.join(arguments)} failed:\n{(said or '')[-2000:]}")
    return child.returncode
