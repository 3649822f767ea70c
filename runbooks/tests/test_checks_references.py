"""Whether every reference names something that exists."""

import json

import pytest

from runbooks.tests.checked_documents import problems, steps


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{{ Nobody }}", "names a parameter that is not declared"),
        ("{{ Nobody.Name }}", "names the step Nobody, but there is no such step"),
        ("{{ api.Other }}", "names an output that the step api does not have. Its outputs: Id."),
        ("{{ script.Other }}", "Its outputs: Payload."),
        ("{{ task.Other }}", "does not have"),
        ("{{ variable:other }}", "names a variable that is not declared"),
        ("{{ global:PLANET }}", "is no system variable"),
        ("{{ ssm:/golden }}", "reads Parameter Store in a step"),
        ("{{ {{ P }} }}", "a reference inside a reference"),
        ("x {{ P }} and {{ Nobody }}", "names a parameter that is not declared"),
    ],
)
def test_a_reference_to_nothing_is_an_error(reference: str, message: str) -> None:
    found = problems(referring(reference))
    assert [one.path for one in found] == ["mainSteps[3].inputs.Deep[0].Key"]
    assert message in found[0].message


@pytest.mark.parametrize(
    "reference",
    [
        "{{ P }}",
        "{{ api.Id }}",
        "{{ script.Payload }}",
        "{{ task.CompletedBy }}",
        "{{ task.Values.Rows }}",
        "{{ variable:seen }}",
        "{{ global:DATE_TIME }}",
        "{{ automation:EXECUTION_ID }}",
        "{{ loop.CurrentIteratorValue }}",
        "{{ item.name.first }}",
        "{{ 'a' | b }}",
        "{{ $x }}",
        "{{.State.Running}}",
        "{{ }}",
    ],
)
def test_a_reference_to_something_or_another_languages_template_is_fine(reference: str) -> None:
    assert problems(referring(reference)) == []


def referring(reference: str) -> str:
    return steps(
        "{name: api, action: aws:executeAwsApi, inputs: {Service: s, Api: a}, outputs: [{Name: Id, Selector: $.Id}]}",
        "{name: script, action: aws:executeScript, inputs: {Runtime: python3.11}}",
        "{name: task, action: bcdr:manualTask}",
        f"{{name: use, action: aws:executeAwsApi, inputs: {{Service: s, Api: a, Deep: [{{Key: {json.dumps(reference)}}}]}}}}",
        head="parameters: {P: {type: String}}\nvariables: {seen: {type: String}}\n",
    )


@pytest.mark.parametrize(
    ("default", "expected"),
    [("{{ ssm:/golden }}", 0), ("{{ P }}", 0), ("{{ automation:EXECUTION_ID }}", 0), ("{{ X }}", 1)],
)
def test_a_default_may_hold_references(default: str, expected: int) -> None:
    head = f"parameters: {{P: {{type: String, default: x}}, Q: {{type: StringList, default: '{default}'}}}}\n"
    assert len(problems(steps("{name: a, action: bcdr:manualTask}", head=head))) == expected


def test_the_role_must_name_a_parameter_that_exists() -> None:
    found = problems(steps("{name: a, action: bcdr:manualTask}", head='assumeRole: "{{ Role }}"\n'))
    assert [one.path for one in found] == ["assumeRole"]


@pytest.mark.parametrize("output", ["b.Name", "a.Name"])
def test_a_document_output_must_exist(output: str) -> None:
    text = steps("{name: a, action: aws:executeScript, inputs: {Runtime: x}}", head=f"outputs: [{output}]\n")
    assert [one.path for one in problems(text)] == ["outputs[0]"]


def test_update_variable_must_name_a_declared_variable() -> None:
    text = steps("{name: a, action: aws:updateVariable, inputs: {Name: 'variable:x', Value: 1}}")
    assert [one.path for one in problems(text)] == ["mainSteps[0].inputs.Name"]
