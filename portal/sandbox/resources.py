"""Carrying a recipe out: CloudFormation's resource classes for moto, made from recipes.py.

Here: properties turned into API parameters by botocore's own models, calls to the sandbox's API on behalf of the
stack's account, Ref and Fn::GetAtt. Not here: which types there are (recipes.py), stacks (stacks.py).
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore.config import Config
from botocore.model import Shape
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel

from portal.sandbox.recipe import Recipe
from portal.sandbox.recipes import RECIPES

SHORTENED_AFTER = {"LoadBalancerFullName": ":loadbalancer/", "TargetGroupFullName": ":targetgroup/"}
"""Attributes that are the rest of an ARN."""
READINESS_INTERVAL = 0.1
"""Real seconds between two looks at a resource that is not ready."""


class ResourceFailed(Exception):
    """A resource could not be made; the text is the reason for the stack's events."""


class Clients:
    """boto3 clients of the sandbox's own API, per account, Region and service. boto3's session is not thread-safe."""

    def __init__(self, api_url: Callable[[], str]) -> None:
        self._api_url, self._lock = api_url, threading.Lock()
        self._clients: dict[tuple[str, str, str, str], Any] = {}

    def get(self, account: str, region: str, service: str) -> Any:
        url = self._api_url()
        with self._lock:
            key = url, account, region, service
            if key not in self._clients:
                self._clients[key] = self._make(url, account, region, service)
            return self._clients[key]

    def _make(self, url: str, account: str, region: str, service: str) -> Any:
        client = boto3.Session().client(
            service, region_name=region, endpoint_url=url, aws_access_key_id="stack", aws_secret_access_key="stack",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, parameter_validation=True),
        )  # fmt: skip

        def name_account(request: Any, **_: Any) -> None:
            request.headers["x-moto-account-id"] = account

        client.meta.events.register("before-sign.*", name_account)
        return client


def conform(value: Any, shape: Shape, path: str = "") -> Any:
    """A template's value as the API's shape wants it: names in its spelling, text turned into numbers and booleans.

    ResourceFailed names a property that the API does not have.
    """
    if shape.type_name == "structure":
        members = {name[:1].lower() + name[1:]: (name, member) for name, member in shape.members.items()}
        made = {}
        for name, part in dict(value).items():
            if name[:1].lower() + name[1:] not in members:
                raise ResourceFailed(f"Encountered unsupported property {path}{name}")
            own_name, member = members[name[:1].lower() + name[1:]]
            made[own_name] = conform(part, member, f"{path}{name}.")
        return made
    if shape.type_name == "list":
        return [conform(part, shape.member, path) for part in (value if isinstance(value, list) else [value])]
    if shape.type_name == "map":
        return {str(name): conform(part, shape.value, f"{path}{name}.") for name, part in dict(value).items()}
    if shape.type_name == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("float", "double"):
        return float(value)
    if shape.type_name == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


@dataclass
class _Made:
    identifier: str
    attributes: dict[str, Any]
    properties: dict[str, Any]


class RecipeResource:
    """A resource that moto's CloudFormation holds and our API made. Its classes for moto differ by recipe only."""

    recipe: ClassVar[Recipe]
    clients: ClassVar[Clients]

    def __init__(self, made: _Made, account: str, region: str) -> None:
        self.made, self.account, self.region = made, account, region
        self._is_ready = False
        self._next_look = 0.0

    @property
    def physical_resource_id(self) -> str:
        return self.made.identifier

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.recipe.type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.recipe.name_property

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in cls.recipe.attributes

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        if attribute_name not in self.recipe.attributes:
            raise UnformattedGetAttTemplateException()
        return self.made.attributes[attribute_name]

    def is_created(self) -> bool:
        if not self._is_ready and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + READINESS_INTERVAL
            client = self.clients.get(self.account, self.region, self.recipe.service)
            self._is_ready = self.recipe.is_ready(client, self.made.identifier, self.made.properties)
        return self._is_ready

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Mapping[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "RecipeResource":
        properties = dict(cloudformation_json.get("Properties") or {})
        if cls.recipe.name_property:
            properties.setdefault(cls.recipe.name_property, resource_name)
        return cls(cls._make(properties, account_id, region_name), account_id, region_name)

    @classmethod
    def _make(cls, properties: dict[str, Any], account: str, region: str) -> _Made:
        recipe = cls.recipe
        client = cls.clients.get(account, region, recipe.service)
        sent = _parameters(client, recipe.create, recipe.prepare(_without(properties, recipe.apart)))
        answer = getattr(client, recipe.create)(**sent)
        seen = {"answer": answer, "sent": sent}
        identifier = str(jmespath.search(recipe.identifier, seen))
        attributes = {name: jmespath.search(path, seen) for name, path in recipe.attributes.items()}
        for name in set(SHORTENED_AFTER) & set(attributes):
            attributes[name] = str(attributes[name]).partition(SHORTENED_AFTER[name])[2]
        if "TargetGroupFullName" in attributes:
            attributes["TargetGroupFullName"] = f"targetgroup/{attributes['TargetGroupFullName']}"
        if recipe.type == "AWS::Logs::LogGroup":
            attributes["Arn"] = f"arn:aws:logs:{region}:{account}:log-group:{identifier}:*"
        recipe.finish(client, identifier, properties)
        return _Made(identifier, attributes, properties)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: "RecipeResource", new_resource_name: str, cloudformation_json: Mapping[str, Any],
        account_id: str, region_name: str,
    ) -> "RecipeResource":  # fmt: skip
        recipe = cls.recipe
        properties = dict(cloudformation_json.get("Properties") or {})
        if not recipe.update:
            fresh = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
            original_resource.delete(account_id, region_name)
            return fresh
        if recipe.name_property:
            properties.setdefault(recipe.name_property, original_resource.made.properties[recipe.name_property])
        client = cls.clients.get(account_id, region_name, recipe.service)
        identifier = original_resource.made.identifier
        wishes = recipe.update_parameters(identifier, recipe.prepare(_without(properties, recipe.apart)))
        getattr(client, recipe.update)(**_parameters(client, recipe.update, wishes))
        recipe.finish(client, identifier, properties)
        original_resource.made.properties = properties
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        client = self.clients.get(account_id, region_name, self.recipe.service)
        self.recipe.before_delete(client, self.made.identifier, self.made.properties)
        getattr(client, self.recipe.delete)(**self.recipe.delete_parameters(self.made.identifier, self.made.properties))


def _without(properties: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


def _parameters(client: Any, operation: str, wishes: Mapping[str, Any]) -> dict[str, Any]:
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    return dict(conform(wishes, shape))


def resource_classes(api_url: Callable[[], str]) -> list[type[RecipeResource]]:
    """One class per recipe. moto's metaclass wants a dotted module name, which this module has."""
    clients = Clients(api_url)
    return [
        type(
            recipe.type.replace("::", ""),
            (RecipeResource, CloudFormationModel),
            {"recipe": recipe, "clients": clients, "__module__": __name__},
        )
        for recipe in RECIPES
    ]
