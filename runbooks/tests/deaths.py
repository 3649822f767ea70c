"""Workers that die or are held up at a chosen point of the protocol, in the test's own process, and documents for that.

`Died` is what `kill -9` looks like from the rows: nothing after it runs, the lease stays and runs out. Real signals and real
processes are in `test_processes` and the chaos run; here each point is hit for certain.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runbooks import attempts, runner
from runbooks.models import Execution
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.chaos.estate import inputs_of

CLASSES = ("READ", "TOKEN", "DECLARATIVE", "CONVERGING", "ONCE")
REPEATABLE = CLASSES[:-1]
OPERATIONS = {
    "READ": "DescribeTable",
    "TOKEN": "TransactWriteItems",
    "DECLARATIVE": "UpdateTable",
    "CONVERGING": "DeleteTable",
    "ONCE": "RestoreTableFromBackup",
}


class Died(BaseException):
    """This worker is gone; nothing in the product may catch it."""


def a_text(kind: str, then: Mapping[str, Any] | None = None, **said: Any) -> str:
    """A document of one call of a class and another after it, a read unless `then` says; `said` goes into the first step."""
    first = {"name": "First", "action": "aws:executeAwsApi", "inputs": inputs_of(kind, "First"), **said}
    after = {
        "name": "After",
        "action": "aws:executeAwsApi",
        "inputs": then or {"Service": "dynamodb", "Api": "ListTables"},
    }
    return json.dumps({"schemaVersion": "0.3", "description": "A call and a read.", "mainSteps": [first, after]})


def effects(aws: AwsDouble, kind: str) -> int:
    """How often the first step took effect at AWS: a token seen before changes nothing."""
    bodies = [body for operation, body in aws.calls if operation == OPERATIONS[kind]]
    return len({body["ClientRequestToken"] for body in bodies}) if kind == "TOKEN" else len(bodies)


@contextmanager
def interrupted(
    owner: Any,
    name: str,
    *,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    on: int = 1,
) -> Iterator[None]:
    """Within the block, call `before` or `after` around the call number `on` of a function."""
    original = getattr(owner, name)
    seen = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        is_it = seen == on
        if is_it and before is not None:
            before()
        result = original(*arguments, **named)
        if is_it and after is not None:
            after()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrapped)
        yield
    assert seen >= on, f"{name} was called {seen} times, the fault waits for call {on}"


def die() -> None:
    """What a worker does that is killed."""
    raise Died


def let_the_lease_run_out(execution: Execution) -> None:
    """As time would: the lease is over and whoever looks may claim."""
    past = timezone.now() - timedelta(seconds=1)
    Execution.objects.filter(pk=execution.pk, lease_until__isnull=False).update(lease_until=past)
    Execution.objects.filter(pk=execution.pk, wake_at__isnull=False).update(wake_at=past)


def dies(execution: Execution, owner: Any, name: str, *, is_after: bool = False, on: int = 1) -> None:
    """A worker carries the execution and dies before (or after) a call; its lease has then run out."""
    when = {"after": die} if is_after else {"before": die}
    with interrupted(owner, name, **when, on=on), pytest.raises(Died):
        runner.advance(execution.pk)
    let_the_lease_run_out(execution)


@contextmanager
def overtaken_in_the_call(execution: Execution, *, is_sent: bool) -> Iterator[list[bool]]:
    """The next attempt is held up before (or after) its call for so long that another worker carries the execution meanwhile.

    Yields a list that says, once it happened, what that worker's `advance` returned.
    """
    said: list[bool] = []

    def another_worker() -> None:
        let_the_lease_run_out(execution)
        said.append(runner.advance(execution.pk))

    when: dict[str, Any] = {"after": another_worker} if is_sent else {"before": another_worker}
    with interrupted(attempts, "act", **when):
        yield said
