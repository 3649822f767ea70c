"""The contract's rows of AWS Backup, each called over boto3; test_contract.py runs them.

Here: one check for each operation, and the vault with its protected table that tests of backups use. Not here: refusals,
what a restore gives back (test_backups.py), and a job's way through time (test_transitions.py).
"""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import WEST, Account, eventually

ROLE = "arn:aws:iam::123456789012:role/backup"
VOLUME = "arn:aws:ec2:us-west-2:123456789012:volume/vol-1"


class Safe:
    """A new vault and a new table with one item; every name is used once, so that tests of one sandbox do not meet."""

    _numbers = itertools.count()

    def __init__(self, account: Account) -> None:
        number = next(self._numbers)
        self.vault, self.name = f"safe-{number}", f"kept-{number}"
        self.table = f"arn:aws:dynamodb:{WEST}:123456789012:table/{self.name}"
        self.client = account.client("backup")
        self.client.create_backup_vault(BackupVaultName=self.vault)
        self.dynamodb = account.table(self.name)
        eventually(lambda: self.table_status(self.name) == "ACTIVE")
        self.dynamodb.put_item(TableName=self.name, Item={"Id": {"S": "a"}})

    def table_status(self, name: str) -> str:
        return str(self.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"])

    def starts(self, arn: str = "", **more: Any) -> dict[str, Any]:
        wish = {"BackupVaultName": self.vault, "ResourceArn": arn or self.table, "IamRoleArn": ROLE} | more
        return dict(self.client.start_backup_job(**wish))

    def backed_up(self, arn: str = "") -> str:
        """The recovery point of a job that is over."""
        job = self.starts(arn)["BackupJobId"]
        eventually(lambda: self.job(job)["State"] == "COMPLETED")
        return str(self.job(job)["RecoveryPointArn"])

    def job(self, job: str) -> dict[str, Any]:
        return dict(self.client.describe_backup_job(BackupJobId=job))

    def restored(self, point: str, **metadata: str) -> str:
        """A restore job that is over."""
        job = self.client.start_restore_job(RecoveryPointArn=point, IamRoleArn=ROLE, Metadata=metadata)["RestoreJobId"]
        eventually(lambda: self.restore(job)["Status"] in {"COMPLETED", "FAILED"})
        return str(job)

    def restore(self, job: str) -> dict[str, Any]:
        return dict(self.client.describe_restore_job(RestoreJobId=job))


def start_backup_job(s: Safe) -> None:
    first = s.starts(IdempotencyToken="once")
    assert s.starts(IdempotencyToken="once")["BackupJobId"] == first["BackupJobId"]
    assert first["RecoveryPointArn"].startswith("arn:aws:backup:us-west-2:123456789012:recovery-point:")


def describe_backup_job(s: Safe) -> None:
    point = s.backed_up(VOLUME)
    (job,) = s.client.list_backup_jobs(ByBackupVaultName=s.vault)["BackupJobs"]
    found = s.job(job["BackupJobId"])
    assert (found["ResourceType"], found["RecoveryPointArn"]) == ("EBS", point)
    assert found["CompletionDate"] >= found["CreationDate"]


def list_backup_jobs(s: Safe) -> None:
    s.backed_up()
    s.backed_up(VOLUME)
    here = {"ByBackupVaultName": s.vault}
    first = s.client.list_backup_jobs(**here, MaxResults=1)
    rest = s.client.list_backup_jobs(**here, NextToken=first["NextToken"])["BackupJobs"]
    assert [job["ResourceType"] for job in first["BackupJobs"] + rest] == ["EBS", "DynamoDB"]
    hour = timedelta(hours=1)
    assert s.client.list_backup_jobs(**here, ByCreatedBefore=datetime.now(UTC) - hour)["BackupJobs"] == []
    assert len(s.client.list_backup_jobs(**here, ByCreatedAfter=datetime.now(UTC) - hour)["BackupJobs"]) == 2


def describe_recovery_point(s: Safe) -> None:
    point = s.backed_up()
    found = s.client.describe_recovery_point(BackupVaultName=s.vault, RecoveryPointArn=point)
    assert (found["Status"], found["ResourceArn"], found["IamRoleArn"]) == ("COMPLETED", s.table, ROLE)


def list_recovery_points_by_resource(s: Safe) -> None:
    points = [s.backed_up(), s.backed_up()]
    found = s.client.list_recovery_points_by_resource(ResourceArn=s.table)["RecoveryPoints"]
    assert [each["RecoveryPointArn"] for each in found] == points[::-1]
    assert s.client.list_recovery_points_by_resource(ResourceArn=f"{s.table}-other")["RecoveryPoints"] == []


def list_recovery_points_by_backup_vault(s: Safe) -> None:
    s.backed_up()
    volume = s.backed_up(VOLUME)
    found = s.client.list_recovery_points_by_backup_vault(BackupVaultName=s.vault, ByResourceType="EBS")
    assert [each["RecoveryPointArn"] for each in found["RecoveryPoints"]] == [volume]


def delete_recovery_point(s: Safe) -> None:
    s.client.delete_recovery_point(BackupVaultName=s.vault, RecoveryPointArn=s.backed_up())
    assert s.client.list_recovery_points_by_resource(ResourceArn=s.table)["RecoveryPoints"] == []


def start_restore_job(s: Safe) -> None:
    point = s.backed_up()
    s.dynamodb.delete_item(TableName=s.name, Key={"Id": {"S": "a"}})
    s.restored(point, targetTableName=f"{s.name}-again")
    eventually(lambda: s.table_status(f"{s.name}-again") == "ACTIVE")
    assert s.dynamodb.scan(TableName=f"{s.name}-again")["Items"] == [{"Id": {"S": "a"}}]


def describe_restore_job(s: Safe) -> None:
    point = s.backed_up()
    good, bad = s.restored(point, targetTableName=f"{s.name}-again"), s.restored(point, targetTableName=s.name)
    assert s.restore(good)["Status"] == "COMPLETED"
    assert s.restore(good)["CreatedResourceArn"] == f"{s.table}-again"
    assert (s.restore(bad)["Status"], s.restore(bad)["StatusMessage"]) == ("FAILED", f"Table already exists: {s.name}")


def list_restore_jobs(s: Safe) -> None:
    job = s.restored(s.backed_up(VOLUME))
    found = s.client.list_restore_jobs(ByStatus="COMPLETED", ByResourceType="EBS", MaxResults=1)["RestoreJobs"]
    assert [each["RestoreJobId"] for each in found] == [job]


def list_restore_jobs_by_protected_resource(s: Safe) -> None:
    job = s.restored(s.backed_up(), targetTableName=f"{s.name}-again")
    ask = s.client.list_restore_jobs_by_protected_resource
    assert [each["RestoreJobId"] for each in ask(ResourceArn=s.table, ByStatus="COMPLETED")["RestoreJobs"]] == [job]
    assert ask(ResourceArn=s.table, ByStatus="FAILED")["RestoreJobs"] == []


def put_restore_validation_result(s: Safe) -> None:
    job = s.restored(s.backed_up(VOLUME))
    s.client.put_restore_validation_result(
        RestoreJobId=job, ValidationStatus="SUCCESSFUL", ValidationStatusMessage="all there"
    )
    found = s.restore(job)
    assert (found["ValidationStatus"], found["ValidationStatusMessage"]) == ("SUCCESSFUL", "all there")


def describe_backup_vault(s: Safe) -> None:
    s.backed_up()
    assert s.client.describe_backup_vault(BackupVaultName=s.vault)["NumberOfRecoveryPoints"] == 1
    listed = {v["BackupVaultName"]: v for v in s.client.list_backup_vaults()["BackupVaultList"]}
    assert listed[s.vault]["NumberOfRecoveryPoints"] == 1


def delete_backup_vault(s: Safe) -> None:
    point = s.backed_up()
    with pytest.raises(ClientError, match="InvalidRequestException"):
        s.client.delete_backup_vault(BackupVaultName=s.vault)
    s.client.delete_recovery_point(BackupVaultName=s.vault, RecoveryPointArn=point)
    s.client.delete_backup_vault(BackupVaultName=s.vault)
    assert s.vault not in {v["BackupVaultName"] for v in s.client.list_backup_vaults()["BackupVaultList"]}


def put_backup_vault_lock_configuration(s: Safe) -> None:
    s.client.put_backup_vault_lock_configuration(BackupVaultName=s.vault, MinRetentionDays=7)
    assert s.client.describe_backup_vault(BackupVaultName=s.vault)["Locked"] is True


def create_backup_plan(s: Safe) -> None:
    rules = [{"RuleName": "nightly", "TargetBackupVaultName": s.vault}]
    plan = s.client.create_backup_plan(BackupPlan={"BackupPlanName": s.name, "Rules": rules})["BackupPlanId"]
    assert s.client.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["BackupPlanName"] == s.name


_ALL: tuple[Callable[[Safe], None], ...] = (
    start_backup_job, describe_backup_job, list_backup_jobs, describe_recovery_point, list_recovery_points_by_resource,
    list_recovery_points_by_backup_vault, delete_recovery_point, start_restore_job, describe_restore_job,
    list_restore_jobs, list_restore_jobs_by_protected_resource, put_restore_validation_result, describe_backup_vault,
    delete_backup_vault, put_backup_vault_lock_configuration, create_backup_plan,
)  # fmt: skip


def checks(account: Callable[[Any], Account]) -> dict[str, Callable[[Any], None]]:
    """By the name of the contract's row; `account` finds the account in what test_contract.py hands to a check."""

    def of(check: Callable[[Safe], None]) -> Callable[[Any], None]:
        return lambda stage: check(Safe(account(stage)))

    return {f"backup:{one.__name__.title().replace('_', '')}": of(one) for one in _ALL}
