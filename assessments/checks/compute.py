"""What runs the service, as AWS describes it: ECS services and their containers, functions, Auto Scaling groups.

Not here: judging it (`capacity`, `images`, `observability`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from assessments.checks.context import CheckUnavailable
from assessments.checks.data_stores import Described
from assessments.checks.reading import Reading
from assessments.checks.resources import TAGS, candidates, described, note, note_missing
from assessments.checks.results import Resource

ECS = (TAGS, "ecs:DescribeServices")
FUNCTIONS = (TAGS, "lambda:GetFunctionConfiguration")
GROUPS = ("autoscaling:DescribeAutoScalingGroups",)
CONTAINERS = "ecs:DescribeTaskDefinition"


def ecs_services(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each active ECS service with its description; its name is `cluster/service`."""

    def describe(service: Resource) -> dict[str, Any] | None:
        cluster, _, name = service.name.rpartition("/")
        wanted = {"cluster": cluster or "default", "services": [name]}
        answer = reading.call_if_there("ecs:DescribeServices", wanted, service.region, {"ClusterNotFoundException"})
        rows = [row for row in (answer or {}).get("services", []) if row.get("status") == "ACTIVE"]
        return rows[0] if rows else None

    return described(reading, "ecs_service", describe, regions)


def containers(reading: Reading, resource: Resource, ecs_service: dict[str, Any]) -> list[dict[str, Any]]:
    """The container definitions of the task definition that an ECS service runs."""
    running = definition_of(ecs_service)
    if running is None:
        raise CheckUnavailable(f"{resource} does not say which task definition it runs. Look at it in the ECS console.")
    answer = reading.call(CONTAINERS, {"taskDefinition": running}, resource.region)
    return list(answer["taskDefinition"]["containerDefinitions"])


def definition_of(ecs_service: Mapping[str, Any]) -> str | None:
    """The task definition that an ECS service runs; one that CodeDeploy deploys names it in its primary task set only."""
    primary = [row for row in ecs_service.get("taskSets") or [] if row.get("status") == "PRIMARY"]
    return ecs_service.get("taskDefinition") or next((row.get("taskDefinition") for row in primary), None)


def functions(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each Lambda function with its configuration."""

    def describe(function: Resource) -> dict[str, Any] | None:
        wanted = {"FunctionName": function.name}
        absent = {"ResourceNotFoundException"}
        return reading.call_if_there("lambda:GetFunctionConfiguration", wanted, function.region, absent)

    return described(reading, "function", describe, regions)


def auto_scaling_groups(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each Auto Scaling group by the service's tag or a hint. The tagging API does not know them; their own filters by tag."""
    hints, where = reading.service.hints, tuple(regions) or reading.service.regions
    wanted = [{"Name": f"tag:{hints.tag_key}", "Values": [hints.tag_value or reading.service.slug]}]
    found: dict[tuple[str, str], tuple[Resource, dict[str, Any]]] = {}
    missing: dict[str, Resource] = {}

    def describe(group: Resource) -> dict[str, Any] | None:
        by_name = {"AutoScalingGroupNames": [group.name]}
        return next(iter(reading.items("autoscaling:DescribeAutoScalingGroups", by_name, group.region)), None)

    for region in where:
        rows = reading.items("autoscaling:DescribeAutoScalingGroups", {"Filters": wanted}, region)
        for named in candidates(reading, "auto_scaling_group", region):
            row = describe(named)
            if row is None:
                missing.setdefault(named.name, named)
            else:
                rows.append(row)
        for row in rows:
            name = row["AutoScalingGroupName"]
            found[name, region] = (
                Resource("auto_scaling_group", name, region, row.get("AutoScalingGroupARN", "")),
                row,
            )
    names = {name for name, _ in found}
    note_missing(reading, [each for name, each in missing.items() if name not in names], where, describe)
    if not found:
        note(reading, "auto_scaling_group", where)
    return list(found.values())


def short_name(resource: Resource) -> str:
    """The last part of a name, as of `cluster/service`: what stays the same where clusters are named by Region."""
    return resource.name.rpartition("/")[2]
