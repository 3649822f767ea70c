"""Actions on their own: what each hands back for its inputs, with a context made by hand and no database."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbooks.actions import aws_api, control, measure, people, registry, script
from runbooks.actions.context import Action, ActionFailed, Context, HttpAnswer, SignalFact
from runbooks.automation.document import read
from runbooks.automation.results import Failed, Succeeded, Waiting

NOW = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)


def context(answer: Any = None, http: HttpAnswer | None = None, **said: Any) -> Context:
    def call_aws(service: str, api: str, parameters: Mapping[str, Any], *, region: str | None = None) -> dict[str, Any]:
        return {**(answer or {}), "asked": [service, api, dict(parameters), region]}

    def fetch(url: str, *, method: str, timeout: timedelta) -> HttpAnswer:
        assert http is not None
        return http

    return Context(
        execution_id="e",
        step_name="Step",
        attempt=1,
        token="t",
        now=NOW,
        started_at=NOW,
        time_scale=0.5,
        call_aws=call_aws,
        fetch=fetch,
        environment=dict,
        are_scripts_allowed=True,
        **said,
    )


CALL = {"Service": "ecs", "Api": "DescribeServices", "cluster": "c", "bcdr:Region": "us-east-1"}
CHECK = {**CALL, "PropertySelector": "$.status", "DesiredValues": ["ACTIVE"]}


def test_an_api_call_is_made_with_the_apis_own_parameters_in_the_region_named() -> None:
    result = aws_api.execute_aws_api(CALL, context())
    assert isinstance(result, Succeeded)
    assert result.payload["asked"] == ["ecs", "DescribeServices", {"cluster": "c"}, "us-east-1"]


def test_an_assertion_fails_with_both_values_named() -> None:
    assert isinstance(aws_api.assert_property(CHECK, context({"status": "ACTIVE"})), Succeeded)
    failed = aws_api.assert_property(CHECK, context({"status": "DRAINING"}))
    assert isinstance(failed, Failed)
    assert "'DRAINING'" in failed.message
    assert "'ACTIVE'" in failed.message


def test_a_selector_that_cannot_be_applied_fails_the_step_by_name() -> None:
    with pytest.raises(ActionFailed, match="PropertySelector"):
        aws_api.assert_property({**CHECK, "PropertySelector": "$.[["}, context({"status": "ACTIVE"}))


def test_a_wait_polls_more_slowly_the_longer_it_takes() -> None:
    first = aws_api.wait_for_property(CHECK, context({"status": "PENDING"}))
    later = aws_api.wait_for_property(CHECK, context({"status": "PENDING"}, polls=100))
    assert isinstance(first, Waiting)
    assert isinstance(later, Waiting)
    assert (first.poll_after, later.poll_after) == (timedelta(seconds=5), timedelta(seconds=30))


def test_a_sleep_holds_no_worker_and_ends_at_its_second_look() -> None:
    first = control.sleep({"Duration": "PT30S"}, context())
    assert isinstance(first, Waiting)
    assert first.poll_after == timedelta(seconds=30)
    assert isinstance(control.sleep({"Duration": "PT30S"}, context(state=first.state)), Succeeded)


def test_a_sleep_until_a_moment_is_not_scaled_and_a_past_one_goes_on() -> None:
    first = control.sleep({"Timestamp": "2026-01-31T02:00:10Z"}, context())
    assert isinstance(first, Waiting)
    assert first.poll_after == timedelta(seconds=20)  # the runner multiplies by the scale of 0.5
    assert isinstance(control.sleep({"Timestamp": "2020-01-01T00:00:00Z"}, context()), Succeeded)


def test_a_branch_hands_back_its_jump() -> None:
    choices = [{"NextStep": "A", "Variable": "x", "StringEquals": "x"}]
    assert control.branch({"Choices": choices}, context()) == Succeeded(outputs={"NextStep": "A"}, next_step="A")
    assert control.branch({"Choices": [{**choices[0], "Variable": "y"}]}, context()) == Succeeded()


def decided(kind: str, who: str, comment: str = "") -> SignalFact:
    return SignalFact(kind, who, NOW, comment)


def test_two_approvals_need_two_people() -> None:
    inputs = {"Approvers": ["role:approver"], "MinRequiredApprovals": 2}
    same = (decided("Approve", "petra"), decided("Approve", "petra"))
    assert isinstance(people.approve(inputs, context(signals=same)), Waiting)
    two = (decided("Approve", "petra"), decided("Approve", "paul"))
    result = people.approve(inputs, context(signals=two))
    assert isinstance(result, Succeeded)
    assert result.outputs["ApprovalStatus"] == "Approved"


def test_one_rejection_fails_whatever_else_was_said() -> None:
    signals = (decided("Approve", "petra"), decided("Reject", "paul", "not now"))
    result = people.approve({"Approvers": ["a", "b"], "MinRequiredApprovals": 2}, context(signals=signals))
    assert isinstance(result, Failed)
    assert "not now" in result.message


def test_an_endpoint_must_answer_well_several_times_in_a_row() -> None:
    inputs = {"Url": "http://x/", "ConsecutiveSuccesses": 2, "ExpectedHeader": {"X-Region": "us-east-1"}}
    good = HttpAnswer(200, {"x-region": "us-east-1"}, "", timedelta(0))
    first = measure.wait_for_endpoint(inputs, context(http=good))
    assert isinstance(first, Waiting)
    assert isinstance(measure.wait_for_endpoint(inputs, context(http=good, state=first.state, polls=1)), Succeeded)
    bad = HttpAnswer(503, {}, "", timedelta(0))
    again = measure.wait_for_endpoint(inputs, context(http=bad, state=first.state))
    assert isinstance(again, Waiting)
    assert again.state["successes"] == 0
    assert "HTTP 503" in again.message


def test_the_wrong_region_is_not_a_success() -> None:
    inputs = {"Url": "http://x/", "ConsecutiveSuccesses": 1, "ExpectedHeader": {"X-Region": "us-east-1"}}
    wrong = HttpAnswer(200, {"X-Region": "us-west-2"}, "", timedelta(0))
    assert isinstance(measure.wait_for_endpoint(inputs, context(http=wrong)), Waiting)


# -- scripts, in real processes ----------------------------------------------------------------------------------------


def run_script(text: str, events: dict[str, Any] | None = None) -> Any:
    inputs = {"Runtime": "python3.11", "Handler": "handler", "Script": text, "InputPayload": events or {}}
    return script.execute_script(inputs, context())


def test_a_script_gets_its_input_and_hands_back_its_payload_and_log() -> None:
    result = run_script(
        "def handler(events, context):\n    print('hello')\n    return {'n': events['n'] + 1}", {"n": 1}
    )
    assert isinstance(result, Succeeded), result
    assert result.payload == {"Payload": {"n": 2}}
    assert result.log == "hello\n"


def test_a_script_that_raises_fails_with_its_message() -> None:
    result = run_script("def handler(events, context):\n    raise ValueError('no such alarm')")
    assert isinstance(result, Failed)
    assert result.message == "ValueError: no such alarm"
    assert "Traceback" in result.log


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def handler(events, context:", "SyntaxError"),
        ("x = 1", "defines no function handler"),
        ("def handler(e, c):\n    return {1, 2}", "not JSON serializable"),
        ("import os\ndef handler(e, c):\n    os._exit(3)", "exit code 3"),
        ("def handler(e, c):\n    return 'x' * 200_000", "more than 100 KB"),
        ("def handler(e, c):\n    return len(bytearray(3 * 1024**3))", "MemoryError"),
    ],
)
def test_a_bad_script_is_a_failed_step(text: str, said: str) -> None:
    result = run_script(text)
    assert isinstance(result, Failed)
    assert said in result.message


def test_a_script_sees_nothing_of_the_portals_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "the portal's own")
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    result = run_script("import os\ndef handler(e, c):\n    return sorted(os.environ)")
    assert isinstance(result, Succeeded)
    assert not {"SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"} & set(result.payload["Payload"])


def test_a_script_is_refused_where_scripts_are_off() -> None:
    with pytest.raises(ActionFailed, match="turned off"):
        script.execute_script({"Script": "", "Handler": "h"}, replace(context(), are_scripts_allowed=False))


def test_what_a_script_left_running_is_ended() -> None:
    result = run_script("import subprocess\ndef handler(e, c):\n    return subprocess.Popen(['/bin/sleep', '300']).pid")
    assert isinstance(result, Succeeded)
    if Path("/usr/bin/bwrap").exists():
        return  # behind bubblewrap the process id is one of another name space, and all of it ends with the script
    until = time.monotonic() + 60
    while (is_alive := state_of(result.payload["Payload"]) not in {"", "Z"}) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive


def state_of(process: int) -> str:
    """The letter of /proc for a process, or nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


