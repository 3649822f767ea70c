"""The contract: every operation of contract.py is called over boto3 and does what its row says.

A row without a check, and a check without a row, fail. This is also the review of another version of moto.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.contract import CONTRACT, MEANING, REFUSED, Promise, rendered
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import EAST, WEST, Accelerated, Account, Estate, eventually
from portal.sandbox.tests.backup_checks import checks as backup_checks
from portal.sandbox.tests.quota_checks import checks as quota_checks
from portal.sandbox.tests.well_architected_checks import checks as well_architected_checks

DOCS = Path(__file__).parents[3] / "docs" / "sandbox.md"
KEY = {"Id": {"S": "a"}}


class Stage:
    """A small estate that the checks look at and change; made once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.account = Account(sandbox)
        self.web: Estate = self.account.serving(WEST, count=1)
        self.entry: Accelerated = self.account.accelerate(self.web)
        self.account.table(replica=EAST)
        template = (
            '{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}, "Outputs": {"Name": {"Value": {"Ref": "Logs"}}}}'
        )
        self.client("cloudformation").create_stack(StackName="logs", TemplateBody=template)
        self.template = self.client("fis").create_experiment_template(
            description="a drill", roleArn="arn:aws:iam::1:role/fis", stopConditions=[{"source": "none"}], targets={},
            actions={"hurt": {"actionId": "aws:network:disrupt-connectivity", "parameters": {"duration": "PT1H"}}},
        )["experimentTemplate"]["id"]  # fmt: skip

    def client(self, service: str, region: str = WEST) -> Any:
        return self.account.client(service, region)

    def new_accelerator(self, **options: Any) -> str:
        made = self.client("globalaccelerator").create_accelerator(Name="other", **options)["Accelerator"]
        return str(made["AcceleratorArn"])

    def new_listener(self) -> str:
        made = self.client("globalaccelerator").create_listener(
            AcceleratorArn=self.new_accelerator(), Protocol="TCP", PortRanges=[{"FromPort": 80, "ToPort": 80}]
        )
        return str(made["Listener"]["ListenerArn"])

    def new_group(self, listener: str = "") -> str:
        made = self.client("globalaccelerator").create_endpoint_group(
            ListenerArn=listener or self.new_listener(), EndpointGroupRegion=WEST
        )
        return str(made["EndpointGroup"]["EndpointGroupArn"])

    def group_now(self, arn: str) -> dict[str, Any]:
        return dict(self.client("globalaccelerator").describe_endpoint_group(EndpointGroupArn=arn)["EndpointGroup"])

    def status(self) -> int:
        return self.account.ask(host=self.web.balancer_name).status


@pytest.fixture(scope="module")
def stage(sandbox: Sandbox) -> Iterator[Stage]:
    sandbox.reset()
    yield Stage(sandbox)


Check = Callable[[Stage], object]
CHECKS: dict[str, Check] = {}


def keeps(name: str) -> Callable[[Check], Check]:
    def note(check: Check) -> Check:
        assert name not in CHECKS
        CHECKS[name] = check
        return check

    return note


def refused_with(error: ClientError, code: str) -> bool:
    return bool(error.response["Error"]["Code"] == code)


# -- Global Accelerator


@keeps("globalaccelerator:CreateAccelerator")
def _(s: Stage) -> None:
    assert s.new_accelerator(IdempotencyToken="once") == s.new_accelerator(IdempotencyToken="once")


@keeps("globalaccelerator:DescribeAccelerator")
def _(s: Stage) -> None:
    described = s.client("globalaccelerator").describe_accelerator(AcceleratorArn=s.entry.arn)["Accelerator"]
    assert (described["Status"], described["Name"]) == ("DEPLOYED", "entry")


@keeps("globalaccelerator:ListAccelerators")
def _(s: Stage) -> None:
    assert (
        s.client("globalaccelerator").list_accelerators(MaxResults=1)["Accelerators"][0]["AcceleratorArn"]
        == s.entry.arn
    )


@keeps("globalaccelerator:UpdateAccelerator")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    ga.update_accelerator(AcceleratorArn=s.entry.arn, Enabled=False)
    assert s.account.ask(host=s.entry.dns_name).status == 503
    ga.update_accelerator(AcceleratorArn=s.entry.arn, Enabled=True)
    eventually(lambda: s.account.ask(host=s.entry.dns_name).status == 200)


