"""What CloudWatch is told about load balancers: AWS/ApplicationELB, from requests that really happened.

Here: counting at the gateway, writing the counts into CloudWatch's books once a period, keeping those books bounded.
Not here: alarms and metrics of other services. Names and dimensions:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

import threading
import time
from collections import defaultdict
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.pace import Pace

PERIOD = 60.0
"""Seconds, unscaled, between two datapoints of one metric."""
NAMESPACE = "AWS/ApplicationELB"
DATAPOINTS_KEPT = 20_000
"""Per account and Region, of all namespaces together; the oldest go first."""

Key = tuple[str, str]
"""(load balancer ARN, target group ARN or empty)"""


class Counters:
    """Counts since the last flush. Safe to use from any thread."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._counts: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._times: dict[Key, list[float]] = defaultdict(list)
        self._next_flush = time.monotonic()

    def answered(self, balancer_arn: str, group_arn: str, status: int, by_target: bool, seconds: float) -> None:
        """One request was answered; `by_target` tells HTTPCode_Target from HTTPCode_ELB. `seconds` are real ones."""
        hundred = status // 100
        with self._lock:
            for key in {(balancer_arn, ""), (balancer_arn, group_arn)}:
                counts = self._counts[key]
                counts["RequestCount"] += 1
                if by_target:
                    counts[f"HTTPCode_Target_{hundred}XX_Count"] += 1
                    if len(self._times[key]) < 1000:
                        self._times[key].append(seconds)
                elif hundred >= 5 and not key[1]:
                    counts["HTTPCode_ELB_5XX_Count"] += 1
                    if status in (502, 503, 504):
                        counts[f"HTTPCode_ELB_{status}_Count"] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._times.clear()

    def tick(self, healths: "dict[str, list[str]]") -> None:
        """Writes a datapoint per metric once a period. `healths`: target group ARN -> states of its targets."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_flush:
                return
            self._next_flush = now + max(1.0, self._pace.scaled(PERIOD))
            counts, self._counts = self._counts, defaultdict(lambda: defaultdict(float))
            times, self._times = self._times, defaultdict(list)
        points: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for key, values in counts.items():
            points[key[0]] += [_point(key, name, {"Value": value}, "Count") for name, value in values.items()]
        for key, seconds in times.items():
            points[key[0]].append(_point(key, "TargetResponseTime", {"Values": seconds}, "Seconds"))
        for group_arn, states in healths.items():
            group = ledger.target_group(group_arn)
            for balancer in ledger.balancers_of(group) if group is not None else []:
                key = balancer.arn, group_arn
                healthy = states.count("healthy")
                points[balancer.arn].append(_point(key, "HealthyHostCount", {"Value": healthy}, "Count"))
                unhealthy = states.count("unhealthy")
                points[balancer.arn].append(_point(key, "UnHealthyHostCount", {"Value": unhealthy}, "Count"))
        for arn, data in points.items():
            backend = ledger.cloudwatch(arn.split(":")[4], arn.split(":")[3])
            backend.put_metric_data(NAMESPACE, data)
            del backend.metric_data[:-DATAPOINTS_KEPT]


def _point(key: Key, name: str, value: dict[str, Any], unit: str) -> dict[str, Any]:
    dimensions = [{"Name": "LoadBalancer", "Value": key[0].partition(":loadbalancer/")[2]}]
    if key[1]:
        dimensions.append({"Name": "TargetGroup", "Value": key[1].rpartition(":")[2]})
    return {"MetricName": name, "Dimensions": dimensions, "Unit": unit} | value
