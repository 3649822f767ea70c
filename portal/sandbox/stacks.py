"""CloudFormation repaired: stacks that wait for their resources, roll back, and never poison the others.

Here: the life of a stack and the intrinsic functions moto gets wrong, put into moto's classes by install(). Not here:
single resources (resources.py, recipes.py). Source:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

import functools
import inspect
import ipaddress
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudformation import models as cloudformation
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.utils import camelcase_to_underscores

from portal.sandbox import ledger, templates
from portal.sandbox.pace import Pace
from portal.sandbox.resources import resource_classes
from portal.sandbox.surviving import surviving

ZONES = "abc"
DELETE_TRIES = 8
_request = threading.local()
_active: dict[str, Any] = {"api_url": lambda: "", "pace": Pace()}


def activate(api_url: Callable[[], str], pace: Pace) -> None:
    """Tells resources where the API is and stacks how long they take."""
    _active.update(api_url=api_url, pace=pace)


@functools.cache
def install() -> None:
    """Puts the repairs into moto, once per process."""
    for resource_class in resource_classes(lambda: str(_active["api_url"]())):
        parsing.get_model_map()[resource_class.cloudformation_type()] = resource_class
        parsing.get_name_type_map()[resource_class.cloudformation_type()] = resource_class.cloudformation_name_type()
    parsing.clean_json = functools.partial(_clean_json, parsing.clean_json)
    parsing.parse_and_create_resource = functools.partial(_create_resource, parsing.parse_and_create_resource)
    parsing.OutputMap.exports = property(_exports)
    backend = cloudformation.CloudFormationBackend
    backend.create_stack = _create_stack
    backend.delete_stack = _delete_stack
    backend.update_stack = _updating(backend.update_stack)
    cloudformation.Stack.parse_template = staticmethod(templates.parse)
    cloudformation.ChangeSet._parse_template = _parse_change_set
    cloudformation.Stack.create_resources = _creating(cloudformation.Stack.create_resources)
    cloudformation.Stack.mark_creation_complete = _mark_creation_complete
    CloudFormationResponse.create_stack = _noting_rollback(CloudFormationResponse.create_stack)


def _parse_change_set(self: Any) -> None:
    self.template_dict = templates.parse(self.template)


def tick() -> None:
    """Completes stacks whose resources have become ready."""
    for stack in ledger.unready_stacks():
        if getattr(stack, "made_at", math.inf) < math.inf:
            with surviving(f"the readiness of stack {stack.name}"):
                stack.verify_readiness()


# -- a stack's life


def _create_stack(self: Any, name: str, template: str, parameters: dict[str, Any], **options: Any) -> Any:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    _refuse_unknown_types(templates.parse(template))
    stack = cloudformation.Stack(
        stack_id=generate_stack_id(name, self.region_name, self.account_id), name=name, template=template,
        parameters=parameters, account_id=self.account_id, region_name=self.region_name,
        cross_stack_resources=self.exports, **options,
    )  # fmt: skip
    stack.disable_rollback = getattr(_request, "is_rollback_disabled", False)
    self.stacks[stack.stack_id] = stack
    stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
    stack.create_resources()
    return stack


def _noting_rollback(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def create_stack(self: Any) -> Any:
        _request.is_rollback_disabled = bool(
            self._get_bool_param("DisableRollback", False) or self._get_param("OnFailure") == "DO_NOTHING"
        )
        return original(self)

    return create_stack


def _creating(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def create_resources(self: Any) -> None:
        self.made_at = math.inf
        with surviving(f"the creation of stack {self.name}") as outcome:
            original(self)
            _register_exports(self)
            self.made_at = time.monotonic()
        if outcome.error is not None:
            _fail_creation(self, outcome.error)

    return create_resources


def _register_exports(stack: Any) -> None:
    backend = cloudformation.cloudformation_backends[stack.account_id][stack.region_name]
    for export in stack.exports:
        taken = backend.exports.get(export.name)
        if taken is not None and taken.exporting_stack_id != stack.stack_id:
            raise ValidationError(message=f"Export with name {export.name} is already exported by another stack")
        backend.exports[export.name] = export


def _fail_creation(stack: Any, error: Exception) -> None:
    reason = _reason(error)
    if stack.disable_rollback:
        stack.status = "CREATE_FAILED"
        stack._add_stack_event("CREATE_FAILED", resource_status_reason=reason)
        _hide_outputs(stack)
        return
    stack.status = "ROLLBACK_IN_PROGRESS"
    stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=f"{reason} Rollback requested by user.")
    problems = _delete_resources(stack)
    stack.status = "ROLLBACK_FAILED" if problems else "ROLLBACK_COMPLETE"
    stack.status_reason = reason
    stack._add_stack_event(stack.status, resource_status_reason="; ".join(problems) or None)
    _hide_outputs(stack)


def _hide_outputs(stack: Any) -> None:
    """Describing outputs or resources would create what is missing, lazily; a failed stack has none."""
    stack.output_map = parsing.OutputMap(stack.resource_map, {}, stack.stack_id)
    made = stack.resource_map._parsed_resources
    stack.resource_map._resource_json_map = {
        n: j for n, j in stack.resource_map._resource_json_map.items() if n in made
    }


def _mark_creation_complete(self: Any) -> None:
    """All resources are ready; the stack is so too once a transition has passed since they were made."""
    transition = _active["pace"].transition
    is_due = transition == 0 or time.monotonic() - self.made_at >= transition
    if is_due and self.status == "CREATE_IN_PROGRESS":
        self.status = "CREATE_COMPLETE"
        self._add_stack_event("CREATE_COMPLETE")


def _updating(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def update_stack(self: Any, name: str, template: str, *args: Any, **kwargs: Any) -> Any:
        stack = self.get_stack(name)
        if not stack.status.endswith("_COMPLETE") or stack.status == "ROLLBACK_COMPLETE":
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        _refuse_unknown_types(templates.parse(template))
        asked = inspect.signature(original).bind(self, name, template, *args, **kwargs).arguments
        parameters = self._resolve_update_parameters(instance=stack, incoming_params=asked["parameters"])
        if stack.has_template(template) and {**stack.parameters, **parameters} == stack.parameters:
            raise ValidationError(message="No updates are to be performed.")
        with surviving(f"the update of stack {name}") as outcome:
            original(self, name, template, *args, **kwargs)
        if outcome.error is not None:
            stack.status = "UPDATE_FAILED"
            stack._add_stack_event("UPDATE_FAILED", resource_status_reason=_reason(outcome.error))
        return stack

    return update_stack


def _delete_stack(self: Any, name_or_stack_id: str) -> None:
    stack = next((s for s in self.stacks.values() if name_or_stack_id in (s.name, s.stack_id)), None)
    if stack is None:
        return
    if stack.enable_termination_protection:
        raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    stack.status = "DELETE_IN_PROGRESS"
    stack._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
    problems = _delete_resources(stack)
    if problems:
        stack.status = "DELETE_FAILED"
        stack._add_stack_event("DELETE_FAILED", resource_status_reason="; ".join(problems))
        return
    _hide_outputs(stack)
    stack.status = "DELETE_COMPLETE"
    stack._add_stack_event("DELETE_COMPLETE")
    for name in [name for name, export in self.exports.items() if export.exporting_stack_id == stack.stack_id]:
        del self.exports[name]
    self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)


def _delete_resources(stack: Any) -> list[str]:
    """Deletes newest first, again and again while dependencies go away; what is left is said why."""
    made = stack.resource_map._parsed_resources
    jsons = stack.resource_map._resource_json_map
    left = [name for name in reversed(made) if name in jsons and hasattr(made[name], "physical_resource_id")]
    left = [name for name in left if jsons[name].get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate")]
    problems: dict[str, str] = {}
    for name in [name for name in left if not _can_be_deleted(made[name])]:
        left.remove(name)
        _event(stack, name, made.pop(name), "DELETE_SKIPPED", "the sandbox does not delete resources of this type")
    for _ in range(DELETE_TRIES):
        for name in list(left):
            with surviving(f"the deletion of {name} of stack {stack.name}") as outcome:
                stack.resource_map._delete_resource(made[name], jsons[name])
            if outcome.error is None:
                left.remove(name)
                _event(stack, name, made.pop(name), "DELETE_COMPLETE")
            else:
                problems[name] = f"{name}: {_reason(outcome.error)}"
        if not left:
            break
    return [problems[name] for name in left]


def _can_be_deleted(made: Any) -> bool:
    by_class = getattr(type(made), "delete_from_cloudformation_json", None)
    return hasattr(made, "delete") or not getattr(by_class, "__isabstractmethod__", True)


# -- single resources


def _create_resource(
    original: Callable[..., Any], logical_id: str, resource_json: Mapping[str, Any], resources_map: Any, **where: str
) -> Any:
    """Notes in the stack's events how each resource fared; a failure names the resource."""
    backend = cloudformation.cloudformation_backends[where["account_id"]][where["region_name"]]
    stack = backend.stacks.get(resources_map.stack_id)
    with surviving(f"the creation of {logical_id} ({resource_json.get('Type')})") as outcome:
        made = original(logical_id, resource_json, resources_map, **where)
    if outcome.error is None:
        if made is not None and stack is not None:
            _event(stack, logical_id, made, "CREATE_COMPLETE")
        return made
    already = getattr(outcome.error, "failed_resource", None)
    if stack is not None and already is None:
        _event(stack, logical_id, None, "CREATE_FAILED", _reason(outcome.error), resource_json.get("Type", ""))
        outcome.error.failed_resource = logical_id  # type: ignore[attr-defined]
    raise outcome.error


