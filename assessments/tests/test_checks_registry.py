"""The table of checks: every check carries its facts, every name a lens uses is there, every call only reads."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from assessments.checks.paging import PAGES
from assessments.checks.permissions import action_of
from assessments.checks.registry import CHECKS
from assessments.checks.resources import KINDS
from portal.aws.classification import ActionClass, classify
from portal.aws.models import operation_named
from portal.catalogue.models import Tier

LENSES = sorted((Path(__file__).parents[1] / "lenses").glob("*.json"))
APIS = sorted({api for check in CHECKS.values() for api in check.apis})
PRACTICE = re.compile(r"^(REL|OPS)\d{2}-BP\d{2}$")


def choices(lens: Path) -> list[dict[str, Any]]:
    pillars = json.loads(lens.read_text(encoding="utf-8"))["pillars"]
    return [choice for pillar in pillars for question in pillar["questions"] for choice in question["choices"]]


def named_in(lens: Path) -> set[str]:
    return {name for choice in choices(lens) for name in choice.get("_check", [])}


def test_there_are_at_least_twenty_five_checks() -> None:
    assert len(CHECKS) >= 25


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.stem)
def test_every_check_that_a_lens_names_exists(lens: Path) -> None:
    assert named_in(lens)
    assert named_in(lens) <= CHECKS.keys()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_carries_its_facts(name: str) -> None:
    check = CHECKS[name]
    assert check.name == name == check.look.__name__
    assert check.title and not check.title.endswith(".")
    assert check.reads.endswith(".") and len(check.remediation) > 80
    assert check.remediation.endswith(".")
    assert check.look.__doc__
    assert check.practices and all(PRACTICE.match(practice) for practice in check.practices)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_tier_has_a_half_life_and_a_higher_one_no_longer(name: str) -> None:
    lengths = [CHECKS[name].half_lives[tier] for tier in Tier]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.stem)
def test_the_table_names_the_practices_that_a_lens_binds_to_a_check(lens: Path) -> None:
    bound = {(name, choice["_bp"]) for choice in choices(lens) for name in choice.get("_check", []) if "_bp" in choice}
    assert {(name, practice) for name, practice in bound if practice not in CHECKS[name].practices} == set()


@pytest.mark.parametrize("api", APIS)
def test_every_call_is_an_operation_that_only_reads(api: str) -> None:
    service, _, operation = api.partition(":")
    assert operation_named(service, operation) == operation
    assert classify(service, operation) is ActionClass.READ_ONLY


def test_awss_own_read_only_policy_allows_every_call() -> None:
    policy = json.loads(aws_managed_policies_data)["ReadOnlyAccess"]["Document"]
    allowed = {action.lower() for statement in policy["Statement"] for action in statement["Action"]}
    asked = {action_of(api).lower() for api in APIS}
    assert asked
    assert {each for each in asked if not any(fnmatch.fnmatchcase(each, pattern) for pattern in allowed)} == set()


@pytest.mark.parametrize("api", sorted(PAGES))
def test_pages_are_read_as_botocore_says(api: str) -> None:
    service, _, operation = api.partition(":")
    model = botocore.session.get_session().get_paginator_model(service).get_paginator(operation)
    keys = model["result_key"]
    assert PAGES[api].items in ([keys] if isinstance(keys, str) else keys)
    assert (PAGES[api].answer_token, PAGES[api].input_token) == (model["output_token"], model["input_token"])


def test_no_check_lists_a_listing_whose_pages_nobody_knows() -> None:
    read_whole = {"cloudwatch:DescribeAlarms", "route53:ListResourceRecordSets"}
    session = botocore.session.get_session()
    for api in APIS:
        service, _, operation = api.partition(":")
        if api in PAGES or api in read_whole or operation.startswith("Get"):
            continue
        names = session.get_paginator_model(service)._paginator_config if _has_paginators(service) else {}
        assert operation not in names or operation in ASKED_BY_NAME, f"{api} has pages that are not read"


# These list, but are only asked about the one thing that is named.
ASKED_BY_NAME = {"DescribeDBInstances", "DescribeDBClusters", "DescribeImages", "DescribeSubnets"}


def _has_paginators(service: str) -> bool:
    loader = botocore.session.get_session().get_component("data_loader")
    return service in loader.list_available_services("paginators-1")


def test_each_kind_says_how_it_is_found() -> None:
    for kind in KINDS.values():
        assert kind.words and kind.hint
        assert kind.arn.groups == 1
