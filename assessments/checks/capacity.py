"""Checks of capacity: several zones, scaling, room and running copies in the recovery Region.

Not here: how much load a Region really carries; a load test or a drill says that.
"""

from collections.abc import Iterator
from typing import Any

from assessments.checks.compute import ECS, FUNCTIONS, GROUPS, auto_scaling_groups, ecs_services, functions, short_name
from assessments.checks.context import CheckUnavailable
from assessments.checks.data_stores import CLUSTERS, INSTANCES, TABLES, clusters, instances, tables
from assessments.checks.entrances import LOAD_BALANCERS, load_balancers
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Resource

ZONES = (*LOAD_BALANCERS, *ECS, *GROUPS, *INSTANCES, *CLUSTERS, "ec2:DescribeSubnets")
SCALING = (
    *ECS,
    *GROUPS,
    *TABLES,
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "autoscaling:DescribePolicies",
)
QUOTAS = (
    *LOAD_BALANCERS,
    *ECS,
    *FUNCTIONS,
    *GROUPS,
    *TABLES,
    *INSTANCES,
    *CLUSTERS,
    "service-quotas:ListServiceQuotas",
)
RUNNING = ECS


def multi_az(reading: Reading) -> Iterator[Finding]:
    """Load balancers, ECS services, Auto Scaling groups and databases span two Availability Zones in every Region."""
    for balancer, row in load_balancers(reading):
        yield _zones(balancer, {each["ZoneName"] for each in row.get("AvailabilityZones") or []})
    for service, row in ecs_services(reading):
        network = (row.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        if network.get("subnets"):
            wanted = {"SubnetIds": sorted(network["subnets"])}
            subnets = reading.call("ec2:DescribeSubnets", wanted, service.region)["Subnets"]
            yield _zones(service, {each["AvailabilityZone"] for each in subnets})
    for group, row in auto_scaling_groups(reading):
        yield _zones(group, set(row.get("AvailabilityZones") or []))
    for database, row in (*instances(reading), *clusters(reading)):
        is_met = bool(row.get("MultiAZ"))
        yield Finding(database, is_met, f"Multi-AZ is {'on' if is_met else 'off'}", {"MultiAZ": is_met})


def _zones(resource: Resource, zones: set[str]) -> Finding:
    names = sorted(zones)
    says = f"spans {', '.join(names)}" if len(names) > 1 else f"only in {names[0] if names else 'no zone'}"
    return Finding(resource, len(names) > 1, says, {"zones": names})


def autoscaling_configured(reading: Reading) -> Iterator[Finding]:
    """ECS services, Auto Scaling groups and tables with provisioned throughput may grow, and a policy makes them."""
    for service, _ in ecs_services(reading):
        yield _scalable(reading, service, "ecs", f"service/{service.name}")
    for group, row in auto_scaling_groups(reading):
        policies = reading.items("autoscaling:DescribePolicies", {"AutoScalingGroupName": group.name}, group.region)
        enabled = [each["PolicyName"] for each in policies if each.get("Enabled", True)]
        yield _growing(group, row.get("MinSize", 0), row.get("MaxSize", 0), enabled)
    for table, row in tables(reading):
        mode = (row.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        if mode == "PAY_PER_REQUEST":
            yield Finding(table, True, "its throughput is on demand", {"BillingMode": mode})
        else:
            yield _scalable(reading, table, "dynamodb", f"table/{table.name}")


def _scalable(reading: Reading, resource: Resource, namespace: str, resource_id: str) -> Finding:
    target = {"ServiceNamespace": namespace, "ResourceIds": [resource_id]}
    targets = reading.items("application-autoscaling:DescribeScalableTargets", target, resource.region)
    if not targets:
        return Finding(resource, False, "has no scalable target", {"targets": 0})
    wanted = {"ServiceNamespace": namespace, "ResourceId": resource_id}
    policies = reading.items("application-autoscaling:DescribeScalingPolicies", wanted, resource.region)
    narrowest = min(targets, key=lambda each: each["MaxCapacity"] - each["MinCapacity"])
    return _growing(
        resource, narrowest["MinCapacity"], narrowest["MaxCapacity"], [each["PolicyName"] for each in policies]
    )


def _growing(resource: Resource, least: int, most: int, policies: list[str]) -> Finding:
    facts = {"min": least, "max": most, "policies": policies}
    if most <= least:
        return Finding(resource, False, f"cannot grow: minimum and maximum are {least} and {most}", facts)
    if not policies:
        return Finding(resource, False, f"may grow from {least} to {most}, but no policy makes it", facts)
    return Finding(resource, True, f"grows from {least} to {most}", facts)


# Which quotas matter for what a service uses: service codes of Service Quotas.
_CODES = {
    "load_balancer": ("elasticloadbalancing",),
    "ecs_service": ("ecs", "fargate"),
    "function": ("lambda",),
    "auto_scaling_group": ("ec2", "autoscaling"),
    "table": ("dynamodb",),
    "db_instance": ("rds",),
    "db_cluster": ("rds",),
}


def recovery_region_quotas(reading: Reading) -> Iterator[Finding]:
    """No quota of a service in use is lower in a recovery Region than in the primary. What is used of it is not looked at."""
    service, where = reading.service, [reading.service.primary_region]
    found = (
        *load_balancers(reading, where),
        *ecs_services(reading, where),
        *functions(reading, where),
        *auto_scaling_groups(reading, where),
        *tables(reading, where),
        *instances(reading, where),
        *clusters(reading, where),
    )
    codes = sorted({code for resource, _ in found for code in _CODES[resource.kind]})
    for code in codes:
        primary = _quotas(reading, code, service.primary_region)
        for region in service.recovery_regions:
            there = _quotas(reading, code, region)
            lower = {
                name: {"primary": value, "recovery": there[key][1]}
                for key, (name, value) in primary.items()
                if key in there and there[key][1] < value
            }
            compared = len(primary.keys() & there.keys())
            if not compared:
                raise CheckUnavailable(
                    f"Service Quotas names no quota of {code} in both {service.primary_region} and {region}, so nothing "
                    "could be compared. Compare them in its console."
                )
            says = f"lower than in {service.primary_region}: {', '.join(sorted(lower))}" if lower else "none is lower"
            facts = {"compared": compared, "lower": lower}
            yield Finding(Resource("quota", f"quotas of {code}", region), not lower, says, facts)


def _quotas(reading: Reading, code: str, region: str) -> dict[str, tuple[str, float]]:
    """Quota code to (name, value) of what is applied in the Region."""
    rows = reading.items("service-quotas:ListServiceQuotas", {"ServiceCode": code}, region)
    regional = [row for row in rows if not row.get("GlobalQuota") and row.get("Value") is not None]
    return {row["QuotaCode"]: (row["QuotaName"], float(row["Value"])) for row in regional}


def recovery_capacity_running(reading: Reading) -> Iterator[Finding]:
    """Where the strategy keeps the recovery Region running, each ECS service of the primary has running tasks there."""
    service = reading.service
    if not service.is_running_in_recovery:
        return
    for primary, _ in ecs_services(reading, [service.primary_region]):
        for region in service.recovery_regions:
            name = short_name(primary)
            rows = [(each, row) for each, row in ecs_services(reading, [region]) if short_name(each) == name]
            running = sum(row.get("runningCount", 0) for _, row in rows)
            seen: dict[str, Any] = {
                "runningCount": running,
                "desiredCount": sum(row["desiredCount"] for _, row in rows),
            }
            is_met = running > 0 and running >= seen["desiredCount"]
            says = f"{running} of {seen['desiredCount']} tasks run" if rows else "there is no such service"
            yield Finding(Resource("ecs_service", primary.name, region), is_met, says, seen)
