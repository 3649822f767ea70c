"""Whether parameters and variables are declared well.

Here: names, types, defaults' kinds, patterns and bounds. Not here: supplied values (parameters.py). A default is not
held against its own pattern or allowed values: published documents use "" and the like for "unset".
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from runbooks.automation.content import Parameter, whole_number
from runbooks.automation.parameters import PLAIN_TYPES, ValueOfOtherTypeError, is_known_type, read_value
from runbooks.automation.patterns import PatternError, check_pattern
from runbooks.automation.problems import Path, Problems
from runbooks.automation.references import names_in

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_BOUNDS = ("minChars", "maxChars", "minItems", "maxItems", "minValue", "maxValue")
_KNOWN = frozenset({"type", "description", "default", "allowedValues", "allowedPattern", "displayType", *_BOUNDS})


def check_declarations(raw: Mapping[str, Any], section: Literal["parameters", "variables"], problems: Problems) -> None:
    """Check every parameter, or every variable, that the document declares."""
    declared = raw.get(section)
    if declared is None:
        return
    if not isinstance(declared, dict):
        problems.error((section,), f"{section} must be a map from name to type, description and default.")
        return
    for name, declaration in declared.items():
        path = (section, name)
        if not _NAME.fullmatch(name):
            problems.error(
                path, f"The name {name!r:.60} must be of letters, digits, _ and -, so that {{{{ name }}}} works."
            )
        if not isinstance(declaration, dict):
            problems.error(path, f"{name!s:.60} must be a map with a type. Write type: String.")
            continue
        _check_one(path, name, declaration, problems)


def _check_one(path: Path, name: str, declaration: Mapping[str, Any], problems: Problems) -> None:
    for key in declaration:
        if key not in _KNOWN:
            problems.warn((*path, key), f"{key!s:.60} is no attribute of a parameter; it is kept and not used.")
    type_ = declaration.get("type")
    if not isinstance(type_, str) or not is_known_type(type_):
        plain = ", ".join(sorted(PLAIN_TYPES))
        written = "has no type" if type_ is None else f"has the unknown type {type_!s:.60}"
        problems.error((*path, "type"), f"{name} {written}. Use {plain}, or a type such as AWS::EC2::Instance::Id.")
    elif declaration.get("default") is not None:
        _check_default(path, Parameter(name, type_), declaration["default"], problems)
    if not isinstance(declaration.get("allowedValues", []), list):
        problems.error((*path, "allowedValues"), f"allowedValues of {name} must be a list.")
    _check_pattern(path, name, declaration.get("allowedPattern"), problems)
    for bound in _BOUNDS:
        if declaration.get(bound) is not None and whole_number(declaration[bound]) is None:
            problems.error((*path, bound), f"{bound} of {name} must be a whole number.")


def _check_default(path: Path, parameter: Parameter, default: Any, problems: Problems) -> None:
    if default == "" or names_in(default):
        return
    try:
        read_value(parameter, default)
    except ValueOfOtherTypeError as error:
        problems.error((*path, "default"), f"The default of {parameter.name} ({parameter.type}) must be {error}.")


def _check_pattern(path: Path, name: str, pattern: Any, problems: Problems) -> None:
    if pattern is None:
        return
    if not isinstance(pattern, str):
        problems.error((*path, "allowedPattern"), f"allowedPattern of {name} must be a text. Put it in quotes.")
        return
    try:
        check_pattern(pattern)
    except PatternError as error:
        problems.warn((*path, "allowedPattern"), f"The pattern of {name} is not applied: {error}")
