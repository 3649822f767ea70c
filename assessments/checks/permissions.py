"""The IAM action behind each API operation: mostly the operation's own name under the prefix that IAM uses for the service.

Source: the service authorization reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
Not here: which check makes which call (`registry`).
"""

from collections.abc import Iterable

# boto3's name of a service where IAM's prefix differs.
PREFIXES = {
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
}
# Operations whose IAM action has another name.
NAMED_OTHERWISE = {
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
}


def action_of(api: str) -> str:
    """The IAM action that allows an operation, e.g. `tag:GetResources` for `resourcegroupstaggingapi:GetResources`."""
    service, _, operation = api.partition(":")
    return NAMED_OTHERWISE.get(api, f"{PREFIXES.get(service, service)}:{operation}")


def actions_of(apis: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({action_of(api) for api in apis}))