def _event(stack: Any, logical_id: str, made: Any, status: str, reason: str | None = None, kind: str = "") -> None:
    stack.events.append(
        cloudformation.Event(
            stack_id=stack.stack_id, stack_name=stack.name, logical_resource_id=logical_id,
            physical_resource_id=str(getattr(made, "physical_resource_id", "")),
            resource_type=kind or getattr(made, "cf_resource_type", ""), resource_status=status,
            resource_status_reason=reason, resource_properties=None,
        )
    )  # fmt: skip


def _reason(error: Exception) -> str:
    resource = getattr(error, "failed_resource", None)
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    return f"The following resource(s) failed to create: [{resource}]. {text}" if resource else text


def _refuse_unknown_types(template: Mapping[str, Any]) -> None:
    """AWS refuses types it does not know; so does the sandbox, rather than leaving them out in silence."""
    known = parsing.get_model_map()
    types = {str(resource.get("Type")) for resource in (template.get("Resources") or {}).values()}
    unknown = sorted(
        t for t in types if t not in known and t not in parsing.NULL_MODELS and not t.startswith("Custom::")
    )
    if unknown:
        names = ", ".join(unknown)
        raise ValidationError(message=f"Template format error: Unrecognized resource types: [{names}] (in the sandbox)")


# -- intrinsic functions


