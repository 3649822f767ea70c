"""ECS services: tasks that run, stop, are replaced and rolled over."""

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import WEST, Account, Estate, eventually


def running(account: Account, estate: Estate) -> list[str]:
    return list(account.client("ecs").list_tasks(cluster=estate.cluster, serviceName=estate.service)["taskArns"])


def test_a_service_runs_as_many_tasks_as_it_desires(account: Account) -> None:
    estate = account.serving(WEST, count=2)
    service = account.described_service(estate)
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (2, 2, 0)
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert len(running(account, estate)) == 2
    assert any("steady state" in event["message"] for event in service["events"])


def test_tasks_have_addresses_of_their_subnets(account: Account) -> None:
    estate = account.serving(WEST, count=2)
    tasks = account.client("ecs").describe_tasks(cluster=estate.cluster, tasks=running(account, estate))["tasks"]
    details = [{d["name"]: d["value"] for d in task["attachments"][0]["details"]} for task in tasks]
    assert {d["privateIPv4Address"].rpartition(".")[0] for d in details} == {"10.0.0", "10.0.1"}
    assert {d["subnetId"] for d in details} == set(estate.subnets)


def test_scaling_down_to_zero_stops_every_task_and_empties_the_target_group(account: Account) -> None:
    estate = account.serving(WEST, count=2)
    assert account.scale(estate, 0)["desiredCount"] == 0
    eventually(lambda: account.described_service(estate)["runningCount"] == 0)
    assert running(account, estate) == []
    eventually(lambda: account.health(estate) == [])


def test_scaling_up_again_brings_the_targets_back(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    account.scale(estate, 0)
    eventually(lambda: account.described_service(estate)["runningCount"] == 0)
    account.scale(estate, 3)
    eventually(lambda: account.health(estate).count("healthy") == 3)


def test_the_answer_of_an_update_does_not_claim_tasks_that_do_not_run(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    answer = account.scale(estate, 5)
    assert answer["desiredCount"] == 5
    assert answer["runningCount"] <= 1


def test_a_stopped_task_is_replaced(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    ecs = account.client("ecs")
    (victim,) = running(account, estate)
    ecs.stop_task(cluster=estate.cluster, task=victim, reason="a drill")
    eventually(lambda: running(account, estate) not in ([], [victim]))
    (stopped,) = ecs.describe_tasks(cluster=estate.cluster, tasks=[victim])["tasks"]
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == ("STOPPED", "a drill")
    assert victim in ecs.list_tasks(cluster=estate.cluster, desiredStatus="STOPPED")["taskArns"]


def test_stopping_a_task_that_does_not_exist_is_refused(account: Account) -> None:
    estate = account.serving(WEST, count=0)
    with pytest.raises(ClientError, match="not found"):
        account.client("ecs").stop_task(cluster=estate.cluster, task="0" * 32)


def test_a_task_that_does_not_exist_is_said_to_be_missing(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    described = account.client("ecs").describe_tasks(
        cluster=estate.cluster, tasks=["0" * 32, *running(account, estate)]
    )
    assert [failure["reason"] for failure in described["failures"]] == ["MISSING"]
    assert len(described["tasks"]) == 1


def test_a_new_task_definition_rolls_over_without_losing_service(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    fresh = account.define(WEST, image="plain:2")
    account.client("ecs").update_service(cluster=estate.cluster, service=estate.service, taskDefinition=fresh)
    statuses = set()

    def is_rolled_over() -> bool:
        statuses.add(account.ask(host=estate.balancer_name).status)
        service = account.described_service(estate)
        return len(service["deployments"]) == 1 and service["deployments"][0]["taskDefinition"] == fresh

    eventually(is_rolled_over)
    tasks = account.client("ecs").describe_tasks(cluster=estate.cluster, tasks=running(account, estate))["tasks"]
    assert {task["taskDefinitionArn"] for task in tasks} == {fresh}
    assert statuses == {200}


def test_forcing_a_new_deployment_replaces_the_tasks(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    before = running(account, estate)
    account.client("ecs").update_service(cluster=estate.cluster, service=estate.service, forceNewDeployment=True)
    eventually(lambda: len(running(account, estate)) == 1 and running(account, estate) != before)


def test_a_deleted_service_takes_its_tasks_along(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    ecs = account.client("ecs")
    ecs.delete_service(cluster=estate.cluster, service=estate.service, force=True)
    assert ecs.list_tasks(cluster=estate.cluster)["taskArns"] == []
    assert ecs.list_services(cluster=estate.cluster)["serviceArns"] == []
    assert account.sandbox.status()["tasks"] == []


def test_a_task_run_by_hand_runs_and_is_not_replaced(account: Account) -> None:
    estate = account.serving(WEST, count=0)
    ecs = account.client("ecs")
    started = ecs.run_task(
        cluster=estate.cluster, taskDefinition=estate.definition, launchType="FARGATE",
        networkConfiguration=account.placing(estate),
    )["tasks"]  # fmt: skip
    arn = started[0]["taskArn"]
    eventually(lambda: ecs.describe_tasks(cluster=estate.cluster, tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING")
    ecs.stop_task(cluster=estate.cluster, task=arn)
    assert ecs.list_tasks(cluster=estate.cluster)["taskArns"] == []


def test_the_waiter_for_stable_services_returns(account: Account) -> None:
    estate = account.serving(WEST, count=2)
    waiter = account.client("ecs").get_waiter("services_stable")
    waiter.wait(cluster=estate.cluster, services=[estate.service], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
