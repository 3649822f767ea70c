"""Faults 20 to 23, 31 and 32 of docs/faults.md: AWS is slow, throttles, fails, refuses, or answers what cannot be stored."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config

from portal.aws import sessions
from runbooks import runner
from runbooks.models import Execution, Status
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import a_text, effects

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

Start = Callable[..., Execution]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The portal's clients as they are, but a second is the longest they wait for an answer."""
    short = Config(read_timeout=1)
    monkeypatch.setattr(sessions, "_SAFE", sessions._SAFE.merge(short))
    monkeypatch.setattr(sessions, "_SENT_ONCE", sessions._SENT_ONCE.merge(short))
    sessions.forget()
    yield
    sessions.forget()


def test_f20_an_answer_that_comes_just_in_time_is_an_answer(start: Start, aws: AwsDouble) -> None:
    aws.behaviour.append("held")
    threading.Timer(0.5, aws.let_go.set).start()
    assert carry(start(a_text("ONCE"))).status == Status.SUCCESS
    assert effects(aws, "ONCE") == 1


def test_f20_an_answer_that_does_not_come_leaves_a_question(start: Start, aws: AwsDouble, impatient: None) -> None:
    aws.behaviour.append("held")
    execution = carry(start(a_text("ONCE")))
    assert execution.status_message.startswith("Outcome unknown")
    assert effects(aws, "ONCE") == 1


def test_f20_a_read_that_is_not_answered_is_made_again(start: Start, aws: AwsDouble, impatient: None) -> None:
    aws.behaviour.append("held")
    assert carry(start(a_text("READ"))).status == Status.SUCCESS
    assert effects(aws, "READ") > 1


def test_f20_a_call_by_token_that_is_not_answered_is_made_again_with_its_token(
    start: Start, aws: AwsDouble, impatient: None
) -> None:
    aws.behaviour.append("held")
    assert carry(start(a_text("TOKEN"))).status == Status.SUCCESS
    assert aws.operations().count("TransactWriteItems") > 1
    assert effects(aws, "TOKEN") == 1


def test_f20_a_call_that_is_not_answered_until_it_is_too_late_to_repeat_it_is_no_call_that_was_not_sent(
    start: Start, aws: AwsDouble, impatient: None, settings: Any
) -> None:
    """As against a Region that is gone: the first answer is waited for until the moment of sending is long over."""
    settings.SEND_WITHIN = timedelta(milliseconds=500)
    aws.behaviour.append("held")
    execution = carry(start(a_text("READ")))
    assert aws.operations() == ["DescribeTable"]
    assert "was sent, and no usable answer came" in execution.steps.get().failure_message


def test_f20_a_call_by_token_whose_answer_never_comes_may_still_happen_and_has_not_failed_yet(
    start: Start, aws: AwsDouble, impatient: None, settings: Any
) -> None:
    settings.SEND_WITHIN = timedelta(milliseconds=500)
    settings.QUARANTINE = settings.LEASE * 10
    aws.behaviour.append("held")
    execution = start(a_text("TOKEN", onFailure="Continue"))
    runner.advance(execution.pk)
    attempt = execution.steps.get()
    assert (attempt.status, aws.operations()) == (Status.WAITING, ["TransactWriteItems"])
    assert "was sent, and no usable answer came" in attempt.waiting_message


def test_f20_the_next_step_does_not_begin_while_an_unanswered_call_may_land(
    start: Start, aws: AwsDouble, impatient: None, settings: Any
) -> None:
    """The document goes on after a failure; the call that was not answered sets a value, and may still set it later."""
    settings.QUARANTINE = settings.LEASE * 10
    aws.behaviour.append("cut")
    undo = {"Service": "dynamodb", "Api": "DeleteTable", "TableName": "shop"}
    execution = start(a_text("DECLARATIVE", undo, onFailure="Continue"))
    runner.advance(execution.pk)
    assert aws.operations() == ["UpdateTable"]


@pytest.mark.parametrize("kind", ["READ", "TOKEN"])
def test_f21_throttling_is_waited_out(start: Start, aws: AwsDouble, kind: str) -> None:
    aws.behaviour.extend(["429", "429"])
    assert carry(start(a_text(kind))).status == Status.SUCCESS


