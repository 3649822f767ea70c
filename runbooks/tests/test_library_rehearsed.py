"""What the runbooks of the library do to the sample on a real sandbox, as a client sees it."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.aws import sessions
from portal.sandbox.sample import estate, names
from portal.sandbox.sample.connection import Connection
from portal.sandbox.server import Sandbox
from runbooks.tests.rehearsal import Rehearsal, document

pytestmark = pytest.mark.long

SCALE = 0.02
PATIENCE_SECONDS = 30.0
People = Mapping[str, tuple[str, Mapping[str, Any]]]
APPROVED: People = {"approve_failover": ("Approve", {})}
REJECTED: People = {"approve_failover": ("Reject", {})}


class Site:
    """The sample on a running sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.aws = Connection(sandbox.api_url, SCALE)

    def ask(self, method: str = "GET", path: str = "/", content: Any = None) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.gateway_url).netloc, timeout=10)
        connection.request(method, path, body=None if content is None else json.dumps(content).encode())
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, response.headers.get("X-Region")

    def beat(self, probe: str, sequence: int) -> int:
        content = {"written_at": "2026-03-01T10:00:00+00:00", "nonce": f"n{sequence}"}
        return self.ask("PUT", f"/heartbeats/{probe}/{sequence}", content)[0]

    def survivors(self, region: str, probe: str) -> set[int]:
        rows = self.aws.client("dynamodb", region).query(
            TableName=names.HEARTBEAT_TABLE,
            KeyConditionExpression="ProbeId = :probe",
            ExpressionAttributeValues={":probe": {"S": probe}},
        )
        return {int(row["Sequence"]["N"]) for row in rows["Items"]}

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, f"never saw that {what}"
            time.sleep(0.05)

    def running_tasks(self, region: str) -> int:
        tasks = self.sandbox.status()["tasks"]
        return sum(task["region"] == region and task["is_running"] for task in tasks)

    def accelerator_api(self) -> Any:
        return self.aws.client("globalaccelerator", names.ACCELERATOR_REGION)

    def groups(self) -> list[dict[str, Any]]:
        api = self.accelerator_api()
        accelerator = api.list_accelerators()["Accelerators"][0]["AcceleratorArn"]
        listener = api.list_listeners(AcceleratorArn=accelerator)["Listeners"][0]["ListenerArn"]
        return list(api.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"])

    def group(self, region: str) -> dict[str, Any]:
        return next(group for group in self.groups() if group["EndpointGroupRegion"] == region)

    def delete_replicas(self) -> None:
        for table in names.TABLES:
            update = {"Delete": {"RegionName": names.RECOVERY_REGION}}
            self.aws.client("dynamodb", names.PRIMARY_REGION).update_table(TableName=table, ReplicaUpdates=[update])
        replica = self.aws.client("dynamodb", names.RECOVERY_REGION)
        self.until(lambda: replica.list_tables()["TableNames"] == [], "the replicas are deleted")

    def weights(self) -> dict[str, int]:
        return {group["EndpointGroupRegion"]: group["EndpointDescriptions"][0]["Weight"] for group in self.groups()}

    def rehearsal(self, name: str, people: People | None = None, **supplied: str) -> Rehearsal:
        content = document(name)
        if "EntryUrl" in content.parameters:
            supplied["EntryUrl"] = f"{self.sandbox.gateway_url}/"
        return Rehearsal(content, self.sandbox.gateway_url, SCALE, supplied, people or {})

    def play(self, name: str, people: People | None = None, **supplied: str) -> Rehearsal:
        rehearsal = self.rehearsal(name, people, **supplied)
        assert rehearsal.play() == "Success", (rehearsal.statuses, rehearsal.messages)
        return rehearsal


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The estate, home in the primary Region at the start; a test that moves clients brings them home."""
    with (
        Sandbox(time_scale=SCALE, replication_lag=2, transition_delay=0, port=0, gateway_port=0) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", sandbox.api_url)
        patch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]:
            patch.delenv(name)
        sessions.forget()
        estate.deploy(sandbox.api_url, SCALE)
        yield Site(sandbox)
    sessions.forget()


def test_a_stopped_region_is_failed_over_with_the_loss_it_had_and_failed_back(site: Site) -> None:
    assert site.beat("journey", 1) == 201
    site.until(lambda: 1 in site.survivors(names.RECOVERY_REGION, "journey"), "the first heartbeat is replicated")
    inject = site.rehearsal("inject-stop-tasks.yaml")
    inject.on_success["wait_for_pause"] = lambda: site.beat("journey", 2)
    assert inject.play() == "Success", (inject.statuses, inject.messages)
    site.until(lambda: site.ask()[0] == 503, "clients get 503")

    site.play("fail-over.yaml", APPROVED)
    assert site.ask() == (200, names.RECOVERY_REGION)
    assert site.running_tasks(names.PRIMARY_REGION) == 0
    assert site.weights() == {names.PRIMARY_REGION: 0, names.RECOVERY_REGION: 128}
    assert site.survivors(names.RECOVERY_REGION, "journey") == {1}
    assert site.beat("journey", 3) == 201

    site.play("fail-back.yaml")
    assert site.ask() == (200, names.PRIMARY_REGION)
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}
    assert {2, 3} <= site.survivors(names.PRIMARY_REGION, "journey")


def test_a_broken_security_group_is_failed_over_and_failed_back(site: Site) -> None:
    site.play("inject-break-security-group.yaml")
    site.until(lambda: site.ask()[0] == 504, "clients get 504")
    site.play("fail-over.yaml", APPROVED)
    assert site.running_tasks(names.PRIMARY_REGION) == 0
    assert site.ask() == (200, names.RECOVERY_REGION)
    rehearsal = site.play("fail-back.yaml")
    assert set(rehearsal.statuses.values()) == {"Success"}
    assert {"remove_false_rule", "admit_entrance"} <= rehearsal.statuses.keys()
    assert site.ask() == (200, names.PRIMARY_REGION)


def test_failing_back_when_nothing_was_broken_changes_nothing_and_no_step_fails(site: Site) -> None:
    rehearsal = site.play("fail-back.yaml")
    assert set(rehearsal.statuses.values()) == {"Success"}
    assert {"remove_false_rule", "admit_entrance"}.isdisjoint(rehearsal.statuses)
    assert site.ask() == (200, names.PRIMARY_REGION)
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}


def test_a_rejected_failover_moves_nobody(site: Site) -> None:
    rehearsal = site.rehearsal("fail-over.yaml", REJECTED)
    assert rehearsal.play() == "Failed"
    assert rehearsal.statuses["approve_failover"] == "Failed"
    assert "fence_core" not in rehearsal.statuses
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}
    assert site.ask() == (200, names.PRIMARY_REGION)


def test_the_approver_is_told_the_facts(site: Site) -> None:
    rehearsal = site.rehearsal("fail-over.yaml", REJECTED)
    rehearsal.play()
    said = rehearsal.asked["approve_failover"]
    assert "us-west-2: mysfits-core 2 of 2 tasks, mysfits-like 2 of 2 tasks" in said
    assert "{{" not in said


def test_a_failover_without_a_healthy_recovery_side_stops_before_it_asks(site: Site) -> None:
    ecs = site.aws.client("ecs", names.RECOVERY_REGION)
    ecs.update_service(cluster=names.CLUSTER, service=names.CORE_SERVICE, desiredCount=0)
    rehearsal = site.rehearsal("fail-over.yaml")
    rehearsal.time_scale, rehearsal.shortest_patience = 0.001, 1.0
    assert rehearsal.play() == "TimedOut"
    assert rehearsal.statuses["confirm_tasks"] == "TimedOut"
    assert "approve_failover" not in rehearsal.statuses
    assert site.ask() == (200, names.PRIMARY_REGION)
    ecs.update_service(cluster=names.CLUSTER, service=names.CORE_SERVICE, desiredCount=names.TASK_COUNT)
    estate.wait_for_targets(site.aws, names.RECOVERY_REGION)


def test_a_region_whose_tasks_cannot_be_reached_by_its_dead_api_is_left_by_dns(site: Site) -> None:
    """Global Accelerator's API is in the dead Region too, so a person moves the clients and finishes the fence."""
    balancer = estate.outputs(site.aws, names.RECOVERY_REGION)["LoadBalancerDnsName"]
    fault = site.sandbox.inject(names.PRIMARY_REGION, "api")
    try:
        people = {
            **APPROVED,
            "move_clients_by_hand": ("Complete", {"EntryUrl": f"http://{balancer}/"}),
            "finish_the_fence": ("Complete", {"PrimaryIsFenced": True}),
        }
        rehearsal = site.play("fail-over.yaml", people)
    finally:
        site.sandbox.end_fault(fault)
    assert [rehearsal.statuses[name] for name in ("fence_core", "fence_like", "shift_entrance")] == ["Failed"] * 3
    assert rehearsal.statuses["verify_by_client_after_hand"] == "Success"
    assert balancer in rehearsal.asked["move_clients_by_hand"]
    assert "us-west-2 does not answer" in rehearsal.asked["approve_failover"]
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}


