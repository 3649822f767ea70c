"""The way in, in states that the scenes do not show: DNS records, health checks, certificates."""

from datetime import timedelta
from typing import Any

import pytest

from assessments.checks.context import Context
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import EAST, NOW, WEST, Answers, context, said


def record(name: str, region: str, **wish: Any) -> dict[str, Any]:
    target = {"DNSName": f"shop-1.{region}.elb.amazonaws.com.", "EvaluateTargetHealth": False}
    return {"Name": "www.shop.example.", "Type": "A", "SetIdentifier": name, "AliasTarget": target} | wish


def dns(*rows: dict[str, Any], successes: int = 16) -> Context:
    observed = [{"StatusReport": {"Status": "Success" if at < successes else "Failure"}} for at in range(16)]
    answers: Answers = {
        "globalaccelerator:ListAccelerators": {"Accelerators": []},
        "route53:ListResourceRecordSets": {"ResourceRecordSets": list(rows)},
        "route53:GetHealthCheckStatus": {"HealthCheckObservations": observed},
    }
    return context(answers, dns_record=("Z1/www.shop.example",))


def test_alias_records_with_health_checks_in_two_regions_pass() -> None:
    result = said(
        "traffic_has_two_regions", dns(record("a", WEST, HealthCheckId="1"), record("b", EAST, HealthCheckId="2"))
    )
    assert result.outcome is Outcome.PASSED


@pytest.mark.parametrize(("successes", "outcome"), [(3, Outcome.PASSED), (2, Outcome.FAILED)])
def test_an_endpoint_is_healthy_when_more_than_18_percent_of_the_checkers_say_so(
    successes: int, outcome: Outcome
) -> None:
    rows = record("a", WEST, HealthCheckId="1"), record("b", EAST, HealthCheckId="2")
    assert said("traffic_has_two_regions", dns(*rows, successes=successes)).outcome is outcome


def test_a_record_that_nobody_checks_does_not_count_as_healthy() -> None:
    result = said("traffic_has_two_regions", dns(record("a", WEST, HealthCheckId="1"), record("b", EAST)))
    assert result.outcome is Outcome.FAILED


def test_the_health_of_an_alias_that_route_53_keeps_to_itself_is_not_guessed() -> None:
    alias = {"DNSName": f"shop-1.{EAST}.elb.amazonaws.com.", "EvaluateTargetHealth": True}
    rows = record("a", WEST, HealthCheckId="1"), record("b", EAST, AliasTarget=alias)
    result = said("traffic_has_two_regions", dns(*rows))
    assert result.outcome is Outcome.UNAVAILABLE
    assert "health check of its own" in result.sentence


def test_one_simple_record_is_no_switch() -> None:
    simple = {"Name": "www.shop.example.", "Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}]}
    assert said("traffic_has_two_regions", dns(simple)).outcome is Outcome.FAILED


def test_two_healthy_endpoints_in_one_region_are_not_two_regions() -> None:
    rows = record("a", WEST, HealthCheckId="1"), record("b", WEST, HealthCheckId="2")
    assert said("traffic_has_two_regions", dns(*rows)).outcome is Outcome.FAILED


def target_group(**wish: Any) -> Context:
    group = {"TargetGroupName": "web", "TargetGroupArn": "arn", "HealthCheckProtocol": "HTTP", "HealthCheckPath": "/"}
    balancer = {"LoadBalancerArn": "arn", "LoadBalancerName": "front"}
    answers: Answers = {
        "elbv2:DescribeLoadBalancers": {"LoadBalancers": [balancer]},
        "elbv2:DescribeTargetGroups": {"TargetGroups": [group | wish]},
    }
    return context(answers, load_balancer=("front",))


@pytest.mark.parametrize(
    ("wish", "outcome"),
    [
        ({"HealthCheckPath": "/health"}, Outcome.PASSED),
        ({"HealthCheckPath": "/?deep=1"}, Outcome.FAILED),
        ({"HealthCheckPath": "/index.html"}, Outcome.FAILED),
        ({"HealthCheckProtocol": "TCP", "HealthCheckPath": None}, Outcome.FAILED),
    ],
)
def test_a_check_of_a_port_or_of_the_first_page_is_shallow(wish: dict[str, Any], outcome: Outcome) -> None:
    assert said("health_check_deep", target_group(**wish)).outcome is outcome


@pytest.mark.parametrize(
    ("status", "days", "outcome"),
    [
        ("ISSUED", 28, Outcome.PASSED),
        ("ISSUED", 27, Outcome.FAILED),
        ("ISSUED", -1, Outcome.FAILED),
        ("EXPIRED", 90, Outcome.FAILED),
        ("PENDING_VALIDATION", 90, Outcome.FAILED),
    ],
)
def test_a_certificate_must_be_issued_and_last_four_weeks(status: str, days: int, outcome: Outcome) -> None:
    arn = f"arn:aws:acm:{WEST}:123456789012:certificate/1"
    row = {"Status": status, "NotAfter": (NOW + timedelta(days=days)).isoformat(), "DomainName": "shop.example"}
    facts = context({"acm:DescribeCertificate": {"Certificate": row}}, certificate=(arn,))
    assert said("certificate_not_expiring", facts).outcome is outcome


@pytest.mark.parametrize(
    ("state", "outcome"), [("HEALTHY", Outcome.PASSED), ("UNHEALTHY", Outcome.FAILED), ("INITIAL", Outcome.FAILED)]
)
def test_only_a_healthy_endpoint_of_an_accelerator_counts(state: str, outcome: Outcome) -> None:
    groups = [
        {"EndpointGroupRegion": region, "EndpointDescriptions": [{"EndpointId": "arn", "HealthState": health}]}
        for region, health in ((WEST, "HEALTHY"), (EAST, state))
    ]
    answers: Answers = {
        "globalaccelerator:ListAccelerators": {"Accelerators": [{"Name": "entry", "AcceleratorArn": "arn"}]},
        "globalaccelerator:ListListeners": {"Listeners": [{"ListenerArn": "arn"}]},
        "globalaccelerator:ListEndpointGroups": {"EndpointGroups": groups},
    }
    assert said("traffic_has_two_regions", context(answers, accelerator=("entry",))).outcome is outcome
