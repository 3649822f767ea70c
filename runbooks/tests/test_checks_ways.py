"""Branches, loops and the ways through the steps."""

import pytest

from runbooks.automation.document import load, read
from runbooks.tests.checked_documents import ACTIONS, branch, problems, steps


@pytest.mark.parametrize(
    ("choice", "path", "message"),
    [
        ("{NextStep: c, Variable: x, StringEquals: x}", "[0].NextStep", "leads to c"),
        ("{Variable: x, StringEquals: x}", "[0].NextStep", "no NextStep"),
        ("{NextStep: b, Variable: x}", "[0]", "exactly one operator"),
        ("{NextStep: b, Variable: x, StringEquals: x, Contains: x}", "[0]", "exactly one operator"),
        ("{NextStep: b, StringEquals: x}", "[0]", "has no Variable"),
        ("{NextStep: b, Variable: x, StringEquals: 5}", "[0].StringEquals", "a text, in quotes"),
        ("{NextStep: b, Variable: x, NumericEquals: '5'}", "[0].NumericEquals", "a number, without quotes"),
        ("{NextStep: b, Variable: x, NumericEquals: true}", "[0].NumericEquals", "a number, without quotes"),
        ("{NextStep: b, Variable: x, BooleanEquals: 'true'}", "[0].BooleanEquals", "true or false, without quotes"),
        ("{NextStep: b, Not: [{Variable: x, StringEquals: x}]}", "[0].Not", "one condition, as a map"),
        ("{NextStep: b, And: {Variable: x, StringEquals: x}}", "[0].And", "a list of conditions"),
        ("{NextStep: b, Or: []}", "[0].Or", "a list of conditions"),
        ("{NextStep: b, Or: [5]}", "[0].Or[0]", "each a map"),
        ("{NextStep: b, And: [{Variable: x, StringEquals: 1}]}", "[0].And[0].StringEquals", "a text, in quotes"),
        ("5", "[0]", "must be a map"),
    ],
)
def test_a_choice_that_cannot_be_decided_is_an_error(choice: str, path: str, message: str) -> None:
    found = problems(branch(choice))
    assert [one.path for one in found] == [f"mainSteps[0].inputs.Choices{path}"]
    assert message in found[0].message


@pytest.mark.parametrize(
    "choice",
    [
        "{NextStep: b, Variable: '{{ ask.NextStep }}', NumericEquals: '{{ ask.NextStep }}'}",
        "{NextStep: b, Variable: x, NumericGreater: 1.5}",
        "{NextStep: b, Not: {Or: [{Variable: x, StringEquals: y}, {Variable: true, BooleanEquals: true}]}}",
    ],
)
def test_a_choice_that_can_be_decided_is_fine(choice: str) -> None:
    assert problems(branch(choice)) == []


@pytest.mark.parametrize("choices", ["", "5"])
def test_choices_must_hold_a_choice(choices: str) -> None:
    assert len(problems(branch(choices))) == 1


def test_a_default_must_lead_to_a_step() -> None:
    found = problems(branch("{NextStep: b, Variable: x, StringEquals: x}", ", Default: c"))
    assert [one.path for one in found] == ["mainSteps[0].inputs.Default"]


def test_a_step_that_is_never_reached_is_a_warning() -> None:
    text = steps(
        "{name: a, action: bcdr:manualTask, nextStep: c}",
        "{name: b, action: bcdr:manualTask}",
        "{name: c, action: bcdr:manualTask}",
    )
    assert problems(text) == []
    assert [(one.path, one.line) for one in problems(text, "warning")] == [("mainSteps[1]", 4)]


