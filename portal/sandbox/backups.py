"""AWS Backup's jobs: backups into vaults, recovery points, restores and what came of their validation.

Here: the operations that moto, which has vaults and plans, lacks. Not here: what a job is (backup_jobs.py), what is taken
and given back (backup_contents.py). Nothing runs by a plan, no recovery point ends by its lifecycle or is kept by a lock,
and copies to other vaults, restore testing plans and reports are not emulated. A resource that is not there is refused at
once, our assumption. Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html
"""

import threading
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from portal.sandbox import ledger
from portal.sandbox.backup_contents import Contents, type_of
from portal.sandbox.backup_jobs import BackupJob, Course, RecoveryPoint, RestoreJob
from portal.sandbox.pace import Pace
from portal.sandbox.service_requests import (
    REQUIRED,
    Act,
    Answer,
    Parameters,
    Place,
    ServiceRefused,
    moment,
    page,
    problems_of,
)

OPERATIONS = frozenset({
    "start_backup_job", "describe_backup_job", "list_backup_jobs", "describe_recovery_point", "delete_recovery_point",
    "list_recovery_points_by_resource", "list_recovery_points_by_backup_vault", "start_restore_job",
    "describe_restore_job", "list_restore_jobs", "list_restore_jobs_by_protected_resource",
    "put_restore_validation_result",
})  # fmt: skip
_FIELDS = {"ByState": "State", "ByStatus": "Status", "ByResourceArn": "ResourceArn", "ByResourceType": "ResourceType",
           "ByBackupVaultName": "BackupVaultName", "ByAccountId": "AccountId"}  # fmt: skip
_BEFORE = {"ByCreatedBefore": "CreationDate", "ByCompleteBefore": "CompletionDate",
           "ByRecoveryPointCreationDateBefore": "RecoveryPointCreationDate"}  # fmt: skip
_AFTER = {"ByCreatedAfter": "CreationDate", "ByCompleteAfter": "CompletionDate",
          "ByRecoveryPointCreationDateAfter": "RecoveryPointCreationDate"}  # fmt: skip


def invalid(message: str) -> ServiceRefused:
    return ServiceRefused("InvalidParameterValueException", message)


def missing(message: str) -> ServiceRefused:
    return ServiceRefused("ResourceNotFoundException", message)


def check(shape: Shape | None, parameters: Parameters) -> None:
    """Refuses what the service's model does not allow; what is missing has an error of its own."""
    problems = problems_of(shape, parameters)
    absent = [name for name, wrong in problems if wrong == REQUIRED]
    if absent:
        raise ServiceRefused("MissingParameterValueException", f"{', '.join(absent)}: required")
    if problems:
        raise invalid("; ".join(f"{name} {wrong}" for name, wrong in problems))


