"""How the sandbox makes CloudFormation resources: one recipe per type, carried out through its own API.

moto's models for these types lose properties (a service's load balancers, a target group's attributes) or do not exist.
A recipe names the API operation whose parameters the properties are, so nothing is lost and everything the API checks
is checked. Not here: stacks and rollback (stacks.py), carrying a recipe out (resources.py). Property names:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Callable
from typing import Any

from portal.sandbox.network_recipes import NETWORK_RECIPES
from portal.sandbox.recipe import Client, Properties, Recipe, by, only

# -- ECS


def _service_is_stable(client: Client, identifier: str, properties: Properties) -> bool:
    service = client.describe_services(cluster=properties.get("Cluster", "default"), services=[identifier])["services"][
        0
    ]
    return bool(service["runningCount"] == service["desiredCount"] and len(service["deployments"]) == 1)


def _service_update(identifier: str, properties: Properties) -> Properties:
    names = ("Cluster", "DesiredCount", "TaskDefinition", "NetworkConfiguration", "LoadBalancers", "PlatformVersion")
    return {"Service": identifier} | only(*names)(properties)


def _with_desired_count(properties: Properties) -> Properties:
    return {"DesiredCount": 1} | properties


# -- load balancing


def _attributes(operation: str, parameter: str, prop: str) -> Callable[[Client, str, Properties], None]:
    def finish(client: Client, identifier: str, properties: Properties) -> None:
        wishes = [{"Key": w["Key"], "Value": _text(w["Value"])} for w in properties.get(prop) or []]
        if wishes:
            getattr(client, operation)(**{parameter: identifier, "Attributes": wishes})
        if prop == "TargetGroupAttributes" and properties.get("Targets"):
            targets = [
                {"Id": t["Id"]} | ({"Port": int(t["Port"])} if "Port" in t else {}) for t in properties["Targets"]
            ]
            client.register_targets(TargetGroupArn=identifier, Targets=targets)

    return finish


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _group_update(identifier: str, properties: Properties) -> Properties:
    others = ("HealthyThresholdCount", "UnhealthyThresholdCount", "Matcher")
    names = [n for n in properties if n.startswith("HealthCheck") or n in others]
    return {"TargetGroupArn": identifier} | only(*names)(properties)


# -- DynamoDB


def _table(properties: Properties) -> Properties:
    made = dict(properties)
    if "StreamSpecification" in made:
        made["StreamSpecification"] = {"StreamEnabled": True, **only("StreamViewType")(made["StreamSpecification"])}
    if "SSESpecification" in made:
        wish = made["SSESpecification"]
        made["SSESpecification"] = {"Enabled": wish.get("SSEEnabled", True), **only("SSEType", "KMSMasterKeyId")(wish)}
    return made


def _finish_table(client: Client, identifier: str, properties: Properties) -> None:
    if "TimeToLiveSpecification" in properties:
        wish = properties["TimeToLiveSpecification"]
        is_enabled = str(wish.get("Enabled", True)).lower() == "true"
        client.update_time_to_live(
            TableName=identifier,
            TimeToLiveSpecification={"Enabled": is_enabled, "AttributeName": wish["AttributeName"]},
        )
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    if str(recovery.get("PointInTimeRecoveryEnabled", False)).lower() == "true":
        client.update_continuous_backups(
            TableName=identifier, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def _table_is_active(client: Client, identifier: str, properties: Properties) -> bool:
    table = client.describe_table(TableName=identifier)["Table"]
    replicas = table.get("Replicas") or []
    return bool(table["TableStatus"] == "ACTIVE" and all(r["ReplicaStatus"] == "ACTIVE" for r in replicas))


def _global_table(properties: Properties) -> Properties:
    """CloudFormation wants the stream's kind only with more than one replica, and then replicas in every other Region."""
    return _table({n: v for n, v in properties.items() if n != "Replicas"})