@keeps("globalaccelerator:DeleteAccelerator")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    arn = s.new_accelerator(Enabled=False)
    ga.delete_accelerator(AcceleratorArn=arn)
    with pytest.raises(ClientError, match="AcceleratorNotFoundException"):
        ga.describe_accelerator(AcceleratorArn=arn)


@keeps("globalaccelerator:DescribeAcceleratorAttributes")
def _(s: Stage) -> None:
    found = s.client("globalaccelerator").describe_accelerator_attributes(AcceleratorArn=s.new_accelerator())
    assert found["AcceleratorAttributes"]["FlowLogsEnabled"] is False


@keeps("globalaccelerator:UpdateAcceleratorAttributes")
def _(s: Stage) -> None:
    found = s.client("globalaccelerator").update_accelerator_attributes(
        AcceleratorArn=s.new_accelerator(), FlowLogsEnabled=True, FlowLogsS3Bucket="b", FlowLogsS3Prefix="p"
    )
    assert found["AcceleratorAttributes"]["FlowLogsS3Bucket"] == "b"


@keeps("globalaccelerator:CreateListener")
@keeps("globalaccelerator:DescribeListener")
@keeps("globalaccelerator:ListListeners")
@keeps("globalaccelerator:UpdateListener")
@keeps("globalaccelerator:DeleteListener")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    arn = s.new_listener()
    assert ga.describe_listener(ListenerArn=arn)["Listener"]["Protocol"] == "TCP"
    changed = ga.update_listener(ListenerArn=arn, PortRanges=[{"FromPort": 443, "ToPort": 443}])["Listener"]
    assert changed["PortRanges"][0]["FromPort"] == 443
    owner = arn.partition("/listener/")[0]
    assert [li["ListenerArn"] for li in ga.list_listeners(AcceleratorArn=owner)["Listeners"]] == [arn]
    ga.delete_listener(ListenerArn=arn)
    assert ga.list_listeners(AcceleratorArn=owner)["Listeners"] == []


@keeps("globalaccelerator:CreateEndpointGroup")
@keeps("globalaccelerator:ListEndpointGroups")
@keeps("globalaccelerator:DeleteEndpointGroup")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    listener = s.new_listener()
    group = s.new_group(listener)
    with pytest.raises(ClientError, match="EndpointGroupAlreadyExistsException"):
        s.new_group(listener)
    assert [g["EndpointGroupArn"] for g in ga.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"]] == [group]
    ga.delete_endpoint_group(EndpointGroupArn=group)
    assert ga.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"] == []


@keeps("globalaccelerator:DescribeEndpointGroup")
def _(s: Stage) -> None:
    eventually(lambda: s.entry.health() == {WEST: "HEALTHY"})


@keeps("globalaccelerator:UpdateEndpointGroup")
def _(s: Stage) -> None:
    s.entry.update(WEST, TrafficDialPercentage=0)
    assert s.account.ask(host=s.entry.dns_name).status == 502
    s.entry.update(WEST, TrafficDialPercentage=100)
    assert s.account.ask(host=s.entry.dns_name).status == 200


@keeps("globalaccelerator:AddEndpoints")
@keeps("globalaccelerator:RemoveEndpoints")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    group = s.new_group()
    ga.add_endpoints(EndpointGroupArn=group, EndpointConfigurations=[{"EndpointId": s.web.balancer}])
    assert len(s.group_now(group)["EndpointDescriptions"]) == 1
    ga.remove_endpoints(EndpointGroupArn=group, EndpointIdentifiers=[{"EndpointId": s.web.balancer}])
    assert s.group_now(group)["EndpointDescriptions"] == []


@keeps("globalaccelerator:TagResource")
@keeps("globalaccelerator:UntagResource")
@keeps("globalaccelerator:ListTagsForResource")
def _(s: Stage) -> None:
    ga = s.client("globalaccelerator")
    arn = s.new_accelerator(Tags=[{"Key": "a", "Value": "1"}])
    ga.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    ga.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert ga.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


# -- DynamoDB


@keeps("dynamodb:CreateTable")
@keeps("dynamodb:DeleteTable")
def _(s: Stage) -> None:
    dynamodb = s.account.table("short")
    assert "short" in dynamodb.list_tables()["TableNames"]
    assert dynamodb.delete_table(TableName="short")["TableDescription"]["TableStatus"] == "DELETING"
    assert "short" not in dynamodb.list_tables()["TableNames"]


@keeps("dynamodb:DescribeTable")
@keeps("dynamodb:UpdateTable")
def _(s: Stage) -> None:
    for here, there in ((WEST, EAST), (EAST, WEST)):
        table = s.client("dynamodb", here).describe_table(TableName="notes")["Table"]
        assert [(r["RegionName"], r["ReplicaStatus"]) for r in table["Replicas"]] == [(there, "ACTIVE")]


@keeps("dynamodb:PutItem")
@keeps("dynamodb:UpdateItem")
@keeps("dynamodb:DeleteItem")
@keeps("dynamodb:GetItem")
@keeps("dynamodb:TransactWriteItems")
def _(s: Stage) -> None:
    west, east = s.client("dynamodb", WEST), s.client("dynamodb", EAST)
    west.put_item(TableName="notes", Item=KEY)
    west.update_item(
        TableName="notes", Key=KEY, UpdateExpression="SET T = :t", ExpressionAttributeValues={":t": {"S": "x"}}
    )
    eventually(lambda: east.get_item(TableName="notes", Key=KEY).get("Item", {}).get("T") == {"S": "x"})
    west.transact_write_items(TransactItems=[{"Put": {"TableName": "notes", "Item": {"Id": {"S": "b"}}}}])
    eventually(lambda: "Item" in east.get_item(TableName="notes", Key={"Id": {"S": "b"}}))
    west.delete_item(TableName="notes", Key=KEY)
    eventually(lambda: "Item" not in east.get_item(TableName="notes", Key=KEY))


@keeps("dynamodb:CreateBackup")
def _(s: Stage) -> None:
    dynamodb = s.account.table("kept")
    dynamodb.put_item(TableName="kept", Item=KEY)
    backup = dynamodb.create_backup(TableName="kept", BackupName="one")["BackupDetails"]["BackupArn"]
    dynamodb.delete_item(TableName="kept", Key=KEY)
    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)
    assert dynamodb.scan(TableName="restored")["Count"] == 1


