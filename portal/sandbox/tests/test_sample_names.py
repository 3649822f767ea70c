"""The names of the sample estate are the same in the code, in the template and in the data."""

import json
import re
from typing import Any

import yaml

from portal.sandbox.sample import names


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as {"Fn": value}."""


def _read_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}


TemplateLoader.add_multi_constructor("!", _read_tag)
TEMPLATE = yaml.load(names.TEMPLATE_FILE.read_text(encoding="utf-8"), TemplateLoader)
RESOURCES = TEMPLATE["Resources"]
CREATURES = json.loads(names.CREATURES_FILE.read_text(encoding="utf-8"))


def test_the_template_uses_the_names_of_the_estate() -> None:
    written = {
        (key, RESOURCES[resource]["Properties"][key])
        for resource, key in [
            ("Cluster", "ClusterName"),
            ("CoreService", "ServiceName"),
            ("LikeService", "ServiceName"),
            ("LoadBalancer", "Name"),
            ("CoreTargetGroup", "Name"),
            ("LikeTargetGroup", "Name"),
            ("EntranceSecurityGroup", "GroupName"),
            ("TaskSecurityGroup", "GroupName"),
            ("CreatureTable", "TableName"),
            ("HeartbeatTable", "TableName"),
        ]
    }
    assert written == {
        ("ClusterName", names.CLUSTER),
        ("ServiceName", names.CORE_SERVICE),
        ("ServiceName", names.LIKE_SERVICE),
        ("Name", names.LOAD_BALANCER),
        ("Name", names.CORE_SERVICE),
        ("Name", names.LIKE_SERVICE),
        ("GroupName", names.ENTRANCE_SECURITY_GROUP),
        ("GroupName", names.TASK_SECURITY_GROUP),
        ("TableName", names.CREATURE_TABLE),
        ("TableName", names.HEARTBEAT_TABLE),
    }


def test_only_the_primary_creates_tables() -> None:
    tables = [row for row in RESOURCES.values() if row["Type"] == "AWS::DynamoDB::Table"]
    assert len(tables) == len(names.TABLES)
    assert {table["Condition"] for table in tables} == {"CreatesTables"}


def test_every_table_can_have_replicas() -> None:
    tables = [row["Properties"] for row in RESOURCES.values() if row["Type"] == "AWS::DynamoDB::Table"]
    assert {table["StreamSpecification"]["StreamViewType"] for table in tables} == {"NEW_AND_OLD_IMAGES"}


def test_the_template_fits_into_one_request() -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    assert len(names.TEMPLATE_FILE.read_bytes()) <= 51_200


def test_every_reference_in_the_template_has_a_target() -> None:
    text = names.TEMPLATE_FILE.read_text(encoding="utf-8")
    referred = set(re.findall(r"!Ref \"?([A-Za-z:]+)", text)) | set(re.findall(r"!GetAtt ([A-Za-z]+)\.", text))
    known = RESOURCES.keys() | TEMPLATE["Parameters"].keys() | {"AWS::Region"}
    assert referred - known == set()


def test_there_are_twelve_different_creatures_with_all_their_facts() -> None:
    facts = {"MysfitId", "Name", "Species", "Age", "Temperament", "AdoptionFee", "Description"}
    assert len({creature["MysfitId"] for creature in CREATURES}) == 12
    assert all(creature.keys() == facts for creature in CREATURES)
