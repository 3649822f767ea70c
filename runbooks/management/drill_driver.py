"""Drives one drill in this process, without Celery and without a web server: engine, sampler, approver, progress.

Started from `commands/drill.py`. Leases make it safe beside workers that drive the same drill. Not here: starting the
drill, its record.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from portal.people.models import User
from portal.templatetags.lengths import spoken_length
from runbooks import drill_runner, runner
from runbooks.drill_phases import TITLES
from runbooks.models import FINAL_STATUSES, Drill, Execution, Phase, SignalKind, Status, StepExecution
from runbooks.operations.drills import cancel_drill
from runbooks.operations.signals import send_signal

LOOK_EVERY = 0.05
LONGEST_DRILL = 3 * 3600.0
PATIENCE_WITH_NOBODY = 10.0
"""Seconds a step may wait for a person who is not there before the drill is cancelled."""


class Driver:
    """Carries a drill to its end. `tell` gets a line of progress at a time."""

    def __init__(self, drill: Drill, approver: User, tell: Callable[[str], None]) -> None:
        self.drill, self.approver, self.tell = drill, approver, tell
        self.stop_reason = ""
        self._is_over = threading.Event()
        self._shown: dict[int, str] = {}
        self._said = ("", "")
        self._waits_since: float | None = None

    def run(self) -> Drill:
        """Until the drill is final. `stop_reason`, set from outside (a signal), cancels it and lets it clean up."""
        sampler = subprocess.Popen([sys.executable, "manage.py", "sample"], cwd=settings.ROOT, start_new_session=True)
        engine = threading.Thread(target=self._carry_executions, name="engine")
        engine.start()
        until = time.monotonic() + LONGEST_DRILL
        try:
            while not self.drill.is_final:
                drill_runner.advance_drill(self.drill.pk)
                self.drill.refresh_from_db()
                self._show()
                self._answer()
                if self.stop_reason or time.monotonic() > until:
                    self._cancel(self.stop_reason or "The terminal waited too long.")
                if not engine.is_alive():
                    raise RuntimeError("The thread that carries executions ended; the reason stands above.")
                time.sleep(LOOK_EVERY)
        finally:
            self._is_over.set()
            engine.join(30)
            sampler.terminate()
            sampler.wait(30)
        self._show()
        return self.drill

    def _carry_executions(self) -> None:
        """On a thread of its own, because one slice of an execution may take longer than the drill may wait."""
        try:
            while not self._is_over.is_set():
                for pk in list(Execution.objects.due().filter(drill=self.drill).values_list("pk", flat=True)):
                    runner.advance(pk)
                self._is_over.wait(LOOK_EVERY)
        finally:
            connection.close()

    # -- people ----------------------------------------------------------------------------------------------------------

    def _answer(self) -> None:
        """Approve as the demo approver, and say so; a step that needs hands is not done by pretending."""
        waiting = StepExecution.objects.filter(execution__drill=self.drill, status=Status.WAITING)
        step = waiting.select_related("execution").first()
        kinds = set(step.waits_for) if step is not None else set()
        if step is None or not kinds:
            self._waits_since = None
        elif SignalKind.APPROVE in kinds:
            self._approve(step)
        else:
            self._waits_since = self._waits_since or time.monotonic()
            if time.monotonic() - self._waits_since > PATIENCE_WITH_NOBODY:
                self._cancel(f"Step {step.step_name} waits for a person, and nobody is at this terminal to do it.")

    def _approve(self, step: StepExecution) -> None:
        name = self.approver.username
        try:
            send_signal(
                user=self.approver,
                execution=step.execution,
                kind=SignalKind.APPROVE,
                step_execution=step,
                comment=f"approved by {name} (demo approver, from the terminal)",
                key=f"terminal:{step.pk}",
            )
        except (ValidationError, PermissionDenied) as refusal:
            step.refresh_from_db()
            if step.status not in FINAL_STATUSES:
                self._cancel(f"{name} may not approve {step.step_name}: {refusal}")
            return
        if self._shown.get(-step.pk) is None:
            self._shown[-step.pk] = "approved"
            self._line(f"    {step.step_name}: approved by {name} (demo approver, from the terminal)")

    def _cancel(self, reason: str) -> None:
        if self.drill.is_cancelling or self.drill.phase in (Phase.CLOSE, Phase.RESTORE):
            return
        self._line(f"Cancelling: {reason}")
        try:
            cancel_drill(user=self.drill.started_by, drill=self.drill, comment=reason)
        except ValidationError:
            self.drill.refresh_from_db()

    # -- progress --------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        now = (self.drill.phase, self.drill.status_message)
        if now != self._said:
            self._said = now
            phase = TITLES[Phase(self.drill.phase)] if not self.drill.is_final else "End"
            self._line(f"{phase:<13} {self.drill.status_message}")
        steps = StepExecution.objects.filter(execution__drill=self.drill).select_related("execution").order_by("pk")
        for step in steps:
            if self._shown.get(step.pk) != step.status:
                self._shown[step.pk] = step.status
                self._line(_of_step(step))

    def _line(self, text: str) -> None:
        self.tell(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}")


def _of_step(step: StepExecution) -> str:
    length = f" after {spoken_length(step.ended_at - step.started_at)}" if step.ended_at else ""
    said = step.failure_message or (step.waiting_message if step.status == Status.WAITING else "")
    return f"    {step.execution.part:<11} {step.step_name:<30} {step.status}{length}{': ' + said if said else ''}"
