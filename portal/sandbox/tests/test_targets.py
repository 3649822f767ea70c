"""Target health, by real checks through security groups."""

import pytest

from portal.sandbox.targets import matches
from portal.sandbox.tests.account import WEST, Account, Estate, eventually


def reasons(account: Account, estate: Estate) -> set[tuple[str, str]]:
    return {(t["TargetHealth"]["State"], t["TargetHealth"].get("Reason", "")) for t in account.targets(estate)}


def close_group(account: Account, estate: Estate) -> None:
    """Lets only an address in that nobody has."""
    ec2 = account.client("ec2")
    group = ec2.describe_security_groups(GroupIds=[estate.task_group])["SecurityGroups"][0]
    ec2.revoke_security_group_ingress(GroupId=estate.task_group, IpPermissions=group["IpPermissions"])
    wish = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.0/32"}]}
    ec2.authorize_security_group_ingress(GroupId=estate.task_group, IpPermissions=[wish])


def test_a_target_becomes_unhealthy_when_its_security_group_closes_and_healthy_when_it_opens(account: Account) -> None:
    estate = account.serving(WEST)
    close_group(account, estate)
    eventually(lambda: reasons(account, estate) == {("unhealthy", "Target.Timeout")})
    permission = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    account.client("ec2").authorize_security_group_ingress(GroupId=estate.task_group, IpPermissions=[permission])
    eventually(lambda: set(account.health(estate)) == {"healthy"})


def test_a_network_acl_that_denies_stops_the_checks(account: Account) -> None:
    estate = account.serving(WEST)
    ec2 = account.client("ec2")
    acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [estate.vpc]}])["NetworkAcls"]
    ec2.create_network_acl_entry(
        NetworkAclId=acls[0]["NetworkAclId"], RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=False,
        CidrBlock="0.0.0.0/0",
    )  # fmt: skip
    eventually(lambda: set(account.health(estate)) == {"unhealthy"})


def test_an_address_nobody_has_times_out(account: Account) -> None:
    estate = account.balanced(WEST)
    account.client("elbv2").register_targets(TargetGroupArn=estate.targets, Targets=[{"Id": "10.0.0.99", "Port": 8080}])
    assert account.health(estate) == ["initial"]
    eventually(lambda: reasons(account, estate) == {("unhealthy", "Target.Timeout")})


def test_an_answer_that_the_matcher_does_not_name_fails_the_check(account: Account) -> None:
    estate = account.balanced(WEST, Matcher={"HttpCode": "204"})
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName=estate.cluster)
    ecs.create_service(
        cluster=estate.cluster, serviceName=estate.service, taskDefinition=account.define(WEST), desiredCount=1,
        launchType="FARGATE", networkConfiguration=account.placing(estate),
        loadBalancers=[{"targetGroupArn": estate.targets, "containerName": "app", "containerPort": 8080}],
    )  # fmt: skip
    eventually(lambda: reasons(account, estate) == {("unhealthy", "Target.ResponseCodeMismatch")})


def test_a_port_nothing_listens_on_fails_the_check(account: Account) -> None:
    estate = account.balanced(WEST, HealthCheckPort="9999")
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName=estate.cluster)
    opened = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    account.client("ec2").authorize_security_group_ingress(GroupId=estate.task_group, IpPermissions=[opened])
    ecs.create_service(
        cluster=estate.cluster, serviceName=estate.service, taskDefinition=account.define(WEST), desiredCount=1,
        launchType="FARGATE", networkConfiguration=account.placing(estate),
        loadBalancers=[{"targetGroupArn": estate.targets, "containerName": "app", "containerPort": 8080}],
    )  # fmt: skip
    eventually(lambda: reasons(account, estate) == {("unhealthy", "Target.FailedHealthChecks")})


def test_a_deregistered_target_drains_and_then_is_gone(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    target = account.targets(estate)[0]["Target"]
    account.client("elbv2").deregister_targets(TargetGroupArn=estate.targets, Targets=[target])
    eventually(lambda: reasons(account, estate) == {("draining", "Target.DeregistrationInProgress")})
    eventually(lambda: account.targets(estate) == [])


def test_targets_without_a_load_balancer_are_unused(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    account.client("elbv2").delete_listener(ListenerArn=estate.listener)
    eventually(lambda: reasons(account, estate) == {("unused", "Target.NotInUse")})


@pytest.mark.parametrize(
    ("matcher", "status", "is_good"),
    [("200", 200, True), ("200", 201, False), ("200-299", 204, True), ("200,404", 404, True), ("2xx", 200, False)],
)
def test_a_matcher_names_statuses(matcher: str, status: int, is_good: bool) -> None:
    assert matches(matcher, status) is is_good
