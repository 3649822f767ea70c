"""Heartbeat records: numbered writes through the public entry, by which a drill measures what data was lost.

A probe writes 1, 2, 3 ... through the public entry and remembers which writes were acknowledged. After a failover the
recovery side is asked which of them it holds. Not here: the measuring.
"""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

from portal.sandbox.applications import tables
from portal.sandbox.applications.answering import Answer, RefusalError, Request, Route
from portal.sandbox.tasks import TaskEnvironment

PROBE = "[A-Za-z0-9_.-]{1,64}"
SEQUENCE = "[0-9]{1,15}"
MAXIMUM_NONCE = 200


class Heartbeats:
    """Writes and reads the table of heartbeat records in the task's Region."""

    def __init__(self, environment: TaskEnvironment) -> None:
        self.region = environment.region
        self._table = tables.heartbeat_table(environment)
        self._dynamodb: Any = tables.client(environment)

    def routes(self) -> list[Route]:
        """PUT /heartbeats/<probe-id>/<sequence>, GET /heartbeats/<probe-id>[?after=<sequence>]."""
        return [
            Route("PUT", f"/heartbeats/({PROBE})/({SEQUENCE})", self.write),
            Route("GET", f"/heartbeats/({PROBE})", self.index),
        ]

    def write(self, request: Request) -> Answer:
        """Body {"written_at": ISO 8601 with offset, "nonce": text}; answers 201 {"region", "sequence"}.

        A repeated write with the same nonce is acknowledged again. Another nonce for a taken sequence number is
        refused with 409: two probes under one id would make each other's losses invisible.
        """
        probe, sequence = request.match[1], int(request.match[2])
        written_at, nonce = _read_heartbeat(request.json())
        item = {"ProbeId": {"S": probe}, "Sequence": {"N": str(sequence)}, "WrittenAt": {"S": written_at}}
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={**item, "Region": {"S": self.region}, "Nonce": {"S": nonce}},
                ConditionExpression="attribute_not_exists(ProbeId) OR Nonce = :nonce",
                ExpressionAttributeValues={":nonce": {"S": nonce}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            message = f"Heartbeat {sequence} of {probe} was written by somebody else. Use another probe id."
            raise RefusalError(HTTPStatus.CONFLICT, message) from error
        return Answer({"region": self.region, "sequence": sequence}, HTTPStatus.CREATED)

    def index(self, request: Request) -> Answer:
        """{"region", "probe_id", "heartbeats": [{"sequence", "written_at", "region", "nonce"}]} by sequence number."""
        after = request.query.get("after", "-1")
        if not re.fullmatch(f"-?{SEQUENCE}", after):
            raise RefusalError(HTTPStatus.BAD_REQUEST, "after is a sequence number.")
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="ProbeId = :probe AND #sequence > :after",
            ExpressionAttributeNames={"#sequence": "Sequence"},
            ExpressionAttributeValues={":probe": {"S": request.match[1]}, ":after": {"N": after}},
        )
        rows = [tables.plain(item) for page in pages for item in page["Items"]]
        heartbeats = [
            {
                "sequence": row["Sequence"],
                "written_at": row["WrittenAt"],
                "region": row["Region"],
                "nonce": row["Nonce"],
            }
            for row in rows
        ]
        return Answer({"region": self.region, "probe_id": request.match[1], "heartbeats": heartbeats})


def _read_heartbeat(content: Any) -> tuple[str, str]:
    """(written_at, nonce); raises RefusalError that lists everything wrong with the body."""
    content = content if isinstance(content, dict) else {}
    written_at, nonce = content.get("written_at"), content.get("nonce")
    problems = []
    if not isinstance(written_at, str) or not _is_exact_time(written_at):
        problems.append("written_at is an ISO 8601 time with its offset from UTC")
    if not isinstance(nonce, str) or not 1 <= len(nonce) <= MAXIMUM_NONCE:
        problems.append(f"nonce is a text of 1 to {MAXIMUM_NONCE} characters")
    if problems:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "; ".join(problems) + ".")
    return str(written_at), str(nonce)


def _is_exact_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
