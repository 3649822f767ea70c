"""The sample estate on a real sandbox, as a client and as an operator see it."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.sandbox.sample import estate, names
from portal.sandbox.sample.connection import Connection, EstateError
from portal.sandbox.server import Sandbox

SCALE = 0.02
PATIENCE_SECONDS = 90.0


class Client:
    """A client of the public entry; each request has a connection of its own."""

    def __init__(self, gateway_url: str) -> None:
        self.address = urlsplit(gateway_url).netloc

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, str | None, Any]:
        """(status, X-Region, JSON body)."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        body = None if content is None else json.dumps(content).encode()
        connection.request(method, path, body=body)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.status, response.headers.get("X-Region"), json.loads(text) if is_json else text


def until(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not check():
        assert time.monotonic() < deadline, f"never saw that {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(time_scale=SCALE, replication_lag=2, transition_delay=0, port=0, gateway_port=0) as running:
        estate.deploy(running.api_url, SCALE)
        yield running


@pytest.fixture(scope="module")
def aws(sandbox: Sandbox) -> Connection:
    return Connection(sandbox.api_url, SCALE)


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox.gateway_url)


def scale(aws: Connection, region: str, count: int) -> None:
    for service in (names.CORE_SERVICE, names.LIKE_SERVICE):
        aws.client("ecs", region).update_service(cluster=names.CLUSTER, service=service, desiredCount=count)


def set_weights(aws: Connection, weights: dict[str, int]) -> None:
    api = aws.client("globalaccelerator", names.ACCELERATOR_REGION)
    accelerator = api.list_accelerators()["Accelerators"][0]["AcceleratorArn"]
    listener = api.list_listeners(AcceleratorArn=accelerator)["Listeners"][0]["ListenerArn"]
    for group in api.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"]:
        endpoint = group["EndpointDescriptions"][0]["EndpointId"]
        weight = weights[group["EndpointGroupRegion"]]
        configuration = [{"EndpointId": endpoint, "Weight": weight}]
        api.update_endpoint_group(EndpointGroupArn=group["EndpointGroupArn"], EndpointConfigurations=configuration)


def test_a_client_is_served_by_the_primary_only(client: Client) -> None:
    answers = [client.ask("GET", "/") for _ in range(20)]
    assert {(status, region) for status, region, _ in answers} == {(200, names.PRIMARY_REGION)}


def test_likes_reach_the_like_service_and_count_up(client: Client) -> None:
    before = client.ask("GET", "/mysfits/pockle")[2]["mysfit"]["likes"]
    assert [client.ask("POST", "/mysfits/pockle/like")[0] for _ in range(3)] == [200, 200, 200]
    assert client.ask("GET", "/mysfits/pockle")[2]["mysfit"]["likes"] == before + 3


def test_the_replica_holds_the_creatures_and_later_writes(aws: Connection, client: Client) -> None:
    replica = aws.client("dynamodb", names.RECOVERY_REGION)
    assert replica.scan(TableName=names.CREATURE_TABLE, Select="COUNT")["Count"] == 12
    status, _, _ = client.ask("PUT", "/heartbeats/replica/1", {"written_at": "2026-03-01T10:00:00+00:00", "nonce": "n"})
    assert status == 201
    key = {"ProbeId": {"S": "replica"}, "Sequence": {"N": "1"}}
    until(
        lambda: "Item" in replica.get_item(TableName=names.HEARTBEAT_TABLE, Key=key),
        "the heartbeat record reached the recovery Region",
    )


def test_a_second_deployment_changes_nothing(sandbox: Sandbox, aws: Connection, client: Client) -> None:
    likes = client.ask("POST", "/mysfits/tumbrel/like")[2]["likes"]
    outputs = estate.outputs(aws, names.PRIMARY_REGION)
    estate.deploy(sandbox.api_url, SCALE)
    assert estate.outputs(aws, names.PRIMARY_REGION) == outputs
    assert client.ask("GET", "/mysfits/tumbrel")[2]["mysfit"]["likes"] == likes
    fis = aws.client("fis", names.PRIMARY_REGION)
    assert len(fis.list_experiment_templates()["experimentTemplates"]) == 1


def test_the_outputs_and_the_dashboard_hold_real_values(aws: Connection) -> None:
    outputs = estate.outputs(aws, names.PRIMARY_REGION)
    assert outputs["LoadBalancerFullName"] == outputs["LoadBalancerArn"].partition("loadbalancer/")[2]
    cloudwatch = aws.client("cloudwatch", names.PRIMARY_REGION)
    body = json.loads(cloudwatch.get_dashboard(DashboardName=outputs["DashboardName"])["DashboardBody"])
    assert outputs["LoadBalancerFullName"] in json.dumps(body)


def test_stopping_the_tasks_is_an_outage_until_weights_are_shifted(aws: Connection, client: Client) -> None:
    scale(aws, names.PRIMARY_REGION, 0)
    until(lambda: client.ask("GET", "/")[0] == 503, "clients get 503")
    # Far longer than health checks and propagation take at this time scale.
    settled = time.monotonic() + 150 * SCALE
    while time.monotonic() < settled:
        assert client.ask("GET", "/")[0] == 503
        time.sleep(0.1)
    set_weights(aws, {names.PRIMARY_REGION: 0, names.RECOVERY_REGION: names.SERVING_WEIGHT})
    until(lambda: client.ask("GET", "/")[:2] == (200, names.RECOVERY_REGION), "the recovery Region serves")
    assert client.ask("POST", "/mysfits/ottoline/like")[:2] == (200, names.RECOVERY_REGION)
    scale(aws, names.PRIMARY_REGION, names.TASK_COUNT)
    estate.wait_for_targets(aws, names.PRIMARY_REGION)
    set_weights(aws, {names.PRIMARY_REGION: names.SERVING_WEIGHT, names.RECOVERY_REGION: 0})
    until(lambda: client.ask("GET", "/")[:2] == (200, names.PRIMARY_REGION), "the primary Region serves again")


def test_an_address_that_is_not_loopback_is_refused() -> None:
    with pytest.raises(EstateError, match="not a loopback address"):
        estate.deploy("https://dynamodb.us-east-1.amazonaws.com", SCALE)