@keeps("dynamodb:UpdateContinuousBackups")
def _(s: Stage) -> None:
    wish = {"PointInTimeRecoveryEnabled": True}
    dynamodb = s.client("dynamodb")
    dynamodb.update_continuous_backups(TableName="notes", PointInTimeRecoverySpecification=wish)
    found = dynamodb.describe_continuous_backups(TableName="notes")["ContinuousBackupsDescription"]
    assert found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


# -- ECS


@keeps("ecs:CreateCluster")
def _(s: Stage) -> None:
    (cluster,) = s.client("ecs").describe_clusters(clusters=[s.web.cluster])["clusters"]
    assert (cluster["runningTasksCount"], cluster["pendingTasksCount"]) == (1, 0)


@keeps("ecs:RegisterTaskDefinition")
@keeps("ecs:CreateService")
def _(s: Stage) -> None:
    assert b"plain:1" in s.account.ask(host=s.web.balancer_name).body


@keeps("ecs:UpdateService")
@keeps("ecs:DescribeServices")
def _(s: Stage) -> None:
    s.account.scale(s.web, 2)
    eventually(lambda: s.account.described_service(s.web)["runningCount"] == 2)
    s.account.scale(s.web, 1)
    eventually(lambda: s.account.described_service(s.web)["runningCount"] == 1)


@keeps("ecs:DeleteService")
@keeps("ecs:ListServices")
def _(s: Stage) -> None:
    ecs = s.client("ecs")
    ecs.create_service(
        cluster=s.web.cluster, serviceName="short", taskDefinition=s.web.definition, desiredCount=1, launchType="FARGATE",
        networkConfiguration=s.account.placing(s.web),
    )  # fmt: skip
    eventually(lambda: ecs.list_tasks(cluster=s.web.cluster, serviceName="short")["taskArns"])
    ecs.delete_service(cluster=s.web.cluster, service="short", force=True)
    assert ecs.list_tasks(cluster=s.web.cluster, serviceName="short")["taskArns"] == []
    assert not any(arn.endswith("/short") for arn in ecs.list_services(cluster=s.web.cluster)["serviceArns"])


