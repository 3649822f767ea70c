"""Which resources are a service's: those that carry its tag and those that its hints name.

Tags are read through the Resource Groups Tagging API, Region by Region
(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html). Not here: what the resources are
like (`data_stores`, `compute`, `entrances`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from assessments.checks.reading import Reading
from assessments.checks.results import Resource

TAGS = "resourcegroupstaggingapi:GetResources"
_ARN_REGION = 3


@dataclass(frozen=True)
class Kind:
    """One kind of resource: what the tagging API calls it, how its ARN holds its name, how a hint names it.

    `type_filter` is empty for what the tagging API does not know. Where it names a whole service the ARN decides.
    """

    name: str
    words: str
    type_filter: str
    arn: re.Pattern[str]
    hint: str


def _kind(name: str, words: str, type_filter: str, arn: str, hint: str = "name") -> Kind:
    return Kind(name, words, type_filter, re.compile(arn), hint)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("table", "DynamoDB table", "dynamodb:table", r":dynamodb:[^:]*:\d+:table/([^/]+)$"),
        _kind("db_instance", "RDS instance", "rds:db", r":rds:[^:]*:\d+:db:(.+)$"),
        _kind("db_cluster", "Aurora or RDS cluster", "rds:cluster", r":rds:[^:]*:\d+:cluster:(.+)$"),
        _kind("bucket", "S3 bucket", "s3", r":s3:::([^/]+)$"),
        _kind("secret", "secret", "secretsmanager:secret", r":secret:(.+)-[A-Za-z0-9]{6}$"),
        _kind("queue", "SQS queue", "sqs", r":sqs:[^:]*:\d+:(.+)$"),
        _kind("load_balancer", "load balancer", "elasticloadbalancing:loadbalancer",
              r":loadbalancer/(?:app|net|gwy)/([^/]+)/[^/]+$"),
        _kind("ecs_service", "ECS service", "ecs:service", r":ecs:[^:]*:\d+:service/([^/]+/[^/]+)$", "cluster/service"),
        _kind("function", "Lambda function", "lambda:function", r":lambda:[^:]*:\d+:function:([^:]+)$"),
        _kind("auto_scaling_group", "Auto Scaling group", "", r":autoScalingGroup:[^:]*:autoScalingGroupName/(.+)$"),
        _kind("log_group", "log group", "logs", r":log-group:(.+?)(?::\*)?$", "name, or prefix with * at its end"),
        _kind("alarm", "alarm", "cloudwatch:alarm", r":alarm:(.+)$", "name, or prefix with * at its end"),
        _kind("dashboard", "dashboard", "", r":dashboard/(.+)$", "name, or prefix with * at its end"),
        _kind("certificate", "certificate", "acm:certificate", r":acm:[^:]*:\d+:certificate/(.+)$", "ARN"),
        _kind("accelerator", "accelerator", "globalaccelerator:accelerator", r":accelerator/([^/]+)$"),
        _kind("dns_record", "Route 53 record", "", r":hostedzone/([^/]+/.+)$", "zone id/record name"),
        _kind("backup_vault", "backup vault", "backup:backup-vault", r":backup-vault:(.+)$"),
    )
}  # fmt: skip


def tagged(reading: Reading, kind: Kind, region: str) -> list[Resource]:
    """The resources of the kind in the Region that carry the service's tag."""
    if not kind.type_filter:
        return []
    hints = reading.service.hints
    wanted = {"Key": hints.tag_key, "Values": [hints.tag_value or reading.service.slug]}
    rows = reading.items(TAGS, {"TagFilters": [wanted], "ResourceTypeFilters": [kind.type_filter]}, region)
    found = ((row["ResourceARN"], kind.arn.search(row["ResourceARN"])) for row in rows)
    return [Resource(kind.name, match[1], region, arn) for arn, match in found if match]


def hinted(reading: Reading, kind: Kind, region: str) -> Iterator[Resource]:
    """The resources of the kind that the hints name, as they would be in the Region; nobody has looked for them yet."""
    for wanted in reading.service.hints.names.get(kind.name, ()):
        match = kind.arn.search(wanted) if wanted.startswith("arn:") else None
        if match is None:
            yield Resource(kind.name, wanted, region, is_hinted=True)
        elif wanted.split(":")[_ARN_REGION] in {"", region}:
            yield Resource(kind.name, match[1], region, wanted, is_hinted=True)


def candidates(reading: Reading, kind_name: str, region: str) -> list[Resource]:
    """Tagged and hinted resources of the kind in the Region, each name once."""
    kind = KINDS[kind_name]
    by_name: dict[str, Resource] = {}
    for resource in (*tagged(reading, kind, region), *hinted(reading, kind, region)):
        by_name.setdefault(resource.name, resource)
    return list(by_name.values())


def described(
    reading: Reading,
    kind_name: str,
    describe: Callable[[Resource], dict[str, Any] | None],
    regions: Iterable[str] = (),
) -> list[tuple[Resource, dict[str, Any]]]:
    """Each resource of the kind that exists in the Regions (all of the service where none are given), with what AWS says of it.

    `describe` answers None where there is none. A hinted name that exists in no Region of the service is noted as not found.
    """
    found: list[tuple[Resource, dict[str, Any]]] = []
    missing: dict[str, Resource] = {}
    where = tuple(regions) or reading.service.regions
    for region in where:
        for resource in candidates(reading, kind_name, region):
            answer = describe(resource)
            if answer is not None:
                found.append((resource, answer))
            elif resource.is_hinted:
                missing.setdefault(resource.name, resource)
    names = {resource.name for resource, _ in found}
    note_missing(reading, [each for name, each in missing.items() if name not in names], where, describe)
    if not found:
        note(reading, kind_name, where)
    return found


def note_missing(
    reading: Reading,
    missing: Iterable[Resource],
    regions: Iterable[str],
    describe: Callable[[Resource], dict[str, Any] | None],
) -> None:
    """Remember the hinted resources that exist in no Region of the service; those looked in already are not asked again."""
    elsewhere = [region for region in reading.service.regions if region not in set(regions)]
    for resource in missing:
        others = () if resource.arn else (replace(resource, region=region) for region in elsewhere)
        if resource not in reading.not_found and all(describe(other) is None for other in others):
            reading.not_found.append(resource)


def note(reading: Reading, kind_name: str, regions: Iterable[str]) -> None:
    """Remember what was looked for and not found, for the sentence that says that there was nothing to check."""
    words, where = KINDS[kind_name].words, f" in {' or '.join(regions)}"
    if words not in reading.looked_for.setdefault(where, []):
        reading.looked_for[where].append(words)


def note_unmatched(reading: Reading, kind_name: str, names: Iterable[str]) -> None:
    """Remember a kind looked for in all Regions, and the hints that fit none of the names that were seen."""
    seen = set(names)
    for pattern in reading.service.hints.names.get(kind_name, ()):
        if not any(is_named(name, [pattern]) for name in seen):
            reading.not_found.append(Resource(kind_name, pattern, is_hinted=True))
    note(reading, kind_name, reading.service.regions)


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether a hint names it: exactly, by ARN, or by a prefix that ends in `*`."""
    return any(
        name.startswith(pattern[:-1])
        if pattern.endswith("*")
        else name == pattern or (pattern.endswith((f":{name}", f"/{name}")) and pattern.startswith("arn:"))
        for pattern in patterns
    )
