"""Selectors: JSONPath into a response, as declared outputs and property checks write it.

Here: reading values out of a response and comparing them with DesiredValues. Not here: the response itself. Dialect:
Systems Manager's (Jayway's): `$.a.b`, `a[0].b` without the leading `$`, `$..deep` (always a list), `.'quoted.child'`,
filters, and `.length()`. Matching by regular expression inside a filter is refused: its cost has no bound.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import jsonpath

from runbooks.automation.content import Step, text_form
from runbooks.automation.references import MISSING
from runbooks.automation.results import Failed, Succeeded

__all__ = [
    "MISSING",
    "SelectorError",
    "check_selector",
    "is_empty",
    "matches",
    "property_value",
    "read_outputs",
    "select",
]

MAXIMUM_SELECTOR = 1024
MAXIMUM_SCANS = 3
LENGTH = ".length()"
_QUOTED_CHILD = re.compile(r"\.\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_PLAIN_CHILD = re.compile(r"\.([A-Za-z_@][\w@:/-]*)(?=[.\[]|$)")
_SINGLE_TYPES = frozenset({"String", "Integer", "Boolean", "StringMap"})


class SelectorError(ValueError):
    """The selector cannot be read; the message says which and why."""


class _Environment(jsonpath.JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            self.function_extensions.pop(name, None)


_ENVIRONMENT = _Environment()


def check_selector(selector: str) -> None:
    """Raise SelectorError for a selector that cannot be used."""
    _compiled(selector)


def select(payload: Any, selector: str, type_: str) -> Any:
    """The value a selector finds, or MISSING.

    A deep scan or a filter finds a list; for a type that holds one value its only item is handed back. Types are not
    converted otherwise. Raises SelectorError for a selector that cannot be read.
    """
    found = _find(payload, selector)
    if isinstance(found, _Several):
        if not found.items:
            return MISSING
        return found.items[0] if len(found.items) == 1 and type_ in _SINGLE_TYPES else found.items
    return found


def property_value(payload: Any, selector: str) -> Any:
    """The value that an assertion or a wait looks at, or MISSING; a list for a deep scan or a filter."""
    found = _find(payload, selector)
    if isinstance(found, _Several):
        return found.items or MISSING
    return found


def matches(value: Any, desired: Sequence[Any]) -> bool:
    """Whether a value is among the desired ones.

    Compared as text, with booleans in both spellings (True and true). A list matches when it is not empty and every
    item does. MISSING matches nothing.
    """
    if value is MISSING:
        return False
    wanted = {form for one in desired for form in _text_forms(one)}
    if _text_forms(value) & wanted:
        return True
    return isinstance(value, list) and bool(value) and all(_text_forms(item) & wanted for item in value)


def read_outputs(step: Step, result: Succeeded | Failed) -> dict[str, Any]:
    """The outputs a step reports: the action's built-in ones and the declared ones, without absent and empty values.

    A selector that finds nothing, or cannot be applied to this payload, leaves its output absent and the step as it is.
    Without a payload selectors read the built-in outputs. Never raises.
    """
    payload = result.outputs if result.payload is None else result.payload
    outputs = dict(result.outputs)
    for output in step.outputs:
        try:
            outputs[output.name] = select(payload, output.selector, output.type)
        except SelectorError:
            outputs[output.name] = MISSING
    return {name: value for name, value in outputs.items() if not is_empty(value)}


def is_empty(value: Any) -> bool:
    """Whether a value is left out of a step's outputs: absent, null, "", [] or {}. False and 0 are values."""
    return value is MISSING or value is None or (isinstance(value, (str, list, tuple, Mapping)) and len(value) == 0)


class _Several:
    """What a path found that may stand for many places."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


def _find(payload: Any, selector: str) -> Any:
    path = _compiled(selector)
    if not isinstance(payload, (dict, list)):
        return payload if selector.strip() == "$" else MISSING
    try:
        found = [match.obj for match in path.finditer(payload)]
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise SelectorError(f"The selector {_shown(selector)} cannot be applied: {_reason(error)}.") from error
    if not _is_single(path):
        return _Several(found)
    if not found:
        return MISSING
    if selector.strip().endswith(LENGTH):
        return len(found[0]) if isinstance(found[0], (str, list, dict)) else MISSING
    return found[0]


def _is_single(path: Any) -> bool:
    return isinstance(path, jsonpath.JSONPath) and path.singular_query()


@lru_cache(maxsize=2048)
def _compiled(selector: str) -> Any:
    written = selector.strip()
    if not written or len(written) > MAXIMUM_SELECTOR:
        raise SelectorError(f"A selector has 1 to {MAXIMUM_SELECTOR} characters, this one has {len(written)}.")
    if "=~" in written:
        raise SelectorError(f"The selector {_shown(selector)} matches by regular expression, which is not supported.")
    if written.count("..") > MAXIMUM_SCANS:
        raise SelectorError(f"The selector {_shown(selector)} scans deeply (..) more than {MAXIMUM_SCANS} times.")
    try:
        return _ENVIRONMENT.compile(_standard_form(written.removesuffix(LENGTH)))
    except (jsonpath.JSONPathError, RecursionError, ValueError) as error:
        raise SelectorError(f"The selector {_shown(selector)} is not JSONPath: {_reason(error)}.") from error


def _standard_form(selector: str) -> str:
    """Write the dialect's own spellings as RFC 9535 does: quoted and unusual children in brackets, a leading $."""
    if not selector.startswith("$"):
        selector = f"${selector}" if selector.startswith("[") else f"$.{selector}"
    if "?" in selector:
        return selector
    selector = _QUOTED_CHILD.sub(r"[\1]", selector)
    return _PLAIN_CHILD.sub(r"['\1']", selector) if ".." not in selector else selector


def _shown(selector: str) -> str:
    return repr(selector if len(selector) <= 80 else f"{selector[:80]}...")


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "it is nested too deeply"


def _text_forms(value: Any) -> frozenset[str]:
    if isinstance(value, bool):
        return frozenset({"True", "true"} if value else {"False", "false"})
    if isinstance(value, float) and value.is_integer():
        return frozenset({text_form(value), str(int(value))})
    if isinstance(value, date):
        return frozenset({value.isoformat(), str(value)})
    return frozenset({text_form(value)})
