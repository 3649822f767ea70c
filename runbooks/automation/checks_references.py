"""Whether every reference names something that exists.

Here: parameters, steps, outputs, variables and system names that {{ }} points at, and the document's outputs. Not
here: putting values in their place (references.py). Text in braces that is no reference of the dialect stays text.
Rules: Systems Manager user guide, pages automation-variables and automation-action-outputs-inputs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from runbooks.automation.checks_steps import loops_in
from runbooks.automation.problems import Path, Problems
from runbooks.automation.references import LOOP, NESTED, REFERENCE, SSM, SYSTEM_NAMES, VARIABLE
from runbooks.automation.shapes import ActionShape

_SYSTEM = ("global:", "automation:")
# A script's braces are its own; the steps inside a loop are looked at one by one.
_PASSED_OVER = {"aws:executeScript": "Script", "aws:loop": "Steps"}


def check_references(raw: Mapping[str, Any], actions: Mapping[str, ActionShape], problems: Problems) -> None:
    """Check every reference in the document; parts that are not well formed are passed over."""
    known = _Known(raw, actions, problems)
    if isinstance(raw.get("assumeRole"), str):
        known.check_text(raw["assumeRole"], ("assumeRole",), "assumeRole")
    for name, declaration in _map(raw.get("parameters")).items():
        default = declaration.get("default") if isinstance(declaration, dict) else None
        for text, path in _texts(default, ("parameters", name, "default")):
            known.check_text(text, path, f"The default of {name}", is_ssm_allowed=True)
    for step, path in known.steps:
        inputs = _map(step.get("inputs"))
        passed_over = _PASSED_OVER.get(str(step.get("action")))
        for name, value in inputs.items():
            if name != passed_over:
                for text, place in _texts(value, (*path, "inputs", name)):
                    known.check_text(text, place, f"Step {step.get('name')!s:.80}")
        known.check_variable(step, path)
    outputs = raw.get("outputs")
    for position, output in enumerate(outputs if isinstance(outputs, list) else ()):
        known.check_output(output, ("outputs", position))


class _Known:
    """What the document declares, and what its actions hand out."""

    def __init__(self, raw: Mapping[str, Any], actions: Mapping[str, ActionShape], problems: Problems) -> None:
        self.problems = problems
        self.parameters = _map(raw.get("parameters"))
        self.variables = _map(raw.get("variables"))
        main = raw.get("mainSteps")
        self.steps: list[tuple[dict[str, Any], Path]] = [
            (step, (*place, position))
            for body, place in loops_in(main if isinstance(main, list) else (), ("mainSteps",))
            for position, step in enumerate(body)
            if isinstance(step, dict)
        ]
        self.outputs: dict[str, frozenset[str]] = {}
        self.shapes: dict[str, ActionShape | None] = {}
        for step, _ in self.steps:
            name, action, outputs = step.get("name"), step.get("action"), step.get("outputs")
            if isinstance(name, str):
                self.shapes[name] = actions.get(action) if isinstance(action, str) else None
                declared = outputs if isinstance(outputs, list) else ()
                self.outputs[name] = frozenset(str(one.get("Name")) for one in declared if isinstance(one, dict))

    def check_text(self, text: str, path: Path, label: str, is_ssm_allowed: bool = False) -> None:
        """Check the references inside one text."""
        nested = NESTED.search(text)
        if nested:
            self.problems.error(
                path, f"{label}: {nested[0]:.80} is a reference inside a reference, which is not allowed."
            )
            return
        for name in dict.fromkeys(REFERENCE.findall(text)):
            if name.startswith(SSM) and is_ssm_allowed:
                continue
            reason = self._reason_against(name)
            if reason:
                self.problems.error(path, f"{label}: {{{{ {name:.120} }}}} {reason}")

    def check_variable(self, step: Mapping[str, Any], path: Path) -> None:
        """Check that aws:updateVariable names a declared variable."""
        name = _map(step.get("inputs")).get("Name")
        if step.get("action") == "aws:updateVariable" and isinstance(name, str) and name.startswith(VARIABLE):
            reason = self._reason_against(name)
            if reason:
                self.problems.error((*path, "inputs", "Name"), f"Step {step.get('name')!s:.80}: {name:.120} {reason}")

    def check_output(self, output: Any, path: Path) -> None:
        """Check one of the document's outputs."""
        if not isinstance(output, str) or "." not in output:
            self.problems.error(path, f"The output {output!s:.80} must read StepName.OutputName.")
            return
        reason = self._reason_against_output(output)
        if reason:
            self.problems.error(path, f"The document's output {output:.120} {reason}")

    def _reason_against(self, name: str) -> str:
        if name.startswith(SSM):
            return "reads Parameter Store in a step, which is refused. Make it the default of a parameter."
        if name.startswith(VARIABLE):
            known = name.removeprefix(VARIABLE) in self.variables
            return "" if known else "names a variable that is not declared. Declare it under variables."
        if name.startswith(_SYSTEM):
            return "" if name in SYSTEM_NAMES else f"is no system variable. Use {', '.join(sorted(SYSTEM_NAMES))}."
        if ":" in name or "/" in name:
            return ""
        if "." not in name:
            known = name in self.parameters
            return "" if known else "names a parameter that is not declared. Declare it under parameters."
        if name.startswith((LOOP, ".")):
            return ""
        return self._reason_against_output(name)

    def _reason_against_output(self, name: str) -> str:
        step, _, output = name.partition(".")
        if step not in self.outputs:
            # A longer dotted text is often a template of another language; only a known step makes it a reference.
            return "" if "." in output else f"names the step {step}, but there is no such step."
        shape = self.shapes[step]
        if output in self.outputs[step] or shape is None or shape.has_output(output):
            return ""
        known = ", ".join(sorted(self.outputs[step] | (shape.outputs or frozenset()))) or "none"
        return f"names an output that the step {step} does not have. Its outputs: {known}."


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str):
        if "{{" in value:
            yield value, path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, (*path, position))
