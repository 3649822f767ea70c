"""The ECS scheduler: keeps as many tasks running as each service desires.

Here: placing, replacing, rolling over to a new task definition, counting, the service's events. Not here: a single
task (placements.py) and its health behind a load balancer (targets.py).
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.faults import Faults
from portal.sandbox.pace import Pace
from portal.sandbox.placements import CannotPlace, Placement, Wish, place
from portal.sandbox.stand_ins import StandIn

EVENTS_KEPT = 100
STOPPED_KEPT = 50
STOPPING = 3.0
"""Seconds, unscaled, between a task's deregistration and its end. AWS waits for the whole deregistration delay."""
FAULTY = "Task stopped: the Region's tasks are under a fault"


@dataclass
class _Rollout:
    """Which version of a service is being rolled out; `version` changes with its definition or network."""

    deployment: str
    version: str
    is_steady: bool = False
    placed: int = 0


class Scheduler:
    """Safe to use from any thread; one lock guards the placements."""

    def __init__(
        self, pace: Pace, faults: Faults, api_url: Callable[[], str], is_serving: Callable[[str, str], bool]
    ) -> None:
        """`is_serving` says whether a target group (ARN) has a healthy target of this address."""
        self._pace, self._faults, self._api_url, self._is_serving = pace, faults, api_url, is_serving
        self._lock = threading.RLock()
        self._placements: dict[str, Placement] = {}
        self._rollouts: dict[tuple[str, str, str], _Rollout] = {}

    # -- what others ask

    def stand_in_at(
        self, account: str, region: str, vpc_id: str, address: str, port: int
    ) -> tuple[Placement, StandIn | None] | None:
        """Who has this private address of the VPC, and what listens there; None when nobody has it."""
        with self._lock:
            for placed in self._placements.values():
                here = (placed.account, placed.region, placed.interface.vpc_id, placed.interface.address)
                if here == (account, region, vpc_id, address):
                    return placed, placed.stand_ins.get(port)
        return None

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "region": p.region,
                    "cluster": p.task.cluster_name,
                    "service": p.service.partition(":")[2],
                    "task": p.arn,
                    "address": p.interface.address,
                    "is_running": p.is_running,
                }
                for p in self._placements.values()
            ]

    # -- what the API asks

    def run(self, backend: Any, cluster: Any, definition: Any, request: Mapping[str, Any]) -> Any:
        """RunTask of one task: placed, never replaced. CannotPlace says why not."""
        if self._faults.hits("tasks", backend.region_name):
            raise CannotPlace(
                "Capacity is unavailable at this time. Please try again later or in a different availability zone"
            )
        wish = Wish(
            request.get("group") or f"family:{definition.family}",
            deployment=request.get("started_by") or "",
            overrides=request.get("overrides") or {},
        )
        placed = place(backend, cluster, definition, request.get("network") or {}, wish, self._pace)
        with self._lock:
            self._placements[placed.arn] = placed
        return placed.task

    def stop(self, task_arn: str, reason: str, code: str = "UserInitiated") -> bool:
        """Kills one task; its service will start another at the next pass. False when it does not run."""
        with self._lock:
            placed = self._placements.pop(task_arn, None)
            if placed is None:
                return False
            _deregister(placed)
            placed.stop(reason, code)
            return True

    def retire(self, account: str, region: str, service: Any) -> None:
        """Kills every task of a service that was deleted."""
        with self._lock:
            key = account, region, _key(service)
            for placed in [p for p in self._placements.values() if (p.account, p.region, p.service) == key]:
                self.stop(placed.arn, "Scaling activity initiated by service deletion", "ServiceSchedulerInitiated")
            service.running_count = service.pending_count = 0

    def stop_all(self) -> None:
        with self._lock:
            for placed in self._placements.values():
                for stand_in in placed.stand_ins.values():
                    stand_in.kill()
            self._placements = {}
            self._rollouts = {}

    def count(self, account: str, region: str, service: Any) -> None:
        """Writes the true counts into the books at once, for the answer of CreateService and UpdateService."""
        with self._lock:
            self._write_counts(service, self._rollout(account, region, service), self._of(account, region, service))

    # -- the reconciler's pass

    def tick(self) -> None:
        with self._lock:
            now = time.monotonic()
            for placed in list(self._placements.values()):
                if self._faults.hits("tasks", placed.region):
                    self.stop(placed.arn, FAULTY, "EssentialContainerExited")
                elif placed.leaves_at is not None:
                    if now >= placed.leaves_at:
                        self.stop(placed.arn, placed.task.stopped_reason, "ServiceSchedulerInitiated")
                elif not placed.is_running and now >= placed.ready_at:
                    placed.bring_up(self._api_url(), self._pace.time_scale)
                    self._register(placed)
            for account, region, backend, service in ledger.services():
                self._reconcile(account, region, backend, service)
            self._forget_stopped()

    def _reconcile(self, account: str, region: str, backend: Any, service: Any) -> None:
        if service.status != "ACTIVE":
            return
        mine = self._of(account, region, service)
        rollout = self._rollout(account, region, service)
        fresh = [p for p in mine if p.deployment == rollout.deployment]
        stale = [p for p in mine if p.deployment != rollout.deployment]
        desired = int(service.desired_count or 0)
        if len(fresh) < desired:
            self._grow(backend, service, rollout, desired - len(fresh))
        surplus = sorted(fresh, key=lambda p: p.ready_at)[desired:]
        if desired == 0 or sum(self._is_in_service(p) for p in fresh) >= desired:
            surplus += stale
        for placed in surplus:
            self._take_out(placed, f"Scaling activity initiated by deployment {rollout.deployment}")
        if surplus:
            _tell(service, f"has stopped {len(surplus)} running tasks: (task {surplus[0].task.id}).")
        self._write_counts(service, rollout, self._of(account, region, service))

    def _is_in_service(self, placed: Placement) -> bool:
        """Running, and healthy behind every target group of its service."""
        groups = [group for group, _port in _target_groups(placed)]
        return placed.is_running and all(self._is_serving(group.arn, placed.interface.address) for group in groups)

    def _take_out(self, placed: Placement, reason: str) -> None:
        """Deregisters at once and kills a moment later, so that requests under way are still answered."""
        _deregister(placed)
        placed.leaves_at = time.monotonic() + self._pace.scaled(STOPPING)
        placed.task.desired_status = "STOPPED"
        placed.task.stopped_reason = reason
        placed.say("DEACTIVATING")

    def _grow(self, backend: Any, service: Any, rollout: _Rollout, missing: int) -> None:
        if self._faults.hits("tasks", backend.region_name):
            _tell(service, "was unable to place a task. Reason: Capacity is unavailable at this time.")
            return
        definition = backend.describe_task_definition(service.task_definition)
        cluster = backend.clusters[service.cluster_name]
        for _ in range(missing):
            try:
                wish = Wish(f"service:{service.name}", _key(service), rollout.deployment, turn=rollout.placed)
                placed = place(backend, cluster, definition, service.network_configuration or {}, wish, self._pace)
            except CannotPlace as refusal:
                _tell(service, str(refusal))
                return
            rollout.placed += 1
            self._placements[placed.arn] = placed
            _tell(service, f"has started 1 tasks: (task {placed.task.id}).")

    def _rollout(self, account: str, region: str, service: Any) -> _Rollout:
        primary = next((d for d in service.deployments if d["status"] == "PRIMARY"), None)
        forced = primary["id"] if primary else ""
        definition = ledger.ecs(account, region).describe_task_definition(service.task_definition).arn
        service.task_definition = definition
        version = json.dumps(
            [forced, definition, service.network_configuration, service.load_balancers], sort_keys=True
        )
        key = account, region, f"{_key(service)}:{id(service)}"
        rollout = self._rollouts.get(key)
        if rollout is None:
            rollout = self._rollouts[key] = _Rollout(forced or f"ecs-svc/{uuid.uuid4().int % 10**19}", version)
        elif rollout.version != version:
            fresh_id = forced if forced != rollout.deployment else f"ecs-svc/{uuid.uuid4().int % 10**19}"
            if primary:
                primary.update({"id": fresh_id, "createdAt": datetime.now(UTC), "taskDefinition": definition})
            version = json.dumps(
                [fresh_id, definition, service.network_configuration, service.load_balancers], sort_keys=True
            )
            rollout = self._rollouts[key] = _Rollout(fresh_id, version, placed=rollout.placed)
        return rollout

    def _write_counts(self, service: Any, rollout: _Rollout, mine: list[Placement]) -> None:
        fresh = [p for p in mine if p.deployment == rollout.deployment]
        stale = [p for p in mine if p.deployment != rollout.deployment]
        desired = int(service.desired_count or 0)
        running = sum(p.is_running for p in fresh)
        service.running_count = sum(p.is_running for p in mine)
        service.pending_count = len(mine) - service.running_count
        is_steady = running == desired and not stale and len(fresh) == desired
        if service.deployments:
            primary = service.deployments[0]
            primary.update(
                desiredCount=desired, runningCount=running, pendingCount=len(fresh) - running,
                rolloutState="COMPLETED" if is_steady else "IN_PROGRESS",
                rolloutStateReason=f"ECS deployment {rollout.deployment} {'completed' if is_steady else 'in progress'}.",
                networkConfiguration=service.network_configuration or None, taskDefinition=service.task_definition,
            )  # fmt: skip
            if is_steady != rollout.is_steady:
                primary["updatedAt"] = datetime.now(UTC)
            old = primary | {
                "id": stale[0].deployment if stale else "", "status": "ACTIVE", "desiredCount": 0, "pendingCount": 0,
                "runningCount": sum(p.is_running for p in stale),
            }  # fmt: skip
            service.deployments[1:] = [old] if stale else []
        if is_steady and not rollout.is_steady:
            _tell(service, "has reached a steady state.")
        rollout.is_steady = is_steady
        cluster = ledger.ecs(service._account_id, service.region_name).clusters.get(service.cluster_name)
        if cluster is not None:
            here = [p for p in self._placements.values() if p.task.cluster_arn == cluster.arn]
            cluster.running_tasks_count = sum(p.is_running for p in here)
            cluster.pending_tasks_count = len(here) - cluster.running_tasks_count

    def _of(self, account: str, region: str, service: Any) -> list[Placement]:
        wanted = account, region, _key(service)
        mine = [p for p in self._placements.values() if (p.account, p.region, p.service) == wanted]
        return [p for p in mine if p.leaves_at is None]

    def _register(self, placed: Placement) -> None:
        for group, port in _target_groups(placed):
            group.register([{"Id": placed.interface.address, "Port": port}])
            service = ledger.ecs(placed.account, placed.region).services[placed.service]
            _tell(service, f"registered 1 targets in (target-group {group.arn}).")

    def _forget_stopped(self) -> None:
        for _account, _region, backend in ledger.ecs_backends_in_use():
            for tasks in list(backend.tasks.values()):
                stopped = [arn for arn, task in list(tasks.items()) if task.desired_status == "STOPPED"]
                for arn in stopped[:-STOPPED_KEPT]:
                    tasks.pop(arn, None)


def _key(service: Any) -> str:
    return f"{service.cluster_name}:{service.name}"


def _tell(service: Any, message: str) -> None:
    """Adds an event, newest first; a message that only repeats the newest is left out."""
    text = f"(service {service.name}) {message}"
    if service.events and service.events[0]["message"] == text and "unable" in text:
        return
    service.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": datetime.now(UTC), "message": text})
    del service.events[EVENTS_KEPT:]


def _target_groups(placed: Placement) -> Iterable[tuple[Any, int]]:
    service = ledger.ecs(placed.account, placed.region).services.get(placed.service)
    for wish in service.load_balancers if service else []:
        group = ledger.target_group(wish.get("targetGroupArn") or "")
        if group is not None:
            yield group, int(wish["containerPort"])


def _deregister(placed: Placement) -> None:
    for group, _port in _target_groups(placed):
        if placed.interface.address in group.targets:
            group.deregister([{"Id": placed.interface.address}])
