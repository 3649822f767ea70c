"""Conditions of a branch or a loop.

Here: which choice is taken, given inputs whose references are resolved. Not here: whether the choices are well formed
(checks_branches.py). Operators: Systems Manager user guide, page automation-branch-condition.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runbooks.automation.content import text_form, truth
from runbooks.automation.references import is_reference

Comparison = Callable[[Any, Any], bool]


class ConditionError(ValueError):
    """A condition cannot be decided; the message names the operator and the value that does not fit."""


def choose(choices: Sequence[Mapping[str, Any]], default: str | None) -> str | None:
    """The step of the first choice that is true, else the default, else None. Raises ConditionError."""
    for choice in choices:
        if is_true(choice):
            return str(choice["NextStep"])
    return default or None


def is_true(condition: Mapping[str, Any]) -> bool:
    """Decide one condition, with And, Or and Not inside it. Raises ConditionError."""
    if "And" in condition:
        return all(is_true(part) for part in _parts(condition, "And"))
    if "Or" in condition:
        return any(is_true(part) for part in _parts(condition, "Or"))
    if "Not" in condition:
        part = condition["Not"]
        if not isinstance(part, Mapping):
            raise ConditionError("Not holds one condition. Write it as a map with Variable and an operator.")
        return not is_true(part)
    names = [name for name in condition if name in OPERATORS]
    if len(names) != 1 or "Variable" not in condition:
        known = ", ".join(OPERATORS)
        raise ConditionError(f"A condition needs Variable and exactly one operator of {known}.")
    return OPERATORS[names[0]](condition["Variable"], condition[names[0]])


def _parts(condition: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    parts = condition[name]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, Mapping) for part in parts):
        raise ConditionError(f"{name} holds a list of conditions. Write each as a map with Variable and an operator.")
    return parts


def _textual(compare: Callable[[str, str], bool]) -> Comparison:
    return lambda left, right: compare(text_form(left), text_form(right))


def _contains(left: Any, right: Any) -> bool:
    """A text contains a text; a list contains an item, compared as text."""
    if isinstance(left, list):
        return any(text_form(item) == text_form(right) for item in left)
    return text_form(right) in text_form(left)


def _numeric(name: str, compare: Callable[[float, float], bool]) -> Comparison:
    def decide(left: Any, right: Any) -> bool:
        # A reference to an absent output is its own text, and text is no number: the condition is false, not broken.
        if is_reference(left) or is_reference(right):
            return False
        return compare(_number(name, left), _number(name, right))

    return decide


def _number(name: str, value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and "_" not in value and len(value) <= 400:
        try:
            number = float(value) if any(sign in value for sign in ".eE") else int(value)
        except ValueError:
            pass
        else:
            return number
    raise ConditionError(
        f"{name} compares numbers, but was given {_shown(value)}. Give it a number or an Integer output."
    )


def _boolean_equals(left: Any, right: Any) -> bool:
    if is_reference(left) or is_reference(right):
        return False
    truths = []
    for value in (left, right):
        known = truth(value)
        if known is None:
            raise ConditionError(
                f"BooleanEquals compares true and false, but was given {_shown(value)}. Give it a Boolean output."
            )
        truths.append(known)
    return truths[0] == truths[1]


def _shown(value: Any) -> str:
    text = text_form(value)
    return repr(text if len(text) <= 80 else f"{text[:80]}...")


TEXT_OPERATORS: Mapping[str, Comparison] = {
    "StringEquals": _textual(lambda left, right: left == right),
    "EqualsIgnoreCase": _textual(lambda left, right: left.casefold() == right.casefold()),
    "StartsWith": _textual(lambda left, right: left.startswith(right)),
    "EndsWith": _textual(lambda left, right: left.endswith(right)),
    "Contains": _contains,
}
NUMBER_OPERATORS: Mapping[str, Comparison] = {
    "NumericEquals": _numeric("NumericEquals", lambda left, right: left == right),
    "NumericGreater": _numeric("NumericGreater", lambda left, right: left > right),
    "NumericLesser": _numeric("NumericLesser", lambda left, right: left < right),
    "NumericGreaterOrEquals": _numeric("NumericGreaterOrEquals", lambda left, right: left >= right),
    "NumericLesserOrEquals": _numeric("NumericLesserOrEquals", lambda left, right: left <= right),
}
BOOLEAN_OPERATORS: Mapping[str, Comparison] = {"BooleanEquals": _boolean_equals}
OPERATORS: Mapping[str, Comparison] = {**TEXT_OPERATORS, **NUMBER_OPERATORS, **BOOLEAN_OPERATORS}
