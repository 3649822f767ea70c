"""Filters: values of a lens's JSON in words. `{% load assessments %}`."""

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """A text as it is, nothing as "none", anything else as JSON."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


@register.filter
def entry(table: dict[str, Any], key: str) -> Any:
    """The entry of a table by a key that a variable holds."""
    return table.get(key, "")
