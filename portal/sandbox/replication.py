"""Global tables' traffic: every acknowledged write travels to the other Regions after the lag; the last writer wins.

Here: the queues between Regions, the order of writes, applying them. Not here: making and describing replicas
(tables.py). Whole items travel, so two Regions counting the same attribute lose increments, as on AWS. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.faults import Faults
from portal.sandbox.pace import Pace

Stamp = tuple[int, str]
"""Order of writes over all Regions: (number, Region)."""
Link = tuple[str, str, str, str]
"""(account, table, from Region, to Region)"""
ItemKey = tuple[str, str]
BATCH = 500
"""Writes applied to one link in one pass, so that a pass stays short."""


@dataclass(frozen=True)
class _Change:
    due: float
    stamp: Stamp
    key: ItemKey
    image: dict[str, Any] | None
    hash_key: Any
    range_key: Any


class Replication:
    """The lock is also the DynamoDB lock: requests hold it for one call, so a write and its queueing are one step."""

    def __init__(self, pace: Pace, faults: Faults) -> None:
        self._pace, self._faults = pace, faults
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._links: dict[Link, deque[_Change]] = defaultdict(deque)
        self._versions: dict[tuple[str, str, str], dict[ItemKey, Stamp]] = defaultdict(dict)
        self._is_applying = False
        self._held: list[tuple[Any, Any, Any, tuple[str, ...]]] | None = None

    def unreplicated(self) -> int:
        """Acknowledged writes not yet applied in some Region."""
        with self.lock:
            return sum(len(queue) for queue in self._links.values())

    def forget(self, account: str, table: str, region: str | None = None) -> None:
        """Drops what is queued to and from this Region's copy (all Regions when None)."""
        with self.lock:
            for link in [
                li for li in self._links if li[:2] == (account, table) and (region is None or region in li[2:])
            ]:
                del self._links[link]

    def clear(self) -> None:
        with self.lock:
            self._links.clear()
            self._versions.clear()

    def written(self, table: Any, old: Any, new: Any, other_regions: Iterable[str]) -> None:
        """moto changed an item (old or new is None for an insert or a delete): queue it for the other Regions."""
        if self._is_applying:
            return
        if self._held is not None:
            self._held.append((table, old, new, tuple(other_regions)))
            return
        item = new if new is not None else old
        key = str(item.hash_key.to_json()), str(item.range_key.to_json()) if item.range_key is not None else ""
        stamp = next(self._numbers), table.region_name
        self._versions[table.account_id, table.name, table.region_name][key] = stamp
        image = None if new is None else deepcopy(new.to_json()["Attributes"])
        change = _Change(time.monotonic() + self._pace.lag, stamp, key, image, item.hash_key, item.range_key)
        for region in other_regions:
            self._links[table.account_id, table.name, table.region_name, region].append(change)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes inside leave together at the end, or not at all when the block fails."""
        with self.lock:
            self._held = []
            try:
                yield
                held, self._held = self._held, None
            finally:
                self._held = None
            for table, old, new, regions in held:
                self.written(table, old, new, regions)

    @contextmanager
    def applying(self) -> Iterator[None]:
        """Writes inside come from replication itself and do not travel on."""
        with self.lock:
            self._is_applying = True
            try:
                yield
            finally:
                self._is_applying = False

    def tick(self, is_live: Callable[[str, str, str], bool]) -> None:
        """Applies what is due on links that no fault cuts. `is_live` says whether an (account, table, Region) is there."""
        now = time.monotonic()
        for link in list(self._links):
            account, name, source, destination = link
            if self._faults.cuts_replication(source, name) or self._faults.cuts_replication(destination, name):
                continue
            if not is_live(account, name, destination):
                continue
            with self.lock:
                queue = self._links.get(link)
                for _ in range(BATCH):
                    if not queue or queue[0].due > now:
                        break
                    self._apply(account, name, destination, queue.popleft())
        with self.lock:
            if not any(self._links.values()):
                self._versions.clear()

    def _apply(self, account: str, name: str, region: str, change: _Change) -> None:
        table = ledger.dynamodb(account, region).tables.get(name)
        versions = self._versions[account, name, region]
        if table is None or versions.get(change.key, (0, "")) > change.stamp:
            return
        versions[change.key] = change.stamp
        with self.applying():
            if change.image is not None:
                table.put_item(deepcopy(change.image))
            else:
                table.delete_item(change.hash_key, change.range_key)
