"""Parameters: what is supplied at the start, checked against what the document declares.

Here: reading supplied values (native or as text), refusing those that break a declaration, and filling in defaults.
Not here: the declarations themselves (checks_parameters.py). Rules: Systems Manager user guide, page
documents-syntax-data-elements-parameters. Defaults are never checked: published documents use "" and the like for
"unset".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runbooks.automation.content import Document, Parameter, text_form, truth, whole_number
from runbooks.automation.patterns import MAXIMUM_TEXT, PatternError, is_full_match
from runbooks.automation.problems import Problem, Problems
from runbooks.automation.references import REFERENCE, SSM, Scope, resolve

PLAIN_TYPES = frozenset({"String", "StringList", "Integer", "Boolean", "StringMap", "MapList"})
_RESOURCE_TYPE = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9:]+(?:<[A-Za-z0-9:<>]+>)?")
# Page populating-input-parameters of the Systems Manager user guide.
_RESOURCES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "AWS::EC2::Instance::Id": (
        re.compile(r"m?i-([a-z0-9]{8}|[a-z0-9]{17})"),
        "an instance id such as i-0123456789abcdef0",
    ),
    "AWS::S3::Bucket::Name": (re.compile(r"[0-9a-z][a-z0-9\-.]{2,62}"), "a bucket name"),
    "AWS::IAM::Role::Arn": (
        re.compile(r"arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.*"),
        "a role's ARN such as arn:aws:iam::111122223333:role/Name",
    ),
}


class ValueOfOtherTypeError(ValueError):
    """The value cannot be read as the declared type; the message says what is wanted."""


@dataclass(frozen=True)
class Checked:
    """`values` are ready to use, defaults included; a start with `errors` must be refused."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid the start; the others are warnings."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def is_known_type(type_: str) -> bool:
    """Whether `type_` is a plain type, an AWS resource type or a list of one."""
    inner = type_.removeprefix("List<").removesuffix(">") if type_.startswith("List<") else type_
    return type_ in PLAIN_TYPES or _RESOURCE_TYPE.fullmatch(inner) is not None


def is_list(type_: str) -> bool:
    """Whether values of this type are lists."""
    return type_ in {"StringList", "MapList"} or type_.startswith("List<")


def check(document: Document, supplied: Mapping[str, Any]) -> Checked:
    """Read the supplied values and fill in defaults; every problem is reported, at parameters.Name.

    A value equal to the parameter's default is taken as it is, since a form hands unchanged defaults back.
    """
    problems = Problems()
    values: dict[str, Any] = {}
    for name in supplied:
        if name not in document.parameters:
            known = ", ".join(document.parameters) or "none"
            problems.error(("parameters", name), f"This document has no parameter {name}. Its parameters: {known}.")
    for name, parameter in document.parameters.items():
        if name not in supplied:
            if parameter.is_required:
                problems.error(("parameters", name), f"The parameter {name} is required. Give it a value.")
            else:
                values[name] = default_value(parameter)
        elif parameter.has_default and _is_default(parameter, supplied[name]):
            values[name] = default_value(parameter)
        else:
            _check_one(parameter, supplied[name], values, problems)
        if name in values and _reads_parameter_store(values[name]):
            said = "would be read from Parameter Store, which the portal does not do. Give the value itself."
            problems.error(("parameters", name), f"The parameter {name} {said}")
    return Checked(values, problems.all())


def default_value(parameter: Parameter) -> Any:
    """The default in the parameter's type where it can be read so (JSON text becomes a map), else as written."""
    try:
        return read_value(parameter, parameter.default)
    except ValueOfOtherTypeError:
        return parameter.default


