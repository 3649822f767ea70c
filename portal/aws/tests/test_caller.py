"""Calls as documents make them, against an AWS on loopback that logs what arrives."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.aws import sessions
from portal.aws.caller import AwsCaller, coerce, to_json, with_token
from portal.aws.errors import AwsError
from portal.aws.sessions import Role, client
from runbooks.tests.aws_double import AwsDouble, running


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsDouble]:
    with running() as double:
        monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
        sessions.forget()
        yield double
    sessions.forget()


def call(service: str, api: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    return AwsCaller("us-west-2").call(service, api, parameters or {})


@pytest.mark.parametrize("api", ["DescribeTable", "describeTable", "describe_table"])
def test_an_operation_may_be_spelled_as_documents_do(aws: AwsDouble, api: str) -> None:
    aws.answers["DescribeTable"] = {"Table": {"TableName": "shop"}}
    assert call("DynamoDB", api, {"TableName": "shop"}) == {"Table": {"TableName": "shop"}}


def test_an_unknown_operation_is_refused_by_name_before_anything_is_sent(aws: AwsDouble) -> None:
    with pytest.raises(AwsError, match="dynamodb has no operation DescribeTabel"):
        call("dynamodb", "DescribeTabel")
    with pytest.raises(AwsError, match="no AWS service of that name"):
        call("dynamo", "DescribeTable")
    assert aws.calls == []


def test_a_missing_parameter_is_known_not_to_have_happened(aws: AwsDouble) -> None:
    with pytest.raises(AwsError) as failed:
        call("dynamodb", "DescribeTable")
    assert not failed.value.is_unknown
    assert aws.calls == []


def test_a_refusal_by_aws_is_known_and_carries_its_code(aws: AwsDouble) -> None:
    aws.behaviour.append("400")
    with pytest.raises(AwsError) as failed:
        call("dynamodb", "DescribeTable", {"TableName": "shop"})
    assert (failed.value.code, failed.value.is_unknown) == ("Refused", False)


@pytest.mark.parametrize("how", ["cut", "500", "503"])
def test_a_call_that_must_not_happen_twice_is_on_the_wire_once(aws: AwsDouble, how: str) -> None:
    aws.behaviour.extend([how] * 5)
    with pytest.raises(AwsError) as failed:
        call(
            "dynamodb",
            "RestoreTableFromBackup",
            {
                "TargetTableName": "shop",
                "BackupArn": "arn:aws:dynamodb:us-west-2:123456789012:table/shop/backup/0123456789",
            },
        )
    assert failed.value.is_unknown
    assert aws.operations() == ["RestoreTableFromBackup"]


def test_a_read_is_repeated_by_the_sdk_after_a_cut(aws: AwsDouble) -> None:
    aws.behaviour.append("cut")
    call("dynamodb", "ListTables")
    assert aws.operations() == ["ListTables", "ListTables"]


def test_nobody_listening_is_known_not_to_have_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    sessions.forget()
    with pytest.raises(AwsError) as failed:
        call("ecs", "UpdateService", {"service": "core", "desiredCount": 0})
    assert not failed.value.is_unknown
    sessions.forget()


def test_text_is_coerced_to_the_shapes_of_the_api() -> None:
    assert coerce("ecs", "UpdateService", {"Service": "core", "desiredCount": "3", "forceNewDeployment": "true"}) == {
        "service": "core",
        "desiredCount": 3,
        "forceNewDeployment": True,
    }
    assert coerce("ec2", "DescribeInstances", {"InstanceIds": "i-1"}) == {"InstanceIds": ["i-1"]}
    assert coerce("ec2", "CreateImage", {"InstanceId": ["i-1"], "Name": 7}) == {"InstanceId": "i-1", "Name": "7"}


def test_a_token_is_filled_in_only_where_it_is_wanted_and_missing() -> None:
    assert with_token("cloudformation", "CreateStack", {"StackName": "a"}, "t") == {
        "StackName": "a",
        "ClientRequestToken": "t",
    }
    own = {"StackName": "a", "ClientRequestToken": "mine"}
    assert with_token("cloudformation", "CreateStack", own, "t") == own
    assert with_token("dynamodb", "DescribeTable", {"TableName": "a"}, "t") == {"TableName": "a"}


def test_answers_become_json_values() -> None:
    assert to_json({"Raw": b"\x00\x01", "Many": (1, 2.5, None)}) == {"Raw": "AAE=", "Many": [1, 2.5, None]}


def test_in_sandbox_mode_a_client_that_would_leave_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.us-west-2.amazonaws.com")
    sessions.forget()
    with pytest.raises(ImproperlyConfigured, match="only this machine is allowed"):
        client("dynamodb", "us-west-2")
    sessions.forget()


def test_in_sandbox_mode_an_endpoint_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    sessions.forget()
    with pytest.raises(ImproperlyConfigured, match="AWS_ENDPOINT_URL"):
        client("dynamodb", "us-west-2")
    sessions.forget()


def test_a_client_is_made_once_per_role_region_and_service(aws: AwsDouble) -> None:
    first = client("dynamodb", "us-west-2")
    assert client("dynamodb", "us-west-2") is first
    assert client("dynamodb", "us-east-1") is not first
    assert client("dynamodb", "us-west-2", is_sent_once=True) is not first
    assert client("dynamodb", "us-west-2", Role()) is first


def test_each_call_says_which_product_makes_it(aws: AwsDouble) -> None:
    made = client("dynamodb", "us-west-2")
    said: list[str] = []
    made.meta.events.register("before-send", lambda request, **_: said.append(request.headers["User-Agent"].decode()))
    AwsCaller("us-west-2").call("dynamodb", "DescribeTable", {"TableName": "shop"})
    assert re.fullmatch(r"bcdr-portal/[\d.]+ Boto3/[\d.]+ Botocore/[\d.]+", said[0])
