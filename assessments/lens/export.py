"""A lens as a file that AWS's import takes.

Here: the text, the same bytes for the same content whatever order a database gave its keys, and what AWS would refuse.
Not here: reading (source.py).
"""

import json
from typing import Any

from assessments.lens.checks import EXPORTED_CHARACTERS, check
from assessments.lens.content import Lens
from assessments.lens.problems import Notes, Problem

_ORDER = (
    "schemaVersion id type name title description condition risk displayText url helpfulResource improvementPlan "
    "additionalResources content pillars questions choices riskRules"
).split()
_PLACES = {key: place for place, key in enumerate(_ORDER)}


def export(lens: Lens | dict[str, Any]) -> str:
    """The text of a lens, every key kept; indented unless that alone would pass AWS's 500,000 characters."""
    ordered = _ordered(lens.raw if isinstance(lens, Lens) else lens)
    text = json.dumps(ordered, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if len(text) > EXPORTED_CHARACTERS:
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text


def export_problems(raw: dict[str, Any]) -> tuple[Problem, ...]:
    """What AWS would make of the lens: errors where its import refuses, warnings where its API's limits are passed."""
    notes = Notes()
    check(raw, notes)
    return notes.when_exported()


def _ordered(value: Any) -> Any:
    """The value with the keys of the format in its order, then all others by name."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (_PLACES.get(key, len(_PLACES)), key))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value
