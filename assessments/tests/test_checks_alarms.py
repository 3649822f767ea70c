"""Which part a metric is about, and whom an alarm reaches."""

import json
from typing import Any

import pytest

from assessments.checks.dimensions import is_about, of_alarm, of_widget
from assessments.checks.results import Outcome, Resource
from assessments.tests.check_scenes.recorded import EAST, TABLE, WEST, Answers, context, said


def test_a_name_alone_does_not_make_a_metric_about_a_part() -> None:
    queue, table = Resource("queue", "shop", WEST), Resource("table", "shop", WEST)
    assert is_about(queue, {"QueueName": "shop"})
    assert not is_about(table, {"QueueName": "shop"})


def test_an_ecs_service_of_another_cluster_is_another_service() -> None:
    service = Resource("ecs_service", "shop/web", WEST)
    assert is_about(service, {"ServiceName": "web"})
    assert is_about(service, {"ServiceName": "web", "ClusterName": "shop"})
    assert not is_about(service, {"ServiceName": "web", "ClusterName": "other"})


def test_a_load_balancer_is_known_by_the_second_part_of_its_full_name() -> None:
    balancer = Resource("load_balancer", "front", WEST)
    assert is_about(balancer, {"LoadBalancer": "app/front/50dc6c495c0c9188"})
    assert not is_about(balancer, {"LoadBalancer": "app/frontier/50dc6c495c0c9188"})
    assert not is_about(balancer, {"LoadBalancer": "front"})


def test_every_metric_of_an_alarm_of_metric_math_counts() -> None:
    metric = {"MetricStat": {"Metric": {"Dimensions": [{"Name": "QueueName", "Value": "shop"}]}}}
    assert of_alarm({"AlarmName": "ratio", "Metrics": [{"Expression": "a/b"}, metric]}) == [{"QueueName": "shop"}]


def test_shorthand_of_a_widget_is_read_out() -> None:
    rows = [
        ["AWS/SQS", "NumberOfMessagesSent", "QueueName", "a", {"stat": "Sum"}],
        [".", "NumberOfMessagesReceived", ".", "b"],
        ["...", "c"],
        [{"expression": "m1 + m2"}],
    ]
    found = list(of_widget({"properties": {"metrics": rows}}))
    assert found == [{"QueueName": "a"}, {"QueueName": "b"}, {"QueueName": "c"}]


def test_a_dashboard_of_the_same_name_that_shows_something_else_is_not_the_services() -> None:
    metrics = [["AWS/SQS", "NumberOfMessagesSent", "QueueName", "orders"]]
    body = json.dumps({"widgets": [{"properties": {"region": region, "metrics": metrics}} for region in (WEST, EAST)]})
    answers: Answers = {
        "dynamodb:DescribeTable": {"Table": TABLE},
        "cloudwatch:ListDashboards": {"DashboardEntries": [{"DashboardName": "queues"}]},
        "cloudwatch:GetDashboard": {"DashboardBody": body},
    }
    assert said("dashboard_exists", context(answers, table=("orders",))).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("wish", "subscribers", "outcome"),
    [
        ({"AlarmActions": []}, ["arn:aws:sns:x"], Outcome.FAILED),
        ({"ActionsEnabled": False}, ["arn:aws:sns:x"], Outcome.FAILED),
        ({}, ["PendingConfirmation"], Outcome.FAILED),
        ({}, [], Outcome.FAILED),
        ({}, ["PendingConfirmation", "arn:aws:sns:x"], Outcome.PASSED),
        ({"AlarmActions": ["arn:aws:ssm:us-west-2:123456789012:opsitem:1"]}, [], Outcome.PASSED),
    ],
)
def test_an_alarm_reaches_somebody_only_through_a_confirmed_subscription_or_an_action(
    wish: dict[str, Any], subscribers: list[str], outcome: Outcome
) -> None:
    row = {
        "AlarmName": "errors",
        "AlarmArn": "arn",
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:us-west-2:1:rota"],
    }
    answers: Answers = {
        "cloudwatch:DescribeAlarms": lambda parameters, region: {
            "MetricAlarms": [row | wish] if region == WEST else []
        },
        "sns:ListSubscriptionsByTopic": {"Subscriptions": [{"SubscriptionArn": each} for each in subscribers]},
    }
    assert said("alarm_actions_present", context(answers, alarm=("errors",))).outcome is outcome


def alarms(west: list[dict[str, Any]], east: list[dict[str, Any]], **more: Any) -> Answers:
    rows = {WEST: west, EAST: east}
    return {"cloudwatch:DescribeAlarms": lambda parameters, region: {"MetricAlarms": rows[region]}, **more}


def test_an_alarm_that_carries_the_tag_is_the_services() -> None:
    arn = f"arn:aws:cloudwatch:{WEST}:123456789012:alarm:errors"
    tagged = {"ResourceTagMappingList": [{"ResourceARN": arn}]}
    more = {"resourcegroupstaggingapi:GetResources": lambda parameters, region: tagged if region == WEST else {}}
    result = said("alarm_actions_present", context(alarms([{"AlarmName": "errors", "AlarmArn": arn}], [], **more)))
    assert result.outcome is Outcome.FAILED
    assert "errors in us-west-2: does nothing when it fires" in result.sentence


def test_an_alarm_on_what_has_the_same_name_in_another_region_is_not_the_services() -> None:
    row = {"AlarmName": "orders", "AlarmArn": "arn", "Dimensions": [{"Name": "TableName", "Value": "orders"}]}
    arn = f"arn:aws:dynamodb:{WEST}:123456789012:table/orders"
    facts = context(alarms([], [row], **{"dynamodb:DescribeTable": {"Table": TABLE}}), table=(arn,))
    assert said("alarm_actions_present", facts).outcome is Outcome.NOTHING
    assert said("alarms_present", facts).outcome is Outcome.FAILED