@pytest.mark.parametrize(
    "written",
    [
        ("{name: a, action: bcdr:manualTask, nextStep: a}",),
        ("{name: a, action: bcdr:manualTask}", "{name: b, action: bcdr:manualTask, nextStep: a}"),
        (
            "{name: a, action: aws:branch, inputs: {Choices: [{NextStep: b, Variable: x, StringEquals: y}], Default: a}}",
            "{name: b, action: bcdr:manualTask, nextStep: a}",
        ),
    ],
)
def test_a_round_without_a_way_out_is_an_error(written: tuple[str, ...]) -> None:
    found = problems(steps(*written))
    assert ["go round for ever" in one.message for one in found] == [True]


@pytest.mark.parametrize(
    "written",
    [
        (
            "{name: a, action: aws:branch, inputs: {Choices: [{NextStep: b, Variable: x, StringEquals: y}], Default: c}}",
            "{name: b, action: bcdr:manualTask, nextStep: a}",
            "{name: c, action: bcdr:manualTask}",
        ),
        (
            "{name: a, action: bcdr:manualTask, onFailure: step:c}",
            "{name: b, action: bcdr:manualTask, nextStep: a}",
            "{name: c, action: bcdr:manualTask}",
        ),
    ],
)
def test_going_backward_is_fine_where_a_way_leads_out(written: tuple[str, ...]) -> None:
    assert problems(steps(*written)) == []


def test_a_cancel_is_no_way_out_of_a_round() -> None:
    text = steps(
        "{name: a, action: bcdr:manualTask, nextStep: a, onCancel: step:b}", "{name: b, action: bcdr:manualTask}"
    )
    assert [one.path for one in problems(text)] == ["mainSteps[0]"]


def test_a_round_that_is_never_reached_is_only_a_warning() -> None:
    text = steps("{name: a, action: bcdr:manualTask, isEnd: true}", "{name: b, action: bcdr:manualTask, nextStep: b}")
    assert problems(text) == []
    assert [one.path for one in problems(text, "warning")] == ["mainSteps[1]"]


LOOP = """\
schemaVersion: "0.3"
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: ["us-east-1", "us-west-2"]
      Steps:
        - name: ask
          action: aws:executeAwsApi
          inputs: {Service: ec2, Api: DescribeInstances, Region: "{{ loop.CurrentIteratorValue }}"}
        - {name: tell, action: bcdr:manualTask, inputs: {Instructions: "{{ ask.Nothing }}"}, nextStep: ask}
  - {name: done, action: aws:foo}
"""


def test_the_steps_inside_a_loop_are_checked_with_their_places() -> None:
    found = {(one.path, one.line) for one in problems(LOOP)}
    inside = "mainSteps[0].inputs.Steps"
    assert found == {(f"{inside}[0]", 8), (f"{inside}[1].inputs.Instructions", 11), ("mainSteps[1].action", 12)}


def test_the_inside_of_a_loop_is_a_document_of_its_own() -> None:
    body = load(read(LOOP, ACTIONS).raw or {}).body("each")
    assert [step.name for step in body.steps] == ["ask", "tell"]


def test_the_condition_of_a_loop_must_name_what_exists() -> None:
    condition = "LoopCondition: {Variable: '{{ Nobody }}', StringEquals: x}"
    text = steps(
        f"{{name: a, action: aws:loop, inputs: {{{condition}, Steps: [{{name: b, action: bcdr:manualTask}}]}}}}"
    )
    assert [one.path for one in problems(text)] == ["mainSteps[0].inputs.LoopCondition.Variable"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("Steps: [{name: b, action: bcdr:manualTask}]", "either Iterators or LoopCondition"),
        ("Iterators: [1], Steps: []", "needs Steps"),
        ("Iterators: [1], MaxIterations: 101, Steps: [{name: b, action: bcdr:manualTask}]", "from 1 to 100"),
        ("LoopCondition: 5, Steps: [{name: b, action: bcdr:manualTask}]", "must be a map"),
    ],
)
def test_a_loop_that_cannot_run_is_an_error(inputs: str, message: str) -> None:
    found = problems(steps(f"{{name: a, action: aws:loop, inputs: {{{inputs}}}}}"))
    assert [message in one.message for one in found] == [True]
