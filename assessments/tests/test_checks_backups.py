"""Backups in states that their scenes do not show."""

from dataclasses import replace
from datetime import timedelta

import pytest

from assessments.checks.context import Promise
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import NOW, TABLE, Answers, context, said

NO_COPIES: Answers = {
    "dynamodb:DescribeTable": {"Table": TABLE},
    "dynamodb:DescribeContinuousBackups": {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}},
    "dynamodb:ListBackups": {"BackupSummaries": []},
}


@pytest.mark.parametrize("name", ["backups_exist", "backups_recent"])
def test_no_copy_of_its_own_is_no_failure_while_aws_backup_cannot_be_asked(name: str) -> None:
    result = said(name, context(NO_COPIES, table=("orders",)))
    assert result.outcome is Outcome.UNAVAILABLE
    assert "ListRecoveryPointsByResource" in result.sentence


def test_aws_backup_is_not_asked_where_a_copy_of_its_own_is_young_enough() -> None:
    made = (NOW - timedelta(hours=2)).isoformat()
    rows = {"BackupSummaries": [{"BackupStatus": "AVAILABLE", "BackupCreationDateTime": made}]}
    result = said("backups_recent", context({**NO_COPIES, "dynamodb:ListBackups": rows}, table=("orders",)))
    assert result.outcome is Outcome.PASSED
    assert "2 h old, 24 h is the limit" in result.sentence


def test_a_backup_that_is_still_being_made_does_not_count() -> None:
    rows = {"BackupSummaries": [{"BackupStatus": "CREATING", "BackupCreationDateTime": NOW.isoformat()}]}
    answers: Answers = {
        **NO_COPIES,
        "dynamodb:ListBackups": rows,
        "backup:ListRecoveryPointsByResource": {"RecoveryPoints": []},
    }
    assert said("backups_exist", context(answers, table=("orders",))).outcome is Outcome.FAILED


@pytest.mark.parametrize(("age", "outcome"), [(60, Outcome.PASSED), (61, Outcome.FAILED)])
def test_the_age_of_a_backup_is_held_against_the_rpo_of_the_scope_application(age: int, outcome: Outcome) -> None:
    made = (NOW - timedelta(minutes=age)).isoformat()
    rows = {"RecoveryPoints": [{"Status": "COMPLETED", "CreationDate": made}]}
    facts = context({**NO_COPIES, "backup:ListRecoveryPointsByResource": rows}, table=("orders",))
    promise = Promise(rto=timedelta(hours=1), rpo=timedelta(hours=1))
    assert said("backups_recent", replace(facts, objectives={"application": promise})).outcome is outcome


@pytest.mark.parametrize(("tier", "outcome"), [(1, Outcome.FAILED), (4, Outcome.PASSED)])
def test_a_restore_lasts_longer_as_proof_for_a_lower_tier(tier: int, outcome: Outcome) -> None:
    jobs = {"RestoreJobs": [{"CompletionDate": (NOW - timedelta(days=200)).isoformat()}]}
    answers: Answers = {**NO_COPIES, "backup:ListRestoreJobsByProtectedResource": jobs}
    assert said("restore_tested", context(answers, tier=tier, table=("orders",))).outcome is outcome
