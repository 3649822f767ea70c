"""Faults 26 and 30 of docs/faults.md: two workers on one execution, and a version that is published in the middle of one."""

from collections.abc import Callable

import pytest

from runbooks import attempts, runner
from runbooks.lease import FencedOut, Lease, claim
from runbooks.models import Execution, RunbookVersion, Status
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import a_text, dies, effects, interrupted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]


def test_f26_of_two_workers_on_one_execution_the_older_writes_nothing(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("ONCE"))
    older = claim(Execution, execution.pk)
    assert isinstance(older, Lease)
    Execution.objects.update(lease_token=None, lease_until=None)
    assert carry(execution).status == Status.SUCCESS
    with pytest.raises(FencedOut):
        older.write(status=Status.FAILED)
    assert (older.renew(), effects(aws, "ONCE")) == (False, 1)


def test_f26_a_lease_stripped_in_the_middle_of_a_call_costs_no_second_effect(start: Start, aws: AwsDouble) -> None:
    execution = start(a_text("ONCE"))

    def strip() -> None:
        Execution.objects.update(lease_token=None, lease_until=None)
        runner.advance(execution.pk)

    with interrupted(attempts, "act", after=strip):
        runner.advance(execution.pk)
    execution.refresh_from_db()
    assert (execution.status, effects(aws, "ONCE")) == (Status.WAITING, 1)


def test_f30_an_execution_keeps_to_the_version_it_was_started_with(
    start: Start, aws: AwsDouble, publish: Callable[..., RunbookVersion]
) -> None:
    execution = start("", version=publish(a_text("ONCE")))
    dies(execution, attempts, "act", on=2)
    publish(a_text("READ"))
    execution = carry(execution)
    assert execution.status == Status.SUCCESS
    assert execution.version.number == 1
    assert aws.operations() == ["RestoreTableFromBackup", "ListTables"]
