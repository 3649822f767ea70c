"""Checks of backups: that there are any, how old the newest is, point-in-time recovery, restores, locked vaults.

Not here: replicas (`replication`), which follow a mistake as fast as a write and so replace no backup.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from assessments.checks.data_stores import CLUSTERS, INSTANCES, TABLES, clusters, instances, tables
from assessments.checks.reading import Reading
from assessments.checks.resources import TAGS, described
from assessments.checks.results import Finding, Resource

STORES = (*TABLES, *INSTANCES, *CLUSTERS)
COPIES = (
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:ListBackups",
    "rds:DescribeDBSnapshots",
    "rds:DescribeDBClusterSnapshots",
    "backup:ListRecoveryPointsByResource",
)
RESTORES = "backup:ListRestoreJobsByProtectedResource"
# What is asked for where no RPO of the scope Application is promised; our own choice.
USUAL_AGE = timedelta(days=1)
# By tier. The BC/DR core lens asks for a restore in the last quarter; SOC 2 A1.3 asks for one a year of everything.
RESTORED_WITHIN = {1: timedelta(days=92), 2: timedelta(days=92), 3: timedelta(days=183), 4: timedelta(days=365)}

Stores = list[tuple[Resource, dict[str, Any]]]


def stores(reading: Reading) -> Stores:
    """The data stores of the primary Region that backups are for; ARNs are filled in."""
    where = [reading.service.primary_region]
    found = (
        *((resource, row, "TableArn") for resource, row in tables(reading, where)),
        *((resource, row, "DBInstanceArn") for resource, row in instances(reading, where)),
        *((resource, row, "DBClusterArn") for resource, row in clusters(reading, where)),
    )
    return [(Resource(store.kind, store.name, store.region, row[arn]), row) for store, row, arn in found]


def backups_exist(reading: Reading) -> Iterator[Finding]:
    """Any copy counts that AWS can restore from: continuous, the database's own, or a recovery point of AWS Backup."""
    for store, row in stores(reading):
        newest = _newest(reading, store, row, needed_since=None)
        facts = {"newest": newest.isoformat() if newest else None}
        yield Finding(store, newest is not None, "a backup exists" if newest else "no backup exists", facts)


def backups_recent(reading: Reading) -> Iterator[Finding]:
    """The newest copy is no older than the RPO promised for the scope Application, else than a day."""
    promise = reading.context.objectives.get("application")
    limit = promise.rpo if promise else USUAL_AGE
    now = reading.context.now
    for store, row in stores(reading):
        newest = _newest(reading, store, row, needed_since=now - limit)
        facts: dict[str, Any] = {"limit_seconds": limit.total_seconds(), "newest": None, "age_seconds": None}
        if newest is None:
            yield Finding(store, False, "no backup exists", facts)
            continue
        age = max(now - newest, timedelta(0))
        facts |= {"newest": newest.isoformat(), "age_seconds": age.total_seconds()}
        says = f"the newest backup is {_spoken(age)} old, {_spoken(limit)} is the limit"
        yield Finding(store, age <= limit, says, facts)


def point_in_time_recovery_on(reading: Reading) -> Iterator[Finding]:
    """DynamoDB by its continuous backups, RDS and Aurora by automated backups, which keep the logs that it needs."""
    for store, row in stores(reading):
        if store.kind == "table":
            status = _continuous(reading, store).get("PointInTimeRecoveryStatus", "DISABLED")
            is_on, facts = status == "ENABLED", {"PointInTimeRecoveryStatus": status}
        else:
            days = int(row.get("BackupRetentionPeriod") or 0)
            is_on, facts = days > 0, {"BackupRetentionPeriod": days}
        yield Finding(store, is_on, f"point-in-time recovery is {'on' if is_on else 'off'}", facts)


