"""May a packet pass? Security groups and network ACLs, read from EC2's books.

Here: load balancer to target, client to load balancer. Not here: routes, gateways, endpoints; the sandbox carries
packets between any two subnets of a VPC. Sources:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html and .../vpc-network-acls.html
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from portal.sandbox import ledger

CLIENT = "198.51.100.10/32"
"""Where requests at the gateway come from, for security groups: an address kept for documentation (RFC 5737)."""
EPHEMERAL_PORT = 32768


def _holds(cidr: str, source: str) -> bool:
    try:
        return ipaddress.ip_network(source).subnet_of(ipaddress.ip_network(cidr, strict=False))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False


def _rule_covers(rule: Any, port: int) -> bool:
    if rule.ip_protocol == "-1":
        return True
    return rule.ip_protocol == "tcp" and int(rule.from_port) <= port <= int(rule.to_port)


def groups_admit(rules: Iterable[Any], port: int, source: str, source_groups: Sequence[str] = ()) -> bool:
    """Does any of these security group rules let TCP from (or to) `source` pass on `port`?"""
    return any(
        _rule_covers(rule, port)
        and (_holds(rule.ip_range.get("CidrIp", ""), source) or rule.source_group.get("GroupId") in source_groups)
        for rule in rules
    )


def acl_admits(backend: Any, subnet_id: str, source: str, port: int, *, is_egress: bool) -> bool:
    """First matching entry by number decides; a subnet without an ACL in the books admits all."""
    acl = next(
        (a for a in list(backend.network_acls.values()) if any(s.subnet_id == subnet_id for s in a.associations)), None
    )
    if acl is None:
        return True
    for entry in sorted(acl.entries, key=lambda e: int(e.rule_number)):
        if str(entry.egress).lower() != str(is_egress).lower() or not entry.cidr_block:
            continue
        ports = entry.port_range_from, entry.port_range_to
        covers = str(entry.protocol) == "-1" or (
            str(entry.protocol) in ("6", "tcp") and (None in ports or int(ports[0]) <= port <= int(ports[1]))
        )
        if covers and _holds(entry.cidr_block, source):
            return bool(entry.rule_action == "allow")
    return False


def _rules(backend: Any, group_ids: Iterable[str], side: str) -> list[Any]:
    groups = [backend.get_security_group_from_id(group_id) for group_id in group_ids]
    return [rule for group in groups if group for rule in list(getattr(group, side))]


def target_is_reachable(balancer: Any, target: "Interface", port: int) -> bool:
    """Can every node of the load balancer open a connection to the target's port?"""
    account, region = balancer.arn.split(":")[4], balancer.arn.split(":")[3]
    backend = ledger.ec2(account, region)
    own_groups = list(balancer.security_groups or [])
    address = f"{target.address}/32"
    ingress = _rules(backend, target.security_groups, "ingress_rules")
    egress = _rules(backend, own_groups, "egress_rules")
    if own_groups and not groups_admit(egress, port, address, target.security_groups):
        return False
    for subnet in balancer.subnets:
        if not groups_admit(ingress, port, subnet.cidr_block, own_groups):
            return False
        if subnet.id != target.subnet_id and not (
            acl_admits(backend, subnet.id, address, port, is_egress=True)
            and acl_admits(backend, target.subnet_id, subnet.cidr_block, port, is_egress=False)
            and acl_admits(backend, target.subnet_id, subnet.cidr_block, EPHEMERAL_PORT, is_egress=True)
            and acl_admits(backend, subnet.id, address, EPHEMERAL_PORT, is_egress=False)
        ):
            return False
    return True


def client_is_admitted(balancer: Any, port: int) -> bool:
    """Can a client on the Internet open a connection to the load balancer's listener?"""
    account, region = balancer.arn.split(":")[4], balancer.arn.split(":")[3]
    backend = ledger.ec2(account, region)
    groups = list(balancer.security_groups or [])
    if groups and not groups_admit(_rules(backend, groups, "ingress_rules"), port, CLIENT):
        return False
    return (
        any(acl_admits(backend, s.id, CLIENT, port, is_egress=False) for s in balancer.subnets) or not balancer.subnets
    )


class Interface:
    """A task's network interface: private address, subnet, security groups. The interface in EC2's books is the truth."""

    def __init__(self, network_interface: Any) -> None:
        self._interface = network_interface

    @property
    def address(self) -> str:
        return str(self._interface.private_ip_address)

    @property
    def subnet_id(self) -> str:
        return str(self._interface.subnet.id)

    @property
    def vpc_id(self) -> str:
        return str(self._interface.subnet.vpc_id)

    @property
    def security_groups(self) -> list[str]:
        return [group.id for group in self._interface.group_set]