def test_a_region_whose_network_is_cut_is_failed_over_while_it_lasts(site: Site) -> None:
    fault = site.sandbox.inject(names.PRIMARY_REGION, "network")
    try:
        site.play("fail-over.yaml", APPROVED)
        assert site.ask() == (200, names.RECOVERY_REGION)
    finally:
        site.sandbox.end_fault(fault)
    site.play("fail-back.yaml")
    assert site.ask() == (200, names.PRIMARY_REGION)


def test_deploying_a_complete_region_changes_nothing(site: Site) -> None:
    before = estate.outputs(site.aws, names.RECOVERY_REGION)
    rehearsal = site.play("deploy-region.yaml")
    assert {"create_stack", "add_creature_replica", "add_endpoint_group", "replace_endpoint"}.isdisjoint(
        rehearsal.statuses
    )
    assert estate.outputs(site.aws, names.RECOVERY_REGION) == before
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}


def test_a_region_that_lost_its_data_and_its_endpoint_is_made_complete(site: Site) -> None:
    subnets = site.aws.client("ec2", names.RECOVERY_REGION).describe_subnets(
        Filters=[{"Name": "tag:Name", "Values": ["mysfits-public-a", "mysfits-public-b"]}]
    )["Subnets"]
    other = site.aws.client("elbv2", names.RECOVERY_REGION).create_load_balancer(
        Name="left-over", Subnets=[subnet["SubnetId"] for subnet in subnets]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = site.group(names.RECOVERY_REGION)["EndpointGroupArn"]
    site.accelerator_api().update_endpoint_group(
        EndpointGroupArn=group, EndpointConfigurations=[{"EndpointId": other, "Weight": 0}]
    )
    site.delete_replicas()

    site.play("deploy-region.yaml")
    balancer = estate.outputs(site.aws, names.RECOVERY_REGION)["LoadBalancerArn"]
    endpoints = site.group(names.RECOVERY_REGION)["EndpointDescriptions"]
    assert [(row["EndpointId"], row["Weight"]) for row in endpoints] == [(balancer, 0)]
    replica = site.aws.client("dynamodb", names.RECOVERY_REGION)
    assert replica.scan(TableName=names.CREATURE_TABLE, Select="COUNT")["Count"] == 12


def test_deploying_a_region_that_serves_keeps_its_weight(site: Site) -> None:
    site.play("fail-over.yaml", APPROVED)
    site.play("deploy-region.yaml")
    assert site.weights() == {names.PRIMARY_REGION: 0, names.RECOVERY_REGION: 128}
    site.play("fail-back.yaml")


def test_a_lost_region_is_deployed_again_and_serves_after_a_failover(site: Site) -> None:
    group = site.group(names.RECOVERY_REGION)["EndpointGroupArn"]
    site.accelerator_api().delete_endpoint_group(EndpointGroupArn=group)
    cloudformation = site.aws.client("cloudformation", names.RECOVERY_REGION)
    cloudformation.delete_stack(StackName=names.STACK)
    site.until(lambda: estate.stack_status(cloudformation) is None, "the stack is deleted")
    site.delete_replicas()

    site.play("deploy-region.yaml")
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0}
    assert site.ask() == (200, names.PRIMARY_REGION)
    site.play("fail-over.yaml", APPROVED)
    assert site.ask() == (200, names.RECOVERY_REGION)
    site.play("fail-back.yaml")
    assert site.ask() == (200, names.PRIMARY_REGION)


def test_another_region_can_be_deployed_by_naming_it(site: Site) -> None:
    site.play("deploy-region.yaml", Region="us-east-2", NetworkPrefix="10.96")
    assert site.weights() == {names.PRIMARY_REGION: 128, names.RECOVERY_REGION: 0, "us-east-2": 0}
    assert site.running_tasks("us-east-2") == 2 * names.TASK_COUNT
    assert site.ask() == (200, names.PRIMARY_REGION)
