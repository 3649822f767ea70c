"""An event as a person reads it: what changed from what to what. Pure; how it looks is a template's."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from portal.audit.models import Event

# What an event keeps for the machine and no reader asks for.
_QUIET = {"began_from"}


class Line(NamedTuple):
    """One fact of an event. `before` is None where the event tells of no earlier state."""

    label: str
    before: str | None
    after: str


class Reading(NamedTuple):
    """An event with its facts."""

    event: Event
    lines: list[Line]


def reading_of(event: Event) -> Reading:
    """Changes first, as "from" and "to"; everything else the detail says after them."""
    detail = dict(event.detail)
    changed = detail.pop("changed", {})
    lines = (
        [Line(str(label), *_sides(change)) for label, change in changed.items()] if isinstance(changed, dict) else []
    )
    lines += [Line(str(label), None, spoken(value)) for label, value in detail.items() if label not in _QUIET]
    return Reading(event, lines)


def _sides(change: Any) -> tuple[str | None, str]:
    if isinstance(change, Mapping) and {"from", "to"} <= set(change):
        return spoken(change["from"]), spoken(change["to"])
    return None, spoken(change)


def spoken(value: Any) -> str:
    """A value of JSON in words: nothing is "none", lists are joined, what is nested deeper is shown as JSON."""
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(str(each) for each in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
