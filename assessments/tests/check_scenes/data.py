"""Scenes of checks of data: backups, replicas, protection."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from assessments.checks.context import Promise
from assessments.tests.check_scenes.world import ACCOUNT_ID, TAG, World
from portal.sandbox.tests.account import EAST, WEST, eventually

Scene = Callable[[World], Iterator[None]]
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/backup"


def stores(world: World, **wish: Any) -> None:
    """One data store of each kind; `wish` is for the databases."""
    world.table()
    world.instance(**wish)
    world.cluster(**wish)


def forget_snapshots(world: World) -> None:
    """The sandbox takes a snapshot of every new database, also where AWS, told to keep no backups, takes none."""
    rds = world.aws("rds")
    for row in rds.describe_db_snapshots()["DBSnapshots"]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=row["DBSnapshotIdentifier"])
    for row in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=row["DBClusterSnapshotIdentifier"])


def arn_of(name: str) -> str:
    """The ARN of a data store that `stores` makes."""
    kinds = {"orders": "dynamodb:{}:table/orders", "ledger": "rds:{}:db:ledger", "books": "rds:{}:cluster:books"}
    return f"arn:aws:{kinds[name].format(f'{WEST}:{ACCOUNT_ID}')}"


def back_up(world: World, *names: str) -> dict[str, str]:
    """AWS Backup makes a recovery point of each store; by its name, the point's ARN."""
    backup = world.aws("backup")
    if "safe" not in {vault["BackupVaultName"] for vault in backup.list_backup_vaults()["BackupVaultList"]}:
        backup.create_backup_vault(BackupVaultName="safe")
    made = {}
    for name in names:
        job = backup.start_backup_job(BackupVaultName="safe", ResourceArn=arn_of(name), IamRoleArn=ROLE)["BackupJobId"]
        ask = partial(backup.describe_backup_job, BackupJobId=job)
        eventually(lambda ask=ask: ask()["State"] == "COMPLETED")
        made[name] = ask()["RecoveryPointArn"]
    return made


def restore(world: World, name: str, point: str, validation: str) -> None:
    """AWS Backup restores the store, and whoever looked at the result says what it is worth."""
    backup = world.aws("backup")
    restores = len(backup.list_restore_jobs()["RestoreJobs"])
    wish = {"targetTableName": f"restored-{restores}"} if name == "orders" else {}
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata=wish, IamRoleArn=ROLE)["RestoreJobId"]
    eventually(lambda: backup.describe_restore_job(RestoreJobId=job)["Status"] == "COMPLETED")
    backup.put_restore_validation_result(RestoreJobId=job, ValidationStatus=validation)


def backups_exist(world: World) -> Iterator[None]:
    stores(world, BackupRetentionPeriod=0)
    forget_snapshots(world)
    yield
    world.aws("dynamodb").create_backup(TableName="orders", BackupName="nightly")
    world.aws("rds").create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="ledger")
    back_up(world, "books")


def backups_recent(world: World) -> Iterator[None]:
    stores(world, BackupRetentionPeriod=0)
    world.objectives["application"] = Promise(rto=timedelta(hours=1), rpo=timedelta(hours=4))
    nightly = world.aws("dynamodb").create_backup(TableName="orders", BackupName="nightly")["BackupDetails"]
    world.aws("rds").create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="ledger")
    world.aws("rds").create_db_cluster_snapshot(DBClusterSnapshotIdentifier="nightly", DBClusterIdentifier="books")
    tonight = world.now
    world.now += timedelta(hours=5)
    yield
    # The sandbox cannot be made to wait five hours: of the night's copies nothing is left, so only new ones count.
    world.aws("dynamodb").delete_backup(BackupArn=nightly["BackupArn"])
    forget_snapshots(world)
    back_up(world, "orders", "ledger", "books")
    world.now = tonight + timedelta(hours=3)


def point_in_time_recovery_on(world: World) -> Iterator[None]:
    stores(world, BackupRetentionPeriod=0)
    yield
    world.aws("dynamodb").update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    rds = world.aws("rds")
    rds.modify_db_instance(DBInstanceIdentifier="ledger", BackupRetentionPeriod=7, ApplyImmediately=True)
    rds.modify_db_cluster(DBClusterIdentifier="books", BackupRetentionPeriod=7, ApplyImmediately=True)


