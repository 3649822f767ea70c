"""What AWS Backup takes of a resource and gives back: the items of a table; of anything else nothing.

Here: which resources can be backed up, whether one is there, the copy of a table and the table made from it. Not here:
jobs and recovery points (backup_jobs.py, backups.py). Databases are a ledger of moto's and hold no data, so there is
nothing to take of them. Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/whatisbackup.html
"""

from typing import Any

from moto.dynamodb.models.table import Backup, RestoredTable

from portal.sandbox import ledger
from portal.sandbox.replication import Replication
from portal.sandbox.service_requests import Place
from portal.sandbox.tables import Tables

_TYPES = {
    ("dynamodb", "table"): "DynamoDB",
    ("rds", "db"): "RDS",
    ("rds", "cluster"): "Aurora",
    ("ec2", "volume"): "EBS",
    ("ec2", "instance"): "EC2",
    ("elasticfilesystem", "file-system"): "EFS",
    ("fsx", "file-system"): "FSx",
}


def type_of(arn: str) -> str:
    """AWS Backup's word for the kind of resource; empty for what it, or the sandbox, does not back up."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return ""
    if parts[2] == "s3":
        return "S3"
    return _TYPES.get((parts[2], parts[5].replace("/", ":").partition(":")[0]), "")


class Contents:
    """Tables are copied and made while nobody writes to them."""

    def __init__(self, tables: Tables, replication: Replication) -> None:
        self._tables, self._replication = tables, replication

    def is_there(self, place: Place, arn: str) -> bool:
        """Only of tables and databases can the sandbox tell; whatever else is named counts as there."""
        kind = type_of(arn)
        if kind == "DynamoDB":
            return self._table(place, arn) is not None
        if kind in ("RDS", "Aurora"):
            rows = ledger.rds(*place).databases if kind == "RDS" else ledger.rds(*place).clusters
            return any(row.arn == arn for row in list(rows.values()))
        return True

    def taken(self, place: Place, arn: str) -> Any:
        """A copy of the table's items of this moment; None for other kinds."""
        if type_of(arn) != "DynamoDB":
            return None
        with self._replication.lock:
            table = self._table(place, arn)
            return Backup(*place, name="awsbackup", table=table, type_="AWS_BACKUP")

    def restored(self, place: Place, content: Any, name: str, point_arn: str) -> str:
        """The ARN of a new table with the copy's items; it is CREATING for a transition. Empty when the name is taken."""
        with self._replication.lock:
            backend = ledger.dynamodb(*place)
            if name in backend.tables:
                return ""
            table = RestoredTable(name, *place, backup=content)
            table.source_backup_arn = point_arn
            backend.tables[name] = table
            self._tables.changes(*place, name, "CREATING")
            return str(table.table_arn)

    def _table(self, place: Place, arn: str) -> Any:
        return next((t for t in list(ledger.dynamodb(*place).tables.values()) if t.table_arn == arn), None)
