"""Faults: what each kind does to one Region, and that it ends."""

import socket
import time
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import EAST, WEST, Account, eventually


def error_of(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return str(caught.value.response["Error"]["Code"])


def test_an_api_fault_answers_503_in_every_protocol_of_that_region_only(account: Account) -> None:
    account.sandbox.inject(WEST, "api")
    assert error_of(account.client("ecs").list_clusters) == "ServiceUnavailable"
    assert error_of(account.client("ec2").describe_vpcs) == "ServiceUnavailable"
    assert error_of(account.client("elbv2").describe_load_balancers) == "ServiceUnavailable"
    assert error_of(account.client("s3").list_buckets) == "ServiceUnavailable"
    assert error_of(account.client("fis").list_experiments) == "ServiceUnavailable"
    assert account.client("ecs", EAST).list_clusters()["clusterArns"] == []


def test_the_api_of_global_accelerator_lives_in_us_west_2(account: Account) -> None:
    account.sandbox.inject(WEST, "api")
    assert error_of(account.client("globalaccelerator", EAST).list_accelerators) == "ServiceUnavailable"
    account.sandbox.end_fault()
    account.sandbox.inject(EAST, "api")
    assert account.client("globalaccelerator", WEST).list_accelerators()["Accelerators"] == []


def test_traffic_goes_on_while_the_api_is_down(account: Account) -> None:
    estate = account.serving(WEST)
    account.sandbox.inject(WEST, "api")
    assert account.ask(host=estate.balancer_name).status == 200


def test_a_network_fault_times_requests_out_and_fails_the_checks(account: Account) -> None:
    estate = account.serving(WEST)
    fault = account.sandbox.inject(WEST, "network")
    started = time.monotonic()
    assert account.ask(host=estate.balancer_name).status == 504
    assert time.monotonic() - started >= 10 * 0.02
    eventually(lambda: set(account.health(estate)) == {"unhealthy"})
    account.sandbox.end_fault(fault)
    eventually(lambda: set(account.health(estate)) == {"healthy"})
    assert account.ask(host=estate.balancer_name).status == 200


def test_a_network_fault_fails_over(account: Account) -> None:
    account.accelerate(account.serving(WEST), account.serving(EAST))
    account.sandbox.inject(WEST, "network")
    eventually(lambda: (account.ask().status, account.ask().region) == (200, EAST))


def test_a_network_fault_stops_replication_to_and_from_the_region(account: Account) -> None:
    account.table(replica=EAST)
    account.sandbox.inject(EAST, "network")
    account.client("dynamodb", WEST).put_item(TableName="notes", Item={"Id": {"S": "a"}})
    account.client("dynamodb", EAST).put_item(TableName="notes", Item={"Id": {"S": "b"}})
    time.sleep(0.4)
    assert account.sandbox.status()["unreplicated"] == 2


def test_a_tasks_fault_kills_the_tasks_and_lets_none_restart_while_it_lasts(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    fault = account.sandbox.inject(WEST, "tasks")
    eventually(lambda: account.ask(host=estate.balancer_name).status == 503)
    time.sleep(0.2)
    service = account.described_service(estate)
    assert (service["desiredCount"], service["runningCount"]) == (1, 0)
    assert "unable to place" in service["events"][0]["message"]
    account.sandbox.end_fault(fault)
    eventually(lambda: account.ask(host=estate.balancer_name).status == 200)


def test_a_killed_task_closes_the_connections_of_its_clients(account: Account, sandbox: Sandbox) -> None:
    estate = account.serving(WEST, count=1)
    placed, stand_in = sandbox.world.scheduler.stand_in_at(
        "123456789012", WEST, estate.vpc, account.targets(estate)[0]["Target"]["Id"], 8080
    ) or (None, None)
    assert placed is not None
    assert stand_in is not None
    with socket.create_connection(("127.0.0.1", stand_in.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while b"plain:1" not in answer:
            answer += connection.recv(4096)
        account.sandbox.inject(WEST, "tasks")
        assert connection.recv(4096) == b""


def test_faults_are_injected_listed_and_ended_over_http(account: Account) -> None:
    status, made = account.control("POST", "faults", {"region": WEST, "kind": "replication"})
    assert status == 201
    assert [fault["id"] for fault in account.control("GET", "status")[1]["faults"]] == [made["id"]]
    assert account.control("DELETE", f"faults/{made['id']}")[0] == 200
    assert account.control("DELETE", f"faults/{made['id']}")[0] == 404
    account.control("POST", "faults", {"region": WEST, "kind": "api"})
    account.control("POST", "faults", {"region": EAST, "kind": "api"})
    assert account.control("DELETE", "faults") == (200, {"ended": 2})
    assert account.control("GET", "status")[1]["faults"] == []


def test_a_senseless_fault_is_refused_with_everything_that_is_wrong(account: Account) -> None:
    status, answer = account.control("POST", "faults", {"region": "the moon", "kind": "gravity"})
    assert status == 400
    assert "the moon" in answer["message"]
    assert "gravity" in answer["message"]
    assert account.control("POST", "faults", ["x"])[0] == 400


def test_reset_empties_everything_and_begins_a_new_generation(account: Account) -> None:
    account.serving(WEST)
    account.table(replica=EAST)
    account.client("globalaccelerator").create_accelerator(Name="entry")
    account.sandbox.inject(WEST, "replication")
    before = account.control("GET", "status")[1]
    after = account.control("POST", "reset")[1]
    assert after["generation"] != before["generation"]
    assert (after["tasks"], after["targets"], after["faults"], after["unreplicated"]) == ([], [], [], 0)
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("globalaccelerator").list_accelerators()["Accelerators"] == []


def test_status_says_what_runs(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    status = account.control("GET", "status")[1]
    assert status["time_scale"] == 0.02
    assert (status["is_estate_ready"], status["estate_error"]) == (False, None)
    (task,) = status["tasks"]
    assert (task["region"], task["cluster"], task["service"], task["is_running"]) == (WEST, "shop", "web", True)
    (target,) = status["targets"]
    assert (target["target_group"], target["address"], target["state"]) == (estate.targets, task["address"], "healthy")


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_a_page_elsewhere_cannot_reach_the_sandbox_through_a_browser(account: Account, header: dict[str, str]) -> None:
    assert account.control("POST", "reset", None, **header)[0] == 403


def test_it_listens_on_loopback_only(account: Account) -> None:
    for url in (account.sandbox.api_url, account.sandbox.gateway_url):
        assert urlsplit(url).hostname == "127.0.0.1"


def test_a_second_sandbox_in_one_process_is_refused(account: Account) -> None:
    with pytest.raises(RuntimeError, match="already runs"):
        Sandbox().start()
    assert account.control("GET", "status")[0] == 200
