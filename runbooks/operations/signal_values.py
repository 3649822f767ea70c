"""What people type with a signal: the values of a manual task, a changed parameter. Every problem is listed by its field."""

import copy
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from runbooks import masking
from runbooks.attempts import document_of
from runbooks.automation import parameters as document_parameters
from runbooks.models import Execution, StepExecution
from runbooks.operations.executions import refused_values


def changed_parameter(execution: Execution, payload: Mapping[str, Any]) -> tuple[str, Any]:
    """The name and the checked value of a parameter to change for the steps not yet run: {"parameter": ..., "value": ...}."""
    name = str(payload.get("parameter") or "")
    document = document_of(execution)
    if name not in document.parameters:
        known = ", ".join(document.parameters) or "none"
        raise ValidationError({"parameter": [f"Choose a parameter of this document: {known}."]})
    checked = document_parameters.check(document, {**execution.parameters, name: payload.get("value")})
    mine = [problem.message for problem in checked.errors if problem.path == f"parameters.{name}"]
    if mine or name not in checked.values:
        raise ValidationError({f"parameters.{name}": mine or [f"Give {name} a value."]})
    value = checked.values[name]
    if value == execution.parameters.get(name):
        raise ValidationError({f"parameters.{name}": [f"{name} has this value already; nothing would change."]})
    changed = copy.copy(execution)
    changed.parameters = {**execution.parameters, name: masking.storable(value, name)}
    refused = refused_values(document, {**execution.parameters, name: value}, changed)
    if refused:
        raise ValidationError(refused)
    return name, value


def task_values(step: StepExecution | None, payload: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was filled into a manual task, in the types its document asks for. Every problem is listed."""
    asked = step.inputs.get("Values") or {} if step is not None else {}
    given = (payload or {}).get("values", {})
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name in given:
        if name not in asked:
            problems[f"values.{name}"] = [f"This task asks for no value {name}."]
    for name, wanted in asked.items():
        value = given.get(name, "")
        if value in ("", None):
            if wanted.get("required", True):
                problems[f"values.{name}"] = [f"{name} is missing: {wanted.get('description', 'a value is needed')}"]
            continue
        try:
            values[name] = _read_value(str(wanted.get("type", "String")), value)
        except ValueError as error:
            problems[f"values.{name}"] = [str(error)]
    if problems:
        raise ValidationError(problems)
    return values


def _read_value(type_name: str, value: Any) -> Any:
    written = str(value).strip()
    if type_name == "Integer":
        try:
            return int(written)
        except ValueError as error:
            raise ValueError(f"{written!r} is not a whole number.") from error
    if type_name == "Boolean":
        if written.lower() not in {"true", "false"}:
            raise ValueError(f"{written!r} is neither true nor false.")
        return written.lower() == "true"
    return written
