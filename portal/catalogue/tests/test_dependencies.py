"""Cycles of dependencies: found where there is one, and only there."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue.dependencies import cycle_through

NODES = st.integers(min_value=0, max_value=7)
GRAPHS = st.dictionaries(NODES, st.lists(NODES, max_size=4), max_size=8)


def reachable(start: int, needs: dict[int, list[int]]) -> set[int]:
    """Everything that `start` needs, directly or not, found another way than the one tested."""
    found: set[int] = set(needs.get(start, ()))
    for _ in range(len(needs) + 1):
        found |= {provider for node in found for provider in needs.get(node, ())}
    return found


@given(NODES, GRAPHS)
def test_a_cycle_is_found_exactly_when_a_service_needs_itself(start: int, needs: dict[int, list[int]]) -> None:
    assert bool(cycle_through(start, needs)) == (start in reachable(start, needs))


@given(NODES, GRAPHS)
def test_the_named_cycle_is_a_real_way_back(start: int, needs: dict[int, list[int]]) -> None:
    way = cycle_through(start, needs)
    if not way:
        return
    assert way[0] == way[-1] == start
    assert all(after in needs[before] for before, after in pairwise(way))
    assert len(set(way[:-1])) == len(way) - 1


def test_a_service_that_needs_itself_is_the_shortest_cycle() -> None:
    assert cycle_through("a", {"a": ["a"]}) == ["a", "a"]


def test_the_way_is_named_in_the_order_of_need() -> None:
    assert cycle_through("a", {"a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]


def test_a_cycle_elsewhere_is_not_ours() -> None:
    assert cycle_through("a", {"a": ["b"], "b": ["c"], "c": ["b"]}) == []


def test_a_long_chain_is_followed_to_its_end() -> None:
    needs = {number: [number + 1] for number in range(20_000)}
    assert cycle_through(0, needs) == []
    assert len(cycle_through(0, {**needs, 20_000: [0]})) == 20_002