@keeps("ecs:ListTasks")
@keeps("ecs:DescribeTasks")
@keeps("ecs:StopTask")
def _(s: Stage) -> None:
    ecs = s.client("ecs")
    victim = ecs.list_tasks(cluster=s.web.cluster, serviceName=s.web.service)["taskArns"][0]
    ecs.stop_task(cluster=s.web.cluster, task=victim)
    assert ecs.describe_tasks(cluster=s.web.cluster, tasks=[victim])["tasks"][0]["lastStatus"] == "STOPPED"
    eventually(lambda: s.account.described_service(s.web)["runningCount"] == 1)
    eventually(lambda: s.status() == 200)


@keeps("ecs:RunTask")
def _(s: Stage) -> None:
    ecs = s.client("ecs")
    made = ecs.run_task(
        cluster=s.web.cluster, taskDefinition=s.web.definition, launchType="FARGATE",
        networkConfiguration=s.account.placing(s.web),
    )["tasks"][0]["taskArn"]  # fmt: skip
    eventually(lambda: made in [t["task"] for t in s.account.sandbox.status()["tasks"] if t["is_running"]])
    ecs.stop_task(cluster=s.web.cluster, task=made)


@keeps("ecs:PutClusterCapacityProviders")
def _(s: Stage) -> None:
    made = s.client("ecs").put_cluster_capacity_providers(
        cluster=s.web.cluster, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
    )
    assert made["cluster"]["capacityProviders"] == ["FARGATE"]


# -- load balancing and network


@keeps("elbv2:CreateLoadBalancer")
@keeps("elbv2:CreateTargetGroup")
@keeps("elbv2:CreateListener")
@keeps("elbv2:DescribeTargetHealth")
def _(s: Stage) -> None:
    eventually(lambda: "healthy" in s.account.health(s.web))
    eventually(lambda: s.status() == 200)


@keeps("elbv2:CreateRule")
def _(s: Stage) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}
    s.client("elbv2").create_rule(
        ListenerArn=s.web.listener,
        Priority=1,
        Actions=[fixed],
        Conditions=[{"Field": "path-pattern", "Values": ["/tea"]}],
    )
    assert s.account.ask("/tea", host=s.web.balancer_name).status == 418


@keeps("elbv2:RegisterTargets")
@keeps("elbv2:DeregisterTargets")
def _(s: Stage) -> None:
    nobody = {"Id": "10.0.0.200", "Port": 8080}
    states = lambda: {t["Target"]["Id"]: t["TargetHealth"]["State"] for t in s.account.targets(s.web)}  # noqa: E731
    s.client("elbv2").register_targets(TargetGroupArn=s.web.targets, Targets=[nobody])
    eventually(lambda: states()["10.0.0.200"] == "unhealthy")
    s.client("elbv2").deregister_targets(TargetGroupArn=s.web.targets, Targets=[nobody])
    eventually(lambda: states()["10.0.0.200"] == "draining")
    eventually(lambda: "10.0.0.200" not in states())


@keeps("elbv2:ModifyTargetGroup")
def _(s: Stage) -> None:
    elbv2 = s.client("elbv2")
    elbv2.modify_target_group(TargetGroupArn=s.web.targets, Matcher={"HttpCode": "204"})
    eventually(lambda: set(s.account.health(s.web)) == {"unhealthy"})
    elbv2.modify_target_group(TargetGroupArn=s.web.targets, Matcher={"HttpCode": "200"})
    eventually(lambda: set(s.account.health(s.web)) == {"healthy"})


@keeps("elbv2:SetSecurityGroups")
def _(s: Stage) -> None:
    elbv2 = s.client("elbv2")
    elbv2.set_security_groups(LoadBalancerArn=s.web.balancer, SecurityGroups=[s.web.task_group])
    assert s.status() == 504
    elbv2.set_security_groups(LoadBalancerArn=s.web.balancer, SecurityGroups=[s.web.balancer_group])
    eventually(lambda: s.status() == 200)


@keeps("elbv2:ModifyLoadBalancerAttributes")
def _(s: Stage) -> None:
    wish = {"Key": "idle_timeout.timeout_seconds", "Value": "30"}
    s.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=s.web.balancer, Attributes=[wish])
    found = s.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=s.web.balancer)["Attributes"]
    assert wish in found


@keeps("ec2:RevokeSecurityGroupIngress")
@keeps("ec2:AuthorizeSecurityGroupIngress")
def _(s: Stage) -> None:
    ec2 = s.client("ec2")
    rules = ec2.describe_security_groups(GroupIds=[s.web.task_group])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=s.web.task_group, IpPermissions=rules)
    assert s.status() == 504
    ec2.authorize_security_group_ingress(GroupId=s.web.task_group, IpPermissions=rules)
    eventually(lambda: s.status() == 200)


