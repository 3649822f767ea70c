"""Reading documents: what they hold, and that any text whatever is answered."""

import functools
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.document import Document, Output, Reading, load, read
from runbooks.tests.checked_documents import ACTIONS, branch, problems, steps

GOOD = """\
schemaVersion: "0.3"
description: Moves traffic away from a Region that does not answer.
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  AutomationAssumeRole: {type: AWS::IAM::Role::Arn, default: ""}
  Threshold: {type: Integer, description: Healthy hosts wanted., default: 2}
variables:
  Tries: {type: Integer, default: 0}
mainSteps:
  - name: CountHosts
    action: aws:executeAwsApi
    description: Counts what answers.
    timeoutSeconds: "60"
    maxAttempts: 3
    isCritical: "false"
    onFailure: step:Rest
    onCancel: step:Shift
    inputs: {Service: elbv2, Api: DescribeTargetHealth, Region: "{{ global:REGION }}"}
    outputs:
      - {Name: Count, Selector: $.TargetHealthDescriptions.length(), Type: Integer}
      - {Name: First, Selector: "$.TargetHealthDescriptions[0].Target.Id"}
  - name: Enough
    action: aws:branch
    isEnd: true
    inputs:
      Choices:
        - NextStep: Shift
          Variable: "{{ CountHosts.Count }}"
          NumericLesser: "{{ Threshold }}"
  - name: Rest
    action: aws:sleep
    inputs: {Duration: PT5S}
    nextStep: CountHosts
  - name: Shift
    action: aws:executeScript
    isEnd: true
    inputs: {Runtime: python3.11, Handler: main, Script: "print(f'{{ not a reference }} {{ Unknown }}')"}
outputs:
  - CountHosts.Count
  - Shift.Payload
"""


def good() -> Document:
    reading = read(GOOD, ACTIONS)
    assert reading.problems == ()
    assert reading.document is not None
    return reading.document


def test_a_good_document_has_no_problem_and_all_its_content() -> None:
    document = good()
    assert (document.schema_version, document.assume_role) == ("0.3", "{{ AutomationAssumeRole }}")
    assert [step.name for step in document.steps] == ["CountHosts", "Enough", "Rest", "Shift"]
    assert document.outputs == ("CountHosts.Count", "Shift.Payload")
    assert document.parameters["Threshold"].default == 2
    assert document.variables["Tries"].has_default


def test_properties_written_as_text_are_read() -> None:
    step = good().step("CountHosts")
    assert (step.timeout, step.max_attempts, step.is_critical) == (timedelta(minutes=1), 3, False)
    assert (step.on_failure, step.on_cancel, step.is_end) == ("step:Rest", "step:Shift", False)
    assert step.outputs[1] == Output("First", "$.TargetHealthDescriptions[0].Target.Id", "String")


def test_unwritten_properties_have_their_defaults() -> None:
    step = good().step("Rest")
    assert (step.on_failure, step.on_cancel, step.is_critical, step.is_end) == ("Abort", "Abort", None, False)
    assert (step.max_attempts, step.timeout, step.outputs) == (1, None, ())


def test_the_next_step_in_the_list_is_known() -> None:
    after = good().after("Rest")
    assert after is not None
    assert after.name == "Shift"
    assert good().after("Shift") is None


def test_the_same_document_as_json_reads_the_same() -> None:
    reading = read(json.dumps(good().raw, indent=2), ACTIONS)
    assert (reading.format, reading.problems, reading.document) == ("JSON", (), good())


def test_what_was_published_loads_as_it_was_read() -> None:
    assert load(json.loads(json.dumps(good().raw))) == good()


def test_a_text_before_the_document_marker_is_fine() -> None:
    assert problems("# who wrote this\n---\n" + GOOD) == []


MANY_STEPS = "".join(f"- {{name: s{number}, action: bcdr:manualTask}}\n" for number in range(5_500))


HARMLESS = steps(*(f"{{name: s{number}, action: aws:sleep, inputs: {{Duration: PT1S}}}}" for number in range(3_500)))
"""As long as the hostile ones."""

HOSTILE = {
    "many bad steps": "mainSteps: [" + "a," * 100_000 + "]",
    "many odd keys": "{"
    + ", ".join(f"k{n}: 1" for n in range(25_000))
    + ", mainSteps: [{name: a, action: aws:sleep}]}",
    "many steps": 'schemaVersion: "0.3"\nmainSteps:\n' + MANY_STEPS,
    "many references": steps("{name: a, action: bcdr:manualTask, inputs: {x: '" + "{{ Nobody }} " * 15_000 + "'}}"),
    "open references": steps("{name: a, action: bcdr:manualTask, inputs: {x: '" + "{{ " * 60_000 + "'}}"),
    "open references with names": steps("{name: a, action: bcdr:manualTask, inputs: {x: '{{" + "a " * 100_000 + "'}}"),
    "many conditions": branch("{NextStep: b, Or: [" + "{Variable: x, StringEquals: x}," * 7_000 + "]}"),
    "spaces in a reference": steps("{name: a, action: bcdr:manualTask, inputs: {x: '{{" + " " * 200_000 + "'}}"),
}


@functools.cache
def answer(text: str) -> tuple[Reading, float]:
    """What a text reads as, and how many seconds of the processor that took."""
    started = time.process_time()
    return read(text, ACTIONS), time.process_time() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_takes_hardly_longer_than_a_harmless_one(name: str) -> None:
    """On a quiet machine the slowest takes half a second, a harmless one a fifth of one."""
    reading, seconds = answer(HOSTILE[name])
    assert len(reading.problems) <= 501
    assert seconds < max(1, 20 * answer(HARMLESS)[1])


def test_problems_beyond_the_limit_are_counted() -> None:
    last = answer(HOSTILE["many bad steps"])[0].problems[-1]
    assert last.message == "99502 more problems are not listed. Mend these first and look again."
    assert last.severity == "error"


WORDS = st.sampled_from(
    "a b each step:a Continue Abort aws:branch aws:loop aws:sleep bcdr:manualTask String $.a 0.3 true {{a.b}} {{P}}".split()
)


KEYS = st.sampled_from(
    "schemaVersion mainSteps name action inputs nextStep isEnd onFailure onCancel outputs parameters variables Choices "
    "Default NextStep Variable And Not StringEquals Steps Iterators LoopCondition MaxIterations type default Name "
    "Selector Type timeoutSeconds maxAttempts isCritical allowedValues allowedPattern assumeRole description files".split()
)


CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


STEP_LIKE = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "each"]), "action": WORDS},
    optional={"inputs": CONTENT, "outputs": CONTENT, "nextStep": WORDS},
)


DOCUMENT_LIKE = st.fixed_dictionaries(
    {"schemaVersion": st.just("0.3"), "mainSteps": st.lists(STEP_LIKE | CONTENT, max_size=3)},
    optional={"parameters": CONTENT, "variables": CONTENT, "outputs": CONTENT, "assumeRole": CONTENT},
)


@given(CONTENT | DOCUMENT_LIKE)
def test_any_content_is_read_or_refused(content: Any) -> None:
    reading = read(json.dumps(content), ACTIONS)
    has_error = any(problem.severity == "error" for problem in reading.problems)
    assert (reading.document is None) == has_error
    assert all(problem.message and problem.line for problem in reading.problems)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    reading = read(text, ACTIONS)
    assert isinstance(reading, Reading)
    assert reading.document is None
    assert reading.problems
