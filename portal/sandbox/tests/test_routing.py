"""The choice of an endpoint, rule by rule of AWS's guide."""

from collections import Counter
from collections.abc import Callable
from random import Random

from portal.sandbox.routing import Endpoint, Group, choose, distance

WEST = Group("us-west-2", 100, (Endpoint("west"),))
EAST = Group("us-east-1", 100, (Endpoint("east"),))


def everyone(endpoint: str) -> bool:
    return True


def nobody(endpoint: str) -> bool:
    return False


def only(*healthy: str) -> Callable[[str], bool]:
    return lambda endpoint: endpoint in healthy


def shares(
    groups: list[Group], is_healthy: Callable[[str], bool] = everyone, client: str = "us-west-2"
) -> Counter[str | None]:
    chance = Random(7)
    return Counter(choose(groups, client, is_healthy, chance.random) for _ in range(2000))


def test_a_client_is_served_by_its_own_region() -> None:
    assert shares([EAST, WEST]) == {"west": 2000}
    assert shares([EAST, WEST], client="us-east-1") == {"east": 2000}


def test_a_region_of_the_same_continent_is_nearer_than_another() -> None:
    assert distance("eu-west-1", "eu-central-1") < distance("eu-west-1", "us-east-1")


def test_a_dial_admits_its_share_and_the_rest_goes_on() -> None:
    found = shares([Group("us-west-2", 25, WEST.endpoints), EAST])
    assert 400 < found["west"] < 600
    assert found["west"] + found["east"] == 2000


def test_a_dial_of_zero_sends_new_connections_elsewhere() -> None:
    assert shares([Group("us-west-2", 0, WEST.endpoints), EAST]) == {"east": 2000}


def test_failover_ignores_a_dial_of_zero() -> None:
    assert shares([Group("us-west-2", 0, WEST.endpoints), EAST], only("west")) == {"west": 2000}


def test_failover_goes_to_the_nearest_group_with_a_healthy_endpoint() -> None:
    assert shares([WEST, EAST], only("east")) == {"east": 2000}


def test_a_weight_of_zero_gets_nothing() -> None:
    standby = Group("us-east-1", 100, (Endpoint("east", 0),))
    assert shares([WEST, standby]) == {"west": 2000}


def test_a_weight_of_zero_is_no_refuge_in_a_failover() -> None:
    standby = Group("us-east-1", 100, (Endpoint("east", 0),))
    assert shares([WEST, standby], only("east")) == {"west": 2000}


def test_weights_share_within_a_group() -> None:
    found = shares([Group("us-west-2", 100, (Endpoint("a", 192), Endpoint("b", 64)))])
    assert 1400 < found["a"] < 1600


def test_without_any_healthy_endpoint_it_fails_open_to_the_group_nearest_to_the_client() -> None:
    assert shares([WEST, EAST], nobody) == {"west": 2000}
    assert shares([WEST, EAST], nobody, client="us-east-1") == {"east": 2000}


def test_nothing_is_chosen_when_every_dial_is_zero() -> None:
    groups = [Group("us-west-2", 0, WEST.endpoints), Group("us-east-1", 0, EAST.endpoints)]
    assert choose(groups, "us-west-2", everyone) is None


def test_nothing_is_chosen_without_groups_or_endpoints() -> None:
    assert choose([], "us-west-2", everyone) is None
    assert choose([Group("us-west-2")], "us-west-2", everyone) is None