def resolve_defaults(
    document: Document, values: Mapping[str, Any], supplied: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Resolve references inside defaults that are in use, such as {{ automation:EXECUTION_ID }}.

    Supplied values stay as they are: what a person typed is never read as a reference.
    """
    known = Scope({**values, **scope.parameters}, scope.outputs, scope.variables, scope.system, scope.loop)
    return {
        name: value
        if name in supplied and supplied[name] != document.parameters[name].default
        else resolve(value, known)
        for name, value in values.items()
    }


def read_value(parameter: Parameter, value: Any) -> Any:
    """Read a value, native or as text, in the parameter's type. Raises ValueOfOtherTypeError with what is wanted."""
    type_ = parameter.type
    if type_ == "MapList":
        return [_read_map(item) for item in _read_list(value)]
    if is_list(type_):
        return [_read_text(item) for item in _read_list(value)]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if type_ == "Integer":
        number = whole_number(value)
        if number is None:
            raise ValueOfOtherTypeError("a whole number such as 5")
        return number
    if type_ == "Boolean":
        known = truth(value)
        if known is None:
            raise ValueOfOtherTypeError("true or false")
        return known
    return _read_map(value) if type_ == "StringMap" else _read_text(value)


def _reads_parameter_store(value: Any) -> bool:
    """Whether a value holds {{ ssm:name }}. Systems Manager resolves it at the start; as plain text it would name nothing."""
    items = value if isinstance(value, list) else [value]
    texts = (item for item in items if isinstance(item, str))
    return any(name.startswith(SSM) for text in texts for name in REFERENCE.findall(text))


def _is_default(parameter: Parameter, supplied: Any) -> bool:
    """Whether a value is the default, as written or as read; compared as text, since False equals 0 in Python."""
    return _text_key(supplied) in {_text_key(parameter.default), _text_key(default_value(parameter))}


def _check_one(parameter: Parameter, supplied: Any, values: dict[str, Any], problems: Problems) -> None:
    path = ("parameters", parameter.name)
    try:
        value = read_value(parameter, supplied)
    except ValueOfOtherTypeError as error:
        problems.error(
            path, f"The parameter {parameter.name} ({parameter.type}) needs {error}. It was given {_shown(supplied)}."
        )
        return
    values[parameter.name] = value
    for message in _breaches(parameter, value):
        problems.error(path, f"The parameter {parameter.name} {message}")
    if parameter.allowed_pattern:
        _check_pattern(parameter, parameter.allowed_pattern, value, problems)


def _breaches(parameter: Parameter, value: Any) -> Iterator[str]:
    items = value if isinstance(value, list) else [value]
    if parameter.allowed_values:
        allowed = {_text_key(one) for one in parameter.allowed_values}
        strange = [item for item in items if _text_key(item) not in allowed]
        if strange and _text_key(value) not in allowed:
            choices = ", ".join(text_form(one) for one in parameter.allowed_values)
            yield f"does not allow {_shown(strange[0])}. Choose from: {choices}."
    if isinstance(value, list):
        yield from _bounds(len(value), parameter.min_items, parameter.max_items, "items")
    else:
        if isinstance(value, int) and not isinstance(value, bool):
            yield from _bounds(value, parameter.min_value, parameter.max_value, "as its value")
    for item in items:
        if isinstance(item, str):
            yield from _bounds(len(item), parameter.min_chars, parameter.max_chars, "characters")
    resource = _RESOURCES.get(parameter.type.removeprefix("List<").removesuffix(">"))
    for item in items if resource else ():
        if resource and not (isinstance(item, str) and resource[0].fullmatch(item)):
            yield f"needs {resource[1]}. It was given {_shown(item)}."


def _bounds(number: int, least: int | None, most: int | None, what: str) -> Iterator[str]:
    if least is not None and number < least:
        yield f"needs at least {least} {what}. It was given {number}."
    if most is not None and number > most:
        yield f"allows at most {most} {what}. It was given {number}."


def _check_pattern(parameter: Parameter, pattern: str, value: Any, problems: Problems) -> None:
    path = ("parameters", parameter.name)
    for item in value if isinstance(value, list) else [value]:
        text = text_form(item)
        if len(text) > MAXIMUM_TEXT:
            problems.error(
                path,
                f"The parameter {parameter.name} has {len(text)} characters; its pattern allows {MAXIMUM_TEXT}.",
            )
            continue
        try:
            fits = is_full_match(pattern, text)
        except PatternError as error:
            problems.warn(path, f"The pattern of the parameter {parameter.name} was not applied: {error}")
            return
        if not fits:
            problems.error(
                path,
                f"The parameter {parameter.name} must match {_shown(pattern)}. It was given {_shown(text)}.",
            )


def _read_text(value: Any) -> str:
    if isinstance(value, (str, bool, int, float)):
        return text_form(value)
    raise ValueOfOtherTypeError("a text")


def _read_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        if not value.strip():
            return []
        parsed = _parsed(value) if value.lstrip().startswith("[") else value
        return parsed if isinstance(parsed, list) else [value]
    if isinstance(value, Mapping):
        return [value]
    raise ValueOfOtherTypeError('a list, or its JSON text such as ["a", "b"]')


def _read_map(value: Any) -> Any:
    parsed = _parsed(value) if isinstance(value, str) else value
    if isinstance(parsed, Mapping):
        return dict(parsed)
    raise ValueOfOtherTypeError('a map, or its JSON text such as {"name": "value"}')


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, (list, dict)) else text_form(value)


def _shown(value: Any) -> str:
    text = text_form(value)
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