@keeps("ec2:CreateNetworkAclEntry")
def _(s: Stage) -> None:
    ec2 = s.client("ec2")
    acl = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [s.web.vpc]}])["NetworkAcls"][0][
        "NetworkAclId"
    ]
    entry = {"NetworkAclId": acl, "RuleNumber": 1, "Egress": False}
    ec2.create_network_acl_entry(**entry, Protocol="-1", RuleAction="deny", CidrBlock="0.0.0.0/0")
    assert s.status() == 504
    ec2.delete_network_acl_entry(**entry)
    eventually(lambda: s.status() == 200)


@keeps("ec2:CreateRoute")
def _(s: Stage) -> None:
    ec2 = s.client("ec2")
    table = ec2.create_route_table(VpcId=s.web.vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=s.web.vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert gateway in [route.get("GatewayId") for route in routes]


# -- the rest


@keeps("fis:CreateExperimentTemplate")
@keeps("fis:StartExperiment")
@keeps("fis:GetExperiment")
@keeps("fis:StopExperiment")
def _(s: Stage) -> None:
    fis = s.client("fis")
    experiment = fis.start_experiment(experimentTemplateId=s.template)["experiment"]["id"]
    assert s.status() == 504
    fis.stop_experiment(id=experiment)
    assert fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "stopped"
    eventually(lambda: s.status() == 200)


@keeps("cloudformation:CreateStack")
@keeps("cloudformation:DescribeStacks")
@keeps("cloudformation:DescribeStackEvents")
def _(s: Stage) -> None:
    cloudformation = s.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="logs")["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputKey"]) == ("CREATE_COMPLETE", "Name")
    events = cloudformation.describe_stack_events(StackName="logs")["StackEvents"]
    assert ("Logs", "CREATE_COMPLETE") in {(e["LogicalResourceId"], e["ResourceStatus"]) for e in events}


@keeps("cloudformation:UpdateStack")
@keeps("cloudformation:DeleteStack")
def _(s: Stage) -> None:
    cloudformation, logs = s.client("cloudformation"), s.client("logs")
    body = '{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "%s"}}}}'
    names = lambda: {g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix="c-")["logGroups"]}  # noqa: E731
    cloudformation.create_stack(StackName="short", TemplateBody=body % "c-one")
    cloudformation.update_stack(StackName="short", TemplateBody=body % "c-two")
    assert names() == {"c-two"}
    cloudformation.delete_stack(StackName="short")
    assert names() == set()


@keeps("cloudwatch:GetMetricStatistics")
def _(s: Stage) -> None:
    s.status()
    name = s.web.balancer.partition(":loadbalancer/")[2]
    now = datetime.now(UTC)
    wish = {
        "Namespace": "AWS/ApplicationELB", "Dimensions": [{"Name": "LoadBalancer", "Value": name}], "Period": 60,
        "StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5), "Statistics": ["Sum"],
    }  # fmt: skip
    read = s.client("cloudwatch").get_metric_statistics
    eventually(lambda: read(MetricName="RequestCount", **wish)["Datapoints"])
    eventually(lambda: read(MetricName="HTTPCode_Target_2XX_Count", **wish)["Datapoints"])
    wish["Dimensions"].append({"Name": "TargetGroup", "Value": s.web.targets.rpartition(":")[2]})
    eventually(lambda: read(MetricName="HealthyHostCount", **wish)["Datapoints"])


@keeps("cloudwatch:PutDashboard")
def _(s: Stage) -> None:
    s.client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    assert s.client("cloudwatch").get_dashboard(DashboardName="d")["DashboardBody"] == '{"widgets": []}'


@keeps("cloudwatch:PutMetricAlarm")
def _(s: Stage) -> None:
    cloudwatch = s.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1.0, Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["Threshold"] == 1.0


@keeps("ssm:PutParameter")
def _(s: Stage) -> None:
    s.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    assert s.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"


@keeps("sts:AssumeRole")
def _(s: Stage) -> None:
    arn = "arn:aws:iam::111122223333:role/portal"
    assert "111122223333" in s.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["AssumedRoleUser"]["Arn"]


@keeps("route53:CreateHostedZone")
def _(s: Stage) -> None:
    zone = s.client("route53").create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"]
    assert s.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "example.org."


