"""What it costs to let many people watch one execution: the delay from a commit to their pages, and the web process's CPU.

A real uvicorn, real connections from another process (`listeners.py`), an execution that makes a step about once a second. Not
here: a browser; what it does with a picture is its own time.
"""

import json
import random
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from portal.audit import log as audit
from portal.benchmark.figures import Figure, Options
from portal.benchmark.listeners import Heard
from portal.benchmark.scratch import ROOT
from portal.benchmark.stage import Stage, Stuck, cpu_seconds, resident, wait_until
from portal.people.models import Membership, Role, User
from runbooks.models import Execution, Status, StepExecution

WATCHERS = 200
MOVES = 20
STEPS = 20
LONGEST_WAIT = 60.0
ROLES = [Role.APPROVER, Role.RESPONDER, Role.RESPONDER, *[Role.VIEWER] * 17]
"""Who watches, in turn: mostly people who only look."""

Commit = tuple[int, float]
"""(revision, moment of its commit on this machine's monotonic clock)."""


def measure(options: Options) -> list[Figure]:
    """The figures for one watcher and for all of them."""
    stage = Stage()
    return [*_watched(stage, options, 1), *_watched(stage, options, options.sized(WATCHERS, 2))]


def _watched(stage: Stage, options: Options, count: int) -> list[Figure]:
    of = f"{count} watchers" if count > 1 else "1 watcher"
    execution = stage.start(stage.runbook(f"Watched by {count}", STEPS))
    sessions = [_signed_in(stage, f"watcher-{count}-{number}", ROLES[number % 20]) for number in range(count)]
    path = reverse("execution_stream", args=[execution.pk])
    with _web(options.folder) as (web, port), _listeners(port, path, sessions) as listeners:
        before, since = cpu_seconds([web.pid]), time.monotonic()
        commits = _moves(execution, options.sized(MOVES, 2))
        share = (cpu_seconds([web.pid]) - before) / (time.monotonic() - since)
        memory, connections = resident([web.pid]), _connections()
        heard: list[Heard] = json.loads(_say(listeners, "tell"))
        began = time.monotonic()  # their connections stay open: the server has to end with them
        web.terminate()
        web.wait(LONGEST_WAIT)
        ended = time.monotonic() - began
    delays = sorted(delays_of(commits, heard))
    how = f"{len(delays)} arrivals of {len(commits)} changes, about one a second"
    return [
        Figure(f"commit to arrival, {of}, median", statistics.median(delays), "s", how=how),
        Figure(f"commit to arrival, {of}, p95", delays[int(len(delays) * 0.95)], "s", how=how),
        Figure(f"commit to arrival, {of}, longest", delays[-1], "s", 1.0, how=how),
        Figure(
            f"CPU of the web process, {of}", share * 100, "% of a core", 10.0, how="user and system, while it changes"
        ),
        Figure(f"memory of the web process, {of}", memory, "MB"),
        Figure(f"connections to the database, {of}", connections, "", 1, how="of the web process, streams open"),
        Figure(f"end after SIGTERM, {of}", ended, "s", 4.0, how="streams open; uvicorn gives them 3 s"),
    ]


def delays_of(commits: Sequence[Commit], heard: Sequence[Heard]) -> Iterator[float]:
    """For each stream and commit: how long until a picture came that shows it. Raises `ValueError` where none did."""
    for number, pictures in enumerate(heard):
        for revision, committed_at in commits:
            arrived = next((at for seen, at in pictures if seen >= revision), None)
            if arrived is None:
                raise ValueError(f"watcher {number} was never shown revision {revision}")
            yield arrived - committed_at


def _moves(execution: Execution, count: int) -> list[Commit]:
    """Let the execution succeed at a step about once a second, as the runner would write it; ends a second after the last."""
    dice = random.Random(1)  # the hub's ticks must not fall in step with the changes
    commits = []
    for number in range(count):
        with transaction.atomic():
            _step(execution, number)
            row = Execution.objects.filter(pk=execution.pk)
            row.update(revision=F("revision") + 1, status=Status.IN_PROGRESS, current_step=f"Step{number % STEPS}")
            audit.record(f"execution:{execution.pk}", "made a step", str(execution), detail={"step": number})
        commits.append((row.values_list("revision", flat=True).get(), time.monotonic()))
        time.sleep(dice.uniform(0.9, 1.1))
    return commits


def _step(execution: Execution, number: int) -> None:
    StepExecution.objects.create(
        execution=execution,
        sequence=number + 1,
        step_name=f"Step{number % STEPS}",
        action="aws:executeAwsApi",
        status=Status.SUCCESS,
        action_class="read-only",
        token=uuid.uuid4(),
        fence=1,
        inputs={"Service": "dynamodb", "Api": "DescribeTable", "TableName": "shop"},
        outputs={"Table": {"TableName": "shop", "TableStatus": "ACTIVE", "ItemCount": number}},
        ended_at=Now(),
    )


def _signed_in(stage: Stage, name: str, role: Role) -> str:
    """The key of a session of a new person of the team."""
    user = User.objects.create_user(name, f"{name}@example.test", None)
    Membership.objects.create(user=user, team=stage.team, role=role)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    session.save()
    return str(session.session_key)


@contextmanager
def _web(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A web process and its port, as `make run` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:application", "--host", "127.0.0.1", *options]
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603 (our own program)
    try:
        wait_until("the web process answers", lambda: _answers(port))
        yield process, port
    finally:
        process.kill()
        process.wait(LONGEST_WAIT)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _listeners(port: int, path: str, sessions: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A process with a stream for each session; all of them have heard something."""
    command = [sys.executable, "-m", "portal.benchmark.listeners", str(port), path]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 (our own program)
    try:
        _say(process, json.dumps(sessions))
        yield process
    finally:
        process.kill()
        process.wait(LONGEST_WAIT)


def _say(process: "subprocess.Popen[str]", line: str) -> str:
    """Tell a process a line and wait for its answer."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("The process was started without pipes.")
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise Stuck("the listeners ended; not every stream told something")
    return answer


def _connections() -> int | None:
    """How many connections others than this process hold to the database; None where there is no server to ask."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
