"""What takes time, in a sandbox whose transitions do: 100 s of AWS, 2 here, so that a busy machine sees the beginning too."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import EAST, WEST, Account, eventually
from portal.sandbox.tests.backup_checks import ROLE, VOLUME
from portal.sandbox.tests.quota_checks import TABLES, status, value


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(time_scale=0.02, transition_delay=100) as running:
        yield running


def test_a_table_is_creating_and_then_active(account: Account) -> None:
    dynamodb = account.table()
    assert dynamodb.describe_table(TableName="notes")["Table"]["TableStatus"] == "CREATING"
    eventually(lambda: dynamodb.describe_table(TableName="notes")["Table"]["TableStatus"] == "ACTIVE")


def test_a_table_that_is_being_created_takes_no_items(account: Account) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        account.table().put_item(TableName="notes", Item={"Id": {"S": "a"}})


def test_a_table_that_is_being_created_cannot_be_changed(account: Account) -> None:
    with pytest.raises(ClientError, match="ResourceInUse"):
        account.table(replica=EAST)


def test_a_replica_is_creating_and_then_active(account: Account) -> None:
    dynamodb = account.table()
    eventually(lambda: dynamodb.describe_table(TableName="notes")["Table"]["TableStatus"] == "ACTIVE")
    dynamodb.update_table(TableName="notes", ReplicaUpdates=[{"Create": {"RegionName": EAST}}])
    assert dynamodb.describe_table(TableName="notes")["Table"]["Replicas"][0]["ReplicaStatus"] == "CREATING"
    eventually(lambda: dynamodb.describe_table(TableName="notes")["Table"]["Replicas"][0]["ReplicaStatus"] == "ACTIVE")


def test_an_accelerator_is_in_progress_and_then_deployed(account: Account) -> None:
    ga = account.client("globalaccelerator")
    made = ga.create_accelerator(Name="entry")["Accelerator"]
    assert made["Status"] == "IN_PROGRESS"
    eventually(
        lambda: ga.describe_accelerator(AcceleratorArn=made["AcceleratorArn"])["Accelerator"]["Status"] == "DEPLOYED"
    )


def test_a_dial_reaches_the_edge_after_the_propagation(account: Account) -> None:
    west, east = account.serving(WEST, count=1), account.serving(EAST, count=1)
    entry = account.accelerate(west, east)
    eventually(lambda: account.ask().region == WEST)
    entry.update(WEST, TrafficDialPercentage=0)
    assert account.ask().region == WEST
    eventually(lambda: account.ask().region == EAST)


def test_a_task_is_pending_and_then_running(account: Account) -> None:
    estate = account.balanced(WEST)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName=estate.cluster)
    made = ecs.create_service(
        cluster=estate.cluster, serviceName=estate.service, taskDefinition=account.define(WEST), desiredCount=1,
        launchType="FARGATE", networkConfiguration=account.placing(estate),
    )["service"]  # fmt: skip
    assert made["runningCount"] == 0
    arn = eventually(lambda: ecs.list_tasks(cluster=estate.cluster)["taskArns"])[0]
    assert ecs.describe_tasks(cluster=estate.cluster, tasks=[arn])["tasks"][0]["lastStatus"] == "PROVISIONING"
    assert account.described_service(estate)["pendingCount"] == 1
    eventually(lambda: account.described_service(estate)["runningCount"] == 1)
    assert ecs.describe_tasks(cluster=estate.cluster, tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING"


def test_a_stack_is_in_progress_and_then_complete(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    template = '{"Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}}}'
    cloudformation.create_stack(StackName="logs", TemplateBody=template)
    assert cloudformation.describe_stacks(StackName="logs")["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS"
    eventually(
        lambda: cloudformation.describe_stacks(StackName="logs")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    )


def states(ask: Callable[[], str], last: str) -> list[str]:
    """What `ask` says until it says `last`, each once."""
    seen: list[str] = []

    def is_over() -> bool:
        seen.append(ask())
        return seen[-1] == last

    eventually(is_over)
    return list(dict.fromkeys(seen))


def refusal(act: Any, **wish: Any) -> str:
    with pytest.raises(ClientError) as caught:
        act(**wish)
    return str(caught.value.response["Error"]["Code"])


def test_a_backup_is_created_then_runs_then_is_a_recovery_point(account: Account) -> None:
    backup = account.client("backup")
    backup.create_backup_vault(BackupVaultName="safe")
    job = backup.start_backup_job(BackupVaultName="safe", ResourceArn=VOLUME, IamRoleArn=ROLE)["BackupJobId"]
    (point,) = backup.list_recovery_points_by_resource(ResourceArn=VOLUME)["RecoveryPoints"]
    assert point["Status"] == "CREATING"
    wish = {"RecoveryPointArn": point["RecoveryPointArn"], "Metadata": {}}
    assert refusal(backup.start_restore_job, **wish) == "InvalidRequestException"
    seen = states(lambda: str(backup.describe_backup_job(BackupJobId=job)["State"]), "COMPLETED")
    assert seen == ["CREATED", "RUNNING", "COMPLETED"]
    (point,) = backup.list_recovery_points_by_resource(ResourceArn=VOLUME)["RecoveryPoints"]
    assert (point["Status"], point["BackupVaultName"]) == ("COMPLETED", "safe")


def test_a_restore_is_pending_then_runs_and_is_validated_when_it_is_over(account: Account) -> None:
    backup = account.client("backup")
    backup.create_backup_vault(BackupVaultName="safe")
    made = backup.start_backup_job(BackupVaultName="safe", ResourceArn=VOLUME, IamRoleArn=ROLE)["BackupJobId"]
    states(lambda: str(backup.describe_backup_job(BackupJobId=made)["State"]), "COMPLETED")
    point = backup.describe_backup_job(BackupJobId=made)["RecoveryPointArn"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata={})["RestoreJobId"]
    result = {"RestoreJobId": job, "ValidationStatus": "SUCCESSFUL"}
    assert refusal(backup.put_restore_validation_result, **result) == "InvalidRequestException"
    seen = states(lambda: str(backup.describe_restore_job(RestoreJobId=job)["Status"]), "COMPLETED")
    assert seen == ["PENDING", "RUNNING", "COMPLETED"]
    backup.put_restore_validation_result(**result)


def test_a_request_for_more_waits_then_has_a_case_then_is_approved(account: Account) -> None:
    quotas = account.client("service-quotas")
    ask = quotas.request_service_quota_increase
    request = ask(**TABLES, DesiredValue=3000)["RequestedQuota"]["Id"]
    assert value(quotas) == 2500
    assert refusal(ask, **TABLES, DesiredValue=4000) == "ResourceAlreadyExistsException"
    assert states(lambda: status(quotas, request), "APPROVED") == ["PENDING", "CASE_OPENED", "APPROVED"]
    assert value(quotas) == 3000
