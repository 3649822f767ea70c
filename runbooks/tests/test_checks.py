"""Every problem of a document, with its place."""

import json
from typing import Any

import pytest

from runbooks.automation.document import read
from runbooks.tests.checked_documents import ACTIONS, problems, steps


@pytest.mark.parametrize(
    ("text", "path", "line", "message"),
    [
        pytest.param("5", "", 1, "is not a map", id="no map"),
        pytest.param("mainSteps: [", "", 1, "not valid", id="not readable"),
        pytest.param(
            "mainSteps: [{name: a, action: aws:sleep, inputs: {Duration: x}}]", "", 1, "schemaVersion is missing"
        ),
        pytest.param(
            'schemaVersion: "2.2"\nmainSteps: [{name: a, action: bcdr:manualTask}]', "schemaVersion", 1, "2.2"
        ),
        pytest.param('schemaVersion: "0.3"', "mainSteps", 1, "at least one step"),
        pytest.param('schemaVersion: "0.3"\nmainSteps: []', "mainSteps", 2, "at least one step"),
        pytest.param(steps("5"), "mainSteps[0]", 3, "must be a map"),
        pytest.param(steps("{action: bcdr:manualTask}"), "mainSteps[0]", 3, "Step 0 has no name"),
        pytest.param(steps("{name: a-b, action: bcdr:manualTask}"), "mainSteps[0].name", 3, "letters, digits"),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", "{name: a, action: bcdr:manualTask}"),
            "mainSteps[1].name",
            4,
            "Step a exists already, in line 3",
        ),
        pytest.param(steps("{name: a}"), "mainSteps[0]", 3, "Step a has no action"),
        pytest.param(
            steps("{name: a, action: aws:foo}"),
            "mainSteps[0].action",
            3,
            "Step a uses aws:foo, which this portal does not run",
        ),
        pytest.param(steps("{name: a, action: aws:sleep}"), "mainSteps[0]", 3, "needs the input Duration"),
        pytest.param(
            steps("{name: a, action: aws:sleep, inputs: {Duration: soon}}"),
            "mainSteps[0].inputs.Duration",
            3,
            "Step a: soon is no duration.",
        ),
        pytest.param(steps("{name: a, action: aws:sleep, inputs: x}"), "mainSteps[0].inputs", 3, "must be a map"),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, nextStep: b}"), "mainSteps[0].nextStep", 3, "leads to b"
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, onFailure: step:b}"), "mainSteps[0].onFailure", 3, "leads to b"
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, onFailure: Retry}"),
            "mainSteps[0].onFailure",
            3,
            "must be Abort, Continue or step:Name",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, onCancel: Continue}"),
            "mainSteps[0].onCancel",
            3,
            "must be Abort or step:Name",
        ),
        pytest.param(
            steps(
                "{name: a, action: bcdr:manualTask, onCancel: step:b}",
                "{name: b, action: aws:sleep, inputs: {Duration: PT1S}}",
            ),
            "mainSteps[0].onCancel",
            3,
            "after a cancel aws:sleep cannot run",
        ),
        pytest.param(steps("{name: a, action: bcdr:manualTask, isEnd: 1}"), "mainSteps[0].isEnd", 3, "true or false"),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, isCritical: 'yes'}"),
            "mainSteps[0].isCritical",
            3,
            "true or false",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, maxAttempts: 0}"), "mainSteps[0].maxAttempts", 3, "at least 1"
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, timeoutSeconds: 0}"),
            "mainSteps[0].timeoutSeconds",
            3,
            "at least 1",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, timeoutSeconds: '{{ x }}'}"),
            "mainSteps[0].timeoutSeconds",
            3,
            "without references",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, outputs: [{Selector: $.a}]}"),
            "mainSteps[0].outputs[0]",
            3,
            "has no Name",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, outputs: [{Name: A}]}"),
            "mainSteps[0].outputs[0]",
            3,
            "has no Selector",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, outputs: [{Name: A, Selector: '$[', Type: String}]}"),
            "mainSteps[0].outputs[0].Selector",
            3,
            "is not JSONPath",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask, outputs: [{Name: A, Selector: $.a, Type: Text}]}"),
            "mainSteps[0].outputs[0].Type",
            3,
            "output type Text is unknown",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters: 5\n"), "parameters", 2, "must be a map"
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters:\n  P: {type: Text}\n"),
            "parameters.P.type",
            3,
            "unknown type Text",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters:\n  P: {default: x}\n"),
            "parameters.P.type",
            3,
            "has no type",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters:\n  P Q: {type: String}\n"),
            "parameters.P Q",
            3,
            "letters, digits",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters:\n  P: {type: Integer, default: many}\n"),
            "parameters.P.default",
            3,
            "must be a whole number",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="parameters:\n  P: {type: String, minChars: few}\n"),
            "parameters.P.minChars",
            3,
            "must be a whole number",
        ),
        pytest.param(
            steps("{name: a, action: bcdr:manualTask}", head="outputs: [a]\n"), "outputs[0]", 2, "StepName.OutputName"
        ),
    ],
)
def test_a_problem_is_told_with_its_place(text: str, path: str, line: int, message: str) -> None:
    found = problems(text)
    assert [(one.path, one.line) for one in found] == [(path, line)]
    assert message in found[0].message


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (steps("{name: a, action: bcdr:manualTask}", head="owner: me\n"), "owner"),
        (steps("{name: a, action: bcdr:manualTask, retries: 3}"), "mainSteps[0].retries"),
        (steps("{name: a, action: aws:sleep, inputs: {Duration: x, Unit: s}}"), "mainSteps[0].inputs.Unit"),
        (
            steps("{name: a, action: aws:sleep, inputs: {Duration: x}, timeoutSeconds: 601}"),
            "mainSteps[0].timeoutSeconds",
        ),
        (steps("{name: a, action: bcdr:manualTask, isEnd: true, isEnd: true}"), "mainSteps[0].isEnd"),
        (
            steps(
                "{name: a, action: bcdr:manualTask}",
                head="parameters: {P: {type: String, allowedPattern: '(?<=a)b'}}\n",
            ),
            "parameters.P.allowedPattern",
        ),
        (
            steps("{name: a, action: bcdr:manualTask, outputs: [{Name: A, Selector: $.a}, {Name: A, Selector: $.b}]}"),
            "mainSteps[0].outputs[1]",
        ),
    ],
)
def test_what_works_but_is_probably_not_meant_is_a_warning(text: str, path: str) -> None:
    assert problems(text) == []
    assert [one.path for one in problems(text, "warning")] == [path]


