"""Global Accelerator: the everyday operations on standard accelerators, and the health of their endpoints.

Here: create, update, delete, list, describe, tags, idempotency tokens, health sampling. Not here: custom routing,
bring-your-own addresses, cross-account attachments (501), the choice of an endpoint (routing.py). Operations take the
API's parameters and give the API's answer; AcceleratorRefused carries AWS's error code. Source:
https://docs.aws.amazon.com/global-accelerator/latest/api/Welcome.html
"""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.accelerator_requests import (
    AcceleratorRefused,
    Answer,
    Parameters,
    found,
    page,
    ranges,
    wished_endpoints,
    wished_settings,
)
from portal.sandbox.edge import GROUP_DEFAULTS, Accelerator, EndpointGroup, Listener
from portal.sandbox.faults import Faults
from portal.sandbox.pace import EDGE_SAMPLING, Pace
from portal.sandbox.routing import Group


class Accelerators:
    """Safe to use from any thread. Public operations are named as in the API, in snake case."""

    def __init__(self, pace: Pace, faults: Faults, balancer_is_healthy: Callable[[Any], bool]) -> None:
        self._pace, self._faults, self._balancer_is_healthy = pace, faults, balancer_is_healthy
        self._lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._accelerators: dict[str, Accelerator] = {}
            self._listeners: dict[str, Listener] = {}
            self._groups: dict[str, EndpointGroup] = {}
            self._tokens: dict[tuple[str, str, str], str] = {}
            self._healths: dict[str, tuple[str, str]] = {}
            self._next_sample = 0.0

    # -- what the gateway asks

    def all(self) -> list[Accelerator]:
        with self._lock:
            return list(self._accelerators.values())

    def at_edge(self, accelerator: Accelerator) -> list[Group]:
        """The endpoint groups of all its listeners as the edge knows them now."""
        with self._lock:
            listeners = {li.arn for li in self._listeners.values() if li.accelerator_arn == accelerator.arn}
            known = [group.at_edge() for group in self._groups.values() if group.listener_arn in listeners]
        return [group for group in known if group is not None]

    def is_healthy(self, endpoint_id: str) -> bool:
        return self._healths.get(endpoint_id, ("INITIAL", ""))[0] == "HEALTHY"

    # -- the reconciler's pass

    def tick(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now < self._next_sample:
                return
            self._next_sample = now + self._pace.scaled(EDGE_SAMPLING)
            wanted = {endpoint_id for group in self._groups.values() for endpoint_id in group.endpoints}
        sampled = {endpoint_id: self._sample(endpoint_id) for endpoint_id in wanted}
        with self._lock:
            self._healths = sampled

    def _sample(self, endpoint_id: str) -> tuple[str, str]:
        if ":loadbalancer/app/" not in endpoint_id:
            return "UNHEALTHY", "The sandbox carries traffic to Application Load Balancers only"
        balancer = ledger.load_balancer(endpoint_id)
        if balancer is None:
            return "UNHEALTHY", "The load balancer does not exist"
        if self._faults.hits("network", endpoint_id.split(":")[3]):
            return "UNHEALTHY", "The load balancer does not answer"
        if self._balancer_is_healthy(balancer):
            return "HEALTHY", ""
        return "UNHEALTHY", "A target group of the load balancer has no healthy target"

    # -- accelerators

    def create_accelerator(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            known = self._replayed("accelerator", account, p)
            if known in self._accelerators:
                return {"Accelerator": self._accelerators[known].described()}
            tags = {tag["Key"]: tag["Value"] for tag in p.get("Tags") or []}
            made = Accelerator(
                account, p["Name"], bool(p.get("Enabled", True)), tags, time.monotonic() + self._pace.transition
            )
            self._accelerators[made.arn] = made
            self._remember("accelerator", account, p, made.arn)
            return {"Accelerator": made.described()}

    def describe_accelerator(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            return {"Accelerator": self._accelerator(p["AcceleratorArn"]).described()}

    def list_accelerators(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            own = [a.described() for a in self._accelerators.values() if a.account == account]
        return page("Accelerators", own, p)

    def update_accelerator(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            accelerator = self._accelerator(p["AcceleratorArn"])
            accelerator.name = p.get("Name", accelerator.name)
            accelerator.is_enabled = bool(p.get("Enabled", accelerator.is_enabled))
            self._changed(accelerator)
            return {"Accelerator": accelerator.described()}

    def delete_accelerator(self, account: str, p: Parameters) -> None:
        with self._lock:
            accelerator = self._accelerator(p["AcceleratorArn"])
            if accelerator.is_enabled:
                raise AcceleratorRefused("AcceleratorNotDisabledException", f"{accelerator.arn} is enabled; disable it")
            if any(li.accelerator_arn == accelerator.arn for li in self._listeners.values()):
                raise AcceleratorRefused("AssociatedListenerFoundException", f"{accelerator.arn} has listeners")
            del self._accelerators[accelerator.arn]

    def describe_accelerator_attributes(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            return {"AcceleratorAttributes": dict(self._accelerator(p["AcceleratorArn"]).attributes)}

    def update_accelerator_attributes(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            attributes = self._accelerator(p["AcceleratorArn"]).attributes
            attributes.update({name: value for name, value in p.items() if name.startswith("FlowLogs")})
            return {"AcceleratorAttributes": dict(attributes)}

    # -- listeners

    def create_listener(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            accelerator = self._accelerator(p["AcceleratorArn"])
            known = self._replayed("listener", account, p)
            if known in self._listeners:
                return {"Listener": self._listeners[known].described()}
            listener = Listener(
                f"{accelerator.arn}/listener/{uuid.uuid4().hex[:8]}", accelerator.arn, ranges(p["PortRanges"])
            )
            listener.protocol = p.get("Protocol", "TCP")
            listener.client_affinity = p.get("ClientAffinity", "NONE")
            self._listeners[listener.arn] = listener
            self._remember("listener", account, p, listener.arn)
            self._changed(accelerator)
            return {"Listener": listener.described()}

    def describe_listener(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            return {"Listener": self._listener(p["ListenerArn"]).described()}

    def list_listeners(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            arn = self._accelerator(p["AcceleratorArn"]).arn
            return page(
                "Listeners", [li.described() for li in self._listeners.values() if li.accelerator_arn == arn], p
            )

    def update_listener(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            listener = self._listener(p["ListenerArn"])
            if p.get("PortRanges"):
                listener.port_ranges = ranges(p["PortRanges"])
            listener.protocol = p.get("Protocol", listener.protocol)
            listener.client_affinity = p.get("ClientAffinity", listener.client_affinity)
            self._changed(self._accelerator(listener.accelerator_arn))
            return {"Listener": listener.described()}

    def delete_listener(self, account: str, p: Parameters) -> None:
        with self._lock:
            listener = self._listener(p["ListenerArn"])
            if any(group.listener_arn == listener.arn for group in self._groups.values()):
                raise AcceleratorRefused("AssociatedEndpointGroupFoundException", f"{listener.arn} has endpoint groups")
            del self._listeners[listener.arn]
            self._changed(self._accelerator(listener.accelerator_arn))

    # -- endpoint groups

    def create_endpoint_group(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            listener = self._listener(p["ListenerArn"])
            known = self._replayed("endpoint group", account, p)
            if known in self._groups:
                return {"EndpointGroup": self._groups[known].described(self._healths)}
            region = p["EndpointGroupRegion"]
            if any(g.listener_arn == listener.arn and g.region == region for g in self._groups.values()):
                message = f"{listener.arn} already has an endpoint group in {region}"
                raise AcceleratorRefused("EndpointGroupAlreadyExistsException", message)
            endpoints = wished_endpoints(region, p.get("EndpointConfigurations") or [])
            settings = GROUP_DEFAULTS | wished_settings(p)
            arn = f"{listener.arn}/endpoint-group/{uuid.uuid4().hex[:12]}"
            group = EndpointGroup(
                arn, listener.arn, region, settings, endpoints, time.monotonic() + self._pace.propagation
            )
            self._groups[group.arn] = group
            self._remember("endpoint group", account, p, group.arn)
            self._changed(self._accelerator(listener.accelerator_arn))
            return {"EndpointGroup": group.described(self._healths)}

    def describe_endpoint_group(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            return {"EndpointGroup": self._group(p["EndpointGroupArn"]).described(self._healths)}

    def list_endpoint_groups(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            arn = self._listener(p["ListenerArn"]).arn
            groups = [g for g in self._groups.values() if g.listener_arn == arn]
            return page("EndpointGroups", [group.described(self._healths) for group in groups], p)

    def update_endpoint_group(self, account: str, p: Parameters) -> Answer:
        """A given endpoint list replaces the whole list; what is not given stays."""
        with self._lock:
            group = self._group(p["EndpointGroupArn"])
            settings = wished_settings(p)
            configurations = p.get("EndpointConfigurations")
            endpoints = group.endpoints if configurations is None else wished_endpoints(group.region, configurations)
            self._change_group(group, settings, endpoints)
            return {"EndpointGroup": group.described(self._healths)}

    def add_endpoints(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            group = self._group(p["EndpointGroupArn"])
            added = wished_endpoints(group.region, p["EndpointConfigurations"])
            self._change_group(group, {}, group.endpoints | added)
            descriptions = group.described(self._healths)["EndpointDescriptions"]
            return {
                "EndpointGroupArn": group.arn,
                "EndpointDescriptions": [d for d in descriptions if d["EndpointId"] in added],
            }

    def remove_endpoints(self, account: str, p: Parameters) -> None:
        with self._lock:
            group = self._group(p["EndpointGroupArn"])
            gone = {wish["EndpointId"] for wish in p["EndpointIdentifiers"]}
            self._change_group(group, {}, {i: c for i, c in group.endpoints.items() if i not in gone})

    def delete_endpoint_group(self, account: str, p: Parameters) -> None:
        with self._lock:
            group = self._group(p["EndpointGroupArn"])
            del self._groups[group.arn]
            self._changed(self._accelerator(self._listener(group.listener_arn).accelerator_arn))

    # -- tags

    def tag_resource(self, account: str, p: Parameters) -> None:
        with self._lock:
            self._accelerator(p["ResourceArn"]).tags.update({tag["Key"]: tag["Value"] for tag in p["Tags"]})

    def untag_resource(self, account: str, p: Parameters) -> None:
        with self._lock:
            tags = self._accelerator(p["ResourceArn"]).tags
            for key in p["TagKeys"]:
                tags.pop(key, None)

    def list_tags_for_resource(self, account: str, p: Parameters) -> Answer:
        with self._lock:
            tags = self._accelerator(p["ResourceArn"]).tags
            return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    # -- inside

    def _change_group(self, group: EndpointGroup, settings: Parameters, endpoints: dict[str, dict[str, Any]]) -> None:
        group.before_change(self._pace.propagation)
        group.settings = group.settings | dict(settings)
        group.endpoints = endpoints
        self._healths = {i: h for i, h in self._healths.items() if any(i in g.endpoints for g in self._groups.values())}
        self._changed(self._accelerator(self._listener(group.listener_arn).accelerator_arn))

    def _changed(self, accelerator: Accelerator) -> None:
        accelerator.modified_at = datetime.now(UTC)
        accelerator.deployed_at = time.monotonic() + self._pace.transition

    def _replayed(self, kind: str, account: str, p: Parameters) -> str:
        return self._tokens.get((kind, account, str(p.get("IdempotencyToken") or "")), "")

    def _remember(self, kind: str, account: str, p: Parameters, arn: str) -> None:
        if p.get("IdempotencyToken"):
            self._tokens[kind, account, p["IdempotencyToken"]] = arn

    def _accelerator(self, arn: str) -> Accelerator:
        return found(self._accelerators, arn, "Accelerator")

    def _listener(self, arn: str) -> Listener:
        return found(self._listeners, arn, "Listener")

    def _group(self, arn: str) -> EndpointGroup:
        return found(self._groups, arn, "EndpointGroup")
