"""Checks of what keeps data and entrances from being lost by mistake: deletion protection, encryption, dead-letter queues.

Not here: backups (`backups`), vault locks among them.
"""

import json
from collections.abc import Iterator

from assessments.checks.data_stores import (
    CLUSTERS,
    INSTANCES,
    QUEUES,
    TABLES,
    clusters,
    instances,
    queues,
    tables,
)
from assessments.checks.entrances import LOAD_BALANCERS, load_balancers
from assessments.checks.reading import Reading
from assessments.checks.results import Finding

DELETION = (*TABLES, *INSTANCES, *CLUSTERS, *LOAD_BALANCERS, "elbv2:DescribeLoadBalancerAttributes")
ENCRYPTION = (*INSTANCES, *CLUSTERS)
DEAD_LETTERS = QUEUES


def deletion_protection_on(reading: Reading) -> Iterator[Finding]:
    """Tables, databases and load balancers of all Regions of the service refuse to be deleted."""
    for table, row in tables(reading):
        yield _protected(Finding(table, bool(row.get("DeletionProtectionEnabled")), ""))
    for database, row in (*instances(reading), *clusters(reading)):
        yield _protected(Finding(database, bool(row.get("DeletionProtection")), ""))
    for balancer, row in load_balancers(reading):
        answer = reading.call(
            "elbv2:DescribeLoadBalancerAttributes", {"LoadBalancerArn": row["LoadBalancerArn"]}, balancer.region
        )
        attributes = {each["Key"]: each.get("Value") for each in answer["Attributes"]}
        yield _protected(Finding(balancer, attributes.get("deletion_protection.enabled") == "true", ""))


def _protected(seen: Finding) -> Finding:
    says = f"deletion protection is {'on' if seen.is_met else 'off'}"
    return Finding(seen.resource, seen.is_met, says, {"deletion_protection": seen.is_met})


def database_encrypted(reading: Reading) -> Iterator[Finding]:
    """Databases are encrypted at rest. DynamoDB and, since January 2023, S3 encrypt all that is stored and are not asked."""
    for database, row in (*instances(reading), *clusters(reading)):
        is_encrypted = bool(row.get("StorageEncrypted"))
        facts = {"StorageEncrypted": is_encrypted, "KmsKeyId": row.get("KmsKeyId")}
        yield Finding(database, is_encrypted, f"storage is {'' if is_encrypted else 'not '}encrypted", facts)


def queue_has_dead_letter(reading: Reading) -> Iterator[Finding]:
    """Each queue puts aside what cannot be handled; queues that are such a place themselves are not asked."""
    found = queues(reading)
    policies = {resource: json.loads(row.get("RedrivePolicy") or "{}") for resource, row in found}
    targets = {policy.get("deadLetterTargetArn") for policy in policies.values()}
    for queue, row in found:
        if row.get("QueueArn") in targets or "RedriveAllowPolicy" in row:
            continue
        policy = policies[queue]
        target = policy.get("deadLetterTargetArn")
        says = f"{target.rpartition(':')[2]} takes what fails" if target else "has no dead-letter queue"
        yield Finding(queue, bool(target), says, {"RedrivePolicy": policy})
