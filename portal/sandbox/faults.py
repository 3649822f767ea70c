"""Faults: which Region is hurt, and how, at this moment.

Here: the list of active faults and the questions the rest asks of it. Not here: their effects, which belong to whoever
is hurt (server.py, gateway.py, targets.py, scheduler.py, replication.py).
"""

import re
import threading
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

KINDS = ("api", "network", "tasks", "replication")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class FaultRefused(ValueError):
    """The fault asked for does not make sense; the text lists every problem."""


@dataclass(frozen=True)
class Fault:
    """`tables` narrows a replication fault to these tables; empty means all. `source` names what injected it."""

    id: str
    region: str
    kind: str
    source: str
    since: str
    tables: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        return asdict(self) | {"tables": list(self.tables)}


class Faults:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}

    def inject(self, region: object, kind: object, source: str = "request", tables: Iterable[str] = ()) -> Fault:
        """Starts a fault and returns it. FaultRefused lists all that is wrong with the arguments."""
        problems = []
        if not isinstance(region, str) or not REGION.fullmatch(region):
            problems.append(f"region {region!r} is not the name of a Region, such as us-west-2")
        if kind not in KINDS:
            problems.append(f"kind {kind!r} is not one of {', '.join(KINDS)}")
        if problems:
            raise FaultRefused("; ".join(problems))
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        fault = Fault(f"fault-{uuid.uuid4().hex[:12]}", str(region), str(kind), source, since, tuple(tables))
        with self._lock:
            self._faults[fault.id] = fault
        return fault

    def end(self, fault_id: str) -> bool:
        """Ends one fault; False when there is none of that id (any more)."""
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def clear(self) -> int:
        with self._lock:
            count = len(self._faults)
            self._faults.clear()
            return count

    def active(self) -> list[Fault]:
        with self._lock:
            return list(self._faults.values())

    def hits(self, kind: str, region: str) -> bool:
        """Is this Region under a fault of this kind?"""
        return any(fault.kind == kind and fault.region == region for fault in self.active())

    def cuts_replication(self, region: str, table: str) -> bool:
        """Does nothing leave or enter this Region's copy of the table?"""
        return any(
            fault.region == region
            and (
                fault.kind == "network" or (fault.kind == "replication" and (not fault.tables or table in fault.tables))
            )
            for fault in self.active()
        )
