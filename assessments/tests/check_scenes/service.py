"""Scenes of checks of the running service: watching it, its way in, its capacity, its code."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from assessments.tests.check_scenes.data import stores
from assessments.tests.check_scenes.world import ACCOUNT_ID, TAG, World
from portal.sandbox.tests.account import EAST, WEST, Estate, eventually

Scene = Callable[[World], Iterator[None]]


def path(world: World) -> Estate:
    """One part of each kind that a request may pass."""
    stores(world)
    world.function()
    world.queue()
    estate = world.balanced()
    world.ecs(estate)
    return estate


def alarm(world: World, name: str, dimension: str, value: str, **wish: Any) -> None:
    world.aws("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="Errors",
        Dimensions=[{"Name": dimension, "Value": value}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **wish,
    )


def alarms_present(world: World) -> Iterator[None]:
    estate = path(world)
    alarm(world, "of another service", "QueueName", "letters")
    yield
    parts = {
        "TableName": "orders",
        "DBInstanceIdentifier": "ledger",
        "DBClusterIdentifier": "books",
        "FunctionName": "mailer",
        "QueueName": "parcels",
        "ServiceName": estate.service,
        "LoadBalancer": estate.balancer.partition("loadbalancer/")[2],
    }
    for dimension, value in parts.items():
        alarm(world, f"errors of {dimension}", dimension, value)


def alarm_actions_present(world: World) -> Iterator[None]:
    path(world)
    topic = world.aws("sns").create_topic(Name="rota")["TopicArn"]
    alarm(world, "table", "TableName", "orders", AlarmActions=[topic])
    alarm(world, "tagged", "Anything", "else", Tags=TAG)
    yield
    queue = world.aws("sqs").create_queue(QueueName="pager")["QueueUrl"]
    world.aws("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{WEST}:{ACCOUNT_ID}:{queue.rpartition('/')[2]}"
    )
    alarm(world, "tagged", "Anything", "else", Tags=TAG, AlarmActions=[topic])


def tracing_on(world: World) -> Iterator[None]:
    world.function()
    estate = world.balanced()
    ecs = world.ecs(estate)
    yield
    world.aws("lambda").delete_function(FunctionName="mailer")  # the sandbox takes tracing at creation only
    world.function(TracingConfig={"Mode": "Active"})
    where = {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://127.0.0.1:4317"}
    definition = world.define(WEST, "plain:2", environment=[where])
    ecs.update_service(cluster=estate.cluster, service=estate.service, taskDefinition=definition)


def dashboard_exists(world: World) -> Iterator[None]:
    path(world)
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "orders"}}]})
    world.aws("cloudwatch").put_dashboard(DashboardName="notes", DashboardBody=body)
    yield
    metrics = [["AWS/DynamoDB", "ThrottledRequests", "TableName", "orders"]]
    widgets = [
        {"type": "metric", "properties": {"region": region, "metrics": metrics, "period": 60, "stat": "Sum"}}
        for region in (WEST, EAST)
    ]
    world.aws("cloudwatch").put_dashboard(DashboardName="shop", DashboardBody=json.dumps({"widgets": widgets}))


def log_retention_set(world: World) -> Iterator[None]:
    logs = world.aws("logs")
    for name in ("/shop/core", "/shop/other", "/unlike"):
        logs.create_log_group(logGroupName=name, tags={"service": "shop"} if name == "/shop/core" else {})
    world.names["log_group"] = ("/shop/o*",)
    yield
    for name in ("/shop/core", "/shop/other"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=30)


def traffic_has_two_regions(world: World) -> Iterator[None]:
    west, east = world.account.serving(WEST, count=1), world.account.serving(EAST, count=1)
    entry = world.account.accelerate(west)
    zone = world.aws("route53").create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    world.names |= {"accelerator": ("entry",), "dns_record": (f"{zone.rpartition('/')[2]}/www.shop.example",)}
    for estate in (west, east):
        _dns_record(world, zone, estate)
    world.account.scale(east, 0)
    eventually(lambda: world.account.ask(host=east.balancer_name).status == 503)
    yield
    world.account.scale(east, 1)
    eventually(lambda: world.account.ask(host=east.balancer_name).status == 200)
    accelerator = world.aws("globalaccelerator")
    endpoint = {"EndpointId": east.balancer, "Weight": 0}
    group = accelerator.create_endpoint_group(
        ListenerArn=entry.listener, EndpointGroupRegion=EAST, EndpointConfigurations=[endpoint]
    )["EndpointGroup"]["EndpointGroupArn"]

    def is_healthy() -> bool:
        seen = accelerator.describe_endpoint_group(EndpointGroupArn=group)["EndpointGroup"]
        return bool(seen["EndpointDescriptions"][0]["HealthState"] == "HEALTHY")

    eventually(is_healthy)


def _dns_record(world: World, zone: str, estate: Estate) -> None:
    route53 = world.aws("route53")
    target = estate.balancer_name
    settings = {"Type": "HTTP", "FullyQualifiedDomainName": target, "ResourcePath": "/", "Port": 80}
    check = route53.create_health_check(CallerReference=target, HealthCheckConfig=settings)["HealthCheck"]["Id"]
    record = {
        "Name": "www.shop.example.",
        "Type": "CNAME",
        "TTL": 60,
        "SetIdentifier": estate.region,
        "Weight": 1,
        "ResourceRecords": [{"Value": target}],
        "HealthCheckId": check,
    }
    changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def health_check_deep(world: World) -> Iterator[None]:
    estate = world.balanced()
    yield
    world.aws("elbv2").modify_target_group(TargetGroupArn=estate.targets, HealthCheckPath="/health")


def certificate(world: World, days: int, arn: str = "") -> str:
    """Import a certificate that ends in so many days; over another one where its ARN is given."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    signed = builder.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    options = {"CertificateArn": arn} if arn else {}
    made = world.aws("acm").import_certificate(
        Certificate=signed.public_bytes(serialization.Encoding.PEM), PrivateKey=private, **options
    )
    return str(made["CertificateArn"])


