"""Whether the ways through the steps make sense.

Here: steps that are never reached and rounds without an end. Not here: jumps to steps that do not exist
(checks_steps.py). Going backward is legal: a round is refused only when no way leads out of it. Ending by failure
does not count as a way out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runbooks.automation.content import load
from runbooks.automation.flow import edges, first_step
from runbooks.automation.problems import Path, Problems

_ONWARD = ("name", "action", "onFailure", "onCancel", "isEnd", "nextStep")


def check_ways(steps: Sequence[Any], path: Path, problems: Problems) -> None:
    """Check the graph of the steps, and that of every loop's body; for steps of which it is clear where they lead."""
    document = load({"mainSteps": [_way_part(step) for step in steps]})
    forward: dict[str, set[str]] = {step.name: set() for step in document.steps}
    backward: dict[str, set[str]] = {step.name: set() for step in document.steps}
    ending: set[str] = set()
    for edge in edges(document):
        forward[edge.source].add(edge.target)
        if edge.kind == "end":
            ending.add(edge.source)
        elif edge.kind != "cancel":
            backward[edge.target].add(edge.source)
    reached = _reachable(forward, [first_step(document)])
    leading_out = _reachable(backward, ending)
    for position, step in enumerate(document.steps):
        if step.name not in reached:
            problems.warn((*path, position), f"Step {step.name} is never reached. Let a step lead to it, or remove it.")
        if step.action == "aws:loop":
            check_ways(step.inputs["Steps"], (*path, position, "inputs", "Steps"), problems)
    endless = [
        (position, step.name)
        for position, step in enumerate(document.steps)
        if step.name in reached and step.name not in leading_out
    ]
    if endless:
        names = ", ".join(name for _, name in endless[:20])
        problems.error(
            (*path, endless[0][0]),
            f"From here no way leads to an end: {names} go round for ever. Add isEnd, or a branch that leads out.",
        )


def _way_part(step: Mapping[str, Any]) -> dict[str, Any]:
    """What decides where a step leads; the rest may be malformed and is no matter here."""
    return {"action": "", "inputs": step.get("inputs"), **{name: step[name] for name in _ONWARD if name in step}}


def _reachable(ways: Mapping[str, set[str]], starts: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    waiting = [start for start in starts if start in ways]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(target for target in ways[name] if target in ways)
    return reached
