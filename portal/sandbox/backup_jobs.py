"""What AWS Backup keeps: recovery points, and the jobs that make them and restore from them.

Here: how far each is, and how it is described. Not here: operations (backups.py), what a recovery point holds
(backup_contents.py). A job lives in the transition of the sandbox's pace: a quarter of it waiting, the rest running.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.sandbox.service_requests import Answer, Place


@dataclass(frozen=True)
class Course:
    """From its start, over so many real seconds, to its end."""

    lasts: float
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float:
        """How much of it has passed, 1 when it is over."""
        return min(1.0, (time.monotonic() - self.started) / self.lasts) if self.lasts else 1.0

    def state(self, waiting: str, running: str, over: str) -> str:
        return over if self.share == 1 else running if self.share >= 0.25 else waiting

    def times(self) -> Answer:
        """When it began and, once it is over, ended, as jobs tell it."""
        ended = {"CompletionDate": self.started_at + timedelta(seconds=self.lasts)} if self.share == 1 else {}
        return {"CreationDate": self.started_at, "PercentDone": f"{self.share:.1%}"} | ended


@dataclass
class RecoveryPoint:
    """`content` is what can be restored; None for resources of which only the job is booked."""

    arn: str
    place: Place
    vault: str
    vault_arn: str
    resource_arn: str
    resource_type: str
    role: str
    course: Course
    lifecycle: Answer
    content: Any = None
    restored_at: datetime | None = None

    @property
    def is_made(self) -> bool:
        return self.course.share == 1

    def described(self) -> Answer:
        restored = {"LastRestoreTime": self.restored_at} if self.restored_at else {}
        times = {name: value for name, value in self.course.times().items() if name != "PercentDone"}
        return times | restored | {
            "RecoveryPointArn": self.arn, "BackupVaultName": self.vault, "BackupVaultArn": self.vault_arn,
            "ResourceArn": self.resource_arn, "ResourceType": self.resource_type, "IamRoleArn": self.role,
            "ResourceName": self.resource_arn.rpartition(":")[2].rpartition("/")[2], "Lifecycle": self.lifecycle,
            "Status": "COMPLETED" if self.is_made else "CREATING", "IsEncrypted": False, "IsParent": False,
            "VaultType": "BACKUP_VAULT", "StorageClass": "WARM",
        }  # fmt: skip


@dataclass
class BackupJob:
    """The making of one recovery point."""

    point: RecoveryPoint
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())

    def described(self) -> Answer:
        point = self.point
        return point.course.times() | {
            "AccountId": point.place[0], "BackupJobId": self.id, "BackupVaultName": point.vault,
            "BackupVaultArn": point.vault_arn, "RecoveryPointArn": point.arn, "ResourceArn": point.resource_arn,
            "ResourceType": point.resource_type, "IamRoleArn": point.role, "IsParent": False,
            "State": point.course.state("CREATED", "RUNNING", "COMPLETED"),
        }  # fmt: skip


@dataclass
class RestoreJob:
    """A restore from a recovery point; `problem` is why it fails at its end, `created_arn` what it made."""

    point: RecoveryPoint
    role: str
    course: Course
    problem: str = ""
    created_arn: str = ""
    validation: Answer = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())

    @property
    def status(self) -> str:
        return self.course.state("PENDING", "RUNNING", "FAILED" if self.problem else "COMPLETED")

    def described(self) -> Answer:
        end: Answer = {}
        if self.course.share == 1:
            end = {"StatusMessage": self.problem} if self.problem else {}
            end |= {"CreatedResourceArn": self.created_arn} if self.created_arn else {}
        return self.course.times() | self.validation | end | {
            "AccountId": self.point.place[0], "RestoreJobId": self.id, "RecoveryPointArn": self.point.arn,
            "RecoveryPointCreationDate": self.point.course.started_at, "SourceResourceArn": self.point.resource_arn,
            "BackupVaultArn": self.point.vault_arn, "ResourceType": self.point.resource_type, "Status": self.status,
            "IsParent": False,
        } | ({"IamRoleArn": self.role} if self.role else {})  # fmt: skip
