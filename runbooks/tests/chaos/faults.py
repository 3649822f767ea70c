"""What is done to the workers, the database and the broker of a chaos run, by a die: kill -9, SIGSTOP, crash, bad hints.

A thread of its own, which touches processes and files only, so that a slow database slows no fault down.
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runbooks.tests.chaos import hints, pauses
from runbooks.tests.chaos.servers import OwnPostgres

TICK = 0.15
STOPS = (0.3, 1.0, 2.5, 5.0)
"""Seconds a worker is stopped for: shorter and longer than a lease, and than a quarantine."""


@dataclass
class Faults:
    """The workers of a run and what happened to them. `wanted` workers are kept alive; a killed one is replaced."""

    nursery: "subprocess.Popen[str]"
    folder: Path
    die: random.Random
    wanted: int
    server: OwnPostgres | None = None
    workers: list["Worker"] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    is_over: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._go_on, name="faults", daemon=True)

    def start(self) -> None:
        """Begin to harm."""
        self.fill()
        self.thread.start()

    def _go_on(self) -> None:
        try:
            while not self.is_over.wait(TICK):
                self.strike()
                self.fill()
        except Exception as error:  # noqa: BLE001 - told by `stop`: a run whose faults ended early shows nothing
            self.failure = error

    def fill(self) -> None:
        """Start as many workers as are missing; whoever died alone is a surprise the run reports."""
        for worker in [worker for worker in self.workers if not worker.signal(0)]:
            self._forget(worker)
            self.done["died by itself"] += 1
        while len(self.workers) < self.wanted:
            self.workers.append(self._fork())

    def strike(self) -> None:
        """Perhaps harm somebody; wake those whose stop is over."""
        now = time.monotonic()
        for worker in self.workers:
            if worker.stopped_until and now > worker.stopped_until:
                worker.wake()
        rolled = self.die.random()
        harmed = self.die.choice(self.workers)
        if rolled < 0.18 and pauses.is_left_in_peace(self.folder, harmed.pid):
            self.done["left in peace"] += 1
        elif rolled < 0.10:
            self._kill(harmed)
        elif rolled < 0.18:
            self._stop(harmed, self.die.choice(STOPS))
        elif rolled < 0.195 and self.server is not None:
            self.server.crash()
            self.done["database crashed"] += 1
        elif rolled < 0.25:
            self.done[hints.harm(self.die)] += 1

    def stop(self) -> None:
        """No more harm: everybody awake and alive."""
        self.is_over.set()
        self.thread.join(60)
        if self.failure is not None:
            raise self.failure
        for worker in self.workers:
            worker.wake()
        self.fill()

    def close(self) -> None:
        """End the workers, and their nursery where it hears of it; whoever started that waits for it."""
        self.is_over.set()
        self.thread.join(60)
        for worker in list(self.workers):
            worker.signal(signal.SIGKILL)
            self._forget(worker)
        if self.nursery.stdin is not None:
            self.nursery.stdin.close()

    def _fork(self) -> "Worker":
        if self.nursery.stdin is None or self.nursery.stdout is None:
            raise RuntimeError("the nursery was started without pipes")
        self.nursery.stdin.write(f"{self.die.getrandbits(32)}\n")
        self.nursery.stdin.flush()
        answer = self.nursery.stdout.readline()
        if not answer:
            raise RuntimeError("the nursery is gone: its error is above")
        return Worker(int(answer), os.pidfd_open(int(answer)))

    def _kill(self, worker: "Worker") -> None:
        worker.signal(signal.SIGKILL)
        self._forget(worker)
        self.done["kill -9"] += 1

    def _stop(self, worker: "Worker", seconds: float) -> None:
        if not worker.stopped_until:
            worker.signal(signal.SIGSTOP)
            worker.stopped_until = time.monotonic() + seconds
            self.done["SIGSTOP"] += 1

    def _forget(self, worker: "Worker") -> None:
        os.close(worker.handle)
        self.workers.remove(worker)


@dataclass(eq=False)
class Worker:
    """A worker by its handle, which, unlike a pid, never comes to mean another process."""

    pid: int
    handle: int
    stopped_until: float = 0.0

    def signal(self, number: int) -> bool:
        """False when it is gone."""
        try:
            signal.pidfd_send_signal(self.handle, number)
        except ProcessLookupError:
            return False
        return True

    def wake(self) -> None:
        """Let a stopped worker go on."""
        self.signal(signal.SIGCONT)
        self.stopped_until = 0.0
