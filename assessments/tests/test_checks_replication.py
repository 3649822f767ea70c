"""Copies in the recovery Region in states that the scenes do not show: being made, broken, elsewhere."""

from typing import Any

import pytest

from assessments.checks.context import Context
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import EAST, TABLE, WEST, Answers, context, said


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("ACTIVE", Outcome.PASSED), ("CREATING", Outcome.FAILED), ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", Outcome.FAILED)],
)
def test_only_an_active_replica_of_a_table_counts(status: str, outcome: Outcome) -> None:
    row = TABLE | {"Replicas": [{"RegionName": EAST, "ReplicaStatus": status}]}
    facts = context({"dynamodb:DescribeTable": {"Table": row}}, table=("orders",))
    assert said("replica_in_recovery_region", facts).outcome is outcome


@pytest.mark.parametrize(("status", "outcome"), [("available", Outcome.PASSED), ("creating", Outcome.FAILED)])
def test_only_an_available_replica_of_an_instance_counts(status: str, outcome: Outcome) -> None:
    replica = f"arn:aws:rds:{EAST}:123456789012:db:ledger-replica"
    rows = {
        WEST: {"DBInstanceIdentifier": "ledger", "ReadReplicaDBInstanceIdentifiers": [replica]},
        EAST: {"DBInstanceIdentifier": "ledger-replica", "DBInstanceStatus": status},
    }
    answers: Answers = {"rds:DescribeDBInstances": lambda parameters, region: {"DBInstances": [rows[region]]}}
    assert said("replica_in_recovery_region", context(answers, db_instance=("ledger",))).outcome is outcome


def test_a_replica_in_the_same_region_is_none_in_the_recovery_region() -> None:
    row = {"DBInstanceIdentifier": "ledger", "ReadReplicaDBInstanceIdentifiers": ["ledger-reader"]}
    facts = context({"rds:DescribeDBInstances": {"DBInstances": [row]}}, db_instance=("ledger",))
    assert said("replica_in_recovery_region", facts).outcome is Outcome.FAILED


def bucket(destination: str) -> Context:
    """A bucket of the primary Region that replicates to one in the Region given."""
    rule = {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::copy"}}
    places = {"pictures": WEST, "copy": destination}
    answers: Answers = {
        "s3:GetBucketLocation": lambda parameters, region: {"LocationConstraint": places[parameters["Bucket"]]},
        "s3:GetBucketReplication": {"ReplicationConfiguration": {"Role": "arn", "Rules": [rule]}},
    }
    return context(answers, bucket=("pictures",))


@pytest.mark.parametrize(("region", "outcome"), [(WEST, Outcome.FAILED), ("eu-west-1", Outcome.FAILED)])
def test_a_copy_outside_the_recovery_region_does_not_count(region: str, outcome: Outcome) -> None:
    result = said("bucket_replication_on", bucket(region))
    assert result.outcome is outcome
    assert "none of which lies in us-east-1" in result.sentence


def database(**wish: Any) -> Context:
    row = {"DBInstanceIdentifier": "ledger", "StorageEncrypted": False} | wish
    return context({"rds:DescribeDBInstances": {"DBInstances": [row]}}, db_instance=("ledger",))


def test_a_member_of_a_cluster_is_judged_with_its_cluster_only() -> None:
    assert said("database_encrypted", database()).outcome is Outcome.FAILED
    assert said("database_encrypted", database(DBClusterIdentifier="books")).outcome is Outcome.NOTHING
