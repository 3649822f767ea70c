"""Reading a CloudFormation template: YAML with its short intrinsic functions, or JSON.

Here: text to a dict in the long form ({"Fn::GetAtt": ["A", "B"]}). Not here: evaluating functions (stacks.py). moto's
own reader uses YAML's unsafe loader and loses a mapping below a short function. Source:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError

PLAIN = frozenset({"Ref", "Condition"})
"""Short functions whose long name has no Fn:: before it."""


class _Loader(yaml.SafeLoader):
    """Dates stay text, as CloudFormation reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any = None
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "GetAtt":
            value = value.split(".", 1)
    return {name if name in PLAIN else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def parse(text: str) -> dict[str, Any]:
    """The template as a dict; ValidationError, as AWS says it, for text that is none."""
    try:
        template = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValidationError(message=f"Template format error: {error}") from error
    if not isinstance(template, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    for resource in (template.get("Resources") or {}).values():
        if isinstance(resource, dict):
            # moto adds this while it creates, and would then take the resource for changed at the next update.
            resource.setdefault("Properties", {})
    return template