def restore_tested(reading: Reading) -> Iterator[Finding]:
    """A restore by AWS Backup completed lately; one whose validation failed or was not done in time does not count."""
    limit = RESTORED_WITHIN.get(reading.service.tier, max(RESTORED_WITHIN.values()))
    for store, _ in stores(reading):
        jobs = reading.items(RESTORES, {"ResourceArn": store.arn, "ByStatus": "COMPLETED"}, store.region)
        good = [job for job in jobs if job.get("ValidationStatus") not in {"FAILED", "TIMED_OUT"}]
        newest = max((_time(job["CompletionDate"]) for job in good if job.get("CompletionDate")), default=None)
        facts: dict[str, Any] = {
            "completed": len(jobs),
            "validated": sum(job.get("ValidationStatus") == "SUCCESSFUL" for job in jobs),
            "failed_validation": len(jobs) - len(good),
            "newest": newest.isoformat() if newest else None,
            "limit_days": limit.days,
        }
        if newest is None:
            yield Finding(store, False, "AWS Backup has restored it never, or never with success", facts)
            continue
        is_met = reading.context.now - newest <= limit
        yield Finding(store, is_met, f"last restored on {newest:%Y-%m-%d}, {limit.days} days are the limit", facts)


def backup_vault_locked(reading: Reading) -> Iterator[Finding]:
    """Vault Lock keeps recovery points from being deleted before their time, by administrators too."""

    def describe(vault: Resource) -> dict[str, Any] | None:
        wanted = {"BackupVaultName": vault.name}
        return reading.call_if_there("backup:DescribeBackupVault", wanted, vault.region, {"ResourceNotFoundException"})

    for vault, row in described(reading, "backup_vault", describe):
        is_locked = bool(row.get("Locked"))
        facts = {key: row.get(key) for key in ("Locked", "LockDate", "MinRetentionDays", "NumberOfRecoveryPoints")}
        yield Finding(vault, is_locked, f"the vault is {'locked' if is_locked else 'not locked'}", facts)


VAULTS = (TAGS, "backup:DescribeBackupVault")


def _newest(reading: Reading, store: Resource, row: dict[str, Any], needed_since: datetime | None) -> datetime | None:
    """The newest moment the store can be restored to. AWS Backup is asked only where the store's own copies are not enough."""
    own = _own_copies(reading, store, row)
    if own and (needed_since is None or max(own) >= needed_since):
        return max(own)
    points = reading.items("backup:ListRecoveryPointsByResource", {"ResourceArn": store.arn}, store.region)
    own += [_time(point["CreationDate"]) for point in points if point.get("Status") in {"COMPLETED", "AVAILABLE"}]
    return max(own, default=None)


def _own_copies(reading: Reading, store: Resource, row: dict[str, Any]) -> list[datetime]:
    if store.kind == "table":
        latest = _continuous(reading, store).get("LatestRestorableDateTime")
        rows = reading.items("dynamodb:ListBackups", {"TableName": store.name, "BackupType": "ALL"}, store.region)
        times = [each["BackupCreationDateTime"] for each in rows if each.get("BackupStatus") == "AVAILABLE"]
    elif store.kind == "db_instance":
        latest = _latest_restorable(row)
        rows = reading.items("rds:DescribeDBSnapshots", {"DBInstanceIdentifier": store.name}, store.region)
        times = [each["SnapshotCreateTime"] for each in rows if each.get("Status") == "available"]
    else:
        latest = _latest_restorable(row)
        rows = reading.items("rds:DescribeDBClusterSnapshots", {"DBClusterIdentifier": store.name}, store.region)
        times = [each["SnapshotCreateTime"] for each in rows if each.get("Status") == "available"]
    return [_time(text) for text in (*times, latest) if text]


def _latest_restorable(row: dict[str, Any]) -> str | None:
    """Without automated backups no moment between snapshots can be restored, whatever a description still says."""
    return row.get("LatestRestorableTime") if row.get("BackupRetentionPeriod") else None


def _continuous(reading: Reading, table: Resource) -> dict[str, Any]:
    answer = reading.call("dynamodb:DescribeContinuousBackups", {"TableName": table.name}, table.region)
    return answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription") or {}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _spoken(length: timedelta) -> str:
    """A length in the largest unit that keeps it readable."""
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
