"""moto's AWS Backup, extended by jobs and recovery points.

Here: their paths, and what vaults say of the recovery points in them. Not here: how operations are called
(service_extension.py), the answers (backups.py).
"""

from typing import Any

from moto.backup import urls
from moto.backup.exceptions import InvalidRequestException
from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse

from portal.sandbox.backups import OPERATIONS, check
from portal.sandbox.seam import current, replaces
from portal.sandbox.service_extension import add_operations

_PATHS = (
    "{0}/backup-jobs/$",
    "{0}/backup-jobs/(?P<rest>.+)$",
    "{0}/restore-jobs/$",
    "{0}/restore-jobs/(?P<rest>.+)$",
    "{0}/resources/(?P<rest>.+)$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<rest>.+)$",
)


class BackupJobsResponse(BackupResponse):
    """Operations are added by `install`; it answers the paths that moto's own response has not."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


def install() -> None:
    """Registers the operations; those without an answer stay unknown and are answered 501."""
    add_operations(BackupJobsResponse, "backup", OPERATIONS, lambda world: world.backups, check)
    for path in _PATHS:
        urls.url_paths[path] = BackupJobsResponse.dispatch

    @replaces(BackupBackend, "describe_backup_vault")
    def describe_backup_vault(original: Any, self: Any, backup_vault_name: str) -> Any:
        return _counted(self, original(self, backup_vault_name))

    @replaces(BackupBackend, "list_backup_vaults")
    def list_backup_vaults(original: Any, self: Any) -> Any:
        return [_counted(self, vault) for vault in original(self)]

    @replaces(BackupBackend, "delete_backup_vault")
    def delete_backup_vault(original: Any, self: Any, backup_vault_name: str) -> Any:
        if current().backups.in_vault((self.account_id, self.region_name), backup_vault_name):
            raise InvalidRequestException(f"Backup vault {backup_vault_name} holds recovery points")
        return original(self, backup_vault_name)


def _counted(backend: Any, vault: Any) -> Any:
    """The vault with the number of its recovery points, under both names that moto's answers read."""
    points = current().backups.in_vault((backend.account_id, backend.region_name), vault.backup_vault_name)
    vault.num_of_recovery_points = vault.number_of_recovery_points = len(points)
    return vault