def test_an_action_may_point_below_its_inputs() -> None:
    inputs = "      Duration: x\n      Parts:\n        - Name: b\n        - Name: c"
    text = steps(f"name: a\n    action: aws:sleep\n    inputs:\n{inputs}")
    assert [(one.path, one.line) for one in problems(text)] == [("mainSteps[0].inputs.Parts[1].Name", 9)]


def test_all_problems_are_told_together_in_the_order_of_the_text() -> None:
    text = (
        'schemaVersion: "1"\nparameters:\n  P: {type: Nope}\nmainSteps:\n'
        "  - {name: a, action: aws:foo, nextStep: z, maxAttempts: 0}\n"
        '  - {name: b, action: aws:sleep, inputs: {Duration: "{{ Q }}"}}\n'
    )
    assert [one.path for one in problems(text)] == [
        "schemaVersion",
        "parameters.P.type",
        "mainSteps[0].action",
        "mainSteps[0].nextStep",
        "mainSteps[0].maxAttempts",
        "mainSteps[1].inputs.Duration",
    ]


@pytest.mark.parametrize("name", ["name", "action", "inputs", "nextStep", "onFailure", "onCancel", "isEnd", "outputs"])
@pytest.mark.parametrize("value", [[], {}, [1], {"a": []}, 0, 1.5, True])
def test_a_property_of_any_other_kind_is_refused_or_tolerated(name: str, value: Any) -> None:
    step = {"name": "a", "action": "bcdr:manualTask", name: value}
    reading = read(json.dumps({"schemaVersion": "0.3", "mainSteps": [step]}), ACTIONS)
    assert all(problem.path.startswith("mainSteps[0]") for problem in reading.problems)
    assert (reading.document is None) == any(problem.severity == "error" for problem in reading.problems)