def restore_tested(world: World) -> Iterator[None]:
    stores(world)
    points = back_up(world, "orders", "ledger", "books")
    for name, point in points.items():
        restore(world, name, point, "FAILED")
    yield
    for name, point in points.items():
        restore(world, name, point, "SUCCESSFUL")
    world.now += timedelta(days=20)


def backup_vault_locked(world: World) -> Iterator[None]:
    backup = world.aws("backup", EAST)
    backup.create_backup_vault(BackupVaultName="safe", BackupVaultTags={"service": "shop"})
    yield
    backup.put_backup_vault_lock_configuration(BackupVaultName="safe", MinRetentionDays=7)


def replica_in_recovery_region(world: World) -> Iterator[None]:
    stores(world)
    yield
    dynamodb = world.aws("dynamodb")
    dynamodb.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": EAST}}])
    eventually(lambda: _replica(dynamodb) == "ACTIVE")
    source = world.aws("rds").describe_db_instances()["DBInstances"][0]["DBInstanceArn"]
    world.aws("rds", EAST).create_db_instance_read_replica(
        DBInstanceIdentifier="ledger-replica", SourceDBInstanceIdentifier=source, SourceRegion=WEST
    )
    world.aws("rds").create_global_cluster(GlobalClusterIdentifier="library", SourceDBClusterIdentifier=arn_of("books"))
    world.aws("rds", EAST).create_db_cluster(
        DBClusterIdentifier="books-standby", Engine="aurora-postgresql", GlobalClusterIdentifier="library"
    )


def _replica(dynamodb: Any) -> str | None:
    replicas = dynamodb.describe_table(TableName="orders")["Table"].get("Replicas") or []
    return replicas[0]["ReplicaStatus"] if replicas else None


def secrets_replicated(world: World) -> Iterator[None]:
    secrets = world.aws("secretsmanager")
    secrets.create_secret(Name="shop/db", SecretString="x", Tags=TAG)
    yield
    secrets.replicate_secret_to_regions(SecretId="shop/db", AddReplicaRegions=[{"Region": EAST}])


def bucket(world: World, name: str, region: str) -> Any:
    s3 = world.aws("s3", region)
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    s3.create_bucket(Bucket=name, **where)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAG})
    return s3


def versioning_on(world: World) -> Iterator[None]:
    s3 = bucket(world, "shop-pictures", WEST)
    yield
    s3.put_bucket_versioning(Bucket="shop-pictures", VersioningConfiguration={"Status": "Enabled"})


def bucket_replication_on(world: World) -> Iterator[None]:
    for name, region in (("shop-pictures", WEST), ("shop-pictures-copy", EAST)):
        bucket(world, name, region).put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    replicate(world, "shop-pictures", "Disabled")
    yield
    replicate(world, "shop-pictures", "Enabled")


def replicate(world: World, name: str, status: str) -> None:
    rule = {
        "ID": "copy",
        "Status": status,
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::shop-pictures-copy"},
    }
    settings = {"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [rule]}
    world.aws("s3").put_bucket_replication(Bucket=name, ReplicationConfiguration=settings)


def deletion_protection_on(world: World) -> Iterator[None]:
    stores(world)
    estate = world.balanced()
    yield
    world.aws("dynamodb").update_table(TableName="orders", DeletionProtectionEnabled=True)
    rds = world.aws("rds")
    rds.modify_db_instance(DBInstanceIdentifier="ledger", DeletionProtection=True)
    rds.modify_db_cluster(DBClusterIdentifier="books", DeletionProtection=True)
    on = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    world.aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=estate.balancer, Attributes=on)


def database_encrypted(world: World) -> Iterator[None]:
    world.instance()
    world.cluster()
    yield
    rds = world.aws("rds")
    rds.delete_db_instance(DBInstanceIdentifier="ledger", SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier="books", SkipFinalSnapshot=True)
    world.instance("ledger-2", StorageEncrypted=True)
    world.cluster("books-2", StorageEncrypted=True)


def queue_has_dead_letter(world: World) -> Iterator[None]:
    url = world.queue()
    world.queue("parcels-failed")
    arn = "arn:aws:sqs:us-west-2:123456789012:parcels-failed"
    yield
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    world.aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        backups_exist,
        backups_recent,
        point_in_time_recovery_on,
        restore_tested,
        backup_vault_locked,
        replica_in_recovery_region,
        secrets_replicated,
        versioning_on,
        bucket_replication_on,
        deletion_protection_on,
        database_encrypted,
        queue_has_dead_letter,
    )
}
