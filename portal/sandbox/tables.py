"""DynamoDB tables that take time to come, and their replicas in other Regions (global tables, version 2019.11.21).

Here: CREATING to ACTIVE, UpdateTable's ReplicaUpdates, what DescribeTable says about them. Not here: how writes travel
(replication.py) and where moto is made to ask (extension.py). Source:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.exceptions import MockValidationException, ResourceInUseException, ResourceNotFoundException

from portal.sandbox import ledger
from portal.sandbox.pace import Pace
from portal.sandbox.replication import Replication

ITEM_OPERATIONS = frozenset(
    "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems".split()
)
TABLE_OPERATIONS = frozenset({"UpdateTable", "DeleteTable"})

Name = tuple[str, str, str]
"""(account, Region, table)"""


@dataclass
class _Replica:
    status: str
    until: float
    """time.monotonic() at which CREATING becomes ACTIVE, or DELETING becomes gone."""


class Tables:
    """Every method expects `replication.lock` to be free or held by the caller."""

    def __init__(self, pace: Pace, replication: Replication) -> None:
        self._pace, self._replication = pace, replication
        self._ready_at: dict[Name, tuple[str, float]] = {}
        self._groups: dict[tuple[str, str], dict[str, _Replica]] = {}

    def clear(self) -> None:
        with self._replication.lock:
            self._ready_at.clear()
            self._groups.clear()

    # -- status

    def status(self, account: str, region: str, name: str) -> str:
        state, until = self._ready_at.get((account, region, name), ("ACTIVE", 0.0))
        return state if time.monotonic() < until else "ACTIVE"

    def changes(self, account: str, region: str, name: str, state: str) -> None:
        """The table is CREATING or UPDATING from now on, for one transition."""
        self._ready_at[account, region, name] = state, time.monotonic() + self._pace.transition

    def refuse_early(self, account: str, region: str, operation: str, body: Mapping[str, Any]) -> None:
        """Items of a table that is being created are not there yet; a table that changes cannot be changed."""
        if operation in ITEM_OPERATIONS:
            for name in _tables_named(body):
                if self.status(account, region, name) == "CREATING":
                    raise ResourceNotFoundException(f"Requested resource not found: Table: {name} is being created")
        elif operation in TABLE_OPERATIONS and self.status(account, region, str(body.get("TableName"))) != "ACTIVE":
            state = self.status(account, region, str(body["TableName"]))
            message = f"Attempt to change a resource which is still in use: Table is {state}: {body['TableName']}"
            raise ResourceInUseException(message)

    # -- replicas

    def other_regions(self, account: str, region: str, name: str) -> list[str]:
        group = self._groups.get((account, name), {})
        if region not in group:
            return []
        return [other for other, replica in group.items() if other != region and replica.status != "DELETING"]

    def is_live(self, account: str, name: str, region: str) -> bool:
        replica = self._groups.get((account, name), {}).get(region)
        return replica is not None and replica.status == "ACTIVE"

    def described(self, account: str, region: str, name: str) -> dict[str, Any]:
        """What a DescribeTable answer carries beyond moto's."""
        extra: dict[str, Any] = {"TableStatus": self.status(account, region, name)}
        group = self._groups.get((account, name), {})
        if region in group and len(group) > 1:
            extra["GlobalTableVersion"] = "2019.11.21"
            extra["Replicas"] = [
                {"RegionName": other, "ReplicaStatus": replica.status}
                for other, replica in group.items()
                if other != region
            ]
        return extra

    def update_replicas(self, account: str, region: str, name: str, updates: list[Mapping[str, Any]]) -> None:
        """Carries out ReplicaUpdates; ValidationException when one is impossible, and then none is done."""
        table = ledger.dynamodb(account, region).get_table(name)
        group = self._groups.get((account, name), {})
        problems = []
        for update in updates:
            kind, wish = next(iter(update.items()))
            other = str(wish["RegionName"])
            if kind == "Create":
                problems += self._problems_of_create(account, table, group, other)
            elif kind == "Delete" and other not in group:
                problems.append(f"Replica specified in the Replica Delete action of the request was not found: {other}")
            elif kind == "Update":
                raise NotImplementedError("UpdateTable with ReplicaUpdates Update")
        if problems:
            raise MockValidationException("; ".join(problems))
        for update in updates:
            kind, wish = next(iter(update.items()))
            if kind == "Create":
                self._create_replica(account, table, str(wish["RegionName"]))
            else:
                self._delete_replica(account, name, str(wish["RegionName"]))
        self.changes(account, region, name, "UPDATING")

    def _problems_of_create(self, account: str, table: Any, group: Mapping[str, Any], other: str) -> list[str]:
        streams = table.stream_specification or {}
        if not streams.get("StreamEnabled") or streams.get("StreamViewType") != "NEW_AND_OLD_IMAGES":
            return [f"Table {table.name} needs a stream with NEW_AND_OLD_IMAGES before it can have replicas"]
        if other == table.region_name or other in group:
            return [f"Failed to create a replica of table '{table.name}' because one already exists in {other}"]
        if table.name in ledger.dynamodb(account, other).tables:
            return [f"Table {table.name} already exists in {other} and is not a replica"]
        return []

    def _create_replica(self, account: str, source: Any, region: str) -> None:
        replica = ledger.dynamodb(account, region).create_table(
            source.name, schema=source.schema, attr=source.attr, billing_mode=source.billing_mode,
            throughput=None if source.billing_mode == "PAY_PER_REQUEST" else _capacity(source.throughput),
            global_indexes=[_index(i, source.billing_mode) for i in source.global_indexes],
            indexes=[{"IndexName": i.name, "KeySchema": i.schema, "Projection": i.projection} for i in source.indexes],
            streams={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, sse_specification=None, tags=[],
            deletion_protection_enabled=False, warm_throughput=None,
        )  # fmt: skip
        replica.ttl = dict(source.ttl)
        with self._replication.applying():
            for item in source.all_items():
                replica.put_item(item.to_json()["Attributes"])
        self.changes(account, region, source.name, "CREATING")
        until = time.monotonic() + self._pace.transition
        group = self._groups.setdefault((account, source.name), {})
        group.setdefault(source.region_name, _Replica("ACTIVE", 0.0))
        group[region] = _Replica("CREATING" if self._pace.transition else "ACTIVE", until)

    def _delete_replica(self, account: str, name: str, region: str) -> None:
        self._replication.forget(account, name, region)
        self._groups[account, name][region] = _Replica("DELETING", time.monotonic() + self._pace.transition)

    def deleted(self, account: str, region: str, name: str) -> None:
        """DeleteTable took one Region's copy away."""
        self._ready_at.pop((account, region, name), None)
        group = self._groups.get((account, name), {})
        if group.pop(region, None):
            self._replication.forget(account, name, region)
        if len(group) < 2 and not any(replica.status == "DELETING" for replica in group.values()):
            self._groups.pop((account, name), None)

    # -- the reconciler's pass

    def tick(self) -> None:
        now = time.monotonic()
        with self._replication.lock:
            for (account, name), group in list(self._groups.items()):
                for region, replica in list(group.items()):
                    if now < replica.until:
                        continue
                    if replica.status == "DELETING":
                        ledger.dynamodb(account, region).tables.pop(name, None)
                        self.deleted(account, region, name)
                    else:
                        replica.status = "ACTIVE"
        self._replication.tick(self.is_live)


def _capacity(throughput: Mapping[str, Any]) -> dict[str, Any]:
    return {unit: throughput[unit] for unit in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _index(index: Any, billing_mode: str) -> dict[str, Any]:
    described = {"IndexName": index.name, "KeySchema": index.schema, "Projection": index.projection}
    if billing_mode != "PAY_PER_REQUEST":
        described["ProvisionedThroughput"] = _capacity(index.throughput)
    return described


def _tables_named(body: Mapping[str, Any]) -> set[str]:
    names = {body["TableName"]} if body.get("TableName") else set()
    names |= set(body.get("RequestItems") or {})
    for item in body.get("TransactItems") or []:
        names |= {wish["TableName"] for wish in item.values() if wish.get("TableName")}
    return {str(name).rpartition("/")[2] for name in names}
