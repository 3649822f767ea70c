"""What operators send to steer a run, refused where it would do something else than they meant."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from portal.catalogue.models import AwsAccount
from portal.people.models import User
from runbooks import runner
from runbooks.models import Execution, SignalKind, Status
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.test_protocol import TWO_STEPS
from runbooks.tests.test_runner import died_holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]
People = dict[str, User]
ROLE = "arn:aws:iam::123456789012:role/recovery"
WITH_ROLE = TWO_STEPS.replace(
    "parameters:\n",
    'assumeRole: "{{ Role }}"\nparameters:\n  Role: {type: "AWS::IAM::Role::Arn", default: ""}\n'
    '  Note: {type: String, default: ""}\n',
)


def start_step(user: User, execution: Execution, step: str | None = None) -> None:
    payload = {"step": step} if step else None
    send_signal(user=user, execution=execution, kind=SignalKind.START_STEP, payload=payload)


def change(user: User, execution: Execution, name: str, value: Any) -> None:
    payload = {"parameter": name, "value": value}
    send_signal(user=user, execution=execution, kind=SignalKind.CHANGE, comment="It moved", payload=payload)


# --- start step -----------------------------------------------------------------------------------------------------------


def test_two_people_who_start_the_same_step_start_one(start: Start, aws: AwsDouble, people: People) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    start_step(people["responder"], execution, "First")
    start_step(people["admin"], execution, "First")
    execution = carry(execution)
    assert (execution.status, execution.current_step) == (Status.WAITING, "Second")
    assert aws.operations() == ["DescribeTable"]


def test_a_start_that_comes_when_its_step_is_over_starts_nothing(start: Start, aws: AwsDouble, people: People) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    start_step(people["responder"], execution)
    execution = carry(execution)
    with pytest.raises(ValidationError, match="First is not next: Second is"):
        start_step(people["responder"], execution, "First")
    assert aws.operations() == ["DescribeTable"]


def test_a_start_is_refused_while_its_step_is_under_way(start: Start, aws: AwsDouble, people: People) -> None:
    execution = died_holding(start(TWO_STEPS, is_stepwise=True), "First", "read-only")
    with pytest.raises(ValidationError, match="First has begun and is not over"):
        start_step(people["responder"], execution)


def test_a_start_is_refused_while_a_failed_step_waits_for_an_answer(
    start: Start, aws: AwsDouble, people: People
) -> None:
    aws.behaviour.append("400")
    execution = carry(start(TWO_STEPS, is_stepwise=True, asks_on_failure=True))
    start_step(people["responder"], execution)
    execution = carry(execution)
    assert execution.question is not None
    with pytest.raises(ValidationError, match="First failed and waits for an answer first"):
        start_step(people["responder"], execution)
    assert execution.signals.filter(kind=SignalKind.START_STEP).count() == 1


def test_who_may_not_control_starts_no_step(start: Start, aws: AwsDouble, people: People) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    with pytest.raises(PermissionDenied):
        start_step(people["approver"], execution)
    assert not execution.signals.exists()


# --- a changed parameter --------------------------------------------------------------------------------------------------


def test_a_change_to_a_secret_is_refused_as_at_the_start(start: Start, aws: AwsDouble, people: People) -> None:
    execution = carry(start(WITH_ROLE, is_stepwise=True))
    with pytest.raises(ValidationError, match="looks like a secret"):
        change(people["responder"], execution, "Note", "AKIAIOSFODNN7EXAMPLE")
    assert not execution.signals.exists()


def test_a_change_to_a_role_the_portal_does_not_act_through_is_refused(
    start: Start, aws: AwsDouble, people: People, account: AwsAccount
) -> None:
    execution = carry(start(WITH_ROLE, is_stepwise=True, account=account))
    with pytest.raises(ValidationError, match="acts only through the role"):
        change(people["responder"], execution, "Role", ROLE)


def test_a_change_that_changes_nothing_is_refused(start: Start, aws: AwsDouble, people: People) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    with pytest.raises(ValidationError, match="has this value already"):
        change(people["responder"], execution, "Table", "shop")


@pytest.mark.parametrize(("name", "value"), [("Nope", "x"), ("Table", None), ("Table", "NOT LOWER"), ("", "x")])
def test_a_change_the_document_does_not_allow_is_refused(
    start: Start, aws: AwsDouble, people: People, name: str, value: Any
) -> None:
    execution = carry(start(TWO_STEPS, is_stepwise=True))
    with pytest.raises(ValidationError):
        change(people["responder"], execution, name, value)
    assert not execution.signals.exists()


def test_a_change_sent_when_the_run_is_over_says_so(start: Start, aws: AwsDouble, people: People) -> None:
    execution = start(TWO_STEPS)
    runner.advance(execution.pk)
    with pytest.raises(ValidationError, match="is over"):
        change(people["responder"], execution, "Table", "store")
