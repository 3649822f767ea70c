"""`make run`: everything on one machine, started and stopped together. Run as `python -m portal.up`, without Django.

Starts the sandbox, prepares the database, then starts web server, worker, scheduler and sampler; prints the address and the
demo sign-ins; restarts what crashes; Ctrl-C stops all of it. Not for a company's servers: there each process is a service
of its own (docker-compose.yml shows them).
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 8
_PR_SET_PDEATHSIG = 1


@dataclass
class Part:
    """One process: its name (also of its log file), its command, and how often it has been started."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = 0.0


@dataclass
class Ports:
    """Where things listen, all on 127.0.0.1."""

    web: int = field(default_factory=lambda: int(os.environ.get("PORT", "8000")))
    sandbox: int = field(default_factory=lambda: int(os.environ.get("SANDBOX_PORT", "5566")))
    gateway: int = field(default_factory=lambda: int(os.environ.get("SANDBOX_GATEWAY_PORT", "5580")))


class Problem(Exception):
    """Something a person must mend before it can start; the message says what."""


def main() -> int:
    """Run until Ctrl-C. Exit status 0 when stopped on purpose, 1 when something kept it from starting."""
    ports = Ports()
    var = Path(os.environ.get("VAR_DIR", ROOT / "var"))
    (var / "log").mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _interrupt)
    parts: list[Part] = []
    try:
        _check_ports(ports)
        environment = _environment(ports)
        parts = _parts(ports)
        _say("Starting the sandbox (an AWS on this machine) and preparing the database ...")
        _start(parts[0], environment, var)
        _prepare(environment, var)
        # The page first: on two cores the other processes would only make it late.
        _start(parts[1], environment, var)
        _wait_for_web(ports.web, parts)
        for part in parts[2:]:
            _start(part, environment, var)
        _greet(ports, var)
        _watch(parts, environment, var)
    except KeyboardInterrupt:
        _say("\nStopping ...")
        return 0
    except Problem as problem:
        _say(f"Cannot start: {problem}")
        return 1
    finally:
        _stop(parts)
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _check_ports(ports: Ports) -> None:
    wanted = {"PORT": ports.web, "SANDBOX_PORT": ports.sandbox, "SANDBOX_GATEWAY_PORT": ports.gateway}
    taken = []
    for variable, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(f"port {port} is in use (choose another with {variable}=...)")
    if taken:
        raise Problem("; ".join(taken) + ". Is the portal running already? Then open it, or stop it with Ctrl-C there.")


def _environment(ports: Ports) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "IS_SANDBOX": "1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.sandbox}",
        "SANDBOX_PORT": str(ports.sandbox),
        "SANDBOX_GATEWAY_PORT": str(ports.gateway),
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _parts(ports: Ports) -> list[Part]:
    python, manage = sys.executable, str(ROOT / "manage.py")
    celery = [python, "-m", "celery", "-A", "portal.celery"]
    web = [python, "-m", "uvicorn", "portal.asgi:application", "--host", "127.0.0.1", "--port", str(ports.web)]
    return [
        Part("sandbox", [python, "-m", "portal.sandbox"]),
        Part("web", [*web, "--timeout-graceful-shutdown", "3", "--no-access-log"]),
        Part("worker", [*celery, "worker", "-P", "threads", "-c", "8", "-n", "worker@portal", "--loglevel", "WARNING"]),
        Part("scheduler", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]),
        Part("sampler", [python, manage, "sample"]),
    ]


def _start(part: Part, environment: dict[str, str], var: Path) -> None:
    with (var / "log" / f"{part.name}.log").open("ab") as log:
        part.process = subprocess.Popen(  # noqa: S603 - fixed programs of our own
            part.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only us; we stop the parts in order
            preexec_fn=_die_with_parent,
        )
    part.starts += 1
    part.started_at = time.monotonic()


def _die_with_parent() -> None:
    """Runs in the child: when this supervisor is killed outright, the kernel ends its parts too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prepare(environment: dict[str, str], var: Path) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "manage.py"), "prepare"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )
    (var / "log" / "prepare.log").write_bytes(done.stdout + done.stderr)
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()[-3:]
        raise Problem(
            "preparing the database failed: " + " ".join(tail) + f" (all of it: {var / 'log' / 'prepare.log'})"
        )


def _wait_for_web(port: int, parts: list[Part]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for part in parts:
            if part.process is not None and part.process.poll() is not None:
                raise Problem(f"the {part.name} ended at once; its log is var/log/{part.name}.log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise Problem("the web server did not answer within a minute; its log is var/log/web.log")


def _greet(ports: Ports, var: Path) -> None:
    _say((var / "log" / "prepare.log").read_text(encoding="utf-8", errors="replace").strip())
    _say(f"\n  Portal    http://127.0.0.1:{ports.web}/")
    _say(f"  Sample    http://127.0.0.1:{ports.gateway}/   (Mythical Mysfits behind its accelerator)")
    _say(f"  Sandbox   http://127.0.0.1:{ports.sandbox}    (AWS_ENDPOINT_URL; the sample estate is being deployed)")
    _say(f"  Logs      {var / 'log'}\n\nCtrl-C stops all of it.")


def _watch(parts: list[Part], environment: dict[str, str], var: Path) -> None:
    """Start again what ends by itself, more slowly each time it ends at once."""
    while True:
        time.sleep(0.5)
        for part in parts:
            if part.process is None or part.process.poll() is None:
                continue
            lasted = time.monotonic() - part.started_at
            _say(f"The {part.name} ended (status {part.process.returncode}) after {lasted:.0f} s; starting it again.")
            if lasted < 5:
                time.sleep(min(part.starts, 10))
            _start(part, environment, var)


def _stop(parts: list[Part]) -> None:
    """Ask every part to end, the ones that serve people first; then insist."""
    running = [part for part in [*parts[1:], *parts[:1]] if part.process is not None and part.process.poll() is None]
    for part in running:
        _signal(part, signal.SIGTERM)
    until = time.monotonic() + _STOP_SECONDS
    for part in running:
        assert part.process is not None  # noqa: S101 - running holds started parts only
        try:
            part.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(part, signal.SIGKILL)
            part.process.wait(5)


def _signal(part: Part, number: int) -> None:
    if part.process is not None:
        try:
            os.killpg(part.process.pid, number)
        except ProcessLookupError:
            return


if __name__ == "__main__":
    sys.exit(main())
