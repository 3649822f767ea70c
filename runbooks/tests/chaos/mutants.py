"""The protocol, broken on purpose in one place: each mutant is a change made inside the worker processes of a chaos run.

A run that does not notice a mutant proves nothing about the portal either. One table names them all. `test_mutants` shows each
in a story of its own; the run shows them among everything else.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from portal.aws import sessions
from portal.aws.classification import ActionClass
from runbooks import attempts
from runbooks.automation.results import Result
from runbooks.lease import Lease
from runbooks.models import Execution, StepExecution

Replace = Callable[[Any, str, Any], None]


@dataclass(frozen=True)
class Mutant:
    """What is taken away, said for people, and the change that does it, by a function that replaces an attribute."""

    meaning: str
    change: Callable[[Replace], None]

    def install(self, replace: Replace = setattr) -> None:
        """Refuses a name that is no longer there: a mutant that changes nothing would prove nothing."""

        def checked(owner: Any, name: str, new: Any) -> None:
            if not hasattr(owner, name):
                raise AttributeError(f"{owner} has no {name} any more; let the mutant break what took its place")
            replace(owner, name, new)

        self.change(checked)


def _without_fence(replace: Replace) -> None:
    def rows(lease: Lease) -> models.QuerySet[Any]:
        return lease.model._default_manager.filter(pk=lease.pk)

    replace(Lease, "rows", rows)


def _without_write_ahead(replace: Replace) -> None:
    """While the call of a step is out the rows do not show its attempt; it is there when the outcome is."""
    original = attempts.act

    def act(execution: Execution, attempt: StepExecution, *rest: Any) -> Result:
        noted = StepExecution.objects.filter(pk=attempt.pk, polls=0, state={})
        values = noted.values().first()
        noted.delete()
        result = original(execution, attempt, *rest)
        if values is not None:
            StepExecution.objects.create(**values)
        return result

    replace(attempts, "act", act)


def _blind_rerun(replace: Replace) -> None:
    original = attempts.class_of

    def class_of(*arguments: Any) -> ActionClass:
        found = original(*arguments)
        return ActionClass.READ_ONLY if found is ActionClass.ONCE else found

    replace(attempts, "class_of", class_of)


def _token_per_attempt(replace: Replace) -> None:
    def inputs_again(execution: Execution, attempt: StepExecution, outputs: Mapping[str, Any]) -> dict[str, Any]:
        step = attempts.document_of(execution).step(attempt.step_name)
        return attempts.resolved_inputs(step, attempts.scope_of(execution, outputs), uuid.uuid4())

    replace(attempts, "token_for", lambda *_: uuid.uuid4())
    replace(attempts, "inputs_again", inputs_again)


def _sdk_retries(replace: Replace) -> None:
    replace(sessions, "_SENT_ONCE", sessions._SAFE)


def _without_send_by(replace: Replace) -> None:
    replace(settings, "SEND_WITHIN", timedelta(hours=1))


def _without_quarantine(replace: Replace) -> None:
    replace(settings, "QUARANTINE", timedelta(0))


MUTANTS = {
    "no-fence": Mutant("writes do not ask whose lease it is", _without_fence),
    "no-write-ahead": Mutant("an attempt is not committed before it is sent", _without_write_ahead),
    "blind-rerun": Mutant("a call that must not happen twice is repeated like a read", _blind_rerun),
    "token-per-attempt": Mutant("each time a call is made it has another idempotency token", _token_per_attempt),
    "sdk-retries": Mutant("the SDK repeats calls that must not happen twice", _sdk_retries),
    "no-send-by": Mutant("a call is sent however late it is", _without_send_by),
    "no-quarantine": Mutant("a call is repeated while the first may be on its way", _without_quarantine),
}