def _clean_json(original: Callable[..., Any], node: Any, resources_map: Any) -> Any:
    if isinstance(node, dict) and len(node) == 1:
        if "Fn::GetAZs" in node:
            region = parsing.clean_json(node["Fn::GetAZs"], resources_map) or resources_map["AWS::Region"]
            return [f"{region}{zone}" for zone in ZONES]
        if "Fn::Cidr" in node:
            block, count, *bits = parsing.clean_json(node["Fn::Cidr"], resources_map)
            network = ipaddress.ip_network(block)
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
            return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]
        if "Fn::Select" in node:
            index, choices = node["Fn::Select"]
            return parsing.clean_json(choices, resources_map)[int(parsing.clean_json(index, resources_map))]
        if "Fn::GetAtt" in node:
            return _attribute(original, node["Fn::GetAtt"], resources_map)
    return original(node, resources_map)


def _attribute(original: Callable[..., Any], wish: Any, resources_map: Any) -> Any:
    """Fn::GetAtt; moto leaves an attribute it does not know as it is written, here it is looked up or refused."""
    name, attribute = wish.split(".", 1) if isinstance(wish, str) else wish
    attribute = parsing.clean_json(attribute, resources_map)
    found = original({"Fn::GetAtt": [name, attribute]}, resources_map)
    if found is not None and not isinstance(found, dict):
        return found
    resource = resources_map[name]
    kind = str(getattr(resource, "cf_resource_type", ""))
    if attribute in ("Id", f"{kind.rpartition(':')[2]}Id"):
        return resource.physical_resource_id
    value = getattr(resource, camelcase_to_underscores(attribute), None)
    if isinstance(value, str | int | list):
        return value
    raise ValidationError(
        message=f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
    )


def _exports(self: Any) -> list[Any]:
    """Exports of outputs whose condition holds."""
    made = []
    for output in (self._output_json_map or {}).values():
        condition = output.get("Condition")
        if output.get("Export") and (not condition or self._resource_map.lazy_condition_map[condition]):
            name = parsing.clean_json(output["Export"].get("Name"), self._resource_map)
            value = parsing.clean_json(output.get("Value"), self._resource_map)
            made.append(parsing.Export(self._stack_id, name, value))
    return made
