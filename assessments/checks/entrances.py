"""How clients come in, as AWS describes it: load balancers and accelerators; and all parts of a request's path.

Not here: judging it (`traffic`, `alarms`).
"""

from collections.abc import Iterable
from typing import Any

from assessments.checks import compute, data_stores
from assessments.checks.data_stores import Described
from assessments.checks.reading import Reading
from assessments.checks.resources import KINDS, TAGS, described, is_named, note, tagged
from assessments.checks.results import Resource

LOAD_BALANCERS = (TAGS, "elbv2:DescribeLoadBalancers")
# Global Accelerator has one API for the world; its home is this Region.
# https://docs.aws.amazon.com/general/latest/gr/global_accelerator.html
ACCELERATOR_REGION = "us-west-2"
ACCELERATORS = (TAGS, "globalaccelerator:ListAccelerators")
PARTS = tuple(
    {
        *LOAD_BALANCERS,
        *compute.ECS,
        *compute.FUNCTIONS,
        *data_stores.TABLES,
        *data_stores.INSTANCES,
        *data_stores.CLUSTERS,
        *data_stores.QUEUES,
    }
)


def load_balancers(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each load balancer (application, network, gateway) with its description."""

    def describe(balancer: Resource) -> dict[str, Any] | None:
        wanted = {"LoadBalancerArns": [balancer.arn]} if balancer.arn else {"Names": [balancer.name]}
        found = reading.items("elbv2:DescribeLoadBalancers", wanted, balancer.region, {"LoadBalancerNotFound"})
        return found[0] if found else None

    return described(reading, "load_balancer", describe, regions)


def accelerators(reading: Reading) -> Described:
    """Each of the service's accelerators, by tag or by name."""
    hints = reading.service.hints.names.get("accelerator", ())
    arns = {resource.arn for resource in tagged(reading, KINDS["accelerator"], ACCELERATOR_REGION)}
    rows = reading.items("globalaccelerator:ListAccelerators", {}, ACCELERATOR_REGION)
    found: Described = [
        (Resource("accelerator", row["Name"], ACCELERATOR_REGION, row["AcceleratorArn"]), row)
        for row in rows
        if row["AcceleratorArn"] in arns or row["Name"] in hints or row["AcceleratorArn"] in hints
    ]
    names = {name for resource, _ in found for name in (resource.name, resource.arn)}
    missing = [hint for hint in hints if hint not in names]
    reading.not_found += [Resource("accelerator", hint, ACCELERATOR_REGION, is_hinted=True) for hint in missing]
    if not found:
        note(reading, "accelerator", [ACCELERATOR_REGION])
    return found


def parts(reading: Reading) -> list[Resource]:
    """Every part on the path of a request in every Region of the service: what must show how it feels."""
    families = (
        load_balancers(reading),
        compute.ecs_services(reading),
        compute.functions(reading),
        data_stores.tables(reading),
        data_stores.instances(reading),
        data_stores.clusters(reading),
        data_stores.queues(reading),
    )
    return [resource for family in families for resource, _ in family]


def is_hinted(reading: Reading, kind: str, name: str) -> bool:
    """Whether the hints name a resource of the kind, exactly or by prefix."""
    return is_named(name, reading.service.hints.names.get(kind, ()))
