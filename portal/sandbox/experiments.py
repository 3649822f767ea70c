"""Fault Injection Service experiments that really inject: their actions drive the same faults as /_sandbox/faults.

Here: reading actions and durations, starting and ending faults, an experiment's state. Not here: templates and the wire
format, which are moto's (joined in extension.py). Source:
https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
"""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.faults import Faults
from portal.sandbox.pace import Pace
from portal.sandbox.scheduler import Scheduler

FAULT_OF_ACTION = {
    "aws:dynamodb:global-table-pause-replication": "replication",
    "aws:network:disrupt-connectivity": "network",
    "aws:fis:inject-api-unavailable-error": "api",
}
STOP_TASK = "aws:ecs:stop-task"
WAIT = "aws:fis:wait"
ACTIONS = (*FAULT_OF_ACTION, STOP_TASK, WAIT)
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class ExperimentRefused(ValueError):
    """A template that cannot be carried out; the text lists every problem."""


def seconds(duration: str) -> float:
    """Seconds of an ISO 8601 duration of days, hours, minutes and seconds, such as PT5M."""
    match = DURATION.fullmatch(duration)
    if not match or not any(match.groups()):
        raise ExperimentRefused(f"duration {duration!r} is not an ISO 8601 duration such as PT5M")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return days * 86400.0 + hours * 3600 + minutes * 60 + rest


def check(actions: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ExperimentRefused with all that is wrong with a template's actions."""
    problems = []
    for name, action in actions.items():
        kind = action.get("actionId")
        if kind not in ACTIONS:
            problems.append(f"action {name}: {kind} is not one the sandbox injects ({', '.join(ACTIONS)})")
            continue
        duration = (action.get("parameters") or {}).get("duration")
        if duration is None and kind != STOP_TASK:
            problems.append(f"action {name}: {kind} needs the parameter duration")
        elif duration is not None:
            try:
                seconds(duration)
            except ExperimentRefused as refusal:
                problems.append(f"action {name}: {refusal}")
    if problems:
        raise ExperimentRefused("; ".join(problems))


@dataclass
class _Injected:
    """`fault_id` None: an action without lasting fault. `ends_at` is time.monotonic()."""

    ends_at: float
    fault_id: str | None = None


@dataclass
class _Run:
    injected: dict[str, _Injected] = field(default_factory=dict)
    is_stopped: bool = False


class Experiments:
    """Safe to use from any thread. Actions run side by side; startAfter is not followed."""

    def __init__(self, pace: Pace, faults: Faults, scheduler: Scheduler) -> None:
        self._pace, self._faults, self._scheduler = pace, faults, scheduler
        self._lock = threading.RLock()
        self._runs: dict[str, _Run] = {}

    def clear(self) -> None:
        with self._lock:
            self._runs.clear()

    def start(self, experiment: Any) -> None:
        """Injects every action of moto's experiment, once."""
        with self._lock:
            if experiment.id in self._runs:
                return
            run = self._runs[experiment.id] = _Run()
            for name, action in experiment.actions.items():
                run.injected[name] = self._inject(experiment, action)

    def stop(self, experiment_id: str) -> None:
        with self._lock:
            run = self._runs.get(experiment_id)
            if run and not self._is_over(run):
                run.is_stopped = True
                self._end(run)

    def status(self, experiment_id: str) -> str:
        """running, completed or stopped"""
        with self._lock:
            run = self._runs.get(experiment_id)
            if run is None or run.is_stopped:
                return "stopped"
            return "completed" if self._is_over(run) else "running"

    def tick(self) -> None:
        """Ends what has lasted long enough."""
        now = time.monotonic()
        with self._lock:
            for run in self._runs.values():
                for injected in run.injected.values():
                    if injected.fault_id and now >= injected.ends_at:
                        self._faults.end(injected.fault_id)
                        injected.fault_id = None

    def _is_over(self, run: _Run) -> bool:
        return all(time.monotonic() >= injected.ends_at for injected in run.injected.values())

    def _end(self, run: _Run) -> None:
        for injected in run.injected.values():
            if injected.fault_id:
                self._faults.end(injected.fault_id)
                injected.fault_id = None

    def _inject(self, experiment: Any, action: Mapping[str, Any]) -> _Injected:
        kind = str(action["actionId"])
        duration = (action.get("parameters") or {}).get("duration")
        ends_at = time.monotonic() + (self._pace.scaled(seconds(duration)) if duration else 0.0)
        source = f"experiment {experiment.id}"
        if kind == STOP_TASK:
            if duration:
                return _Injected(ends_at, self._faults.inject(experiment.region_name, "tasks", source).id)
            for arn in self._tasks_of(experiment, action):
                self._scheduler.stop(arn, f"Stopped by {source}")
            return _Injected(ends_at)
        if kind == WAIT:
            return _Injected(ends_at)
        tables = tuple(arn.rpartition("/")[2] for arn in _targets(experiment, action) if ":dynamodb:" in arn)
        fault = self._faults.inject(experiment.region_name, FAULT_OF_ACTION[kind], source, tables)
        return _Injected(ends_at, fault.id)

    def _tasks_of(self, experiment: Any, action: Mapping[str, Any]) -> list[str]:
        """Tasks named by ARN, or of the cluster and service in the target's parameters."""
        named = [arn for arn in _targets(experiment, action) if ":task/" in arn]
        backend = ledger.ecs(experiment.account_id, experiment.region_name)
        for name in (action.get("targets") or {}).values():
            wish = (experiment.targets.get(name) or {}).get("parameters") or {}
            cluster, service = wish.get("cluster", ""), wish.get("service", "")
            for tasks in list(backend.tasks.values()):
                for arn, task in list(tasks.items()):
                    group = f"service:{service.rpartition('/')[2]}"
                    is_wanted = task.cluster_name == cluster.rpartition("/")[2] and task.group == group
                    if is_wanted and task.desired_status == "RUNNING":
                        named.append(arn)
        return named


def _targets(experiment: Any, action: Mapping[str, Any]) -> list[str]:
    """The ARNs an action's targets list."""
    names = (action.get("targets") or {}).values()
    return [arn for name in names for arn in (experiment.targets.get(name) or {}).get("resourceArns") or []]
