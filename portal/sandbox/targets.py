"""Target health: real HTTP checks of registered targets, through security groups.

Here: the states initial, healthy, unhealthy, unused, draining and their reasons. Not here: who registers targets
(scheduler.py, or RegisterTargets), and routing by health (balancer.py).
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import http.client
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.faults import Faults
from portal.sandbox.network import target_is_reachable
from portal.sandbox.pace import SHORTEST_ANSWER, Pace
from portal.sandbox.scheduler import Scheduler

INITIAL = ("Elb.InitialHealthChecking", "Initial health checks in progress")
REGISTERING = ("Elb.RegistrationInProgress", "Target registration is in progress")
TIMEOUT = ("Target.Timeout", "Request timed out")
FAILED = ("Target.FailedHealthChecks", "Health checks failed")
DRAINING = ("Target.DeregistrationInProgress", "Target deregistration is in progress")
UNUSED = ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
CHECKS_AT_ONCE = 8

Verdict = tuple[str, str] | None
"""None: the check passed; else (reason, description)."""


@dataclass
class TargetHealth:
    """One target of one target group. Counters are of consecutive checks; times are time.monotonic()."""

    group_arn: str
    address: str
    port: int
    state: str = "initial"
    reason: str = REGISTERING[0]
    description: str = REGISTERING[1]
    successes: int = 0
    failures: int = 0
    next_check: float = 0.0
    drained_at: float | None = None
    checking: "Future[Verdict] | None" = None

    def set(self, state: str, why: tuple[str, str] = ("", "")) -> None:
        self.state, (self.reason, self.description) = state, why


class HealthChecks:
    """Safe to use from any thread; checks themselves run outside the lock, on a few threads of their own."""

    def __init__(self, pace: Pace, faults: Faults, scheduler: Scheduler) -> None:
        self._pace, self._faults, self._scheduler = pace, faults, scheduler
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str], TargetHealth] = {}
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="health-check")

    # -- what others ask

    def of(self, group_arn: str, address: str) -> TargetHealth | None:
        with self._lock:
            return self._known.get((group_arn, address))

    def in_group(self, group_arn: str) -> list[TargetHealth]:
        """Every target of the group, draining ones included."""
        with self._lock:
            return [target for (arn, _), target in self._known.items() if arn == group_arn]

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "region": t.group_arn.split(":")[3],
                    "target_group": t.group_arn,
                    "address": t.address,
                    "state": t.state,
                    "reason": t.reason,
                }
                for t in self._known.values()
            ]

    def balancer_is_healthy(self, balancer: Any) -> bool:
        """Global Accelerator's question: does every target group behind the load balancer have a healthy target?"""
        groups = ledger.groups_of(balancer)
        return bool(groups) and all(any(t.state == "healthy" for t in self.in_group(g.arn)) for g in groups)

    def clear(self) -> None:
        with self._lock:
            self._known = {}

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def is_serving(self, group_arn: str, address: str) -> bool:
        known = self.of(group_arn, address)
        return known is not None and known.state == "healthy"

    # -- the reconciler's pass

    def tick(self) -> None:
        now = time.monotonic()
        seen = set()
        for _account, _region, group in ledger.target_groups():
            for target in list(group.targets.values()):
                seen.add((group.arn, target["Id"]))
                with self._lock:
                    known = self._known.setdefault(
                        (group.arn, target["Id"]),
                        TargetHealth(group.arn, target["Id"], int(target["Port"] or group.port)),
                    )
                    self._advance(group, known, now)
        with self._lock:
            for key, known in list(self._known.items()):
                if key not in seen:
                    self._drain(key, known, now)

    def _advance(self, group: Any, target: TargetHealth, now: float) -> None:
        if target.drained_at is not None:
            target.drained_at = None
            target.set("initial", REGISTERING)
            target.successes = target.failures = 0
        if not ledger.balancers_of(group):
            target.set("unused", UNUSED)
            return
        if target.state == "unused":
            target.set("initial", REGISTERING)
        if target.checking is not None and target.checking.done():
            done, target.checking = target.checking, None
            verdict = FAILED if done.exception() else done.result()
            self._judge(group, target, verdict)
            target.next_check = now + self._pace.scaled(float(group.health_check_interval_seconds))
        elif target.checking is None and now >= target.next_check:
            if target.state == "initial":
                target.reason, target.description = INITIAL
            target.checking = self._pool.submit(self._check, group, target.address, target.port)

    def _judge(self, group: Any, target: TargetHealth, verdict: Verdict) -> None:
        if verdict is None:
            target.successes, target.failures = target.successes + 1, 0
            if target.state == "initial" or target.successes >= int(group.healthy_threshold_count):
                target.set("healthy")
        else:
            target.successes, target.failures = 0, target.failures + 1
            if target.failures >= int(group.unhealthy_threshold_count) or target.state == "unhealthy":
                target.set("unhealthy", verdict)

    def _drain(self, key: tuple[str, str], target: TargetHealth, now: float) -> None:
        group = ledger.target_group(key[0])
        if group is None or target.state == "unused":
            self._known.pop(key, None)
        elif target.drained_at is None:
            delay = float(group.attributes.get("deregistration_delay.timeout_seconds", 300))
            target.drained_at = now + self._pace.scaled(delay)
            target.set("draining", DRAINING)
        elif now >= target.drained_at:
            self._known.pop(key, None)

    # -- one check, on a thread of the pool

    def _check(self, group: Any, address: str, port: int) -> Verdict:
        if self._faults.hits("network", group.region_name):
            return TIMEOUT
        configured = str(group.health_check_port or "traffic-port")
        checked_port = port if configured == "traffic-port" else int(configured)
        found = self._scheduler.stand_in_at(group.account_id, group.region_name, group.vpc_id, address, checked_port)
        if found is None:
            return TIMEOUT
        placed, stand_in = found
        if not all(target_is_reachable(b, placed.interface, checked_port) for b in ledger.balancers_of(group)):
            return TIMEOUT
        if stand_in is None:
            return FAILED
        return self._ask(group, stand_in.port)

    def _ask(self, group: Any, loopback_port: int) -> Verdict:
        timeout = max(SHORTEST_ANSWER, self._pace.scaled(float(group.health_check_timeout_seconds)))
        connection = http.client.HTTPConnection("127.0.0.1", loopback_port, timeout=timeout)
        try:
            headers = {"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"}
            connection.request("GET", group.health_check_path or "/", headers=headers)
            status = connection.getresponse().status
        except TimeoutError:
            return TIMEOUT
        except (OSError, http.client.HTTPException):
            return FAILED
        finally:
            connection.close()
        if matches(str((group.matcher or {}).get("HttpCode") or "200"), status):
            return None
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def matches(matcher: str, status: int) -> bool:
    """A target group's matcher, such as "200,301" or "200-299"."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= status <= int(high or low):
            return True
    return False
