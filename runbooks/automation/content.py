"""The content of an Automation document as frozen values.

Here: Document, Step, Output, Parameter, and `load`, which reads content that was checked when it was published. Not
here: the checks (checks.py) and the text (yaml_source.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

ABORT = "Abort"
CONTINUE = "Continue"
JUMP = "step:"
TRUE_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameter:
    """A declared parameter, or a declared variable (these have the same shape).

    `default` is as written; `has_default` tells a default of null from none.
    """

    name: str
    type: str
    description: str = ""
    default: Any = None
    allowed_values: tuple[Any, ...] = ()
    allowed_pattern: str | None = None
    min_chars: int | None = None
    max_chars: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_value: int | None = None
    max_value: int | None = None
    has_default: bool = False
    display_type: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a start without it is refused."""
        return not self.has_default


@dataclass(frozen=True)
class Output:
    """A declared output of a step: where in the response it stands, and its type."""

    name: str
    selector: str
    type: str


@dataclass(frozen=True)
class Step:
    """One step.

    `on_failure` is Abort, Continue or step:X, `on_cancel` Abort or step:X; `is_critical` is None where it is not
    written.
    """

    name: str
    action: str
    inputs: Mapping[str, Any]
    description: str = ""
    on_failure: str = ABORT
    on_cancel: str = ABORT
    is_critical: bool | None = None
    is_end: bool = False
    next_step: str | None = None
    max_attempts: int = 1
    timeout: timedelta | None = None
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole document; `raw` is the content it was read from, untouched."""

    schema_version: str
    description: str
    assume_role: str
    parameters: Mapping[str, Parameter]
    variables: Mapping[str, Parameter]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    files: Mapping[str, Any]
    raw: Mapping[str, Any]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {step.name: position for position, step in enumerate(self.steps)}

    def step(self, name: str) -> Step:
        """The step called `name`. Raises KeyError if the document has none."""
        if name not in self._positions:
            raise KeyError(f"The document has no step {name}. Its steps: {', '.join(self._positions)}.")
        return self.steps[self._positions[name]]

    def after(self, name: str) -> Step | None:
        """The step that stands after `name` in the list, None after the last one."""
        self.step(name)
        position = self._positions[name] + 1
        return self.steps[position] if position < len(self.steps) else None

    def body(self, name: str) -> "Document":
        """The steps inside the aws:loop step `name` as a document, with the same parameters and variables."""
        return load({**self.raw, "mainSteps": self.step(name).inputs.get("Steps") or [], "outputs": []})


def load(raw: Mapping[str, Any]) -> Document:
    """Read content without checking it; for content that was checked when it was published."""
    return Document(
        schema_version=str(raw.get("schemaVersion", "")),
        description=str(raw.get("description") or ""),
        assume_role=str(raw.get("assumeRole") or ""),
        parameters=_declared(raw.get("parameters")),
        variables=_declared(raw.get("variables")),
        steps=tuple(_step(step) for step in raw.get("mainSteps") or ()),
        outputs=tuple(str(output) for output in raw.get("outputs") or ()),
        files=raw.get("files") or {},
        raw=raw,
    )


def whole_number(value: Any) -> int | None:
    """The number that an int or a numeric text of sane length writes, else None. Booleans are no numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        digits = value.strip()
        if len(digits) <= 18 and digits.isascii() and digits.removeprefix("-").isdigit():
            return int(digits)
    return None


def truth(value: Any) -> bool | None:
    """The boolean that true, false or their text forms write, else None."""
    if isinstance(value, bool):
        return value
    return TRUE_WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def text_form(value: Any) -> str:
    """How a value reads inside a longer text: text as it is, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__} that cannot be written as JSON)"


def jump_target(written: str) -> str | None:
    """The X of step:X, else None."""
    return written.removeprefix(JUMP).strip() if written.startswith(JUMP) else None


def _declared(raw: Any) -> dict[str, Parameter]:
    return {name: _parameter(name, declared) for name, declared in (raw or {}).items()}


def _parameter(name: str, raw: Mapping[str, Any]) -> Parameter:
    pattern = raw.get("allowedPattern")
    return Parameter(
        name=name,
        type=str(raw.get("type", "String")),
        description=str(raw.get("description") or ""),
        default=raw.get("default"),
        allowed_values=tuple(raw.get("allowedValues") or ()),
        allowed_pattern=None if pattern is None else str(pattern),
        min_chars=whole_number(raw.get("minChars")),
        max_chars=whole_number(raw.get("maxChars")),
        min_items=whole_number(raw.get("minItems")),
        max_items=whole_number(raw.get("maxItems")),
        min_value=whole_number(raw.get("minValue")),
        max_value=whole_number(raw.get("maxValue")),
        has_default="default" in raw,
        display_type=str(raw.get("displayType") or ""),
    )


def _step(raw: Mapping[str, Any]) -> Step:
    seconds = whole_number(raw.get("timeoutSeconds"))
    return Step(
        name=str(raw["name"]),
        action=str(raw["action"]),
        inputs=raw.get("inputs") or {},
        description=str(raw.get("description") or ""),
        on_failure=str(raw.get("onFailure") or ABORT),
        on_cancel=str(raw.get("onCancel") or ABORT),
        is_critical=truth(raw.get("isCritical")),
        is_end=truth(raw.get("isEnd")) or False,
        next_step=str(raw["nextStep"]) if raw.get("nextStep") else None,
        max_attempts=whole_number(raw.get("maxAttempts")) or 1,
        timeout=None if seconds is None else timedelta(seconds=seconds),
        outputs=tuple(_output(output) for output in raw.get("outputs") or ()),
    )


def _output(raw: Mapping[str, Any]) -> Output:
    return Output(str(raw["Name"]), str(raw["Selector"]), str(raw.get("Type") or "String"))
