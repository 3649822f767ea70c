"""Checks of what is deployed: the same code in both Regions, from a registry of the Region itself.

Not here: how it is built.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assessments.checks.compute import (
    CONTAINERS,
    ECS,
    FUNCTIONS,
    containers,
    definition_of,
    ecs_services,
    functions,
    short_name,
)
from assessments.checks.context import CheckUnavailable
from assessments.checks.data_stores import Described
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Resource

DIGESTS = (*ECS, CONTAINERS, *FUNCTIONS, "ecr:DescribeImages")
REGISTRIES = (*ECS, CONTAINERS)
_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?$"
)
_MISSING = "does not exist in the recovery Region"
_DIGEST = re.compile(r"@(sha256:[0-9a-f]+)$")


@dataclass(frozen=True)
class _Pair:
    """One thing deployed in two Regions: what runs in each, by the name of its part. None: its image is not in the registry."""

    primary: dict[str, str | None]
    recovery: dict[str, str | None]


def image_digest_parity(reading: Reading) -> Iterator[Finding]:
    """Containers of ECS services, and code of functions, are the same by digest in the primary and each recovery Region."""
    service = reading.service
    here = ecs_services(reading, [service.primary_region])
    code = functions(reading, [service.primary_region])
    for region in service.recovery_regions:
        there = {short_name(each): (each, row) for each, row in ecs_services(reading, [region])}
        for resource, row in here:
            if short_name(resource) in there:
                other, other_row = there[short_name(resource)]
                yield _compared(other, _Pair(_digests(reading, resource, row), _digests(reading, other, other_row)))
            elif service.is_running_in_recovery:
                facts = {"primary": definition_of(row), "recovery": None}
                yield Finding(Resource("ecs_service", resource.name, region), False, _MISSING, facts)
        yield from _functions_compared(reading, code, region)


def _functions_compared(reading: Reading, code: Described, region: str) -> Iterator[Finding]:
    there = {each.name: (each, row) for each, row in functions(reading, [region])}
    for resource, row in code:
        if resource.name in there:
            other, other_row = there[resource.name]
            yield _compared(other, _Pair({"code": row.get("CodeSha256")}, {"code": other_row.get("CodeSha256")}))
        elif reading.service.is_running_in_recovery:
            facts = {"primary": row.get("CodeSha256"), "recovery": None}
            yield Finding(Resource("function", resource.name, region), False, _MISSING, facts)


def _compared(resource: Resource, pair: _Pair) -> Finding:
    facts = {"primary": pair.primary, "recovery": pair.recovery}
    missing = sorted(
        {name for part in (pair.primary, pair.recovery) for name, digest in part.items() if digest is None}
    )
    if missing:
        return Finding(resource, False, f"the image of {', '.join(missing)} is not in its registry", facts)
    other = sorted(
        name for name in pair.primary.keys() | pair.recovery.keys() if pair.primary.get(name) != pair.recovery.get(name)
    )
    says = f"differs from the primary Region in {', '.join(other)}" if other else "runs what the primary Region runs"
    return Finding(resource, not other, says, facts)


def _digests(reading: Reading, resource: Resource, row: dict[str, str]) -> dict[str, str | None]:
    return {each["name"]: _digest(reading, each["image"]) for each in containers(reading, resource, row)}


def _digest(reading: Reading, image: str) -> str | None:
    """The digest an image's name stands for now; None where ECR has no such image."""
    pinned = _DIGEST.search(image)
    if pinned:
        return pinned[1]
    match = _ECR.match(image)
    if match is None:
        raise CheckUnavailable(
            f"{image} is named by a tag in a registry that is not ECR, so nobody can tell what it stands for. Name it by digest."
        )
    wanted = {
        "registryId": match["account"],
        "repositoryName": match["repository"],
        "imageIds": [{"imageTag": match["tag"] or "latest"}],
    }
    absent = {"ImageNotFoundException", "RepositoryNotFoundException"}
    answer = reading.call_if_there("ecr:DescribeImages", wanted, match["region"], absent)
    return answer["imageDetails"][0]["imageDigest"] if answer and answer.get("imageDetails") else None


def images_in_own_region(reading: Reading) -> Iterator[Finding]:
    """Tasks pull from ECR of their own Region: when a Region is lost, its registry is too."""
    for resource, row in ecs_services(reading):
        for container in containers(reading, resource, row):
            match = _ECR.match(container["image"])
            if match is not None:
                is_met = match["region"] == resource.region
                says = f"{container['name']} is pulled from {match['region']}"
                yield Finding(resource, is_met, says, {"image": container["image"]})
