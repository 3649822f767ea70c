"""Global Accelerator's operations, over boto3."""

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import EAST, WEST, Account, eventually

PORT = [{"FromPort": 80, "ToPort": 80}]


def test_a_repeated_token_creates_nothing_twice(account: Account) -> None:
    estate = account.balanced(WEST)
    ga = account.client("globalaccelerator")
    arns = {ga.create_accelerator(Name="a", IdempotencyToken="t")["Accelerator"]["AcceleratorArn"] for _ in range(2)}
    (arn,) = arns
    listeners = {
        ga.create_listener(AcceleratorArn=arn, Protocol="TCP", PortRanges=PORT, IdempotencyToken="l")["Listener"][
            "ListenerArn"
        ]
        for _ in range(2)
    }
    (listener,) = listeners
    wish = {
        "ListenerArn": listener,
        "EndpointGroupRegion": WEST,
        "EndpointConfigurations": [{"EndpointId": estate.balancer}],
    }
    groups = {
        ga.create_endpoint_group(**wish, IdempotencyToken="g")["EndpointGroup"]["EndpointGroupArn"] for _ in range(2)
    }
    assert len(groups) == 1
    assert len(ga.list_accelerators()["Accelerators"]) == 1


def test_updating_a_group_replaces_its_whole_list_of_endpoints(account: Account) -> None:
    west = account.balanced(WEST)
    other = account.client("elbv2").create_load_balancer(Name="other", Subnets=west.subnets)["LoadBalancers"][0]
    entry = account.accelerate(west)
    group = entry.update(WEST, EndpointConfigurations=[{"EndpointId": other["LoadBalancerArn"], "Weight": 10}])
    assert [(d["EndpointId"], d["Weight"]) for d in group["EndpointDescriptions"]] == [(other["LoadBalancerArn"], 10)]


def test_updating_the_dial_leaves_the_endpoints_alone(account: Account) -> None:
    entry = account.accelerate(account.balanced(WEST), weights={WEST: 7})
    group = entry.update(WEST, TrafficDialPercentage=40)
    assert (group["TrafficDialPercentage"], group["EndpointDescriptions"][0]["Weight"]) == (40, 7)


def test_endpoints_are_added_and_removed_one_by_one(account: Account) -> None:
    west = account.balanced(WEST)
    other = account.client("elbv2").create_load_balancer(Name="other", Subnets=west.subnets)["LoadBalancers"][0]
    arn = other["LoadBalancerArn"]
    entry = account.accelerate(west)
    ga = account.client("globalaccelerator")
    ga.add_endpoints(EndpointGroupArn=entry.groups[WEST], EndpointConfigurations=[{"EndpointId": arn, "Weight": 1}])
    ga.remove_endpoints(EndpointGroupArn=entry.groups[WEST], EndpointIdentifiers=[{"EndpointId": west.balancer}])
    group = ga.describe_endpoint_group(EndpointGroupArn=entry.groups[WEST])["EndpointGroup"]
    assert [d["EndpointId"] for d in group["EndpointDescriptions"]] == [arn]


def test_health_follows_the_targets_and_says_why(account: Account) -> None:
    west = account.serving(WEST, count=1)
    entry = account.accelerate(west)
    eventually(lambda: entry.health() == {WEST: "HEALTHY"})
    account.scale(west, 0)
    eventually(lambda: entry.health() == {WEST: "UNHEALTHY"})
    ga = account.client("globalaccelerator")
    described = ga.describe_endpoint_group(EndpointGroupArn=entry.groups[WEST])["EndpointGroup"][
        "EndpointDescriptions"
    ][0]
    assert "no healthy target" in described["HealthReason"]


def test_an_endpoint_of_another_region_and_a_bad_weight_are_refused_together(account: Account) -> None:
    east = account.balanced(EAST)
    ga = account.client("globalaccelerator")
    arn = ga.create_accelerator(Name="a")["Accelerator"]["AcceleratorArn"]
    listener = ga.create_listener(AcceleratorArn=arn, Protocol="TCP", PortRanges=PORT)["Listener"]["ListenerArn"]
    loose = account.client("globalaccelerator", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        loose.create_endpoint_group(
            ListenerArn=listener, EndpointGroupRegion=WEST, IdempotencyToken="t",
            EndpointConfigurations=[{"EndpointId": east.balancer, "Weight": 999}],
        )  # fmt: skip
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    assert "999" in str(caught.value)
    assert "not in the endpoint group's Region" in str(caught.value)


def test_a_dial_above_a_hundred_is_refused(account: Account) -> None:
    entry = account.accelerate(account.balanced(WEST))
    with pytest.raises(ClientError, match="from 0 to 100"):
        account.client("globalaccelerator", parameter_validation=False).update_endpoint_group(
            EndpointGroupArn=entry.groups[WEST], TrafficDialPercentage=101
        )


def test_an_accelerator_goes_from_the_inside_out(account: Account) -> None:
    entry = account.accelerate(account.balanced(WEST))
    ga = account.client("globalaccelerator")
    for call, code in (
        (lambda: ga.delete_listener(ListenerArn=entry.listener), "AssociatedEndpointGroupFoundException"),
        (lambda: ga.delete_accelerator(AcceleratorArn=entry.arn), "AcceleratorNotDisabledException"),
    ):
        with pytest.raises(ClientError, match=code):
            call()
    ga.update_accelerator(AcceleratorArn=entry.arn, Enabled=False)
    with pytest.raises(ClientError, match="AssociatedListenerFoundException"):
        ga.delete_accelerator(AcceleratorArn=entry.arn)
    ga.delete_endpoint_group(EndpointGroupArn=entry.groups[WEST])
    ga.delete_listener(ListenerArn=entry.listener)
    ga.delete_accelerator(AcceleratorArn=entry.arn)
    with pytest.raises(ClientError, match="AcceleratorNotFoundException"):
        ga.describe_accelerator(AcceleratorArn=entry.arn)


def test_lists_come_in_pages(account: Account) -> None:
    ga = account.client("globalaccelerator")
    for number in range(3):
        ga.create_accelerator(Name=f"a{number}")
    first = ga.list_accelerators(MaxResults=2)
    rest = ga.list_accelerators(MaxResults=2, NextToken=first["NextToken"])
    assert [a["Name"] for a in first["Accelerators"] + rest["Accelerators"]] == ["a0", "a1", "a2"]
    assert "NextToken" not in rest


def test_accounts_do_not_see_each_other(account: Account) -> None:
    account.client("globalaccelerator").create_accelerator(Name="mine")
    role = account.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/x", RoleSessionName="test")[
        "Credentials"
    ]
    client = account.client("globalaccelerator", user_agent_extra="other")

    def sign(request: object, **_: object) -> None:
        request.headers["x-moto-account-id"] = "111122223333"  # type: ignore[attr-defined]

    client.meta.events.register("before-sign.*", sign)
    assert role["AccessKeyId"]
    assert client.list_accelerators()["Accelerators"] == []
