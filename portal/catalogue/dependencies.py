"""The graph of hard dependencies: finding a cycle in it. Pure; nodes are whatever the caller names them by."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def cycle_through(start: Node, needs: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """A shortest way from `start` over what it needs back to itself, both ends included; empty where there is none.

    Breadth first and without recursion: catalogues are large and chains of dependencies may be long.
    """
    came_from: dict[Node, Node] = {}
    frontier = [start]
    while frontier:
        reached: list[Node] = []
        for node in frontier:
            for provider in needs.get(node, ()):
                if provider == start:
                    return _way(start, node, came_from)
                if provider not in came_from:
                    came_from[provider] = node
                    reached.append(provider)
        frontier = reached
    return []


def _way(start: Node, last: Node, came_from: Mapping[Node, Node]) -> list[Node]:
    backwards = [start, last]
    while backwards[-1] != start:
        backwards.append(came_from[backwards[-1]])
    return backwards[::-1]
