"""Recipes for the network: VPC, subnets, gateways, routes, security groups.

moto's models of these types forget settings at creation and most of them cannot be deleted. What a recipe is stands in
recipe.py; all other recipes in recipes.py.
"""

from collections.abc import Callable, Mapping
from typing import Any

from portal.sandbox.recipe import Client, Properties, Recipe, by, only


def permissions(rules: list[Mapping[str, Any]], peer: str) -> list[dict[str, Any]]:
    """IpPermissions of the API from a template's rules; `peer` is SourceSecurityGroupId or DestinationSecurityGroupId."""
    made = []
    for rule in rules:
        permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
        if permission["IpProtocol"] != "-1":
            permission |= {"FromPort": int(rule["FromPort"]), "ToPort": int(rule["ToPort"])}
        note = {"Description": str(rule["Description"])} if rule.get("Description") else {}
        if rule.get("CidrIp"):
            permission["IpRanges"] = [{"CidrIp": rule["CidrIp"]} | note]
        if rule.get("CidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"]} | note]
        if rule.get(peer):
            permission["UserIdGroupPairs"] = [{"GroupId": rule[peer]} | note]
        made.append(permission)
    return made


def _tagged(kind: str) -> Callable[[Properties], Properties]:
    """Moves a template's Tags to where EC2's create operations take them."""

    def prepare(properties: Properties) -> Properties:
        made = {name: value for name, value in properties.items() if name != "Tags"}
        if properties.get("Tags"):
            made["TagSpecifications"] = [{"ResourceType": kind, "Tags": properties["Tags"]}]
        return made

    return prepare


def _security_group(properties: Properties) -> Properties:
    named = {"Description": properties["GroupDescription"]} | only("GroupName", "VpcId", "Tags")(properties)
    return _tagged("security-group")(named)


def _open_security_group(client: Client, identifier: str, properties: Properties) -> None:
    group = client.describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
    if group["IpPermissions"]:
        client.revoke_security_group_ingress(GroupId=identifier, IpPermissions=group["IpPermissions"])
    if properties.get("SecurityGroupIngress"):
        wishes = permissions(properties["SecurityGroupIngress"], "SourceSecurityGroupId")
        client.authorize_security_group_ingress(GroupId=identifier, IpPermissions=wishes)
    if properties.get("SecurityGroupEgress"):
        if group["IpPermissionsEgress"]:
            client.revoke_security_group_egress(GroupId=identifier, IpPermissions=group["IpPermissionsEgress"])
        wishes = permissions(properties["SecurityGroupEgress"], "DestinationSecurityGroupId")
        client.authorize_security_group_egress(GroupId=identifier, IpPermissions=wishes)


def _set_dns(client: Client, identifier: str, properties: Properties) -> None:
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in properties:
            is_on = str(properties[name]).lower() == "true"
            client.modify_vpc_attribute(VpcId=identifier, **{name: {"Value": is_on}})


def _set_public_addresses(client: Client, identifier: str, properties: Properties) -> None:
    if str(properties.get("MapPublicIpOnLaunch", False)).lower() == "true":
        client.modify_subnet_attribute(SubnetId=identifier, MapPublicIpOnLaunch={"Value": True})


def _rule(kind: str, peer: str) -> Recipe:
    return Recipe(
        f"AWS::EC2::SecurityGroup{kind.capitalize()}",
        "ec2",
        f"authorize_security_group_{kind}",
        "answer.SecurityGroupRules[0].SecurityGroupRuleId",
        f"revoke_security_group_{kind}",
        lambda identifier, p: {"GroupId": p["GroupId"], "SecurityGroupRuleIds": [identifier]},
        {"Id": "answer.SecurityGroupRules[0].SecurityGroupRuleId"},
        prepare=lambda p: {"GroupId": p["GroupId"], "IpPermissions": permissions([p], peer)},
    )


NETWORK_RECIPES = (
    Recipe(
        "AWS::EC2::VPC", "ec2", "create_vpc", "answer.Vpc.VpcId", "delete_vpc", by("VpcId"),
        {"VpcId": "answer.Vpc.VpcId", "CidrBlock": "answer.Vpc.CidrBlock"},
        apart=("EnableDnsSupport", "EnableDnsHostnames"), prepare=_tagged("vpc"), finish=_set_dns,
    ),
    Recipe(
        "AWS::EC2::Subnet", "ec2", "create_subnet", "answer.Subnet.SubnetId", "delete_subnet", by("SubnetId"),
        {
            "SubnetId": "answer.Subnet.SubnetId", "VpcId": "answer.Subnet.VpcId", "CidrBlock": "answer.Subnet.CidrBlock",
            "AvailabilityZone": "answer.Subnet.AvailabilityZone", "AvailabilityZoneId": "answer.Subnet.AvailabilityZoneId",
        },
        apart=("MapPublicIpOnLaunch",), prepare=_tagged("subnet"), finish=_set_public_addresses,
    ),
    Recipe(
        "AWS::EC2::InternetGateway", "ec2", "create_internet_gateway", "answer.InternetGateway.InternetGatewayId",
        "delete_internet_gateway", by("InternetGatewayId"),
        {"InternetGatewayId": "answer.InternetGateway.InternetGatewayId"}, prepare=_tagged("internet-gateway"),
    ),
    Recipe(
        "AWS::EC2::VPCGatewayAttachment", "ec2", "attach_internet_gateway", "join('|', [sent.InternetGatewayId, sent.VpcId])",
        "detach_internet_gateway", lambda identifier, p: only("InternetGatewayId", "VpcId")(p),
    ),
    Recipe(
        "AWS::EC2::RouteTable", "ec2", "create_route_table", "answer.RouteTable.RouteTableId", "delete_route_table",
        by("RouteTableId"), {"RouteTableId": "answer.RouteTable.RouteTableId"}, prepare=_tagged("route-table"),
    ),
    Recipe(
        "AWS::EC2::Route", "ec2", "create_route", "join('|', [sent.RouteTableId, sent.DestinationCidrBlock])", "delete_route",
        lambda identifier, p: only("RouteTableId", "DestinationCidrBlock")(p),
    ),
    Recipe(
        "AWS::EC2::SubnetRouteTableAssociation", "ec2", "associate_route_table", "answer.AssociationId",
        "disassociate_route_table", by("AssociationId"), {"Id": "answer.AssociationId"},
    ),
    Recipe(
        "AWS::EC2::EIP", "ec2", "allocate_address", "answer.PublicIp", "release_address",
        lambda identifier, p: {"PublicIp": identifier},
        {"AllocationId": "answer.AllocationId", "PublicIp": "answer.PublicIp"}, prepare=_tagged("elastic-ip"),
    ),
    Recipe(
        "AWS::EC2::NatGateway", "ec2", "create_nat_gateway", "answer.NatGateway.NatGatewayId", "delete_nat_gateway",
        by("NatGatewayId"), {"NatGatewayId": "answer.NatGateway.NatGatewayId"}, prepare=_tagged("natgateway"),
    ),
    Recipe(
        "AWS::EC2::SecurityGroup", "ec2", "create_security_group", "answer.GroupId", "delete_security_group", by("GroupId"),
        {"GroupId": "answer.GroupId", "Id": "answer.GroupId", "VpcId": "sent.VpcId"}, "GroupName",
        apart=("SecurityGroupIngress", "SecurityGroupEgress"), prepare=_security_group, finish=_open_security_group,
    ),
    _rule("ingress", "SourceSecurityGroupId"),
    _rule("egress", "DestinationSecurityGroupId"),
)  # fmt: skip
