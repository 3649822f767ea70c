"""References inside a document's values: {{ Parameter }}, {{ step.Output }}, {{ global:REGION }} and the like.

Here: finding them and putting values in their place. Not here: where values come from, and whether a referent is
declared (checks_references.py). Semantics: reference tables of the Systems Manager user guide, pages
automation-variables and automation-action-outputs-inputs; text that is no reference we know stays as it is, because
documents rely on it.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal

from runbooks.automation.content import text_form


class _Missing(Enum):
    MISSING = "MISSING"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_.:/-]+)\s*\}\}", re.ASCII)
NESTED = re.compile(r"\{\{[\s\w.:-]*\{\{\s*[\w.:-]+\s*\}\}[\s\w.:-]*\}\}", re.ASCII)
SYSTEM_NAMES = frozenset(
    {
        "global:ACCOUNT_ID",
        "global:REGION",
        "global:AWS_PARTITION",
        "global:DATE",
        "global:DATE_TIME",
        "automation:EXECUTION_ID",
    }
)
VARIABLE = "variable:"
LOOP = "loop."
SSM = "ssm:"
# Inputs that must reach the action as written: a script is full of literal braces and takes values through InputPayload
# only; what stands inside a loop is resolved pass by pass.
UNRESOLVED_INPUTS: Mapping[str, frozenset[str]] = {
    "aws:executeScript": frozenset({"Script"}),
    "aws:loop": frozenset({"Steps", "LoopCondition"}),
}


@dataclass(frozen=True)
class Scope:
    """What references can reach. `outputs` is keyed "step.Name", `system` "global:REGION", `variables` and `parameters`
    by name, `loop` by CurrentIteration and CurrentIteratorValue."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    loop: Mapping[str, Any] = field(default_factory=dict)


def resolve(value: Any, scope: Scope) -> Any:
    """Put values in the place of references, all the way down; keys are left alone.

    A text that is one reference and nothing else becomes the value with its own type. Inside a longer text the value
    is written as text, lists, maps and booleans as JSON. A list whose only item is a reference to a list becomes that
    list. A reference to something absent stays as it is written. What was put in is never looked through again. Never
    raises.
    """
    if isinstance(value, str):
        return _resolve_text(value, scope)
    if isinstance(value, Mapping):
        return {key: resolve(item, scope) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [resolve(item, scope) for item in value]
        if len(items) == 1 and isinstance(value[0], str) and isinstance(items[0], list):
            return items[0]
        return items
    return value


def resolve_inputs(action: str, inputs: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Resolve a step's inputs, leaving those alone that the action must get as written (a script's Script)."""
    untouched = UNRESOLVED_INPUTS.get(action, frozenset())
    return {name: value if name in untouched else resolve(value, scope) for name, value in inputs.items()}


def lookup(name: str, scope: Scope) -> Any:
    """The value that the reference `name` (without braces) stands for, or MISSING."""
    if name.startswith(VARIABLE):
        return scope.variables.get(name.removeprefix(VARIABLE), MISSING)
    if ":" in name:
        return scope.system.get(name, MISSING)
    if "." not in name:
        return scope.parameters.get(name, MISSING)
    if name.startswith(LOOP) and name.removeprefix(LOOP) in scope.loop:
        return scope.loop[name.removeprefix(LOOP)]
    return scope.outputs.get(name, MISSING)


def names_in(value: Any) -> frozenset[str]:
    """Every reference inside a value, without braces."""
    return frozenset(name for text in texts_in(value) for name in REFERENCE.findall(text))


def texts_in(value: Any) -> Iterator[str]:
    """Every text inside a value, keys not included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)


def is_reference(value: Any) -> bool:
    """Whether a value is one reference and nothing else."""
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def _resolve_text(text: str, scope: Scope) -> Any:
    whole = REFERENCE.fullmatch(text)
    if whole:
        value = lookup(whole[1], scope)
        return text if value is MISSING else _own_copy(value)
    return REFERENCE.sub(lambda match: _written(match, scope), text)


def _written(match: re.Match[str], scope: Scope) -> str:
    value = lookup(match[1], scope)
    return match[0] if value is MISSING else text_form(value)


def _own_copy(value: Any) -> Any:
    """A copy, so that an action that changes its inputs cannot change what later steps see."""
    if not isinstance(value, (dict, list)):
        return value
    try:
        return copy.deepcopy(value)
    except RecursionError:
        return value
