"""Whether branches and loops are well formed.

Here: Choices, conditions, their operators and constants, a loop's own inputs. Not here: the steps inside a loop
(checks_steps.py) and deciding a condition (conditions.py). Rules: Systems Manager user guide, pages
automation-branch-condition, automation-action-branch and automation-action-loop.
"""

from collections.abc import Container, Mapping
from typing import Any

from runbooks.automation.conditions import BOOLEAN_OPERATORS, NUMBER_OPERATORS, OPERATORS
from runbooks.automation.content import whole_number
from runbooks.automation.problems import Path, Problems
from runbooks.automation.references import names_in

MAXIMUM_ITERATIONS = 100
_JOINS = ("And", "Or", "Not")


def check_branch(inputs: Mapping[str, Any], path: Path, steps: Container[str], problems: Problems) -> bool:
    """Check the inputs of aws:branch; whether its ways can be followed."""
    choices = inputs.get("Choices")
    if not isinstance(choices, list) or not choices:
        if "Choices" in inputs:
            problems.error((*path, "Choices"), "Choices must be a list of at least one choice with NextStep.")
        return False
    is_formed = True
    for position, choice in enumerate(choices):
        place = (*path, "Choices", position)
        if not isinstance(choice, dict):
            problems.error(place, "A choice must be a map of NextStep, Variable and an operator.")
            is_formed = False
            continue
        is_formed = _check_target(choice.get("NextStep"), (*place, "NextStep"), steps, problems) and is_formed
        is_formed = _check_condition(choice, place, problems) and is_formed
    default = inputs.get("Default")
    if default:
        is_formed = _check_target(default, (*path, "Default"), steps, problems) and is_formed
    return is_formed


def check_loop(inputs: Mapping[str, Any], path: Path, problems: Problems) -> bool:
    """Check the inputs of aws:loop but for the steps inside; whether its ways can be followed."""
    is_formed = True
    if ("Iterators" in inputs) == ("LoopCondition" in inputs):
        problems.error(path, "A loop needs either Iterators or LoopCondition. Give it one of them.")
        is_formed = False
    condition = inputs.get("LoopCondition")
    if condition is not None:
        is_formed = isinstance(condition, dict) and _check_condition(condition, (*path, "LoopCondition"), problems)
        if not isinstance(condition, dict):
            problems.error((*path, "LoopCondition"), "LoopCondition must be a map of Variable and an operator.")
    steps = inputs.get("Steps")
    if not isinstance(steps, list) or not steps:
        problems.error((*path, "Steps"), "A loop needs Steps, a list of at least one step.")
        is_formed = False
    most = inputs.get("MaxIterations")
    if most is not None and not names_in(most) and not 1 <= (whole_number(most) or 0) <= MAXIMUM_ITERATIONS:
        problems.error((*path, "MaxIterations"), f"MaxIterations must be from 1 to {MAXIMUM_ITERATIONS}.")
        is_formed = False
    return is_formed


def _check_target(target: Any, path: Path, steps: Container[str], problems: Problems) -> bool:
    if isinstance(target, str) and target in steps:
        return True
    if not target:
        problems.error(path, "This choice has no NextStep. Name the step to jump to.")
    else:
        problems.error(path, f"{path[-1]} leads to {target!s:.80}, but there is no such step.")
    return False


def _check_condition(condition: Mapping[str, Any], path: Path, problems: Problems) -> bool:
    joins = [name for name in _JOINS if name in condition]
    operators = [name for name in OPERATORS if name in condition]
    if len(joins) + len(operators) != 1:
        known = ", ".join((*OPERATORS, *_JOINS))
        problems.error(path, f"A condition needs exactly one operator. Use one of {known}.")
        return False
    if joins:
        return _check_join(joins[0], condition[joins[0]], (*path, joins[0]), problems)
    name = operators[0]
    if "Variable" not in condition:
        problems.error(path, f"{name} has no Variable. Name what to compare, such as a reference to an output.")
        return False
    return _check_constant(name, condition[name], (*path, name), problems)


def _check_join(name: str, parts: Any, path: Path, problems: Problems) -> bool:
    if name == "Not":
        if isinstance(parts, dict):
            return _check_condition(parts, path, problems)
        problems.error(path, "Not holds one condition, as a map.")
        return False
    if not isinstance(parts, list) or not parts:
        problems.error(path, f"{name} holds a list of conditions.")
        return False
    is_formed = True
    for position, part in enumerate(parts):
        if isinstance(part, dict):
            is_formed = _check_condition(part, (*path, position), problems) and is_formed
        else:
            problems.error((*path, position), f"{name} holds conditions, each a map with Variable and an operator.")
            is_formed = False
    return is_formed


def _check_constant(name: str, constant: Any, path: Path, problems: Problems) -> bool:
    """A constant has the JSON type of its operator; a reference may stand instead."""
    if isinstance(constant, str) and names_in(constant):
        return True
    if name in BOOLEAN_OPERATORS:
        fits, wanted = isinstance(constant, bool), "true or false, without quotes"
    elif name in NUMBER_OPERATORS:
        fits, wanted = isinstance(constant, (int, float)) and not isinstance(constant, bool), "a number, without quotes"
    else:
        fits, wanted = isinstance(constant, str), "a text, in quotes"
    if not fits:
        problems.error(path, f"{name} compares with {wanted}; here stands {constant!s:.60}.")
    return fits
