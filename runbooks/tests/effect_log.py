"""What took effect at the AWS double, and an execution's rows beside it: what the chaos run compares, in one process."""

import json
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import Event
from runbooks.models import Execution
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.chaos.invariants import SETTLED, STANDING, Effect, Run
from runbooks.tests.deaths import OPERATIONS


class EffectLog:
    """What took effect at the AWS double, as the chaos run's log says it. A refusal (4xx) has none, a token has one."""

    def __init__(self, aws: AwsDouble, patch: pytest.MonkeyPatch) -> None:
        self.effects: dict[str, list[Effect]] = {}
        self.tokens: set[str] = set()
        self.original = aws.answer
        self.aws = aws
        patch.setattr(aws, "answer", self.answer)

    def answer(self, request: Any, operation: str, body: dict[str, Any]) -> None:
        how = self.aws.behaviour[0] if self.aws.behaviour else "answer"
        token = body.get("ClientRequestToken", "")
        is_effect = operation != OPERATIONS["READ"] and not how.startswith("4") and token not in self.tokens
        name = json.dumps(body).split('TableName": "')[1].split('"')[0]
        execution, _, step = name.partition(".")
        if is_effect:
            self.tokens |= {token} - {""}
            self.effects.setdefault(execution, []).append(Effect(execution, step, token, timezone.now()))
        self.original(request, operation, body)

    def run_of(self, execution: Execution) -> Run:
        """The execution with everything there is about it now."""
        row = Execution.objects.get(pk=execution.pk)
        events = Event.objects.filter(chain=f"execution:{row.pk}").order_by("sequence")
        return Run(
            row,
            list(row.steps.order_by("sequence")),
            list(row.signals.order_by("pk")),
            list(events.values_list("verb", flat=True)),
            self.effects.get(str(row.pk), []),
        )

    def violations(self, execution: Execution, *, is_settled: bool = False) -> list[str]:
        """What the rules of the chaos run say of this execution now, or once everything has come to rest."""
        run = self.run_of(execution)
        return [said for check in (*STANDING, *(SETTLED if is_settled else ())) for said in check(run)]