class Backups:
    """Safe to use from any thread. Public operations are named as in the API, in snake case."""

    def __init__(self, pace: Pace, contents: Contents) -> None:
        self._pace, self._contents = pace, contents
        self._lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._points: list[RecoveryPoint] = []
            self._backups: list[BackupJob] = []
            self._restores: list[RestoreJob] = []
            self._tokens: dict[tuple[Place, str, str], Answer] = {}

    def operation(self, name: str) -> Act | None:
        """How to call an operation by its name in snake case; None where the service emulated here has none such."""
        if name not in OPERATIONS:
            return None

        def call(place: Place, p: Parameters) -> Answer | None:
            with self._lock:
                token = place, name, str(p.get("IdempotencyToken") or "")
                answer: Answer | None = self._tokens.get(token) or getattr(self, name)(place, p)
                if token[2] and answer:
                    self._tokens[token] = answer
                return answer

        return call

    # -- backups

    def start_backup_job(self, place: Place, p: Parameters) -> Answer:
        vault, arn = self._vault(place, p["BackupVaultName"]), p["ResourceArn"]
        kind = type_of(arn)
        if not kind or arn.split(":")[3] not in ("", place[1]):
            raise invalid(f"{arn} is no resource of {place[1]} that can be backed up")
        if not self._contents.is_there(place, arn):
            raise missing(f"{arn} does not exist")
        job = BackupJob(
            RecoveryPoint(
                arn=f"arn:aws:backup:{place[1]}:{place[0]}:recovery-point:{uuid.uuid4()}", place=place,
                vault=vault.backup_vault_name, vault_arn=vault.backup_vault_arn, resource_arn=arn, resource_type=kind,
                role=p["IamRoleArn"], course=Course(self._pace.transition), lifecycle=dict(p.get("Lifecycle") or {}),
                content=self._contents.taken(place, arn),
            )
        )  # fmt: skip
        self._points.append(job.point)
        self._backups.append(job)
        told = {"BackupJobId": job.id, "CreationDate": job.point.course.started_at, "IsParent": False}
        # As on AWS, where the point of other resources is known only when the job says it.
        return told | ({"RecoveryPointArn": job.point.arn} if kind in ("DynamoDB", "EFS") else {})

    def describe_backup_job(self, place: Place, p: Parameters) -> Answer:
        found = next((j for j in self._backups if (j.point.place, j.id) == (place, p["BackupJobId"])), None)
        if found is None:
            raise missing(f"there is no backup job {p['BackupJobId']}")
        return found.described()

    def list_backup_jobs(self, place: Place, p: Parameters) -> Answer:
        return _listed("BackupJobs", (j.described() for j in self._backups if j.point.place == place), p)

    # -- recovery points

    def describe_recovery_point(self, place: Place, p: Parameters) -> Answer:
        return self._point(place, p).described()

    def delete_recovery_point(self, place: Place, p: Parameters) -> None:
        self._points.remove(self._point(place, p))

    def list_recovery_points_by_resource(self, place: Place, p: Parameters) -> Answer:
        own = [one.described() for one in self._points if (one.place, one.resource_arn) == (place, p["ResourceArn"])]
        return _listed("RecoveryPoints", own, p)

    def list_recovery_points_by_backup_vault(self, place: Place, p: Parameters) -> Answer:
        self._vault(place, p["BackupVaultName"])
        return _listed("RecoveryPoints", (one.described() for one in self.in_vault(place, p["BackupVaultName"])), p)

    def in_vault(self, place: Place, vault: str) -> list[RecoveryPoint]:
        with self._lock:
            return [one for one in self._points if (one.place, one.vault) == (place, vault)]

    # -- restores

    def start_restore_job(self, place: Place, p: Parameters) -> Answer:
        point = next((one for one in self._points if (one.place, one.arn) == (place, p["RecoveryPointArn"])), None)
        if point is None:
            raise missing(f"there is no recovery point {p['RecoveryPointArn']}")
        if not point.is_made:
            raise ServiceRefused("InvalidRequestException", f"{point.arn} is still being made")
        if p.get("ResourceType") not in (None, point.resource_type):
            raise invalid(f"{point.arn} is of a resource of type {point.resource_type}")
        job = RestoreJob(point, str(p.get("IamRoleArn") or ""), Course(self._pace.transition))
        if point.content is not None:
            name = str(p["Metadata"].get("targetTableName") or "")
            if not name:
                raise invalid("Metadata must name the new table: targetTableName")
            job.created_arn = self._contents.restored(place, point.content, name, point.arn)
            job.problem = "" if job.created_arn else f"Table already exists: {name}"
        point.restored_at = datetime.now(UTC)
        self._restores.append(job)
        return {"RestoreJobId": job.id}

    def describe_restore_job(self, place: Place, p: Parameters) -> Answer:
        return self._restore(place, p).described()

    def list_restore_jobs(self, place: Place, p: Parameters) -> Answer:
        return _listed("RestoreJobs", (job.described() for job in self._restores if job.point.place == place), p)

    def list_restore_jobs_by_protected_resource(self, place: Place, p: Parameters) -> Answer:
        wanted = place, p["ResourceArn"]
        own = [job.described() for job in self._restores if (job.point.place, job.point.resource_arn) == wanted]
        return _listed("RestoreJobs", own, p)

    def put_restore_validation_result(self, place: Place, p: Parameters) -> None:
        job = self._restore(place, p)
        if job.status != "COMPLETED":
            raise ServiceRefused("InvalidRequestException", f"restore job {job.id} is {job.status}, not COMPLETED")
        job.validation = {n: p[n] for n in ("ValidationStatus", "ValidationStatusMessage") if p.get(n)}

    # -- inside

    def _vault(self, place: Place, name: str) -> Any:
        vault = ledger.backup(*place).vaults.get(name)
        if vault is None:
            raise missing(f"Backup vault {name} does not exist")
        return vault

    def _point(self, place: Place, p: Parameters) -> RecoveryPoint:
        own = self.in_vault(place, self._vault(place, p["BackupVaultName"]).backup_vault_name)
        found = next((one for one in own if one.arn == p["RecoveryPointArn"]), None)
        if found is None:
            raise missing(f"{p['BackupVaultName']} has no recovery point {p['RecoveryPointArn']}")
        return found

    def _restore(self, place: Place, p: Parameters) -> RestoreJob:
        found = next((j for j in self._restores if (j.point.place, j.id) == (place, p["RestoreJobId"])), None)
        if found is None:
            raise missing(f"there is no restore job {p['RestoreJobId']}")
        return found


def _listed(name: str, rows: Iterable[Answer], p: Parameters) -> Answer:
    """One page of what the filters leave, the newest first. A filter that is not emulated is answered 501."""
    unknown = [n for n in p if n.startswith("By") and n not in _FIELDS | _BEFORE | _AFTER]
    if unknown:
        raise NotImplementedError(f"the sandbox does not filter by {', '.join(unknown)}")
    kept = [row for row in rows if _is_wanted(row, p)]
    return page(name, kept[::-1], p, lambda token: invalid(f"NextToken {token} is not valid"))


def _is_wanted(row: Mapping[str, Any], p: Parameters) -> bool:
    return (
        all(row.get(field) == p[n] for n, field in _FIELDS.items() if p.get(n))
        and all(field in row and row[field] < moment(p[n]) for n, field in _BEFORE.items() if p.get(n))
        and all(field in row and row[field] > moment(p[n]) for n, field in _AFTER.items() if p.get(n))
    )
