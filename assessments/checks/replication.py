"""Checks of copies in the recovery Region: tables, databases, buckets, secrets; and versions of objects.

Not here: backups (`backups`) and how far a replica lags, which drills measure as the RPO.
"""

from collections.abc import Iterator
from typing import Any

from assessments.checks.data_stores import (
    BUCKETS,
    CLUSTERS,
    INSTANCES,
    SECRETS,
    TABLES,
    bucket_location,
    buckets,
    clusters,
    instances,
    secrets,
    tables,
)
from assessments.checks.reading import Reading
from assessments.checks.results import Finding, Resource

REPLICAS = (*TABLES, *INSTANCES, *CLUSTERS, "rds:DescribeGlobalClusters")
SECRET_REPLICAS = SECRETS
VERSIONS = (*BUCKETS, "s3:GetBucketVersioning")
BUCKET_REPLICAS = (*BUCKETS, "s3:GetBucketReplication")
_ARN_REGION = 3


def replica_in_recovery_region(reading: Reading) -> Iterator[Finding]:
    """Each store of the primary Region has a replica in every recovery Region, and AWS calls it active."""
    service = reading.service
    where = [service.primary_region]
    for table, row in tables(reading, where):
        states = {each["RegionName"]: each.get("ReplicaStatus", "") for each in row.get("Replicas") or []}
        yield from _per_region(
            reading, table, {region for region, state in states.items() if state == "ACTIVE"}, states
        )
    for instance, row in instances(reading, where):
        found = [name for name in row.get("ReadReplicaDBInstanceIdentifiers") or [] if name.startswith("arn:")]
        states = {arn.split(":")[_ARN_REGION]: _replica_state(reading, arn) for arn in found}
        yield from _per_region(
            reading, instance, {region for region, state in states.items() if state == "available"}, states
        )
    for cluster, row in clusters(reading, where):
        states = _global_members(reading, cluster, row["DBClusterArn"])
        yield from _per_region(reading, cluster, set(states), states)


def _per_region(reading: Reading, store: Resource, active: set[str], states: dict[str, str]) -> Iterator[Finding]:
    for region in reading.service.recovery_regions:
        is_met, state = region in active, states.get(region)
        says = f"its replica in {region} is active" if is_met else f"no active replica in {region} ({state or 'none'})"
        yield Finding(store, is_met, says, {"region": region, "status": state})


def _replica_state(reading: Reading, arn: str) -> str:
    region, name = arn.split(":")[_ARN_REGION], arn.rpartition(":")[2]
    answer = reading.call("rds:DescribeDBInstances", {"DBInstanceIdentifier": name}, region)
    return str(answer["DBInstances"][0].get("DBInstanceStatus", ""))


def _global_members(reading: Reading, cluster: Resource, arn: str) -> dict[str, str]:
    """Region to ARN of the other members of the cluster's global database."""
    wanted = {"Filters": [{"Name": "db-cluster-id", "Values": [arn]}]}
    members: dict[str, str] = {}
    for row in reading.items("rds:DescribeGlobalClusters", wanted, cluster.region):
        arns = [each["DBClusterArn"] for each in row.get("GlobalClusterMembers") or []]
        if arn in arns:
            members |= {other.split(":")[_ARN_REGION]: other for other in arns if other != arn}
    return members


def secrets_replicated(reading: Reading) -> Iterator[Finding]:
    """Each secret of the primary Region is replicated to every recovery Region, in step."""
    for secret, row in secrets(reading, [reading.service.primary_region]):
        states = {each["Region"]: each.get("Status", "") for each in row.get("ReplicationStatus") or []}
        for region in reading.service.recovery_regions:
            state = states.get(region)
            says = f"its replica in {region} is {'in step' if state == 'InSync' else state or 'missing'}"
            yield Finding(secret, state == "InSync", says, {"region": region, "status": state})


def versioning_on(reading: Reading) -> Iterator[Finding]:
    """Versioning keeps what was overwritten or deleted, and replication of a bucket needs it."""
    for bucket in buckets(reading):
        answer = reading.call("s3:GetBucketVersioning", {"Bucket": bucket.name}, bucket.region)
        status = answer.get("Status") or "never enabled"
        yield Finding(bucket, status == "Enabled", f"versioning is {status.lower()}", {"Status": status})


def bucket_replication_on(reading: Reading) -> Iterator[Finding]:
    """Each bucket of the primary Region has an enabled rule whose destination lies in a recovery Region."""
    service = reading.service
    if not service.recovery_regions:
        return
    for bucket in (each for each in buckets(reading) if each.region == service.primary_region):
        answer = reading.call_if_there(
            "s3:GetBucketReplication",
            {"Bucket": bucket.name},
            bucket.region,
            {"ReplicationConfigurationNotFoundError"},
        )
        rules = _enabled_rules(answer or {})
        destinations = sorted({rule["Destination"]["Bucket"].rpartition(":")[2] for rule in rules})
        locations = {name: (bucket_location(reading, name) or {}).get("Region") for name in destinations}
        is_met = any(region in service.recovery_regions for region in locations.values())
        says = f"replicates to {', '.join(destinations)}" if destinations else "has no enabled replication rule"
        if destinations and not is_met:
            says += f", none of which lies in {' or '.join(service.recovery_regions)}"
        yield Finding(bucket, is_met, says, {"enabled_rules": len(rules), "destinations": locations})


def _enabled_rules(answer: dict[str, Any]) -> list[dict[str, Any]]:
    rules = (answer.get("ReplicationConfiguration") or {}).get("Rules") or []
    return [rule for rule in rules if rule.get("Status") == "Enabled"]
