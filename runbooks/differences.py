"""What changed between two versions: line by line for the eye, and step by step for the mind.

Pure: texts and contents in, values out. Not here: how it looks (`templates/runbooks/partials/difference.html`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

Kind = Literal["same", "removed", "added", "changed", "gap"]
CONTEXT = 3
# The comparison is quadratic in the worst case; the longest published document has about 2,000 lines.
MAXIMUM_LINES = 6_000


@dataclass(frozen=True)
class Side:
    """One line of one text: its number from 1, and the text before, in and after the part that differs."""

    number: int
    before: str
    changed: str = ""
    after: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a comparison. A `gap` stands for `skipped` equal lines that are not shown."""

    kind: Kind
    left: Side | None = None
    right: Side | None = None
    skipped: int = 0


@dataclass(frozen=True)
class Comparison:
    """Rows of a side by side view; unified is the same rows, left before right. `is_too_long`: not compared by line."""

    rows: tuple[Row, ...]
    added: int
    removed: int
    is_too_long: bool = False

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed or self.is_too_long)


@dataclass(frozen=True)
class Change:
    """One step or parameter that differs; `properties` are the names of what changed in it."""

    name: str
    kind: Literal["added", "removed", "changed", "moved"]
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What an approver must know before the lines: steps, parameters, and other top-level parts that differ."""

    steps: tuple[Change, ...]
    parameters: tuple[Change, ...]
    others: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.steps or self.parameters or self.others)


def compare(old: str, new: str, context: int = CONTEXT) -> Comparison:
    """Compare two texts by line; line ends do not count. Equal stretches longer than twice the context become gaps."""
    left, right = old.splitlines(), new.splitlines()
    if max(len(left), len(right)) > MAXIMUM_LINES and left != right:
        return Comparison((), 0, 0, is_too_long=True)
    rows: list[Row] = []
    added = removed = 0
    blocks = SequenceMatcher(None, left, right, autojunk=True).get_opcodes()
    for position, (tag, i1, i2, j1, j2) in enumerate(blocks):
        if tag == "equal":
            edges = (position > 0, position < len(blocks) - 1)
            rows.extend(_same(left[i1:i2], (i1, j1), edges, context))
            continue
        removed += i2 - i1
        added += j2 - j1
        rows.extend(_different(left[i1:i2], right[j1:j2], i1, j1))
    return Comparison(tuple(rows), added, removed)


def summarise(old: Mapping[str, Any], new: Mapping[str, Any]) -> Summary:
    """What changed between two documents, given as parsed content; shapes that are not a document's count as empty."""
    named = {"mainSteps", "parameters"}
    keys = [key for key in {**old, **new} if key not in named]
    return Summary(
        steps=_changes(_steps(old), _steps(new), is_ordered=True),
        parameters=_changes(_parameters(old), _parameters(new), is_ordered=False),
        others=tuple(key for key in keys if old.get(key) != new.get(key)),
    )


def _same(lines: list[str], start: tuple[int, int], edges: tuple[bool, bool], context: int) -> Iterator[Row]:
    """Equal lines, of which only those within `context` of a difference are shown; `edges`: is one before, after."""
    head = context if edges[0] else 0
    tail = context if edges[1] else 0
    hidden = len(lines) - head - tail
    for offset, line in enumerate(lines):
        if hidden > 1 and head <= offset < head + hidden:
            if offset == head:
                yield Row("gap", skipped=hidden)
            continue
        yield Row("same", Side(start[0] + offset + 1, line), Side(start[1] + offset + 1, line))


def _different(old: list[str], new: list[str], i: int, j: int) -> Iterator[Row]:
    for offset in range(max(len(old), len(new))):
        if offset >= len(new):
            yield Row("removed", left=Side(i + offset + 1, old[offset]))
        elif offset >= len(old):
            yield Row("added", right=Side(j + offset + 1, new[offset]))
        else:
            left, right = _marked(old[offset], new[offset])
            yield Row("changed", Side(i + offset + 1, *left), Side(j + offset + 1, *right))


def _marked(old: str, new: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Cut both lines into what they begin with alike, what differs, and what they end with alike."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    return (
        (old[:head], old[head : len(old) - tail], old[len(old) - tail :]),
        (new[:head], new[head : len(new) - tail], new[len(new) - tail :]),
    )


def _alike(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _steps(content: Mapping[str, Any]) -> dict[str, Any]:
    listed = content.get("mainSteps")
    steps = listed if isinstance(listed, list) else []
    return {str(step.get("name", "")): step for step in steps if isinstance(step, Mapping)}


def _parameters(content: Mapping[str, Any]) -> dict[str, Any]:
    declared = content.get("parameters")
    return dict(declared) if isinstance(declared, Mapping) else {}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], *, is_ordered: bool) -> tuple[Change, ...]:
    found: list[Change] = [Change(name, "removed") for name in old if name not in new]
    moved = (
        _moved([name for name in old if name in new], [name for name in new if name in old]) if is_ordered else set()
    )
    for name, value in new.items():
        if name not in old:
            found.append(Change(name, "added"))
        elif value != old[name]:
            found.append(Change(name, "changed", _properties(old[name], value)))
        elif name in moved:
            found.append(Change(name, "moved"))
    return tuple(found)


def _moved(old: list[str], new: list[str]) -> set[str]:
    """The names that do not stand in the longest common order."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in old[block.a : block.a + block.size]}
    return set(new) - kept


def _properties(old: Any, new: Any) -> tuple[str, ...]:
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return ()
    found: list[str] = []
    for key in {**old, **new}:
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found.extend(f"{key}.{inner}" for inner in {**before, **after} if before.get(inner) != after.get(inner))
        else:
            found.append(str(key))
    return tuple(found)