def test_f21_a_throttled_call_that_must_not_happen_twice_did_not_happen(start: Start, aws: AwsDouble) -> None:
    aws.behaviour.append("429")
    execution = carry(start(a_text("ONCE", maxAttempts=2)))
    assert execution.status == Status.SUCCESS
    assert [attempt.status for attempt in execution.steps.all()] == ["Failed", "Success", "Success"]


@pytest.mark.parametrize("how", ["500", "502", "503", "504", "cut"])
def test_f22_a_call_that_must_not_happen_twice_goes_on_the_wire_once(start: Start, aws: AwsDouble, how: str) -> None:
    aws.behaviour.append(how)
    execution = carry(start(a_text("ONCE", maxAttempts=5)))
    assert effects(aws, "ONCE") == 1
    assert execution.steps.get().is_outcome_unknown


@pytest.mark.parametrize("how", ["400", "403", "404"])
def test_f23_a_refusal_is_a_known_failure_in_awss_own_words(start: Start, aws: AwsDouble, how: str) -> None:
    aws.behaviour.append(how)
    execution = carry(start(a_text("ONCE")))
    assert execution.status == Status.FAILED
    assert f"(HTTP {how})" in execution.status_message
    assert not execution.steps.get().is_outcome_unknown


def test_f23_missing_credentials_are_a_known_failure(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    sessions.forget()
    try:
        execution = carry(start(a_text("ONCE")))
    finally:
        sessions.forget()
    assert (execution.status, aws.calls) == (Status.FAILED, [])
    assert "credentials" in execution.status_message.lower()


def test_f31_a_huge_answer_is_cut_and_says_so(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableStatus": "x" * 5_000_000}}
    execution = carry(start(a_text("READ")))
    assert execution.status == Status.SUCCESS
    stored = json.dumps(execution.steps.get(step_name="First").response)
    assert len(stored) < 1_000_000
    assert '"truncated": true' in stored


def test_f31_a_huge_output_is_bounded_too(start: Start, aws: AwsDouble) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableStatus": "x" * 5_000_000}}
    wanted = [{"Name": "Status", "Selector": "$.Table.TableStatus", "Type": "String"}]
    execution = carry(start(a_text("READ", outputs=wanted)))
    assert len(json.dumps(execution.steps.get(step_name="First").outputs)) < 1_100_000


@pytest.mark.parametrize(
    "hostile",
    ["nul \x00 byte", "lone \ud800 surrogate", "right \u202e to left", "\U0001f525", 1e400, 2**63 + 1, -(10**40)],
    ids=["nul", "surrogate", "direction", "emoji", "infinity", "too large", "huge"],
)
def test_f32_whatever_aws_answers_can_be_stored(start: Start, aws: AwsDouble, hostile: Any) -> None:
    """Also for a call that must not happen twice: an answer that cannot be written down is no reason to forget it."""
    aws.answers["RestoreTableFromBackup"] = {"TableDescription": {"TableName": hostile, "ItemCount": hostile}}
    wanted = [{"Name": "Name", "Selector": "$.TableDescription.TableName", "Type": "String"}]
    execution = carry(start(a_text("ONCE", outputs=wanted)))
    assert execution.status == Status.SUCCESS, execution.status_message
    assert effects(aws, "ONCE") == 1


@pytest.mark.parametrize("hostile", ["nul \x00 byte", "lone \ud800 surrogate"], ids=["nul", "surrogate"])
def test_f32_whatever_a_parameter_holds_can_be_stored(start: Start, aws: AwsDouble, hostile: str) -> None:
    text = a_text("READ").replace('"mainSteps"', '"parameters": {"Word": {"type": "String"}}, "mainSteps"')
    assert carry(start(text, {"Word": hostile})).status == Status.SUCCESS


@pytest.mark.parametrize("hostile", ["lone \ud800 surrogate"])
def test_f32_whatever_a_reason_holds_can_be_stored(start: Start, aws: AwsDouble, hostile: str) -> None:
    assert carry(start(a_text("READ"), reason=hostile)).status == Status.SUCCESS
