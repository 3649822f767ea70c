"""A task that was placed: its entry in ECS's books, its network interface, its sockets.

Here: making one, bringing it up, stopping it. Not here: deciding how many there should be (scheduler.py).
"""

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.ecs.models import Task

from portal.sandbox import ledger
from portal.sandbox.network import Interface
from portal.sandbox.pace import Pace
from portal.sandbox.stand_ins import StandIn
from portal.sandbox.tasks import TaskEnvironment

FIRST_HOST = 10
"""The first four addresses of a subnet belong to AWS; tasks start here."""


class CannotPlace(Exception):
    """No task can be placed; the text is what ECS would write into the service's events."""


@dataclass(frozen=True)
class Wish:
    """Why a task is wanted. `turn` says which of the subnets is next; `service` is "cluster:service" or empty."""

    group: str
    service: str = ""
    deployment: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0


@dataclass
class Placement:
    account: str
    region: str
    service: str
    """"cluster:service", empty for a task that RunTask started."""
    deployment: str
    task: Any
    interface: Interface
    ready_at: float
    definition: Any
    stand_ins: dict[int, StandIn] = field(default_factory=dict)
    is_running: bool = False
    leaves_at: float | None = None
    """time.monotonic() at which a task that was taken out of service is killed."""

    @property
    def arn(self) -> str:
        return str(self.task.task_arn)

    def bring_up(self, api_url: str, time_scale: float) -> None:
        """Opens the sockets of every container and says RUNNING in the books."""
        overrides = {o.get("name"): o for o in self.task.overrides.get("containerOverrides", [])}
        for container in self.definition.container_definitions:
            variables = {v["name"]: v["value"] for v in container.get("environment") or []}
            extra = overrides.get(container["name"], {}).get("environment") or []
            variables.update({v["name"]: v["value"] for v in extra})
            for mapping in container.get("portMappings") or []:
                port = int(mapping["containerPort"])
                self.stand_ins[port] = StandIn(
                    TaskEnvironment(
                        region=self.region,
                        account=self.account,
                        api_url=api_url,
                        image=container["image"],
                        task_id=self.task.id,
                        container_name=container["name"],
                        port=port,
                        environment=variables,
                        time_scale=time_scale,
                    )
                )
        self.is_running = True
        self.task.started_at = datetime.now(UTC)
        self.say("RUNNING")

    def say(self, status: str) -> None:
        self.task.last_status = status
        for container in self.task.containers:
            container.last_status = "PENDING" if status == "PROVISIONING" else status

    def stop(self, reason: str, code: str) -> None:
        """Kills the containers: sockets closed, connections cut, the interface given back."""
        self.is_running = False
        for stand_in in self.stand_ins.values():
            stand_in.kill()
        self.stand_ins = {}
        self.task.desired_status = "STOPPED"
        self.task.stopped_reason = reason
        self.task.stop_code = code
        self.task.stopped_at = datetime.now(UTC)
        self.say("STOPPED")
        for container in self.task.containers:
            container.exit_code = container.exitCode = 137
        interfaces = ledger.ec2(self.account, self.region).enis
        for attachment in self.task.attachments:
            attachment["status"] = "DELETED"
            for detail in attachment["details"]:
                if detail["name"] == "networkInterfaceId":
                    interfaces.pop(detail["value"], None)


def _free_address(backend: Any, subnet: Any) -> str:
    taken = {eni.private_ip_address for eni in list(backend.enis.values()) if eni.subnet.id == subnet.id}
    for number, host in enumerate(ipaddress.ip_network(subnet.cidr_block).hosts(), start=1):
        if number >= FIRST_HOST and str(host) not in taken:
            return str(host)
    raise CannotPlace(f"was unable to place a task. Reason: subnet {subnet.id} has no free address.")


def _chosen_network(account: str, region: str, network: Mapping[str, Any], turn: int) -> tuple[Any, list[str]]:
    """The subnet this task goes to (they take turns) and its security groups."""
    backend = ledger.ec2(account, region)
    settings = network.get("awsvpcConfiguration") or {}
    subnets = settings.get("subnets") or []
    subnet = backend.get_subnet(subnets[turn % len(subnets)])
    groups = settings.get("securityGroups")
    if not groups:
        default = backend.get_security_group_from_name("default", subnet.vpc_id)
        groups = [default.id] if default else []
    return subnet, list(groups)


def _addressed(backend: Any, task: Any, address: str) -> Any:
    """Gives the interface that moto made for the task an address of its own subnet."""
    details = {d["name"]: d["value"] for d in task.attachments[0]["details"]}
    interface = backend.enis[details["networkInterfaceId"]]
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    details = {name: value for name, value in details.items() if value} | {"privateIPv4Address": address}
    task.attachments[0]["details"] = [{"name": name, "value": value} for name, value in details.items()]
    return interface


def place(
    backend: Any,
    cluster: Any,
    definition: Any,
    network: Mapping[str, Any],
    wish: Wish,
    pace: Pace,
) -> Placement:
    """Writes a PROVISIONING task into ECS's books. CannotPlace says why none can be."""
    account, region = backend.account_id, backend.region_name
    if definition.network_mode != "awsvpc" or not (network.get("awsvpcConfiguration") or {}).get("subnets"):
        raise CannotPlace(
            "was unable to place a task because no container instance met all of its requirements. "
            "Reason: the sandbox runs tasks with network mode awsvpc only."
        )
    subnet, groups = _chosen_network(account, region, network, wish.turn)
    address = _free_address(ledger.ec2(account, region), subnet)
    task = Task(
        cluster, definition, None, {}, backend, wish.group, launch_type="FARGATE", overrides=dict(wish.overrides),
        started_by=wish.deployment,
        networking_configuration={"awsvpcConfiguration": {"subnets": [subnet.id], "securityGroups": groups}},
    )  # fmt: skip
    interface = _addressed(ledger.ec2(account, region), task, address)
    task.created_at = datetime.now(UTC)
    task.connectivity = "CONNECTED"
    backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
    ready_at = time.monotonic() + pace.transition
    placement = Placement(
        account, region, wish.service, wish.deployment, task, Interface(interface), ready_at, definition
    )
    placement.say("PROVISIONING")
    return placement
