"""The class of operations, held to known ones and, over all of botocore, to the models' own traits."""

import pytest

from portal.aws.classification import ActionClass, classify, token_member
from portal.aws.models import service_model, service_names

READ, TOKEN, ONCE = ActionClass.READ_ONLY, ActionClass.TOKEN, ActionClass.ONCE
DECLARATIVE, CONVERGING = ActionClass.DECLARATIVE, ActionClass.CONVERGING


@pytest.mark.parametrize(
    ("service", "api", "expected"),
    [
        ("ec2", "DescribeInstances", READ),
        ("EC2", "describe_instances", READ),
        ("dynamodb", "Query", READ),
        ("sts", "AssumeRole", READ),
        ("ecs", "UpdateService", DECLARATIVE),
        ("globalaccelerator", "UpdateEndpointGroup", DECLARATIVE),
        ("route53", "ChangeResourceRecordSets", DECLARATIVE),
        ("ec2", "StartInstances", CONVERGING),
        ("ec2", "TerminateInstances", CONVERGING),
        ("cloudformation", "CreateStack", TOKEN),
        ("ec2", "RunInstances", TOKEN),
        ("arc-region-switch", "StartPlanExecution", TOKEN),
        ("rds", "FailoverDBCluster", ONCE),
        ("rds", "FailoverGlobalCluster", ONCE),
        ("rds", "PromoteReadReplica", ONCE),
        ("elasticache", "TestFailover", ONCE),
        ("lambda", "Invoke", ONCE),
        ("ssm", "SendCommand", ONCE),
        ("sns", "Publish", ONCE),
        ("cloudwatch", "PutMetricData", ONCE),
        ("stepfunctions", "GetActivityTask", ONCE),
        ("nosuchservice", "DoIt", ONCE),
        ("ec2", "NoSuchCall", ONCE),
    ],
)
def test_an_operation_has_the_class_a_person_would_give_it(service: str, api: str, expected: ActionClass) -> None:
    assert classify(service, api) is expected


def test_a_parameter_that_forces_makes_a_repeat_unsafe() -> None:
    assert classify("ecs", "UpdateService", {"desiredCount": 2}) is DECLARATIVE
    assert classify("ecs", "UpdateService", {"forceNewDeployment": True}) is ONCE
    assert classify("ecs", "UpdateService", {"forceNewDeployment": "false"}) is DECLARATIVE


def test_no_failover_switchover_or_promotion_may_be_repeated_alone() -> None:
    wrong = []
    for service in ("rds", "docdb", "neptune", "elasticache", "memorydb", "redshift", "opensearch", "mq"):
        for operation in service_model(service)["operations"]:
            if operation.startswith(("Failover", "Switchover", "Promote")) and classify(service, operation) is not ONCE:
                wrong.append(f"{service}:{operation}")
    assert wrong == []


def test_what_the_models_call_readonly_is_never_taken_for_something_repeatable_with_an_effect() -> None:
    """Over every operation of a spread of services: a readonly trait may fall to a stricter class, never to a token."""
    for service in sorted(service_names())[::9]:
        for operation, said in service_model(service)["operations"].items():
            if said.get("readonly"):
                assert classify(service, operation) in {READ, ONCE, CONVERGING, DECLARATIVE}, f"{service}:{operation}"


def test_every_service_can_be_classified() -> None:
    for service in sorted(service_names())[::7]:
        for operation in service_model(service)["operations"]:
            assert classify(service, operation) in ActionClass


@pytest.mark.parametrize(
    ("service", "api", "member"),
    [
        ("cloudformation", "CreateStack", "ClientRequestToken"),
        ("globalaccelerator", "CreateAccelerator", "IdempotencyToken"),
        ("ec2", "RunInstances", "ClientToken"),
        ("dynamodb", "DescribeTable", None),
        ("sqs", "SendMessage", None),
    ],
)
def test_the_member_that_carries_the_token_is_found(service: str, api: str, member: str | None) -> None:
    assert token_member(service, api) == member
