"""moto's DynamoDB, extended: the part of extension.py about tables and items.

Here: which of moto's calls ask tables.py and replication.py. Not here: the answers.
"""

from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from portal.sandbox import ledger
from portal.sandbox.seam import current, replaces

STREAM_RECORDS_KEPT = 10_000
"""Per table; AWS keeps a day of them."""


def install_requests() -> None:
    @replaces(DynamoHandler, "call_action")
    def call_action(original: Any, self: Any) -> Any:
        world = current()
        with world.replication.lock:
            return original(self)

    for name in ("get_item", "put_item", "update_item", "delete_item", "query", "scan", "batch_get_item", "batch_write_item",
                 "transact_get_items", "transact_write_items", "delete_table"):  # fmt: skip

        @replaces(DynamoHandler, name)
        def refuse_early(original: Any, self: Any) -> Any:
            current().tables.refuse_early(self.current_account, self.region, self._get_action(), self.body)
            return original(self)


def install_tables() -> None:
    @replaces(DynamoHandler, "update_table")
    def update_table(original: Any, self: Any) -> Any:
        updates = self.body.get("ReplicaUpdates") or []
        stream = self.body.get("StreamSpecification") or {}
        table = self.body["TableName"]
        tables = current().tables
        if stream.get("StreamEnabled") is False and tables.other_regions(self.current_account, self.region, table):
            raise MockValidationException(f"The stream of {table} cannot be disabled while the table has replicas")
        tables.refuse_early(self.current_account, self.region, "UpdateTable", self.body)
        result = original(self)
        if not updates:
            return result
        tables.update_replicas(self.current_account, self.region, table, updates)
        return DynamoResult(self.dynamodb_backend.get_table(table).describe())

    @replaces(DynamoHandler, "restore_table_to_point_in_time")
    def restore_table_to_point_in_time(original: Any, self: Any) -> Any:
        raise NotImplementedError(
            "the sandbox keeps no history of items, so it cannot restore a table to a point in time"
        )

    @replaces(DynamoDBBackend, "create_table")
    def create_table(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        table = original(self, name, *args, **kwargs)
        current().tables.changes(self.account_id, self.region_name, name, "CREATING")
        return table

    @replaces(DynamoDBBackend, "delete_table")
    def delete_table(original: Any, self: Any, name: str) -> Any:
        table = original(self, name)
        current().tables.deleted(self.account_id, self.region_name, table.name)
        return table

    @replaces(Table, "describe")
    def describe(original: Any, self: Any, base_key: str = "TableDescription") -> Any:
        described = original(self, base_key)
        described[base_key].update(current().tables.described(self.account_id, self.region_name, self.name))
        if ledger.dynamodb(self.account_id, self.region_name).tables.get(self.name) is not self:
            described[base_key]["TableStatus"] = "DELETING"
        return described


def install_items() -> None:
    @replaces(DynamoDBBackend, "transact_write_items")
    def transact_write_items(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        with current().replication.transaction():
            return original(self, *args, **kwargs)

    @replaces(StreamShard, "add")
    def add(original: Any, self: Any, old: Any, new: Any) -> None:
        original(self, old, new)
        surplus = len(self.items) - STREAM_RECORDS_KEPT
        if surplus > 0:
            del self.items[:surplus]
            self.starting_sequence_number += surplus
        world = current()
        others = world.tables.other_regions(self.table.account_id, self.table.region_name, self.table.name)
        if others:
            world.replication.written(self.table, old, new, others)
