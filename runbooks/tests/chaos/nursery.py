"""Workers of a chaos run: a process that has everything imported and forks a worker whenever it is told to.

A fork costs milliseconds where a new interpreter costs seconds, so many more can be killed. A worker is the plain loop that
the portal's pollers make: take a hint or look for a due execution, carry it for a slice, look again. It is started as
`python -m runbooks.tests.chaos nursery FOLDER LONGEST_PAUSE [MUTANT]`, reads seeds, one a line, and answers each with a
pid.
"""

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from django.db import Error, close_old_connections, connection

from runbooks import runner
from runbooks.models import Execution
from runbooks.tests.chaos import pauses
from runbooks.tests.chaos.hints import Hints
from runbooks.tests.chaos.mutants import MUTANTS


def main(arguments: list[str]) -> None:
    """Fork a worker for each line read, until the lines end."""
    folder, longest_pause, *mutants = arguments
    # Before any worker is: a mutant that cannot be installed must break the run off, not look like one that was caught.
    pauses.shorten()
    for name in mutants:
        MUTANTS[name].install()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps: a killed worker leaves nothing behind
    own = os.getpid()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            try:
                _become(Path(folder), int(line), float(longest_pause)).work(own)
            except BaseException:
                with (Path(folder) / "surprises.log").open("a") as file:
                    file.write(traceback.format_exc() + "\n")
                raise
            finally:
                os._exit(0)
        print(pid, flush=True)


def _become(folder: Path, seed: int, longest_pause: float) -> "Worker":
    """A worker with a die of its own, and pauses around what the mutant left."""
    die = random.Random(seed)
    pauses.Pauses(die, longest_pause, folder).install()
    return Worker(die)


class Worker:
    """One worker. An error that is not the database's ends it, and the run tells."""

    def __init__(self, die: random.Random) -> None:
        self.die = die
        self.hints = Hints()

    def work(self, nursery: int) -> None:
        """Until the nursery is gone or somebody kills us."""
        while os.getppid() == nursery:
            try:
                self._once()
            except Error:
                # What Celery does with a task that failed for the database's sake: it goes on with the next.
                connection.close()
                time.sleep(0.2)

    def _once(self) -> None:
        hint = self.hints.take()
        due = [hint] if hint else list(Execution.objects.due().values_list("pk", flat=True)[:20])
        if due:
            runner.advance(self.die.choice(due))
            close_old_connections()
        else:
            time.sleep(0.05)
