"""A document's steps as nodes and arrows for the picture, and the same order as sentences.

Not here: the layout (the browser does it) and how a run went (pages put statuses beside the nodes by name).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbooks.automation.document import Document, Step
from runbooks.automation.flow import Edge, edges

# How each kind of arrow is spoken; the order is that of importance to a reader.
_SPOKEN: Mapping[str, str] = {
    "next": "then",
    "choice": "by choice",
    "failure": "on failure",
    "cancel": "on cancel",
    "end": "then",
}


# The script knows no line for cancelling; it is drawn like a dependency that may be missing.
_LINES: Mapping[str, str] = {"cancel": "soft"}
Picture = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Ways:
    """Where one step leads on one occasion: ("on failure", ("RollBack",)). No target is the end of the execution."""

    occasion: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """One step in words: its number from 1, itself, where it leads, and the steps inside it where it is a loop."""

    number: int
    step: Step
    ways: tuple[Ways, ...]
    body: tuple["Described", ...] = ()


def picture(document: Document, statuses: Mapping[str, str] | None = None) -> Picture:
    """The steps as the graph that `{% steps_graph %}` takes, in the document's order.

    `statuses` by step name colour the boxes of a run. Arrows to the end are left out: a box without an arrow is an end.
    """
    known = statuses or {}
    nodes = [{"name": step.name, "detail": step.action, "status": known.get(step.name, "")} for step in document.steps]
    names = {step.name for step in document.steps}
    arrows = [
        {"from": edge.source, "to": edge.target, "kind": _LINES.get(edge.kind, edge.kind), "label": _label(edge)}
        for edge in edges(document)
        if edge.target in names
    ]
    return {"nodes": nodes, "edges": arrows}


def described(document: Document) -> tuple[Described, ...]:
    """Every step with where it leads, in the document's order; a loop's body is described inside it."""
    leaving: dict[str, list[Edge]] = {}
    for edge in edges(document):
        leaving.setdefault(edge.source, []).append(edge)
    return tuple(
        Described(number, step, _ways(leaving.get(step.name, ())), _body(document, step))
        for number, step in enumerate(document.steps, start=1)
    )


def _ways(leaving: Iterable[Edge]) -> tuple[Ways, ...]:
    by_occasion: dict[str, list[str]] = {}
    for edge in leaving:
        targets = by_occasion.setdefault(_SPOKEN[edge.kind], [])
        if edge.target:
            targets.append(edge.target)
    order = list(dict.fromkeys(_SPOKEN.values()))
    return tuple(
        Ways(occasion, tuple(dict.fromkeys(targets)))
        for occasion, targets in sorted(by_occasion.items(), key=lambda item: order.index(item[0]))
    )


def _body(document: Document, step: Step) -> tuple[Described, ...]:
    steps: Any = step.inputs.get("Steps")
    if step.action != "aws:loop" or not isinstance(steps, list) or not steps:
        return ()
    return described(document.body(step.name))


def _label(edge: Edge) -> str:
    return {"choice": "choice", "failure": "on failure", "cancel": "on cancel"}.get(edge.kind, "")
