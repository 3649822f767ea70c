"""The records of Global Accelerator: accelerators, listeners, endpoint groups, and what the edge knows of them already.

Here: the records and how they are described. Not here: the operations on them (accelerators.py) and the choice of an
endpoint (routing.py).
"""

import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.routing import Endpoint, Group

GROUP_DEFAULTS = {
    "TrafficDialPercentage": 100.0, "HealthCheckPort": 80, "HealthCheckProtocol": "TCP", "HealthCheckIntervalSeconds": 30,
    "ThresholdCount": 3,
}  # fmt: skip


@dataclass
class Accelerator:
    account: str
    name: str
    is_enabled: bool
    tags: dict[str, str]
    deployed_at: float
    """time.monotonic() at which IN_PROGRESS becomes DEPLOYED."""
    arn: str = ""
    dns_name: str = field(default_factory=lambda: f"a{uuid.uuid4().hex[:16]}.awsglobalaccelerator.com")
    addresses: tuple[str, str] = ("", "")
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attributes: dict[str, Any] = field(default_factory=lambda: {"FlowLogsEnabled": False})

    def __post_init__(self) -> None:
        self.arn = self.arn or f"arn:aws:globalaccelerator::{self.account}:accelerator/{uuid.uuid4()}"
        low, high = random.randrange(256), random.randrange(1, 255)
        self.addresses = f"75.2.{low}.{high}", f"99.83.{low}.{high}"

    def described(self) -> dict[str, Any]:
        return {
            "AcceleratorArn": self.arn,
            "Name": self.name,
            "IpAddressType": "IPV4",
            "Enabled": self.is_enabled,
            "IpSets": [{"IpFamily": "IPv4", "IpAddresses": list(self.addresses), "IpAddressFamily": "IPv4"}],
            "DnsName": self.dns_name,
            "Status": "DEPLOYED" if time.monotonic() >= self.deployed_at else "IN_PROGRESS",
            "CreatedTime": self.created_at,
            "LastModifiedTime": self.modified_at,
        }


@dataclass
class Listener:
    arn: str
    accelerator_arn: str
    port_ranges: list[dict[str, int]]
    protocol: str = "TCP"
    client_affinity: str = "NONE"

    def described(self) -> dict[str, Any]:
        return {
            "ListenerArn": self.arn,
            "PortRanges": self.port_ranges,
            "Protocol": self.protocol,
            "ClientAffinity": self.client_affinity,
        }


@dataclass
class EndpointGroup:
    """`settings` are the API's own names; `endpoints` maps an endpoint's id to its configuration."""

    arn: str
    listener_arn: str
    region: str
    settings: dict[str, Any]
    endpoints: dict[str, dict[str, Any]]
    effective_at: float
    """time.monotonic() from which the edge routes by this; until then by what it knew before."""
    known: Group | None = None

    def wished(self) -> Group:
        endpoints = tuple(Endpoint(i, int(c.get("Weight", 128))) for i, c in self.endpoints.items())
        return Group(self.region, float(self.settings["TrafficDialPercentage"]), endpoints)

    def before_change(self, propagation: float) -> None:
        """To be called before the group is changed: the edge keeps to what it knows for `propagation` real seconds."""
        self.known = self.at_edge()
        self.effective_at = time.monotonic() + propagation

    def at_edge(self) -> Group | None:
        """What the edge routes by now; None while it does not know the group yet."""
        return self.wished() if time.monotonic() >= self.effective_at else self.known

    def described(self, healths: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        """`healths`: endpoint id -> (HealthState, HealthReason or empty)."""
        descriptions = []
        for endpoint_id, configuration in self.endpoints.items():
            state, reason = healths.get(endpoint_id, ("INITIAL", ""))
            description = {
                "EndpointId": endpoint_id,
                "Weight": int(configuration.get("Weight", 128)),
                "HealthState": state,
                "ClientIPPreservationEnabled": bool(configuration.get("ClientIPPreservationEnabled", True)),
            }
            descriptions.append(description | ({"HealthReason": reason} if reason else {}))
        return {
            "EndpointGroupArn": self.arn,
            "EndpointGroupRegion": self.region,
            "EndpointDescriptions": descriptions,
            **self.settings,
        }
