"""Where each part of a document stands in its text.

Here: the tree of marks beside the parsed content. Not here: reading the text (yaml_source.py).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_SEGMENT = re.compile(r"\[(\d{1,9})\]|([^.\[\]]+)")


@dataclass(slots=True)
class Mark:
    """The place of one value; line and column count from 1. `inside` holds the marks of a map's or list's items."""

    line: int
    column: int
    inside: dict[str | int, "Mark"] = field(default_factory=dict)

    def find(self, path: Iterable[str | int], below: str = "") -> "Mark":
        """The mark at `path` and then at the text `below`; the nearest one above where the path leads nowhere."""
        place = self
        for part in path:
            inner = place.inside.get(part)
            if inner is None:
                return place
            place = inner
        return place._find_written(below)

    def _find_written(self, below: str) -> "Mark":
        """Follow text such as Choices[0].Variable; a key may itself hold dots."""
        place, pending = self, ""
        for match in _SEGMENT.finditer(below):
            index, name = match.groups()
            part: str | int = int(index) if index is not None else f"{pending}.{name}" if pending else name
            inner = place.inside.get(part)
            if inner is not None:
                place, pending = inner, ""
            elif isinstance(part, str):
                pending = part
            else:
                return place
        return place
