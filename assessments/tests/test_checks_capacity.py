"""Capacity in states that the scenes do not show: quotas nobody names, policies without room."""

from typing import Any

import pytest

from assessments.checks.context import Context
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import EAST, TABLE, WEST, Answers, context, said


def quotas(west: dict[str, float], east: dict[str, float]) -> Context:
    """The quotas of DynamoDB in both Regions by code."""
    values = {WEST: west, EAST: east}
    answers: Answers = {
        "dynamodb:DescribeTable": lambda parameters, region: {"Table": TABLE},
        "elbv2:DescribeLoadBalancers": {},
        "autoscaling:DescribeAutoScalingGroups": {},
        "service-quotas:ListServiceQuotas": lambda parameters, region: {
            "Quotas": [{"QuotaCode": code, "QuotaName": code, "Value": value} for code, value in values[region].items()]
        },
    }
    return context(answers, table=("orders",))


@pytest.mark.parametrize(
    ("east", "outcome"),
    [
        ({"L-1": 2500.0}, Outcome.PASSED),
        ({"L-1": 3000.0}, Outcome.PASSED),
        ({"L-1": 2499.0}, Outcome.FAILED),
        ({}, Outcome.UNAVAILABLE),
    ],
)
def test_quotas_are_compared_and_where_there_are_none_that_is_said(east: dict[str, float], outcome: Outcome) -> None:
    assert said("recovery_region_quotas", quotas({"L-1": 2500.0}, east)).outcome is outcome


def scaling(targets: list[dict[str, Any]], policies: list[dict[str, Any]]) -> Context:
    answers: Answers = {
        "ecs:DescribeServices": {"services": [{"status": "ACTIVE", "taskDefinition": "web:1"}]},
        "autoscaling:DescribeAutoScalingGroups": {},
        "application-autoscaling:DescribeScalableTargets": {"ScalableTargets": targets},
        "application-autoscaling:DescribeScalingPolicies": {"ScalingPolicies": policies},
    }
    return context(answers, ecs_service=("shop/web",))


@pytest.mark.parametrize(
    ("targets", "policies", "says"),
    [
        ([], [], "has no scalable target"),
        ([{"MinCapacity": 2, "MaxCapacity": 2}], [{"PolicyName": "cpu"}], "cannot grow"),
        ([{"MinCapacity": 2, "MaxCapacity": 8}], [], "no policy makes it"),
    ],
)
def test_scaling_needs_a_target_with_room_and_a_policy(
    targets: list[dict[str, Any]], policies: list[dict[str, Any]], says: str
) -> None:
    result = said("autoscaling_configured", scaling(targets, policies))
    assert result.outcome is Outcome.FAILED
    assert says in result.sentence


def test_a_quota_that_holds_for_all_regions_is_not_compared() -> None:
    rows = {
        region: [
            {"QuotaCode": "L-1", "QuotaName": "Tables", "Value": 10.0},
            {"QuotaCode": "L-2", "QuotaName": "Everywhere", "Value": value, "GlobalQuota": True},
        ]
        for region, value in ((WEST, 10.0), (EAST, 1.0))
    }
    answers: Answers = {
        "dynamodb:DescribeTable": {"Table": TABLE},
        "autoscaling:DescribeAutoScalingGroups": {},
        "service-quotas:ListServiceQuotas": lambda parameters, region: {"Quotas": rows[region]},
    }
    assert said("recovery_region_quotas", context(answers, table=("orders",))).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("wish", "outcome"),
    [
        ({"runningCount": 2}, Outcome.PASSED),
        ({"runningCount": 1}, Outcome.FAILED),
        ({"runningCount": 2, "status": "INACTIVE"}, Outcome.FAILED),
        ({"runningCount": 0, "desiredCount": 0}, Outcome.FAILED),
    ],
)
def test_a_standby_runs_when_all_the_tasks_it_should_have_do(wish: dict[str, Any], outcome: Outcome) -> None:
    row = {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2}
    answers: Answers = {
        "ecs:DescribeServices": lambda parameters, region: {"services": [row | wish if region == EAST else row]}
    }
    facts = context(answers, strategy="warm-standby", ecs_service=("shop/web",))
    assert said("recovery_capacity_running", facts).outcome is outcome
