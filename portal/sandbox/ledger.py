"""Reading moto's books: who exists, in which account and Region.

moto keeps one backend per service, account and Region in unversioned internals; this module and extension.py, stacks.py
and resources.py are the only ones that know where. Objects handed out are moto's own (typed Any: they have no types).
Not here: changing what moto does (extension.py).
"""

from collections.abc import Iterator
from typing import Any

from moto.backup.models import backup_backends
from moto.cloudformation.models import cloudformation_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

Placed = tuple[str, str, Any]
"""(account, Region, moto's backend)"""


def _backends(of_service: Any) -> Iterator[Placed]:
    for account, regions in list(dict.items(of_service)):
        for region, backend in list(dict.items(regions)):
            yield account, region, backend


def ec2(account: str, region: str) -> Any:
    return ec2_backends[account][region]


def ecs(account: str, region: str) -> Any:
    return ecs_backends[account][region]


def elbv2(account: str, region: str) -> Any:
    return elbv2_backends[account][region]


def dynamodb(account: str, region: str) -> Any:
    return dynamodb_backends[account][region]


def rds(account: str, region: str) -> Any:
    return rds_backends[account][region]


def backup(account: str, region: str) -> Any:
    return backup_backends[account][region]


def cloudwatch(account: str, region: str) -> Any:
    return cloudwatch_backends[account][region]


def services() -> Iterator[tuple[str, str, Any, Any]]:
    """(account, Region, ECS backend, service) of every ECS service, deleted ones included."""
    for account, region, backend in _backends(ecs_backends):
        for service in list(backend.services.values()):
            yield account, region, backend, service


def ecs_backends_in_use() -> Iterator[Placed]:
    return _backends(ecs_backends)


def target_groups() -> Iterator[tuple[str, str, Any]]:
    """(account, Region, target group)"""
    for account, region, backend in _backends(elbv2_backends):
        for group in list(backend.target_groups.values()):
            yield account, region, group


def target_group(arn: str) -> Any | None:
    parts = arn.split(":")
    return elbv2(parts[4], parts[3]).target_groups.get(arn) if len(parts) > 5 else None


def load_balancers() -> Iterator[tuple[str, str, Any]]:
    """(account, Region, load balancer)"""
    for account, region, backend in _backends(elbv2_backends):
        for balancer in list(backend.load_balancers.values()):
            yield account, region, balancer


def load_balancer(arn: str) -> Any | None:
    parts = arn.split(":")
    return elbv2(parts[4], parts[3]).load_balancers.get(arn) if len(parts) > 5 else None


def groups_of(balancer: Any) -> list[Any]:
    """The target groups that a load balancer's listeners and rules forward to."""
    actions = [action for listener in list(balancer.listeners.values()) for action in _actions(listener)]
    arns = {str(action.data.get("TargetGroupArn") or "") for action in actions}
    for action in actions:
        arns |= {str(t["TargetGroupArn"]) for t in (action.data.get("ForwardConfig") or {}).get("TargetGroups") or []}
    return [group for arn in sorted(arns) if arn and (group := target_group(arn)) is not None]


def _actions(listener: Any) -> list[Any]:
    rules = list(listener._non_default_rules.values())
    return [*listener.default_actions, *(action for rule in rules for action in rule.actions)]


def balancers_of(group: Any) -> list[Any]:
    """The load balancers whose listeners or rules forward to this target group."""
    backend = elbv2(group.account_id, group.region_name)
    return [balancer for balancer in list(backend.load_balancers.values()) if group in groups_of(balancer)]


def unready_stacks() -> Iterator[Any]:
    for _account, _region, backend in _backends(cloudformation_backends):
        for stack in list(backend.stacks.values()):
            if stack.status == "CREATE_IN_PROGRESS":
                yield stack
