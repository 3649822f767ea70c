"""What a recipe for a CloudFormation resource is.

Here: its parts and the small functions many recipes share. Not here: the recipes (recipes.py), carrying them out
(resources.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = dict[str, Any]
Client = Any


def _nothing(client: Client, identifier: str, properties: Properties) -> None:
    """Most resources are complete after one call."""


def _as_given(properties: Properties) -> Properties:
    return dict(properties)


def _at_once(client: Client, identifier: str, properties: Properties) -> bool:
    return True


@dataclass(frozen=True)
class Recipe:
    """`create`, `delete`, `update` are operations of the boto3 client of `service`.

    `identifier` (the Ref) and `attributes` (Fn::GetAtt) are JMESPath over {"answer": ..., "sent": ...}.
    `apart` are properties not sent with `create`; `finish` deals with them, at update too. No `update` operation: a
    change replaces the resource.
    """

    type: str
    service: str
    create: str
    identifier: str
    delete: str
    delete_parameters: Callable[[str, Properties], Properties]
    attributes: Mapping[str, str] = field(default_factory=dict)
    name_property: str = ""
    apart: tuple[str, ...] = ()
    prepare: Callable[[Properties], Properties] = _as_given
    finish: Callable[[Client, str, Properties], None] = _nothing
    before_delete: Callable[[Client, str, Properties], None] = _nothing
    update: str = ""
    update_parameters: Callable[[str, Properties], Properties] = lambda identifier, properties: properties
    is_ready: Callable[[Client, str, Properties], bool] = _at_once


def by(parameter: str) -> Callable[[str, Properties], Properties]:
    """Deletion by the identifier alone."""
    return lambda identifier, properties: {parameter: identifier}


def only(*names: str) -> Callable[[Properties], Properties]:
    return lambda properties: {name: value for name, value in properties.items() if name in names}
