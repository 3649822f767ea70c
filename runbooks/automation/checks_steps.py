"""Whether steps are well formed, each by itself.

Here: names, actions, inputs, properties, outputs, and whether every jump leads to a step. Not here: where the jumps
lead when taken together (checks_ways.py) and what references name (checks_references.py). Rules: Systems Manager user
guide, page automation-actions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runbooks.automation.checks_branches import check_branch, check_loop
from runbooks.automation.content import ABORT, CONTINUE, jump_target, truth, whole_number
from runbooks.automation.problems import Path, Problems
from runbooks.automation.selectors import SelectorError, check_selector
from runbooks.automation.shapes import ActionShape

OUTPUT_TYPES = frozenset({"String", "StringList", "Integer", "Boolean", "StringMap", "MapList"})
_NAME = re.compile(r"[a-zA-Z0-9_]+", re.ASCII)
_KNOWN = frozenset(
    {
        "name",
        "action",
        "inputs",
        "description",
        "onFailure",
        "onCancel",
        "isCritical",
        "isEnd",
        "nextStep",
        "maxAttempts",
        "timeoutSeconds",
        "outputs",
    }
)


def loops_in(steps: Sequence[Any], path: Path) -> Iterator[tuple[Sequence[Any], Path]]:
    """The steps at `path` and those inside each loop below them, with their paths."""
    yield steps, path
    for position, step in enumerate(steps):
        inputs = step.get("inputs") if isinstance(step, dict) and step.get("action") == "aws:loop" else None
        inner = inputs.get("Steps") if isinstance(inputs, dict) else None
        if isinstance(inner, list):
            yield from loops_in(inner, (*path, position, "inputs", "Steps"))


def check_steps(steps: Sequence[Any], path: Path, actions: Mapping[str, ActionShape], problems: Problems) -> bool:
    """Check every step, loop bodies included; whether it is clear where each of them leads."""
    are_clear = True
    first_of: dict[str, Path] = {}
    for body, place in loops_in(steps, path):
        by_name = {step["name"]: step for step in body if isinstance(step, dict) and isinstance(step.get("name"), str)}
        for position, step in enumerate(body):
            if not isinstance(step, dict):
                problems.error((*place, position), "A step must be a map with name, action and inputs.")
                are_clear = False
                continue
            check = _StepCheck(step, (*place, position), actions, by_name, problems)
            are_clear = check.run(first_of) and are_clear
    return are_clear


class _StepCheck:
    """Checks one step; `label` is what messages call it."""

    def __init__(
        self,
        step: dict[str, Any],
        path: Path,
        actions: Mapping[str, ActionShape],
        by_name: Mapping[str, dict[str, Any]],
        problems: Problems,
    ) -> None:
        self.step, self.path, self.actions, self.by_name, self.problems = step, path, actions, by_name, problems
        name = step.get("name")
        self.label = f"Step {name:.80}" if isinstance(name, str) and name else f"Step {path[-1]}"
        self.leads_somewhere = True

    def run(self, first_of: dict[str, Path]) -> bool:
        """Check everything; whether it is clear where the step leads."""
        self._check_name(first_of)
        shape = self._check_action()
        inputs = self.step.get("inputs")
        if inputs is not None and not isinstance(inputs, dict):
            self._stray(f"{self.label}: inputs must be a map.", "inputs")
        else:
            self._check_inputs(inputs or {}, shape)
        for key in self.step:
            if key not in _KNOWN:
                self.problems.warn(
                    (*self.path, key), f"{self.label}: {key!s:.60} is no property of a step; it is not used."
                )
        self._check_flow()
        self._check_limits(shape)
        self._check_outputs()
        return self.leads_somewhere

    def _error(self, message: str, *below: str | int) -> None:
        self.problems.error((*self.path, *below), message)

    def _stray(self, message: str, *below: str | int) -> None:
        """Note an error that also leaves open where the step leads."""
        self.leads_somewhere = False
        self._error(message, *below)

    def _check_name(self, first_of: dict[str, Path]) -> None:
        name = self.step.get("name")
        if not isinstance(name, str) or not name:
            self._stray(
                f"{self.label} has no name. Give it one of letters, digits and _.", *_present(self.step, "name")
            )
        elif not _NAME.fullmatch(name):
            self._error(f"{self.label}: a name is of letters, digits and _ only. Rename it.", "name")
        elif name in first_of:
            place = self.problems.root.find(first_of[name]).line if self.problems.root else 0
            self._stray(f"{self.label} exists already, in line {place}. Names must be unique; rename one.", "name")
        else:
            first_of[name] = self.path

    def _check_action(self) -> ActionShape | None:
        action = self.step.get("action")
        if not isinstance(action, str) or not action:
            self._error(
                f"{self.label} has no action. Name one, such as aws:executeAwsApi.", *_present(self.step, "action")
            )
            return None
        shape = self.actions.get(action)
        if shape is None:
            self._error(
                f"{self.label} uses {action:.80}, which this portal does not run. Use another action.", "action"
            )
        return shape

    def _check_inputs(self, inputs: dict[str, Any], shape: ActionShape | None) -> None:
        action = self.step.get("action")
        below = _present(self.step, "inputs")
        if shape is not None:
            for name in sorted(shape.required - inputs.keys()):
                self._error(f"{self.label} ({action}) needs the input {name}. Add it under inputs.", *below)
            if shape.optional is not None:
                for name in inputs:
                    if name not in shape.required and name not in shape.optional:
                        self.problems.warn(
                            (*self.path, "inputs", name), f"{self.label}: {action} does not use the input {name!s:.60}."
                        )
            for place, message in shape.check(inputs):
                self.problems.error((*self.path, "inputs"), f"{self.label}: {message}", place)
        if action == "aws:branch":
            is_formed = check_branch(inputs, (*self.path, "inputs"), self.by_name, self.problems)
            self.leads_somewhere = self.leads_somewhere and is_formed
        elif action == "aws:loop":
            is_formed = check_loop(inputs, (*self.path, "inputs"), self.problems)
            self.leads_somewhere = self.leads_somewhere and is_formed

    def _check_flow(self) -> None:
        self._check_jump("nextStep", self.step.get("nextStep"))
        failure, cancel = self.step.get("onFailure"), self.step.get("onCancel")
        if failure is not None and failure not in (ABORT, CONTINUE):
            self._check_written_jump("onFailure", failure, f"{ABORT}, {CONTINUE} or step:Name")
        if cancel is not None and cancel != ABORT:
            target = self._check_written_jump("onCancel", cancel, f"{ABORT} or step:Name")
            action = target.get("action") if target else None
            shape = self.actions.get(action) if isinstance(action, str) else None
            if shape is not None and not shape.may_cancel_into:
                self._error(
                    f"{self.label}: after a cancel {action} cannot run. Let onCancel name another step.", "onCancel"
                )
        for name in ("isEnd", "isCritical"):
            if self.step.get(name) is not None and truth(self.step[name]) is None:
                self._stray(f"{self.label}: {name} must be true or false.", name)

    def _check_written_jump(self, name: str, written: Any, choices: str) -> dict[str, Any] | None:
        target = jump_target(written) if isinstance(written, str) else None
        if not target:
            self._stray(f"{self.label}: {name} is {written!s:.60}, but must be {choices}.", name)
            return None
        return self._check_jump(name, target)

    def _check_jump(self, name: str, target: Any) -> dict[str, Any] | None:
        if target is None or target == "":
            return None
        if not isinstance(target, str) or target not in self.by_name:
            self._stray(f"{self.label}: {name} leads to {target!s:.80}, but there is no such step.", name)
            return None
        return self.by_name[target]

    def _check_limits(self, shape: ActionShape | None) -> None:
        attempts = self.step.get("maxAttempts")
        if attempts is not None and (whole_number(attempts) or 0) < 1:
            self._error(f"{self.label}: maxAttempts must be a whole number of at least 1.", "maxAttempts")
        timeout = self.step.get("timeoutSeconds")
        if timeout is None:
            return
        seconds = whole_number(timeout) or 0
        if seconds < 1:
            self._error(
                f"{self.label}: timeoutSeconds must be a whole number of at least 1, without references.",
                "timeoutSeconds",
            )
        elif shape and shape.maximum_timeout and seconds > shape.maximum_timeout.total_seconds():
            most = int(shape.maximum_timeout.total_seconds())
            self.problems.warn(
                (*self.path, "timeoutSeconds"), f"{self.label}: {self.step['action']} runs for at most {most} seconds."
            )

    def _check_outputs(self) -> None:
        outputs = self.step.get("outputs")
        if outputs is None:
            return
        if not isinstance(outputs, list):
            self._error(f"{self.label}: outputs must be a list of Name, Selector and Type.", "outputs")
            return
        seen: set[str] = set()
        for position, output in enumerate(outputs):
            if not isinstance(output, dict):
                self._error(f"{self.label}: an output must be a map of Name, Selector and Type.", "outputs", position)
                continue
            self._check_output(output, position, seen)

    def _check_output(self, output: dict[str, Any], position: int, seen: set[str]) -> None:
        name, selector, type_ = output.get("Name"), output.get("Selector"), output.get("Type", "String")
        if not isinstance(name, str) or not name:
            self._error(f"{self.label}: an output has no Name.", "outputs", position)
        elif name in seen:
            self.problems.warn(
                (*self.path, "outputs", position),
                f"{self.label} declares the output {name} twice; the last one counts.",
            )
        else:
            seen.add(name)
        if type_ is not None and (not isinstance(type_, str) or type_ not in OUTPUT_TYPES):
            known = ", ".join(sorted(OUTPUT_TYPES))
            self._error(
                f"{self.label}: the output type {type_!s:.60} is unknown. Use {known}.", "outputs", position, "Type"
            )
        if not isinstance(selector, str) or not selector:
            self._error(
                f"{self.label}: the output {name!s:.60} has no Selector. Write one such as $.State.",
                "outputs",
                position,
            )
            return
        try:
            check_selector(selector)
        except SelectorError as error:
            self._error(f"{self.label}: {error}", "outputs", position, "Selector")


def _present(step: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The path below a step to what is there; nothing for what is missing, so that the step itself is pointed at."""
    return (name,) if name in step else ()
