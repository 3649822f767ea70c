"""Small documents and the actions they use, for the tests of reading and checking documents. No tests are here."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from runbooks.automation.document import ActionShape, Problem, read


def _check_duration(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if inputs.get("Duration") == "soon":
        yield "Duration", "soon is no duration."
    if inputs.get("Parts"):
        yield "Parts[1].Name", "the second part is odd."


ACTIONS = {
    "aws:executeAwsApi": ActionShape(frozenset({"Service", "Api"}), None, outputs=frozenset()),
    "aws:executeScript": ActionShape(
        frozenset({"Runtime"}), frozenset({"Handler", "Script", "InputPayload"}), outputs=frozenset({"Payload"})
    ),
    "aws:sleep": ActionShape(
        frozenset({"Duration"}),
        frozenset({"Parts"}),
        may_cancel_into=False,
        maximum_timeout=timedelta(minutes=10),
        check=_check_duration,
        outputs=frozenset(),
    ),
    "aws:branch": ActionShape(frozenset({"Choices"}), frozenset({"Default"}), outputs=frozenset({"NextStep"})),
    "aws:loop": ActionShape(frozenset({"Steps"}), None),
    "aws:updateVariable": ActionShape(frozenset({"Name", "Value"}), frozenset()),
    "bcdr:manualTask": ActionShape(frozenset(), None, outputs=frozenset({"CompletedBy", "Values.*"})),
}


def steps(*written: str, head: str = "") -> str:
    lines = "\n".join(f"  - {step}" for step in written)
    return f'schemaVersion: "0.3"\n{head}mainSteps:\n{lines}\n'


def problems(text: str, severity: str = "error") -> list[Problem]:
    reading = read(text, ACTIONS)
    assert (reading.document is None) == any(problem.severity == "error" for problem in reading.problems)
    return [problem for problem in reading.problems if problem.severity == severity]


def branch(choice: str, default: str = "") -> str:
    inputs = f"{{Choices: [{choice}]{default}}}"
    return steps(f"{{name: ask, action: aws:branch, inputs: {inputs}}}", "{name: b, action: bcdr:manualTask}")