def certificate_not_expiring(world: World) -> Iterator[None]:
    estate = world.balanced()
    arn = certificate(world, days=20)
    world.aws("elbv2").create_listener(
        LoadBalancerArn=estate.balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": estate.targets}],
    )
    yield
    certificate(world, days=90, arn=arn)


def multi_az(world: World) -> Iterator[None]:
    stores(world)
    estate = world.balanced()
    both, estate.subnets = estate.subnets, estate.subnets[:1]
    elbv2 = world.aws("elbv2")
    elbv2.delete_load_balancer(LoadBalancerArn=estate.balancer)
    # A network load balancer may stand in one zone.
    made = elbv2.create_load_balancer(Name="back", Type="network", Subnets=estate.subnets, Tags=TAG)
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    ecs = world.ecs(estate)
    groups = world.auto_scaling_group([f"{WEST}a"], most=1)
    yield
    estate.subnets = both
    elbv2.set_subnets(LoadBalancerArn=balancer, Subnets=both)
    ecs.update_service(
        cluster=estate.cluster, service=estate.service, networkConfiguration=world.account.placing(estate)
    )
    groups.update_auto_scaling_group(AutoScalingGroupName="web", AvailabilityZones=[f"{WEST}a", f"{WEST}b"])
    rds = world.aws("rds")
    rds.modify_db_instance(DBInstanceIdentifier="ledger", MultiAZ=True, ApplyImmediately=True)
    for zone in "ab":  # a cluster of Aurora becomes Multi-AZ with its second instance
        rds.create_db_instance(
            DBInstanceIdentifier=f"books-{zone}",
            DBClusterIdentifier="books",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
            AvailabilityZone=WEST + zone,
        )


def autoscaling_configured(world: World) -> Iterator[None]:
    world.table(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})
    estate = world.balanced()
    world.ecs(estate)
    groups = world.auto_scaling_group([f"{WEST}a"], most=1)
    scaling = world.aws("application-autoscaling")
    target = {"ServiceNamespace": "ecs", "ResourceId": f"service/{estate.cluster}/{estate.service}"}
    target["ScalableDimension"] = "ecs:service:DesiredCount"
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    yield
    scaling.put_scaling_policy(**target, PolicyName="cpu", PolicyType="TargetTrackingScaling")
    world.aws("dynamodb").update_table(TableName="orders", BillingMode="PAY_PER_REQUEST")
    groups.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize=3)
    groups.put_scaling_policy(
        AutoScalingGroupName="web", PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )


def recovery_region_quotas(world: World) -> Iterator[None]:
    path(world)
    world.auto_scaling_group([f"{WEST}a"], most=1)
    codes = ("autoscaling", "dynamodb", "ec2", "ecs", "elasticloadbalancing", "fargate", "lambda", "rds")
    for code in codes:
        double_quotas(world, code, WEST)
    yield
    for code in codes:
        double_quotas(world, code, EAST)


def double_quotas(world: World, code: str, region: str) -> None:
    """Every quota of a service becomes twice what it was; returns when that was approved."""
    quotas = world.aws("service-quotas", region)
    for row in quotas.list_service_quotas(ServiceCode=code)["Quotas"]:
        named = {"ServiceCode": code, "QuotaCode": row["QuotaCode"]}
        quotas.request_service_quota_increase(**named, DesiredValue=2 * row["Value"])
        ask = partial(quotas.get_service_quota, **named)
        eventually(lambda ask=ask, row=row: ask()["Quota"]["Value"] == 2 * row["Value"])


def recovery_capacity_running(world: World) -> Iterator[None]:
    world.ecs(world.balanced(WEST))
    east = world.balanced(EAST)
    ecs = world.ecs(east, count=0)
    yield
    world.account.scale(east, 1)
    eventually(lambda: ecs.describe_services(cluster="shop", services=["web"])["services"][0]["runningCount"] == 1)


def registry(region: str) -> str:
    return f"{ACCOUNT_ID}.dkr.ecr.{region}.amazonaws.com/plain:1"


def push(world: World, region: str, content: str) -> None:
    """An image in the Region's registry whose digest follows from its content."""
    ecr = world.aws("ecr", region)
    if not ecr.describe_repositories()["repositories"]:
        ecr.create_repository(repositoryName="plain")
    digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": digest},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1, "digest": digest}],
    }
    ecr.put_image(repositoryName="plain", imageManifest=json.dumps(manifest), imageTag="1")


def image_digest_parity(world: World) -> Iterator[None]:
    for region, content in ((WEST, "release 2"), (EAST, "release 1")):
        world.ecs(world.balanced(region), image=registry(region))
        push(world, region, content)
        world.function(region=region, code=content.encode())
    yield
    push(world, EAST, "release 2")
    world.aws("lambda", EAST).update_function_code(FunctionName="mailer", ZipFile=b"release 2")


def images_in_own_region(world: World) -> Iterator[None]:
    east = world.balanced(EAST)
    ecs = world.ecs(east, image=registry(WEST))
    yield
    definition = world.define(EAST, registry(EAST))
    ecs.update_service(cluster=east.cluster, service=east.service, taskDefinition=definition)


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        alarms_present,
        alarm_actions_present,
        tracing_on,
        dashboard_exists,
        log_retention_set,
        traffic_has_two_regions,
        health_check_deep,
        certificate_not_expiring,
        multi_az,
        autoscaling_configured,
        recovery_region_quotas,
        recovery_capacity_running,
        image_digest_parity,
        images_in_own_region,
    )
}