@keeps("route53:CreateHealthCheck")
@keeps("route53:GetHealthCheckStatus")
def _(s: Stage) -> None:
    route53 = s.client("route53")

    def seen(name: str) -> set[str]:
        config = {"Type": "HTTP", "FullyQualifiedDomainName": name, "ResourcePath": "/", "Port": 80}
        made = route53.create_health_check(CallerReference=str(uuid4()), HealthCheckConfig=config)["HealthCheck"]["Id"]
        found = route53.get_health_check_status(HealthCheckId=made)["HealthCheckObservations"]
        assert len({each["Region"] for each in found}) == 8
        return {each["StatusReport"]["Status"].partition(",")[0] for each in found}

    assert seen(s.web.balancer_name) == {"Success: HTTP Status Code 200"}
    assert seen("nobody.example.org") == {"Failure: DNS resolution failed: Rcode NXDomain(3)"}


@keeps("rds:CreateGlobalCluster")
@keeps("rds:DescribeGlobalClusters")
@keeps("rds:RemoveFromGlobalCluster")
def _(s: Stage) -> None:
    west, east = s.client("rds"), s.client("rds", EAST)
    made, world = f"books-{uuid4().hex[:8]}", f"world-{uuid4().hex[:8]}"
    owner = {"MasterUsername": "owner", "MasterUserPassword": "only-for-tests"}
    book = {"Engine": "aurora-postgresql", "DBClusterIdentifier": made}
    first = west.create_db_cluster(**book, **owner)["DBCluster"]["DBClusterArn"]
    west.create_global_cluster(GlobalClusterIdentifier=world, SourceDBClusterIdentifier=first)
    second = east.create_db_cluster(**book, GlobalClusterIdentifier=world)["DBCluster"]["DBClusterArn"]

    def members(region: Any) -> dict[str, bool]:
        found = {each["GlobalClusterIdentifier"]: each for each in region.describe_global_clusters()["GlobalClusters"]}
        return {each["DBClusterArn"]: each["IsWriter"] for each in found[world]["GlobalClusterMembers"]}

    assert members(west) == members(east) == {first: True, second: False}
    east.remove_from_global_cluster(GlobalClusterIdentifier=world, DbClusterIdentifier=second)
    assert members(west) == {first: True}


# -- services whose checks have a module of their own

CHECKS.update(well_architected_checks(lambda stage, region: stage.client("wellarchitected", region)))
CHECKS.update(backup_checks(lambda stage: stage.account))
CHECKS.update(quota_checks(lambda stage, region: stage.client("service-quotas", region)))


# -- the test itself


def sample_of(shape: Any) -> Any:
    """The smallest value a shape takes; only what is required."""
    if shape.type_name == "structure":
        return {name: sample_of(shape.members[name]) for name in shape.required_members}
    kinds: dict[str, Any] = {
        "list": [],
        "map": {},
        "boolean": True,
        "integer": 1,
        "long": 1,
        "float": 1.0,
        "timestamp": 0,
    }
    length = max(int(shape.metadata.get("min", 1)), 1) if shape.type_name == "string" else 1
    return kinds.get(shape.type_name, (getattr(shape, "enum", None) or ["x" * length])[0])


def check_refusal(account: Account, promise: Promise) -> None:
    client = account.client(promise.service, WEST, parameter_validation=False, inject_host_prefix=False)
    name = next(py for py, api in client.meta.method_to_api_mapping.items() if api == promise.operation)
    shape = client.meta.service_model.operation_model(promise.operation).input_shape
    with pytest.raises(ClientError) as caught:
        getattr(client, name)(**(sample_of(shape) if shape else {}))
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert promise.operation in error["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.name)
def test_the_sandbox_keeps_its_promise(stage: Stage, promise: Promise) -> None:
    if promise.kind == REFUSED:
        check_refusal(stage.account, promise)
    else:
        CHECKS[promise.name](stage)


def test_every_promise_has_a_check_and_every_check_a_promise() -> None:
    assert set(CHECKS) == {promise.name for promise in CONTRACT if promise.kind != REFUSED}
    assert {promise.kind for promise in CONTRACT} == set(MEANING)
    assert len({promise.name for promise in CONTRACT}) == len(CONTRACT)


def test_the_page_for_people_says_the_same() -> None:
    assert rendered() in DOCS.read_text(encoding="utf-8")


def test_moto_is_the_version_this_was_written_for() -> None:
    assert version("moto") == "5.2.5"
