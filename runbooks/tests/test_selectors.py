"""Selectors into a response, and comparing with DesiredValues."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.content import Output, Step
from runbooks.automation.results import Failed, Succeeded
from runbooks.automation.selectors import (
    MISSING,
    SelectorError,
    check_selector,
    matches,
    property_value,
    read_outputs,
    select,
)

RESPONSE: dict[str, Any] = {
    "Clusters": [{"Name": "a", "Size": 2, "Tags": []}, {"Name": "b", "Size": 3, "Ready": False}],
    "Outputs": {"step.Name": ["first"]},
    "Tags": {"aws:stack": "s", "my-tag": "t", "plain key": "k"},
    "SnapshotId": "snap-1",
    "Nothing": None,
}


@pytest.mark.parametrize(
    ("selector", "type_", "expected"),
    [
        ("$.SnapshotId", "String", "snap-1"),
        ("SnapshotId", "String", "snap-1"),
        ("Clusters[1].Name", "String", "b"),
        ("$.Clusters[0].Size", "Integer", 2),
        ("$.Clusters[1].Ready", "Boolean", False),
        ("$.Outputs.'step.Name'[0]", "String", "first"),
        ('$.Outputs."step.Name"[0]', "String", "first"),
        ("$['SnapshotId']", "String", "snap-1"),
        ("$.Tags.aws:stack", "String", "s"),
        ("$.Tags.my-tag", "String", "t"),
        ("$.Tags['plain key']", "String", "k"),
        ("$..Name", "StringList", ["a", "b"]),
        ("$.Clusters..Ready", "StringList", [False]),
        ("$.Clusters..Ready", "Boolean", False),
        ("$.Clusters[?(@.Name=='b')].Size", "Integer", 3),
        ("$.Clusters[?(@.Name=='b')].Size", "StringList", [3]),
        ("$.Clusters.length()", "Integer", 2),
        ("$.Nothing", "String", None),
        ("$.Clusters[0].Tags", "StringList", []),
        ("$.Clusters[9].Name", "String", MISSING),
        ("$.Absent.Deeper", "String", MISSING),
        ("$..Absent", "StringList", MISSING),
        ("$.SnapshotId.length()", "Integer", 6),
        ("$.Clusters[0].Size.length()", "Integer", MISSING),
        ("$.SnapshotId.Deeper", "String", MISSING),
    ],
)
def test_a_selector_finds_its_value(selector: str, type_: str, expected: Any) -> None:
    assert select(RESPONSE, selector, type_) == expected


def test_the_whole_response_can_be_selected() -> None:
    assert select(RESPONSE, "$", "StringMap") == RESPONSE


@pytest.mark.parametrize("payload", [None, 5, '{"a": 1}'])
def test_a_payload_without_parts_has_only_itself(payload: Any) -> None:
    assert select(payload, "$", "String") == payload
    assert select(payload, "$.a", "String") is MISSING


def test_types_are_not_converted() -> None:
    assert select({"n": 5}, "$.n", "String") == 5


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ("", "1 to 1024 characters"),
        ("$." + "a" * 2000, "1 to 1024 characters"),
        ("${x}", "is not JSONPath"),
        ("$.a[", "is not JSONPath"),
        ("$[?match(@.a, '(a+)+')]", "is not JSONPath"),
        ("$[?search(@.a, '(a+)+')]", "is not JSONPath"),
        ("$[?@.a =~ /(a+)+/]", "regular expression"),
        ("$..a..b..c..d", "scans deeply"),
        ("$" + "[?(@" * 200, "is not JSONPath"),
    ],
)
def test_a_selector_that_cannot_be_used_says_why(selector: str, reason: str) -> None:
    with pytest.raises(SelectorError, match=reason):
        check_selector(selector)


@given(st.text(max_size=30) | st.from_regex(r"\$?[.\[\]'\"a-c0-9?@()=*:]{0,20}", fullmatch=True))
def test_any_text_selects_or_is_refused(selector: str) -> None:
    try:
        select({"a": [{"b": 1}], "c": "x"}, selector, "String")
    except SelectorError as error:
        assert str(error)


def test_a_property_found_by_a_deep_scan_is_a_list() -> None:
    assert property_value(RESPONSE, "$..Size") == [2, 3]
    assert property_value(RESPONSE, "$..Ready") == [False]
    assert property_value(RESPONSE, "$..Absent") is MISSING


@pytest.mark.parametrize(
    ("value", "desired", "expected"),
    [
        ("running", ["running", "stopped"], True),
        ("Running", ["running"], False),
        (True, ["True"], True),
        (True, ["true"], True),
        (False, ["False"], True),
        (True, ["False"], False),
        ("True", [True], True),
        ("true", ["True"], False),
        (3, ["3"], True),
        (3, [3], True),
        (3.0, ["3"], True),
        (0.5, ["0.5"], True),
        (0, ["False"], False),
        (None, ["null"], True),
        (["ok", "ok"], ["ok"], True),
        (["ok", "bad"], ["ok"], False),
        (["ok", "bad"], ["bad", "ok"], True),
        ([], ["ok"], False),
        ({"a": 1}, ['{"a":1}'], True),
        (MISSING, ["ok", "MISSING", ""], False),
        ("ok", [], False),
        (datetime(2026, 1, 2, tzinfo=UTC), ["2026-01-02T00:00:00+00:00"], True),
    ],
)
def test_a_value_is_among_the_desired_ones_or_not(value: Any, desired: list[Any], expected: bool) -> None:
    assert matches(value, desired) is expected


def step(*outputs: Output) -> Step:
    return Step("find", "aws:executeAwsApi", {}, outputs=outputs)


def test_declared_outputs_join_the_built_in_ones() -> None:
    result = Succeeded({"Status": "Success"}, payload={"a": {"b": 0}, "f": False})
    outputs = read_outputs(step(Output("B", "$.a.b", "Integer"), Output("F", "$.f", "Boolean")), result)
    assert outputs == {"Status": "Success", "B": 0, "F": False}


def test_absent_and_empty_values_are_left_out() -> None:
    payload: dict[str, Any] = {"null": None, "text": "", "list": [], "map": {}}
    declared = [Output(name, f"$.{name}", "String") for name in (*payload, "absent")]
    assert read_outputs(step(*declared), Succeeded({"Empty": ""}, payload=payload)) == {}


def test_a_selector_that_cannot_be_applied_leaves_its_output_absent() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"a": deep}
    declared = [Output("Deep", "$..Id", "StringList"), Output("Odd", "$[", "String"), Output("Id", "$.Id", "String")]
    assert read_outputs(step(*declared), Succeeded(payload={"deep": deep, "Id": "i-1"})) == {"Id": "i-1"}


def test_a_failed_step_has_outputs_too() -> None:
    failed = Failed("no", outputs={"Status": "Failed"}, payload={"why": "full"})
    assert read_outputs(step(Output("Why", "$.why", "String")), failed) == {"Status": "Failed", "Why": "full"}


def test_without_a_payload_selectors_read_the_built_in_outputs() -> None:
    assert read_outputs(step(Output("Id", "$.StackId", "String")), Succeeded({"StackId": "s"})) == {
        "StackId": "s",
        "Id": "s",
    }
