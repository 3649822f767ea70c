"""The public entry: real requests, routed by the state of the emulated AWS."""

import http.client
import json
from urllib.parse import urlsplit

from portal.sandbox.tests.account import EAST, WEST, Account, eventually
from portal.sandbox.tests.test_targets import close_group


def test_a_load_balancer_answers_by_its_name(account: Account) -> None:
    estate = account.serving(WEST)
    reply = account.ask("/any/path?x=1", host=estate.balancer_name)
    assert (reply.status, json.loads(reply.body)) == (200, {"region": WEST, "image": "plain:1"})
    assert reply.region == WEST
    assert reply.headers["X-Target"].endswith(":8080")


def test_requests_take_turns_over_the_targets(account: Account) -> None:
    estate = account.serving(WEST, count=2)
    assert len({account.ask(host=estate.balancer_name).headers["X-Target"] for _ in range(6)}) == 2


def test_a_plain_loopback_address_means_the_only_accelerator(account: Account) -> None:
    assert account.ask().status == 503
    estate = account.serving(WEST)
    entry = account.accelerate(estate)
    assert account.ask().region == WEST
    assert account.ask(host=entry.dns_name).region == WEST


def test_several_accelerators_are_listed_to_choose_from(account: Account) -> None:
    ga = account.client("globalaccelerator")
    names = [ga.create_accelerator(Name=name)["Accelerator"]["DnsName"] for name in ("one", "two")]
    reply = account.ask()
    assert reply.status == 421
    assert all(name in reply.body.decode() for name in names)


def test_a_name_nobody_has_is_misdirected(account: Account) -> None:
    assert account.ask(host="elsewhere.example").status == 421


def test_the_client_says_where_it_is(account: Account) -> None:
    account.accelerate(account.serving(WEST), account.serving(EAST))
    eventually(lambda: account.ask(X_Client_Region=EAST).region == EAST)
    assert account.ask(X_Client_Region=WEST).region == WEST


def test_without_registered_targets_it_is_503(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    account.scale(estate, 0)
    eventually(lambda: account.ask(host=estate.balancer_name).status == 503)


def test_a_closed_security_group_is_504_after_the_connect_timeout(account: Account) -> None:
    estate = account.serving(WEST)
    close_group(account, estate)
    assert account.ask(host=estate.balancer_name).status == 504


def test_a_closed_load_balancer_lets_no_client_in(account: Account) -> None:
    estate = account.serving(WEST)
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    account.client("ec2").revoke_security_group_ingress(GroupId=estate.balancer_group, IpPermissions=[permission])
    assert account.ask(host=estate.balancer_name).status == 504


def test_losing_every_task_of_the_primary_fails_over_and_back(account: Account) -> None:
    west, east = account.serving(WEST), account.serving(EAST)
    account.accelerate(west, east)
    eventually(lambda: account.ask().region == WEST)
    account.scale(west, 0)
    eventually(lambda: (account.ask().status, account.ask().region) == (200, EAST))
    account.scale(west, 2)
    eventually(lambda: account.ask().region == WEST)


def test_a_standby_of_weight_zero_is_not_failed_over_to_until_it_is_given_weight(account: Account) -> None:
    west, east = account.serving(WEST), account.serving(EAST)
    entry = account.accelerate(west, east, weights={EAST: 0})
    account.scale(west, 0)
    eventually(lambda: entry.health()[WEST] == "UNHEALTHY")
    assert {account.ask().status for _ in range(5)} == {503}
    entry.weigh(east, 128)
    eventually(lambda: account.ask().region == EAST)


def test_a_dial_shares_new_connections(account: Account) -> None:
    entry = account.accelerate(account.serving(WEST), account.serving(EAST))
    entry.update(WEST, TrafficDialPercentage=50)
    regions = account.regions_of(60)
    assert min(regions[WEST], regions[EAST]) > 10


def test_a_connection_keeps_its_region_when_the_dial_changes(account: Account) -> None:
    entry = account.accelerate(account.serving(WEST), account.serving(EAST))
    connection = http.client.HTTPConnection(urlsplit(account.sandbox.gateway_url).netloc, timeout=60)
    seen = []
    for dial in (100, 0):
        entry.update(WEST, TrafficDialPercentage=dial)
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        seen.append(response.getheader("X-Region"))
    connection.close()
    assert seen == [WEST, WEST]
    assert account.ask().region == EAST


def test_rules_send_paths_to_their_target_groups(account: Account) -> None:
    estate = account.serving(WEST)
    elbv2 = account.client("elbv2")
    config = {"StatusCode": "418", "ContentType": "text/plain", "MessageBody": "tea"}
    fixed = {"Type": "fixed-response", "FixedResponseConfig": config}
    elbv2.create_rule(
        ListenerArn=estate.listener, Priority=10, Actions=[fixed],
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/tea/*"]}}],
    )  # fmt: skip
    redirect = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Path": "/new", "Protocol": "HTTP"}}
    elbv2.create_rule(
        ListenerArn=estate.listener, Priority=20, Actions=[redirect],
        Conditions=[{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["DELETE"]}}],
    )  # fmt: skip
    reply = account.ask("/tea/green", host=estate.balancer_name)
    assert (reply.status, reply.body) == (418, b"tea")
    reply = account.ask("/x", host=estate.balancer_name, method="DELETE")
    assert (reply.status, reply.headers["Location"]) == (302, f"http://{estate.balancer_name}/new")
    assert account.ask("/coffee", host=estate.balancer_name).status == 200


def test_a_disabled_accelerator_carries_nothing(account: Account) -> None:
    entry = account.accelerate(account.serving(WEST))
    account.client("globalaccelerator").update_accelerator(AcceleratorArn=entry.arn, Enabled=False)
    assert account.ask().status == 503


def test_every_dial_at_zero_sends_nowhere(account: Account) -> None:
    entry = account.accelerate(account.serving(WEST))
    entry.update(WEST, TrafficDialPercentage=0)
    assert account.ask().status == 502
