"""Everything that lives in one sandbox, put together, and the threads that keep it moving.

Here: the parts, their order in a pass, starting, stopping, forgetting all. Not here: sockets of the API (server.py) and
what moto is made to ask of the parts (extension.py).
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from moto.moto_api._internal.models import moto_api_backend

from portal.sandbox import stacks
from portal.sandbox.accelerators import Accelerators
from portal.sandbox.backup_contents import Contents
from portal.sandbox.backups import Backups
from portal.sandbox.balancer import Balancers
from portal.sandbox.experiments import Experiments
from portal.sandbox.faults import Faults
from portal.sandbox.metrics import Counters
from portal.sandbox.pace import Pace
from portal.sandbox.quotas import Quotas
from portal.sandbox.replication import Replication
from portal.sandbox.scheduler import Scheduler
from portal.sandbox.surviving import surviving
from portal.sandbox.tables import Tables
from portal.sandbox.targets import HealthChecks
from portal.sandbox.well_architected import WellArchitected


class World:
    """`api_url` and `gateway_url` are set by the server once it listens."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.api_url = self.gateway_url = ""
        self.faults = Faults()
        self.replication = Replication(pace, self.faults)
        self.tables = Tables(pace, self.replication)
        self.scheduler = Scheduler(pace, self.faults, lambda: self.api_url, lambda *who: self.health.is_serving(*who))
        self.health = HealthChecks(pace, self.faults, self.scheduler)
        self.counters = Counters(pace)
        self.balancers = Balancers(pace, self.faults, self.scheduler, self.health, self.counters)
        self.accelerators = Accelerators(pace, self.faults, self.health.balancer_is_healthy)
        self.experiments = Experiments(pace, self.faults, self.scheduler)
        self.well_architected = WellArchitected(pace)
        self.quotas = Quotas(pace)
        self.backups = Backups(pace, Contents(self.tables, self.replication))
        self._pass = threading.RLock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        compute = [self.scheduler.tick, self.health.tick, self.accelerators.tick, self.experiments.tick]
        compute += [self._measure, stacks.tick]
        for name, passes, interval in (
            ("reconciler", compute, self.pace.tick),
            ("replication", [self.tables.tick], min(self.pace.tick, 0.05)),
        ):
            thread = threading.Thread(target=self._loop, args=(name, passes, interval), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=1.0)
        self.scheduler.stop_all()
        self.health.close()

    def forget(self) -> None:
        """An empty AWS without faults: moto's books and ours."""
        with self._pass:
            self.faults.clear()
            self.scheduler.stop_all()
            with self.replication.lock:
                moto_api_backend.reset()
                self.tables.clear()
                self.replication.clear()
            self.health.clear()
            self.accelerators.clear()
            self.experiments.clear()
            self.well_architected.clear()
            self.quotas.clear()
            self.backups.clear()
            self.counters.clear()

    def _loop(self, name: str, passes: list[Callable[[], None]], interval: float) -> None:
        while not self._stopped.is_set():
            started = time.monotonic()
            with self._pass:
                for one in passes:
                    with surviving(f"a pass of the {name}"):
                        one()
            self._stopped.wait(max(0.005, interval - (time.monotonic() - started)))

    def _measure(self) -> None:
        states: dict[str, list[str]] = defaultdict(list)
        for target in self.health.described():
            states[target["target_group"]].append(target["state"])
        self.counters.tick(states)
