"""Checking what a request to Global Accelerator asks for.

Here: AWS's limits and error codes, paging. Not here: what is done then (accelerators.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from portal.sandbox import ledger
from portal.sandbox.edge import GROUP_DEFAULTS, Accelerator, EndpointGroup, Listener

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
Record = TypeVar("Record", Accelerator, Listener, EndpointGroup)


class AcceleratorRefused(Exception):
    """A request AWS would refuse: its error code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def found(records: Mapping[str, Record], arn: str, kind: str) -> Record:
    if arn not in records:
        raise AcceleratorRefused(f"{kind}NotFoundException", f"{kind} {arn} does not exist")
    return records[arn]


def page(name: str, items: list[Answer], p: Parameters) -> Answer:
    start = int(p.get("NextToken") or 0)
    end = start + int(p.get("MaxResults") or 10)
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})


def refuse_if(problems: Iterable[str]) -> None:
    text = "; ".join(problems)
    if text:
        raise AcceleratorRefused("InvalidArgumentException", text)


def ranges(ranges: Iterable[Mapping[str, int]]) -> list[dict[str, int]]:
    kept = [{"FromPort": int(r["FromPort"]), "ToPort": int(r["ToPort"])} for r in ranges]
    if any(not 1 <= r["FromPort"] <= r["ToPort"] <= 65535 for r in kept):
        raise AcceleratorRefused("InvalidPortRangeException", f"port ranges {kept} do not lie within 1 to 65535")
    return kept


def wished_settings(p: Parameters) -> dict[str, Any]:
    names = (*GROUP_DEFAULTS, "HealthCheckPath", "PortOverrides")
    settings = {name: p[name] for name in names if p.get(name) is not None}
    refuse_if(
        f"{name} is {settings[name]}; it must be {wish}"
        for name, is_good, wish in (
            ("TrafficDialPercentage", lambda v: 0 <= v <= 100, "from 0 to 100"),
            ("ThresholdCount", lambda v: 1 <= v <= 10, "from 1 to 10"),
            ("HealthCheckIntervalSeconds", lambda v: v in (10, 30), "10 or 30"),
        )
        if name in settings and not is_good(settings[name])
    )
    return settings


def wished_endpoints(region: str, configurations: Iterable[Parameters]) -> dict[str, dict[str, Any]]:
    endpoints = {str(c["EndpointId"]): dict(c) for c in configurations}
    weights = {i: c.get("Weight", 128) for i, c in endpoints.items()}
    problems = [f"weight {w} of {i} is not from 0 to 255" for i, w in weights.items() if not 0 <= w <= 255]
    for endpoint_id in endpoints:
        if ":loadbalancer/" in endpoint_id:
            if endpoint_id.split(":")[3] != region:
                problems.append(f"endpoint {endpoint_id} is not in the endpoint group's Region {region}")
            elif ledger.load_balancer(endpoint_id) is None:
                problems.append(f"endpoint {endpoint_id} does not exist")
    refuse_if(problems)
    return endpoints
