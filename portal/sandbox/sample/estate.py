"""Deploys the sample estate into a sandbox: stacks, data, replicas, entrance, experiment template.

Here: the order of the deployment and what is asked of CloudFormation and DynamoDB. Not here: the accelerator
(entrance.py), the experiment (isolation.py), names (names.py). Every part looks before it creates, so a second
deployment changes nothing and a deployment that was interrupted is finished.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from portal.sandbox.sample import names
from portal.sandbox.sample.connection import Connection, EstateError
from portal.sandbox.sample.entrance import deploy_entrance
from portal.sandbox.sample.isolation import deploy_experiment_template

READY_STATES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


def deploy(api_url: str, time_scale: float) -> None:
    """Deploy the whole estate and return when a client would be served; idempotent.

    The replicas come before the recovery Region's stack: its deep health check reads them, and on AWS a service whose
    tasks are never healthy would keep its stack from completing.

    Raises EstateError, or botocore's errors when the sandbox does not answer.
    """
    connection = Connection(api_url, time_scale)
    deploy_template(connection)
    deploy_stack(connection, names.PRIMARY_REGION)
    load_creatures(connection)
    for table in names.TABLES:
        deploy_replica(connection, table)
    deploy_stack(connection, names.RECOVERY_REGION)
    balancers = {region: outputs(connection, region)["LoadBalancerArn"] for region in names.NETWORK_PREFIX}
    deploy_entrance(connection, balancers)
    deploy_experiment_template(connection, outputs(connection, names.PRIMARY_REGION)["FaultInjectionRoleArn"])
    for region in names.NETWORK_PREFIX:
        wait_for_targets(connection, region)


def template_bucket(account: str) -> str:
    """The bucket the runbook "Deploy the Region" reads the template from."""
    return f"{names.TEMPLATE_BUCKET}-{account}"


def deploy_template(connection: Connection) -> None:
    """Put the template where a runbook can read it: in the recovery Region, because the primary may be gone then."""
    account = connection.client("sts", names.RECOVERY_REGION).get_caller_identity()["Account"]
    s3 = connection.client("s3", names.RECOVERY_REGION)
    if template_bucket(account) not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=template_bucket(account))
    s3.put_object(Bucket=template_bucket(account), Key=names.TEMPLATE_KEY, Body=names.TEMPLATE_FILE.read_bytes())


def deploy_stack(connection: Connection, region: str) -> None:
    """Create the Region's stack unless it exists; wait until it is complete."""
    cloudformation = connection.client("cloudformation", region)
    if stack_status(cloudformation) is None:
        parameters = {
            "IsPrimary": "true" if region == names.PRIMARY_REGION else "false",
            "NetworkPrefix": names.NETWORK_PREFIX[region],
            "TaskCount": str(names.TASK_COUNT),
        }
        cloudformation.create_stack(
            StackName=names.STACK,
            TemplateBody=names.TEMPLATE_FILE.read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )

    def is_complete() -> bool:
        status = stack_status(cloudformation) or "missing"
        if status not in READY_STATES and not status.endswith("_IN_PROGRESS"):
            raise EstateError(f"Stack {names.STACK} in {region} is {status}. Delete it or reset the sandbox.")
        return status in READY_STATES

    connection.wait_until(is_complete, f"stack {names.STACK} in {region} is complete")


def stack_status(cloudformation: Any) -> str | None:
    """The stack's status, None when there is no such stack."""
    try:
        stacks = cloudformation.describe_stacks(StackName=names.STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return str(stacks[0]["StackStatus"])


def outputs(connection: Connection, region: str) -> dict[str, str]:
    """The outputs of the Region's stack by their key."""
    stacks = connection.client("cloudformation", region).describe_stacks(StackName=names.STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}


def load_creatures(connection: Connection) -> None:
    """Write the twelve creatures; one that is there keeps its likes."""
    dynamodb = connection.client("dynamodb", names.PRIMARY_REGION)
    for table in names.TABLES:
        _wait_for_table(connection, names.PRIMARY_REGION, table)
    for creature in json.loads(names.CREATURES_FILE.read_text(encoding="utf-8")):
        item = {key: {"N" if isinstance(value, int) else "S": str(value)} for key, value in creature.items()}
        try:
            dynamodb.put_item(
                TableName=names.CREATURE_TABLE,
                Item={**item, "Likes": {"N": "0"}},
                ConditionExpression="attribute_not_exists(MysfitId)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue


def deploy_replica(connection: Connection, table: str) -> None:
    """Add the recovery Region's replica of the table unless it has one; wait until it is ACTIVE."""
    dynamodb = connection.client("dynamodb", names.PRIMARY_REGION)

    def replica_status() -> str | None:
        replicas = dynamodb.describe_table(TableName=table)["Table"].get("Replicas", [])
        found = [row["ReplicaStatus"] for row in replicas if row["RegionName"] == names.RECOVERY_REGION]
        return found[0] if found else None

    if replica_status() is None:
        create = {"Create": {"RegionName": names.RECOVERY_REGION}}
        dynamodb.update_table(TableName=table, ReplicaUpdates=[create])
    connection.wait_until(
        lambda: replica_status() == "ACTIVE", f"the replica of {table} in {names.RECOVERY_REGION} is ACTIVE"
    )


def wait_for_targets(connection: Connection, region: str) -> None:
    """Wait until every task of both services is a healthy target in the Region."""
    balancing = connection.client("elbv2", region)
    stack = outputs(connection, region)

    def are_healthy() -> bool:
        for key in ("CoreTargetGroupArn", "LikeTargetGroupArn"):
            rows = balancing.describe_target_health(TargetGroupArn=stack[key])["TargetHealthDescriptions"]
            if sum(row["TargetHealth"]["State"] == "healthy" for row in rows) < names.TASK_COUNT:
                return False
        return True

    connection.wait_until(are_healthy, f"the targets in {region} are healthy")


def _wait_for_table(connection: Connection, region: str, table: str) -> None:
    dynamodb = connection.client("dynamodb", region)
    connection.wait_until(
        lambda: dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE",
        f"table {table} in {region} is ACTIVE",
    )
