"""AWS Backup in the sandbox: whether a restore is a real one, and what is refused.

Not here: one call of every operation (backup_checks.py, run by the contract test), a job's way through time
(test_transitions.py).
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import EAST, Account, eventually
from portal.sandbox.tests.backup_checks import ROLE, Safe

NOBODY = "arn:aws:backup:us-west-2:123456789012:recovery-point:0"


@pytest.fixture
def safe(account: Account) -> Safe:
    return Safe(account)


def refusal(act: Any, **wish: Any) -> str:
    with pytest.raises(ClientError) as caught:
        act(**wish)
    return str(caught.value.response["Error"]["Code"])


def test_a_table_that_is_gone_comes_back_as_it_was_at_the_backup(safe: Safe) -> None:
    point = safe.backed_up()
    safe.dynamodb.put_item(TableName=safe.name, Item={"Id": {"S": "later"}})
    safe.dynamodb.delete_table(TableName=safe.name)
    safe.restored(point, targetTableName=safe.name)
    eventually(lambda: safe.table_status(safe.name) == "ACTIVE")
    assert safe.dynamodb.scan(TableName=safe.name)["Items"] == [{"Id": {"S": "a"}}]


def test_what_is_not_there_is_refused(safe: Safe) -> None:
    backup = safe.client
    here = {"BackupVaultName": safe.vault}
    missing = [
        (backup.start_backup_job, {"BackupVaultName": "none", "ResourceArn": safe.table, "IamRoleArn": ROLE}),
        (backup.start_backup_job, here | {"ResourceArn": f"{safe.table}-none", "IamRoleArn": ROLE}),
        (backup.describe_backup_job, {"BackupJobId": "none"}),
        (backup.describe_recovery_point, here | {"RecoveryPointArn": NOBODY}),
        (backup.describe_recovery_point, {"BackupVaultName": "none", "RecoveryPointArn": NOBODY}),
        (backup.list_recovery_points_by_backup_vault, {"BackupVaultName": "none"}),
        (backup.start_restore_job, {"RecoveryPointArn": NOBODY, "Metadata": {}}),
        (backup.describe_restore_job, {"RestoreJobId": "none"}),
        (backup.put_restore_validation_result, {"RestoreJobId": "none", "ValidationStatus": "FAILED"}),
    ]
    assert {refusal(act, **wish) for act, wish in missing} == {"ResourceNotFoundException"}


def test_what_is_wrong_is_refused(safe: Safe) -> None:
    start, here = safe.client.start_backup_job, {"BackupVaultName": safe.vault, "IamRoleArn": ROLE}
    strange = ("books", "arn:aws:sqs:us-west-2:123456789012:parcels", safe.table.replace("us-west-2", "us-east-1"))
    point = safe.backed_up()
    restore = safe.client.start_restore_job
    codes = {
        *(refusal(start, **here, ResourceArn=arn) for arn in strange),
        refusal(start, BackupVaultName="a vault", ResourceArn=safe.table, IamRoleArn=ROLE),
        refusal(restore, RecoveryPointArn=point, Metadata={}),
        refusal(restore, RecoveryPointArn=point, Metadata={"targetTableName": "x"}, ResourceType="RDS"),
        refusal(safe.client.list_backup_jobs, NextToken="none"),
    }
    assert codes == {"InvalidParameterValueException"}


def test_what_is_left_out_is_named(account: Account, safe: Safe) -> None:
    client = account.client("backup", parameter_validation=False)
    with pytest.raises(ClientError, match="ResourceArn, IamRoleArn") as caught:
        client.start_backup_job(BackupVaultName=safe.vault)
    assert caught.value.response["Error"]["Code"] == "MissingParameterValueException"


def test_a_database_that_is_there_can_be_backed_up_and_another_cannot(account: Account, safe: Safe) -> None:
    made = account.client("rds").create_db_cluster(
        DBClusterIdentifier="books", Engine="aurora-postgresql", MasterUsername="owner",
        MasterUserPassword="only-for-tests",
    )["DBCluster"]["DBClusterArn"]  # fmt: skip
    assert safe.job(safe.starts(made)["BackupJobId"])["ResourceType"] == "Aurora"
    wish = {"BackupVaultName": safe.vault, "IamRoleArn": ROLE}
    assert refusal(safe.client.start_backup_job, ResourceArn=f"{made}-2", **wish) == "ResourceNotFoundException"


def test_another_region_and_a_new_sandbox_know_nothing_of_it(account: Account, safe: Safe) -> None:
    safe.backed_up()
    there = account.client("backup", EAST)
    assert there.list_recovery_points_by_resource(ResourceArn=safe.table)["RecoveryPoints"] == []
    account.sandbox.reset()
    assert safe.client.list_recovery_points_by_resource(ResourceArn=safe.table)["RecoveryPoints"] == []
    assert safe.client.list_backup_jobs()["BackupJobs"] == []


def test_a_filter_that_is_not_emulated_is_not_ignored(safe: Safe) -> None:
    assert refusal(safe.client.list_backup_jobs, ByParentJobId="one") == "NotImplemented"
