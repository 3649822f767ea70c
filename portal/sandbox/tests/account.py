"""What the sandbox's tests do over and over with boto3 and with HTTP: an account, a small estate, a client's request.

Not here: anything inside the sandbox; the tests see what a client sees.
"""

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from portal.sandbox.server import Sandbox

_session = boto3.Session()
_clients: dict[tuple[str, str, str, str], Any] = {}
WEST, EAST = "us-west-2", "us-east-1"
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def eventually(what: Callable[[], Any], seconds: float = 90.0) -> Any:
    """The first true answer of `what`, asked until `seconds` have passed; fails with the last answer."""
    until = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < until, f"still {answer!r} after {seconds} s"
        time.sleep(0.02)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def region(self) -> str:
        return self.headers.get("X-Region", "")


@dataclass
class Estate:
    """One Region's network, load balancer and service; names are ids or ARNs of AWS."""

    region: str
    vpc: str = ""
    subnets: list[str] = field(default_factory=list)
    balancer_group: str = ""
    task_group: str = ""
    balancer: str = ""
    balancer_name: str = ""
    listener: str = ""
    targets: str = ""
    cluster: str = "shop"
    service: str = "web"
    definition: str = ""


class Account:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def client(self, service: str, region: str = WEST, **options: Any) -> Any:
        key = self.sandbox.api_url, service, region, str(options)
        if key not in _clients:
            _clients[key] = _session.client(
                service, region_name=region, endpoint_url=self.sandbox.api_url, aws_access_key_id="test",
                aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, **options),
            )  # fmt: skip
        return _clients[key]

    def ask(self, path: str = "/", host: str = "", method: str = "GET", **headers: str) -> Reply:
        """One request at the gateway on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.gateway_url).netloc, timeout=60)
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=fields | ({"Host": host} if host else {}))
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def control(self, method: str, path: str, wish: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """A request at /_sandbox/."""
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.api_url).netloc, timeout=60)
        try:
            connection.request(
                method, f"/_sandbox/{path}", body=json.dumps(wish) if wish is not None else None, headers=headers
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def regions_of(self, requests: int, path: str = "/", **headers: str) -> Counter[str]:
        return Counter(self.ask(path, **headers).region for _ in range(requests))

    # -- a small estate

    def network(self, region: str, prefix: str = "10.0") -> Estate:
        ec2 = self.client("ec2", region)
        estate = Estate(region)
        estate.vpc = ec2.create_vpc(CidrBlock=f"{prefix}.0.0/16")["Vpc"]["VpcId"]
        for number, zone in enumerate("ab"):
            subnet = ec2.create_subnet(
                VpcId=estate.vpc, CidrBlock=f"{prefix}.{number}.0/24", AvailabilityZone=region + zone
            )
            estate.subnets.append(subnet["Subnet"]["SubnetId"])
        estate.balancer_group = self._group(ec2, estate.vpc, "balancer", 80, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
        source = {"UserIdGroupPairs": [{"GroupId": estate.balancer_group}]}
        estate.task_group = self._group(ec2, estate.vpc, "tasks", 8080, source)
        return estate

    def _group(self, ec2: Any, vpc: str, name: str, port: int, source: dict[str, Any]) -> str:
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | source
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        return str(group)

    def balanced(self, region: str, health_path: str = "/", **group: Any) -> Estate:
        """A network with a load balancer and a target group that nothing is registered in yet."""
        estate = self.network(region)
        elbv2 = self.client("elbv2", region)
        made = elbv2.create_load_balancer(Name="front", Subnets=estate.subnets, SecurityGroups=[estate.balancer_group])
        estate.balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
        estate.balancer_name = made["LoadBalancers"][0]["DNSName"]
        wish = {"HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2} | group
        estate.targets = elbv2.create_target_group(
            Name="web",
            Protocol="HTTP",
            Port=8080,
            VpcId=estate.vpc,
            TargetType="ip",
            HealthCheckPath=health_path,
            **wish,
        )["TargetGroups"][0]["TargetGroupArn"]
        estate.listener = elbv2.create_listener(
            LoadBalancerArn=estate.balancer, Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": estate.targets}],
        )["Listeners"][0]["ListenerArn"]  # fmt: skip
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]
        elbv2.modify_target_group_attributes(TargetGroupArn=estate.targets, Attributes=delay)
        return estate

    def define(self, region: str, image: str = "plain:1", family: str = "web") -> str:
        container = {
            "name": "app", "image": image, "portMappings": [{"containerPort": 8080}], "memory": 128,
            "environment": [{"name": "COLOUR", "value": "blue"}],
        }  # fmt: skip
        made = self.client("ecs", region).register_task_definition(
            family=family, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[container],
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serving(self, region: str, count: int = 2, **options: Any) -> Estate:
        """A network, a load balancer and a service behind it; returns when every target is healthy."""
        estate = self.balanced(region, **options)
        ecs = self.client("ecs", region)
        ecs.create_cluster(clusterName=estate.cluster)
        estate.definition = self.define(region)
        ecs.create_service(
            cluster=estate.cluster, serviceName=estate.service, taskDefinition=estate.definition, desiredCount=count,
            launchType="FARGATE", networkConfiguration=self.placing(estate),
            loadBalancers=[{"targetGroupArn": estate.targets, "containerName": "app", "containerPort": 8080}],
        )  # fmt: skip
        eventually(lambda: self.health(estate) == ["healthy"] * count)
        return estate

    def placing(self, estate: Estate) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": estate.subnets, "securityGroups": [estate.task_group]}}

    def health(self, estate: Estate) -> list[str]:
        return [target["TargetHealth"]["State"] for target in self.targets(estate)]

    def targets(self, estate: Estate) -> list[dict[str, Any]]:
        described = self.client("elbv2", estate.region).describe_target_health(TargetGroupArn=estate.targets)
        return list(described["TargetHealthDescriptions"])

    def described_service(self, estate: Estate) -> dict[str, Any]:
        ecs = self.client("ecs", estate.region)
        return dict(ecs.describe_services(cluster=estate.cluster, services=[estate.service])["services"][0])

    def scale(self, estate: Estate, count: int) -> dict[str, Any]:
        ecs = self.client("ecs", estate.region)
        return dict(ecs.update_service(cluster=estate.cluster, service=estate.service, desiredCount=count)["service"])

    def accelerate(self, *estates: Estate, weights: dict[str, int] | None = None) -> "Accelerated":
        """An accelerator with an endpoint group per estate; returns when every endpoint has been looked at."""
        ga = self.client("globalaccelerator", WEST)
        accelerator = ga.create_accelerator(Name="entry")["Accelerator"]
        listener = ga.create_listener(
            AcceleratorArn=accelerator["AcceleratorArn"], Protocol="TCP", PortRanges=[{"FromPort": 80, "ToPort": 80}]
        )["Listener"]["ListenerArn"]
        groups = {}
        for estate in estates:
            endpoint = {"EndpointId": estate.balancer, "Weight": (weights or {}).get(estate.region, 128)}
            made = ga.create_endpoint_group(
                ListenerArn=listener, EndpointGroupRegion=estate.region, EndpointConfigurations=[endpoint]
            )
            groups[estate.region] = made["EndpointGroup"]["EndpointGroupArn"]
        made = Accelerated(self, accelerator["AcceleratorArn"], accelerator["DnsName"], listener, groups)
        eventually(lambda: all(state != "INITIAL" for state in made.health().values()))
        return made

    def table(self, name: str = "notes", region: str = WEST, replica: str | None = None) -> Any:
        dynamodb = self.client("dynamodb", region)
        dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", StreamSpecification=STREAM,
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        )  # fmt: skip
        if replica:
            dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": replica}}])
        return dynamodb


@dataclass
class Accelerated:
    account: Account
    arn: str
    dns_name: str
    listener: str
    groups: dict[str, str]

    def update(self, region: str, **changes: Any) -> dict[str, Any]:
        ga = self.account.client("globalaccelerator", WEST)
        return dict(ga.update_endpoint_group(EndpointGroupArn=self.groups[region], **changes)["EndpointGroup"])

    def weigh(self, estate: Estate, weight: int) -> None:
        self.update(estate.region, EndpointConfigurations=[{"EndpointId": estate.balancer, "Weight": weight}])

    def health(self) -> dict[str, str]:
        ga = self.account.client("globalaccelerator", WEST)
        described = {
            r: ga.describe_endpoint_group(EndpointGroupArn=arn)["EndpointGroup"] for r, arn in self.groups.items()
        }
        return {region: group["EndpointDescriptions"][0]["HealthState"] for region, group in described.items()}
