"""The estate's public entrance: one accelerator, one listener, an endpoint group per Region.

Both dials stand at 100. The recovery Region's endpoint has WEIGHT 0, and that keeps clients away from it: Global
Accelerator fails over to other endpoint groups whatever their dials say, but never to an endpoint of weight 0. So
failing over is a person's decision, carried out by a runbook.
https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints-endpoint-weights.html

Not here: shifting traffic. That is a runbook's work.
"""

from collections.abc import Mapping
from typing import Any

from portal.sandbox.sample import names
from portal.sandbox.sample.connection import Connection

WEIGHTS = {names.PRIMARY_REGION: names.SERVING_WEIGHT, names.RECOVERY_REGION: names.STANDBY_WEIGHT}


def deploy_entrance(connection: Connection, balancers: Mapping[str, str]) -> None:
    """Create what is missing and wait until the accelerator is DEPLOYED. `balancers`: Region -> load balancer ARN."""
    api = connection.client("globalaccelerator", names.ACCELERATOR_REGION)
    accelerator = _accelerator_arn(api)
    listener = _listener_arn(api, accelerator)
    groups = api.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"]
    for region in sorted(WEIGHTS.keys() - {group["EndpointGroupRegion"] for group in groups}):
        api.create_endpoint_group(
            ListenerArn=listener,
            EndpointGroupRegion=region,
            TrafficDialPercentage=100.0,
            EndpointConfigurations=[{"EndpointId": balancers[region], "Weight": WEIGHTS[region]}],
        )
    connection.wait_until(
        lambda: api.describe_accelerator(AcceleratorArn=accelerator)["Accelerator"]["Status"] == "DEPLOYED",
        f"accelerator {names.ACCELERATOR} is DEPLOYED",
    )


def _accelerator_arn(api: Any) -> str:
    for accelerator in api.list_accelerators()["Accelerators"]:
        if accelerator["Name"] == names.ACCELERATOR:
            return str(accelerator["AcceleratorArn"])
    created = api.create_accelerator(Name=names.ACCELERATOR)
    return str(created["Accelerator"]["AcceleratorArn"])


def _listener_arn(api: Any, accelerator: str) -> str:
    for listener in api.list_listeners(AcceleratorArn=accelerator)["Listeners"]:
        return str(listener["ListenerArn"])
    created = api.create_listener(
        AcceleratorArn=accelerator,
        Protocol="TCP",
        PortRanges=[{"FromPort": 80, "ToPort": 80}],
    )
    return str(created["Listener"]["ListenerArn"])
