"""An account on a real sandbox in which scenes of checks are played, and the context that the checks are handed.

Nothing is answered from a record: what a check asks of AWS goes over HTTP. Not here: the scenes (`data`, `service`, `proof`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from assessments.checks.context import (
    CheckUnavailable,
    Context,
    DrillFact,
    Hints,
    Promise,
    RunbookFact,
    ServiceFacts,
)
from assessments.checks.examination import examine
from assessments.checks.registry import CHECKS
from assessments.checks.results import Result
from portal.aws import sessions
from portal.aws.caller import AwsCaller
from portal.aws.errors import AwsError
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import EAST, STREAM, WEST, Account, Estate

TAG = [{"Key": "service", "Value": "shop"}]
ACCOUNT_ID = "123456789012"
PASSWORD = "only-for-tests"
SCALE = 0.02


def call_sandbox(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """A `CallAws` over the portal's own caller: whatever is refused is unavailable, with AWS's code."""
    try:
        return AwsCaller(region).call(service, api, parameters)
    except AwsError as error:
        raise CheckUnavailable(str(error), code=error.code) from error


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """A sandbox that the portal's own clients reach."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(time_scale=SCALE, replication_lag=2, transition_delay=0) as sandbox,
    ):
        patch.setenv("AWS_ENDPOINT_URL", sandbox.api_url)
        sessions.forget()
        yield sandbox
    sessions.forget()


@dataclass
class World:
    account: Account
    strategy: str = "warm-standby"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    objectives: dict[str, Promise] = field(default_factory=dict)
    drills: tuple[DrillFact, ...] = ()
    runbooks: tuple[RunbookFact, ...] = ()
    reached: set[str] = field(default_factory=set)

    def aws(self, service: str, region: str = WEST) -> Any:
        return self.account.client(service, region)

    def call_aws(self, service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        self.reached.add("sandbox")
        return call_sandbox(service, api, parameters, region)

    def context(self) -> Context:
        facts = ServiceFacts(
            slug="shop",
            primary_region=WEST,
            recovery_regions=(EAST,),
            account_id=ACCOUNT_ID,
            tier=2,
            strategy=self.strategy,
            hints=Hints(names=self.names),
        )
        return Context(
            service=facts,
            call_aws=self.call_aws,
            now=self.now,
            objectives=self.objectives,
            drills=self.drills,
            runbooks=self.runbooks,
        )

    def examine(self, name: str) -> Result:
        return examine(CHECKS[name], self.context())

    # -- resources of the service, tagged

    def table(self, name: str = "orders", **wish: Any) -> Any:
        settings = {"BillingMode": "PAY_PER_REQUEST"} | wish
        api = self.aws("dynamodb")
        api.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            StreamSpecification=STREAM,
            Tags=TAG,
            **settings,
        )
        return api

    def instance(self, name: str = "ledger", **wish: Any) -> Any:
        settings = {
            "AllocatedStorage": 20,
            "MasterUsername": "owner",
            "MasterUserPassword": PASSWORD,
            "Tags": TAG,
        } | wish
        api = self.aws("rds")
        api.create_db_instance(DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.micro", **settings)
        return api

    def cluster(self, name: str = "books", **wish: Any) -> Any:
        api = self.aws("rds")
        settings = {"MasterUsername": "owner", "MasterUserPassword": PASSWORD, "Tags": TAG} | wish
        api.create_db_cluster(DBClusterIdentifier=name, Engine="aurora-postgresql", **settings)
        return api

    def function(self, name: str = "mailer", region: str = WEST, code: bytes = b"one", **wish: Any) -> Any:
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/{name}"
        iam = self.aws("iam")
        if name not in {each["RoleName"] for each in iam.list_roles()["Roles"]}:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        api = self.aws("lambda", region)
        api.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="main.handler",
            Code={"ZipFile": code},
            Tags={"service": "shop"},
            **wish,
        )
        return api

    def queue(self, name: str = "parcels", **attributes: str) -> str:
        made = self.aws("sqs").create_queue(QueueName=name, Attributes=attributes, tags={"service": "shop"})
        return str(made["QueueUrl"])

    def balanced(self, region: str = WEST, **options: Any) -> Estate:
        """A tagged load balancer with a target group and a listener."""
        estate = self.account.balanced(region, **options)
        self.aws("elbv2", region).add_tags(ResourceArns=[estate.balancer], Tags=TAG)
        return estate

    def ecs(self, estate: Estate, image: str = "plain:1", count: int = 1, **container: Any) -> Any:
        """A tagged ECS service of one container in the estate's network, behind nothing."""
        api = self.aws("ecs", estate.region)
        api.create_cluster(clusterName=estate.cluster)
        definition = self.define(estate.region, image, **container)
        api.create_service(
            cluster=estate.cluster,
            serviceName=estate.service,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.account.placing(estate),
            tags=[{"key": "service", "value": "shop"}],
        )
        return api

    def define(self, region: str, image: str, **container: Any) -> str:
        app = {"name": "app", "image": image, "portMappings": [{"containerPort": 8080}], "memory": 128} | container
        made = self.aws("ecs", region).register_task_definition(
            family="web",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[app],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def auto_scaling_group(self, zones: list[str], most: int) -> Any:
        """A tagged Auto Scaling group of one instance."""
        ec2, api = self.aws("ec2"), self.aws("autoscaling")
        image = ec2.register_image(Name="web")["ImageId"]
        api.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro")
        api.create_auto_scaling_group(
            AutoScalingGroupName="web",
            LaunchConfigurationName="web",
            MinSize=1,
            MaxSize=most,
            DesiredCapacity=1,
            AvailabilityZones=zones,
            Tags=[{"Key": "service", "Value": "shop", "PropagateAtLaunch": False}],
        )
        return api
