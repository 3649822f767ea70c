"""A form made from a document's parameters: one field for each, by its type. What a value must be is checked by the operation.

Everything is optional here, so that the operation lists every problem at once and nothing typed is lost.
"""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from runbooks.automation.content import Document, Parameter, text_form
from runbooks.automation.parameters import default_value, is_list
from runbooks.masking import MASK, storable

PREFIX = "parameters."
JSON_TYPES = frozenset({"StringMap", "MapList"})
LONG = 120
BOOLEANS = (("true", "true"), ("false", "false"))


def add_parameter_fields(form: forms.Form, document: Document, values: Mapping[str, Any]) -> None:
    """Add a field `parameters.Name` for each parameter; `values` are shown instead of the defaults."""
    for name, parameter in document.parameters.items():
        field = field_of(parameter)
        shown = values.get(name, parameter.default)
        field.initial = written(parameter, shown)
        form.fields[f"{PREFIX}{name}"] = field


def field_of(parameter: Parameter) -> forms.Field:
    """The field for one parameter. Its description is Markdown, shown by the page as `field.description`."""
    field = _by_type(parameter)
    field.label = parameter.name
    field.description = parameter.description  # type: ignore[attr-defined]
    field.parameter = parameter  # type: ignore[attr-defined]
    field.hint = hint_of(parameter)  # type: ignore[attr-defined]
    field.widget.attrs.setdefault("autocomplete", "off")
    return field


def _by_type(parameter: Parameter) -> forms.Field:
    blank = [] if parameter.has_default else [("", "Choose…")]
    if parameter.allowed_values and is_list(parameter.type):
        choices = [(text_form(value), text_form(value)) for value in parameter.allowed_values]
        return forms.MultipleChoiceField(choices=choices, required=False, widget=forms.CheckboxSelectMultiple)
    if parameter.allowed_values:
        choices = [*blank, *((text_form(value), text_form(value) or "(empty)") for value in parameter.allowed_values)]
        return _Choice(choices=choices, required=False)
    if parameter.type == "Boolean":
        return _Choice(choices=[*blank, *BOOLEANS], required=False)
    if parameter.type == "Integer":
        return forms.CharField(required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    if parameter.type in JSON_TYPES or is_list(parameter.type):
        return forms.CharField(
            required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        )
    if parameter.display_type == "textarea" or len(text_form(parameter.default or "")) > LONG:
        return forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4}))
    if storable("x", parameter.name) == MASK:
        return forms.CharField(required=False, strip=False, widget=forms.PasswordInput(render_value=False))
    return forms.CharField(required=False, strip=False, widget=forms.TextInput(attrs={"spellcheck": "false"}))


class _Choice(forms.ChoiceField):
    """A choice whose refusal is the operation's, which says what is allowed: any text is let through to it."""

    def valid_value(self, value: str) -> bool:
        return True


def hint_of(parameter: Parameter) -> str:
    """What may be written, in one line: type, limits, pattern."""
    said = [parameter.type]
    if is_list(parameter.type) and not parameter.allowed_values and parameter.type not in JSON_TYPES:
        said.append("one item a line")
    elif parameter.type in JSON_TYPES:
        said.append("as JSON")
    for least, most, what in (
        (parameter.min_chars, parameter.max_chars, "characters"),
        (parameter.min_items, parameter.max_items, "items"),
        (parameter.min_value, parameter.max_value, "as its value"),
    ):
        if least is not None or most is not None:
            said.append(
                f"{least if least is not None else 'up'} to {most if most is not None else 'any number of'} {what}"
            )
    if parameter.allowed_pattern:
        said.append(f"must match {parameter.allowed_pattern}")
    return ", ".join(said)


def written(parameter: Parameter, value: Any) -> Any:
    """A value as it stands in the field: lists of texts one item a line, maps as JSON."""
    if value is None:
        return None
    if is_list(parameter.type) and parameter.type not in JSON_TYPES:
        shown = default_value(parameter) if value == parameter.default else value
        items = [text_form(item) for item in shown] if isinstance(shown, list) else [text_form(shown)]
        return items if parameter.allowed_values else "\n".join(items)
    if parameter.type in JSON_TYPES and not isinstance(value, str):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return text_form(value)


def supplied(form: forms.Form, document: Document) -> dict[str, Any]:
    """What was supplied, for the operation to check. A field left as it was shown by default supplies nothing."""
    given: dict[str, Any] = {}
    for name, parameter in document.parameters.items():
        value = _raw(form, name)
        if not _is_default(parameter, value):
            given[name] = _read(parameter, value)
    return given


def typed_value(form: forms.Form, parameter: Parameter) -> Any:
    """What stands in one parameter's field, for the operation to check, also where it is the default."""
    return _read(parameter, _raw(form, parameter.name))


def _raw(form: forms.Form, name: str) -> Any:
    key = f"{PREFIX}{name}"
    return form.cleaned_data.get(key, form.data.get(form.add_prefix(key)))


def _is_default(parameter: Parameter, value: Any) -> bool:
    if value in (None, "", []):
        return not parameter.has_default or written(parameter, parameter.default) in (None, "", [])
    return parameter.has_default and _lines(value) == _lines(written(parameter, parameter.default))


def _lines(value: Any) -> Any:
    """Browsers send CRLF for the line ends of a textarea."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _read(parameter: Parameter, value: Any) -> Any:
    """A list typed one item a line as a list; everything else as typed, for the check to read."""
    text = _lines(value)
    if isinstance(text, str) and is_list(parameter.type) and not text.startswith("["):
        return [line.strip() for line in text.split("\n") if line.strip()]
    if isinstance(text, str) and parameter.type == "String":
        return value.replace("\r\n", "\n")
    return text
