"""A truthful operator: answers what executions ask after a look into the log of effects, and now and then meddles.

Says "done" only when the log shows the effect, "again" only when it does not, and gives up on a step only when its call can no
longer land: the page says how long that takes. What is refused is tried later, as a person would.
"""

import json
import random
from collections import Counter
from pathlib import Path

from django.core.exceptions import ValidationError

from portal.audit.log import database_now
from runbooks import takeover
from runbooks.models import FINAL_STATUSES, Execution, Signal, SignalKind, StepExecution
from runbooks.operations.signals import send_signal
from runbooks.tests.chaos.estate import People

GIVING_UP = frozenset({SignalKind.SKIP, SignalKind.STOP_STEP})


class Operator:
    """One round of `answer` looks at everything that waits for a person."""

    def __init__(self, who: People, log: Path, die: random.Random) -> None:
        self.who = who
        self.log = log
        self.die = die
        self.sent: Counter[str] = Counter()

    def answer(self, *, is_calm: bool) -> None:
        """Answer questions; unless it is calm, also pause or cancel somebody now and then."""
        waiting = Execution.objects.exclude(status__in=FINAL_STATUSES).filter(team=self.who.team)
        for execution in waiting.select_related("team"):
            attempt = execution.steps.exclude(status__in=FINAL_STATUSES).first()
            if execution.is_paused and (is_calm or self.die.random() < 0.3):
                self._send(execution, SignalKind.RESUME)
            elif attempt is not None and attempt.waits_for and not self._has_sent(attempt):
                kind = self._kind(attempt)
                if kind not in GIVING_UP or not takeover.quarantine_left(attempt, database_now()):
                    self._send(execution, kind, attempt)
            elif not is_calm and self.die.random() < 0.01:
                self._send(execution, self.die.choice([SignalKind.PAUSE, SignalKind.PAUSE, SignalKind.CANCEL]))

    def _has_sent(self, attempt: StepExecution) -> bool:
        return Signal.objects.filter(step_execution=attempt, applied_at__isnull=True).exists()

    def _kind(self, attempt: StepExecution) -> SignalKind:
        if not attempt.is_outcome_unknown:
            return SignalKind(next(kind for kind in ("Approve", "Resume", "Complete") if kind in attempt.waits_for))
        if self.has_taken_effect(attempt):
            return SignalKind.MARK_DONE
        return self.die.choices([SignalKind.RETRY, SignalKind.SKIP, SignalKind.STOP_STEP], weights=[8, 1, 1])[0]

    def has_taken_effect(self, attempt: StepExecution) -> bool:
        """What AWS's own log says about this step."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if str(attempt.execution_id) in line)
        return any(line["step"] == attempt.step_name and line["outcome"] == "effect" for line in lines)

    def _send(self, execution: Execution, kind: SignalKind, attempt: StepExecution | None = None) -> None:
        user = self.who.approver if kind == SignalKind.APPROVE else self.who.responder
        try:
            send_signal(
                user=user, execution=execution, kind=kind, step_execution=attempt, comment="I looked into the log"
            )
            self.sent[kind.value] += 1
        except ValidationError:
            self.sent["refused"] += 1