# -- the table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", registry.ACTIONS.values(), ids=lambda action: str(action.name))
def test_every_action_carries_its_facts(action: Action) -> None:
    assert action.summary.endswith(".")
    assert action.name.startswith(("aws:", "bcdr:"))
    assert action.source.startswith("https://docs.aws.amazon.com/") == action.name.startswith("aws:")
    assert action.waits_for_people == (action.name in {"aws:approve", "aws:pause", "bcdr:manualTask"})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("action: aws:sleep\n    inputs: {}", "either Duration or Timestamp"),
        ("action: aws:sleep\n    inputs: {Duration: soon}", "soon"),
        ("action: aws:executeScript\n    inputs: {Runtime: PowerShell 7.4, Script: x}", "PowerShell"),
        ("action: aws:approve\n    inputs: {Approvers: [a], MinRequiredApprovals: 2}", "2 approvals are wanted"),
        ("action: bcdr:waitForEndpoint\n    inputs: {Url: ftp://x}", "http://"),
        ("action: bcdr:manualTask\n    inputs: {Instructions: x, Values: {N: {type: Float}}}", "one of String"),
        ("action: aws:runInstances\n    inputs: {ImageId: ami-1}", "aws:runInstances"),
    ],
)
def test_a_step_that_cannot_run_is_refused_when_its_document_is_read(step: str, said: str) -> None:
    text = f'schemaVersion: "0.3"\ndescription: x\nmainSteps:\n  - name: Step\n    {step}\n'
    problems = read(text, registry.shapes()).problems
    assert any(said in problem.message for problem in problems), [problem.message for problem in problems]
