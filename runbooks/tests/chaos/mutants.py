"""The protocol, broken on purpose in one place: each mutant is a change made inside the worker processes of a chaos run.

A run that does not notice a mutant proves nothing about the portal either. One table names them all.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import models, transaction

from portal.aws import sessions
from portal.aws.classification import ActionClass
from runbooks import attempts, runner
from runbooks.lease import Lease
from runbooks.models import Execution, StepExecution


@dataclass(frozen=True)
class Mutant:
    """What is taken away, said for people, and the change that does it."""

    meaning: str
    install: Callable[[], None]


def _replace(owner: Any, name: str, new: Any) -> None:
    """Refuses a name that is no longer there: a mutant that changes nothing would prove nothing."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more; let the mutant break what took its place")
    setattr(owner, name, new)


def _without_fence() -> None:
    def rows(lease: Lease) -> models.QuerySet[Any]:
        return lease.model._default_manager.filter(pk=lease.pk)

    _replace(Lease, "rows", rows)


def _without_write_ahead() -> None:
    """The attempt is noted in the transaction that its own outcome ends."""
    original = runner._Carrier._start_step

    def start_step(carrier: Any, execution: Execution) -> None:
        with transaction.atomic():
            original(carrier, execution)

    _replace(runner._Carrier, "_start_step", start_step)
    _replace(runner, "transaction", SimpleNamespace(atomic=lambda durable=False: transaction.atomic()))


def _blind_rerun() -> None:
    original = attempts.class_of

    def class_of(*arguments: Any) -> ActionClass:
        found = original(*arguments)
        return ActionClass.READ_ONLY if found is ActionClass.ONCE else found

    _replace(attempts, "class_of", class_of)


def _token_per_attempt() -> None:
    def inputs_again(carrier: Any, execution: Execution, attempt: StepExecution) -> dict[str, Any]:
        step = attempts.document_of(execution).step(attempt.step_name)
        return attempts.resolved_inputs(step, attempts.scope_of(execution, carrier.outputs), uuid.uuid4())

    _replace(attempts, "token_for", lambda *_: uuid.uuid4())
    _replace(runner._Carrier, "_inputs_again", inputs_again)


def _sdk_retries() -> None:
    _replace(sessions, "_SENT_ONCE", sessions._SAFE)


def _without_send_by() -> None:
    _replace(settings, "SEND_WITHIN", timedelta(hours=1))


def _without_quarantine() -> None:
    _replace(settings, "QUARANTINE", timedelta(0))


MUTANTS = {
    "no-fence": Mutant("writes do not ask whose lease it is", _without_fence),
    "no-write-ahead": Mutant("an attempt is not committed before it is sent", _without_write_ahead),
    "blind-rerun": Mutant("a call that must not happen twice is repeated like a read", _blind_rerun),
    "token-per-attempt": Mutant("each time a call is made it has another idempotency token", _token_per_attempt),
    "sdk-retries": Mutant("the SDK repeats calls that must not happen twice", _sdk_retries),
    "no-send-by": Mutant("a call is sent however late it is", _without_send_by),
    "no-quarantine": Mutant("a call is repeated while the first may be on its way", _without_quarantine),
}
