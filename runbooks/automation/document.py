"""The door to Automation documents: text in, content and all its problems out.

Here: `read` for text that somebody wrote, `load` for content that was published, and the names both hand out. Not here:
reading YAML (yaml_source.py), the rules (checks.py), the content's own types (content.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbooks.automation.checks import check
from runbooks.automation.content import Document, Output, Parameter, Step, load
from runbooks.automation.problems import Problem, Problems
from runbooks.automation.shapes import ActionShape
from runbooks.automation.yaml_source import MAXIMUM_BYTES, Format, read_source

__all__ = [
    "MAXIMUM_BYTES",
    "ActionShape",
    "Document",
    "Output",
    "Parameter",
    "Problem",
    "Reading",
    "Step",
    "load",
    "read",
]


@dataclass(frozen=True)
class Reading:
    """What a text holds.

    `document` is None if and only if a problem is an error; `raw` is None if the text holds no map.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    raw: dict[str, Any] | None
    format: Format


def read(text: str, actions: Mapping[str, ActionShape]) -> Reading:
    """Read a document as somebody wrote it, in YAML or JSON; every problem is reported with its place. Never raises."""
    source = read_source(text)
    problems = Problems(source.marks, list(source.problems), has_error=source.has_error)
    raw = source.content if isinstance(source.content, dict) else None
    if raw is not None:
        check(raw, actions, problems)
    elif not source.has_error:
        problems.error((), "The document is not a map. It must begin with schemaVersion, description and mainSteps.")
    document = None if raw is None or problems.has_error else load(raw)
    return Reading(document, problems.all(), raw, source.format)
