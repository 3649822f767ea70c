"""Global Accelerator's choice of an endpoint for one new connection: a pure function of configuration, health and chance.

Not here: storing the configuration (accelerators.py), sockets (gateway.py). The rules are AWS's:
https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoint-groups-traffic-dial.html
https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints-endpoint-weights.html
- A dial admits its share of the traffic that reached the group; the rest goes on to the next nearest group.
- Inside a group, weights share; weight 0 gets nothing.
- No healthy endpoint of weight above 0 in the chosen group: the other groups are tried, nearest first, ignoring dials.
- None in any group: fail open to a random endpoint of the group nearest to the client.
What happens when every dial is 0 is not published; here no endpoint is chosen.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    id: str
    weight: int = 128


@dataclass(frozen=True)
class Group:
    region: str
    dial: float = 100.0
    endpoints: tuple[Endpoint, ...] = ()


def distance(client_region: str, region: str) -> tuple[int, str]:
    """Sorts Regions from near to far: the same, the same continent, the rest; names decide between equals."""
    if region == client_region:
        return 0, region
    return (1 if region.partition("-")[0] == client_region.partition("-")[0] else 2), region


def choose(
    groups: Sequence[Group],
    client_region: str,
    is_healthy: Callable[[str], bool],
    chance: Callable[[], float] = random.random,
) -> str | None:
    """The endpoint's id for a new connection of a client in that Region; None when nothing may be chosen.

    `chance` gives numbers from 0 up to but not including 1.
    """
    near_first = sorted(groups, key=lambda group: distance(client_region, group.region))
    admitting = [group for group in near_first if group.dial > 0]
    if not admitting:
        return None
    chosen = next((group for group in admitting[:-1] if chance() * 100 < group.dial), admitting[-1])
    for group in [chosen, *(group for group in near_first if group is not chosen)]:
        healthy = [endpoint for endpoint in group.endpoints if endpoint.weight > 0 and is_healthy(endpoint.id)]
        if healthy:
            return _by_weight(healthy, chance)
    nearest = next((group for group in near_first if group.endpoints), None)
    return nearest.endpoints[int(chance() * len(nearest.endpoints))].id if nearest else None


def _by_weight(endpoints: Sequence[Endpoint], chance: Callable[[], float]) -> str:
    mark = chance() * sum(endpoint.weight for endpoint in endpoints)
    for endpoint in endpoints:
        mark -= endpoint.weight
        if mark < 0:
            return endpoint.id
    return endpoints[-1].id
