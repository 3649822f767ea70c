"""The parts of the benchmark: one table names them all.

A part is called in a process of its own whose database is the scratch database, migrated and otherwise empty, and which speaks
to no AWS (`AWS_ENDPOINT_URL` points at nothing until a part starts an endpoint). It must be bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.benchmark import assessments, engine, history, watchers
from portal.benchmark.figures import Figure, Options


@dataclass(frozen=True)
class Part:
    """What is measured, said for people, and the measuring."""

    summary: str
    measure: Callable[[Options], list[Figure]]


PARTS: dict[str, Part] = {
    "assessments": Part("pages of the largest lens and of a portfolio", assessments.measure),
    "floor-and-engine": Part("the engine over a plain loop of the same calls", engine.measure),
    "history": Part("pages over a million attempts at steps", history.measure),
    "watchers": Part("people who watch one execution on live pages", watchers.measure),
}