def _finish_global_table(client: Client, identifier: str, properties: Properties) -> None:
    _finish_table(client, identifier, properties)
    here = client.meta.region_name
    others = [r["Region"] for r in properties.get("Replicas") or [] if r["Region"] != here]
    if others:
        client.get_waiter("table_exists").wait(TableName=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        client.update_table(
            TableName=identifier, ReplicaUpdates=[{"Create": {"RegionName": region}} for region in others]
        )


def _remove_replicas(client: Client, identifier: str, properties: Properties) -> None:
    replicas = client.describe_table(TableName=identifier)["Table"].get("Replicas") or []
    for replica in replicas:
        if replica["ReplicaStatus"] != "DELETING":
            client.update_table(
                TableName=identifier, ReplicaUpdates=[{"Delete": {"RegionName": replica["RegionName"]}}]
            )


# -- Global Accelerator


def _disable_accelerator(client: Client, identifier: str, properties: Properties) -> None:
    client.update_accelerator(AcceleratorArn=identifier, Enabled=False)


def _group_settings(properties: Properties) -> Properties:
    configurations = properties.get("EndpointConfigurations")
    renamed = {n: v for n, v in properties.items() if n != "ListenerArn"}
    if configurations is not None:
        renamed["EndpointConfigurations"] = configurations
    return renamed


def _endpoint_group_update(identifier: str, properties: Properties) -> Properties:
    return {"EndpointGroupArn": identifier} | {
        n: v for n, v in _group_settings(properties).items() if n != "EndpointGroupRegion"
    }


# -- logs


def _set_retention(client: Client, identifier: str, properties: Properties) -> None:
    if properties.get("RetentionInDays"):
        client.put_retention_policy(logGroupName=identifier, retentionInDays=int(properties["RetentionInDays"]))


RECIPES = (
    *NETWORK_RECIPES,
    Recipe(
        "AWS::ECS::Cluster", "ecs", "create_cluster", "answer.cluster.clusterName", "delete_cluster", by("cluster"),
        {"Arn": "answer.cluster.clusterArn"}, "ClusterName",
    ),
    Recipe(
        "AWS::ECS::TaskDefinition", "ecs", "register_task_definition", "answer.taskDefinition.taskDefinitionArn",
        "deregister_task_definition", by("taskDefinition"), {"TaskDefinitionArn": "answer.taskDefinition.taskDefinitionArn"},
        "Family",
    ),
    Recipe(
        "AWS::ECS::Service", "ecs", "create_service", "answer.service.serviceArn", "delete_service",
        lambda identifier, p: {"service": identifier, "cluster": p.get("Cluster", "default"), "force": True},
        {"Name": "answer.service.serviceName", "ServiceArn": "answer.service.serviceArn"}, "ServiceName",
        prepare=_with_desired_count, update="update_service", update_parameters=_service_update, is_ready=_service_is_stable,
    ),
    Recipe(
        "AWS::ElasticLoadBalancingV2::LoadBalancer", "elbv2", "create_load_balancer", "answer.LoadBalancers[0].LoadBalancerArn",
        "delete_load_balancer", by("LoadBalancerArn"),
        {
            "LoadBalancerArn": "answer.LoadBalancers[0].LoadBalancerArn", "DNSName": "answer.LoadBalancers[0].DNSName",
            "LoadBalancerName": "answer.LoadBalancers[0].LoadBalancerName",
            "LoadBalancerFullName": "answer.LoadBalancers[0].LoadBalancerArn",
            "CanonicalHostedZoneID": "answer.LoadBalancers[0].CanonicalHostedZoneId",
            "SecurityGroups": "answer.LoadBalancers[0].SecurityGroups",
        },
        "Name", apart=("LoadBalancerAttributes",),
        finish=_attributes("modify_load_balancer_attributes", "LoadBalancerArn", "LoadBalancerAttributes"),
    ),
    Recipe(
        "AWS::ElasticLoadBalancingV2::TargetGroup", "elbv2", "create_target_group", "answer.TargetGroups[0].TargetGroupArn",
        "delete_target_group", by("TargetGroupArn"),
        {
            "TargetGroupArn": "answer.TargetGroups[0].TargetGroupArn",
            "TargetGroupName": "answer.TargetGroups[0].TargetGroupName",
            "TargetGroupFullName": "answer.TargetGroups[0].TargetGroupArn",
        },
        "Name", apart=("TargetGroupAttributes", "Targets"),
        finish=_attributes("modify_target_group_attributes", "TargetGroupArn", "TargetGroupAttributes"),
        update="modify_target_group", update_parameters=_group_update,
    ),
    Recipe(
        "AWS::ElasticLoadBalancingV2::Listener", "elbv2", "create_listener", "answer.Listeners[0].ListenerArn",
        "delete_listener", by("ListenerArn"), {"ListenerArn": "answer.Listeners[0].ListenerArn"},
        update="modify_listener",
        update_parameters=lambda i, p: {"ListenerArn": i} | {n: v for n, v in p.items() if n != "LoadBalancerArn"},
    ),
    Recipe(
        "AWS::ElasticLoadBalancingV2::ListenerRule", "elbv2", "create_rule", "answer.Rules[0].RuleArn", "delete_rule",
        by("RuleArn"), {"RuleArn": "answer.Rules[0].RuleArn"}, update="modify_rule",
        update_parameters=lambda i, p: {"RuleArn": i} | only("Conditions", "Actions")(p),
    ),
    Recipe(
        "AWS::DynamoDB::Table", "dynamodb", "create_table", "answer.TableDescription.TableName", "delete_table", by("TableName"),
        {"Arn": "answer.TableDescription.TableArn", "StreamArn": "answer.TableDescription.LatestStreamArn"}, "TableName",
        apart=("TimeToLiveSpecification", "PointInTimeRecoverySpecification"), prepare=_table, finish=_finish_table,
        is_ready=_table_is_active,
    ),
    Recipe(
        "AWS::DynamoDB::GlobalTable", "dynamodb", "create_table", "answer.TableDescription.TableName", "delete_table",
        by("TableName"),
        {
            "Arn": "answer.TableDescription.TableArn", "StreamArn": "answer.TableDescription.LatestStreamArn",
            "TableId": "answer.TableDescription.TableId",
        },
        "TableName", apart=("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "Replicas"), prepare=_global_table,
        finish=_finish_global_table, before_delete=_remove_replicas, is_ready=_table_is_active,
    ),
    Recipe(
        "AWS::GlobalAccelerator::Accelerator", "globalaccelerator", "create_accelerator", "answer.Accelerator.AcceleratorArn",
        "delete_accelerator", by("AcceleratorArn"),
        {
            "AcceleratorArn": "answer.Accelerator.AcceleratorArn", "DnsName": "answer.Accelerator.DnsName",
            "Ipv4Addresses": "answer.Accelerator.IpSets[0].IpAddresses",
        },
        "Name", before_delete=_disable_accelerator, update="update_accelerator",
        update_parameters=lambda i, p: {"AcceleratorArn": i} | only("Name", "Enabled", "IpAddressType")(p),
    ),
    Recipe(
        "AWS::GlobalAccelerator::Listener", "globalaccelerator", "create_listener", "answer.Listener.ListenerArn",
        "delete_listener", by("ListenerArn"), {"ListenerArn": "answer.Listener.ListenerArn"}, update="update_listener",
        update_parameters=lambda i, p: {"ListenerArn": i} | {n: v for n, v in p.items() if n != "AcceleratorArn"},
    ),
    Recipe(
        "AWS::GlobalAccelerator::EndpointGroup", "globalaccelerator", "create_endpoint_group",
        "answer.EndpointGroup.EndpointGroupArn", "delete_endpoint_group", by("EndpointGroupArn"),
        {"EndpointGroupArn": "answer.EndpointGroup.EndpointGroupArn"}, update="update_endpoint_group",
        update_parameters=_endpoint_group_update,
    ),
    Recipe(
        "AWS::Logs::LogGroup", "logs", "create_log_group", "sent.logGroupName", "delete_log_group", by("logGroupName"),
        {"Arn": "sent.logGroupName"}, "LogGroupName", apart=("RetentionInDays",), finish=_set_retention,
    ),
    Recipe(
        "AWS::CloudWatch::Dashboard", "cloudwatch", "put_dashboard", "sent.DashboardName", "delete_dashboards",
        lambda i, p: {"DashboardNames": [i]}, {}, "DashboardName", update="put_dashboard",
    ),
    Recipe(
        "AWS::FIS::ExperimentTemplate", "fis", "create_experiment_template", "answer.experimentTemplate.id",
        "delete_experiment_template", by("id"), {"Id": "answer.experimentTemplate.id"},
    ),
)  # fmt: skip
