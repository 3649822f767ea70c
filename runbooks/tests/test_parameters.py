"""Supplied values against what a document declares."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.document import Document, load
from runbooks.automation.parameters import check, is_known_type, resolve_defaults
from runbooks.automation.references import Scope


def document(**parameters: dict[str, Any]) -> Document:
    return load({"schemaVersion": "0.3", "parameters": parameters, "mainSteps": [{"name": "a", "action": "aws:pause"}]})


@pytest.mark.parametrize(
    ("type_", "supplied", "expected"),
    [
        ("String", "x", "x"),
        ("String", ["x"], "x"),
        ("String", 5, "5"),
        ("String", True, "true"),
        ("Integer", 5, 5),
        ("Integer", "5", 5),
        ("Integer", "-5", -5),
        ("Integer", ["5"], 5),
        ("Boolean", True, True),
        ("Boolean", "true", True),
        ("Boolean", "False", False),
        ("Boolean", ["true"], True),
        ("StringList", ["a", "b"], ["a", "b"]),
        ("StringList", '["a", "b"]', ["a", "b"]),
        ("StringList", "a", ["a"]),
        ("StringList", "", []),
        ("StringList", [1, True], ["1", "true"]),
        ("StringMap", {"a": [1]}, {"a": [1]}),
        ("StringMap", '{"a": 1}', {"a": 1}),
        ("StringMap", ['{"a": 1}'], {"a": 1}),
        ("MapList", [{"a": 1}], [{"a": 1}]),
        ("MapList", '[{"a": 1}]', [{"a": 1}]),
        ("MapList", ['{"a": 1}', '{"b": 2}'], [{"a": 1}, {"b": 2}]),
        ("List<AWS::EC2::Instance::Id>", '["i-0123456789abcdef0"]', ["i-0123456789abcdef0"]),
        ("AWS::EC2::Instance::Id", "i-01234567", "i-01234567"),
        ("AWS::IAM::Role::Arn", "arn:aws:iam::111122223333:role/Fail", "arn:aws:iam::111122223333:role/Fail"),
        ("AWS::S3::Bucket::Name", "logs-1", "logs-1"),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/ami/latest", "/ami/latest"),
    ],
)
def test_a_value_is_read_in_its_type(type_: str, supplied: Any, expected: Any) -> None:
    checked = check(document(P={"type": type_}), {"P": supplied})
    assert (checked.problems, checked.values) == ((), {"P": expected})


@pytest.mark.parametrize(
    ("type_", "supplied", "reason"),
    [
        ("String", {"a": 1}, "needs a text"),
        ("String", ["a", "b"], "needs a text"),
        ("String", None, "needs a text"),
        ("Integer", "five", "needs a whole number"),
        ("Integer", "5.5", "needs a whole number"),
        ("Integer", True, "needs a whole number"),
        ("Integer", "9" * 5000, "needs a whole number"),
        ("Boolean", "yes", "needs true or false"),
        ("Boolean", 1, "needs true or false"),
        ("StringList", 5, "needs a list"),
        ("StringList", [{"a": 1}], "needs a text"),
        ("StringMap", "not json", "needs a map"),
        ("StringMap", "[" * 100_000, "needs a map"),
        ("MapList", ["x"], "needs a map"),
        ("AWS::EC2::Instance::Id", "web-1", "needs an instance id"),
        ("List<AWS::EC2::Instance::Id>", ["i-01234567", "web-1"], "needs an instance id"),
        ("AWS::IAM::Role::Arn", "arn:aws:iam::1:role/x", "needs a role's ARN"),
        ("AWS::S3::Bucket::Name", "No", "needs a bucket name"),
    ],
)
def test_a_value_of_another_type_is_refused(type_: str, supplied: Any, reason: str) -> None:
    checked = check(document(P={"type": type_}), {"P": supplied})
    assert [problem.path for problem in checked.errors] == ["parameters.P"]
    assert reason in checked.errors[0].message


@pytest.mark.parametrize(
    ("declared", "fitting", "strange", "reason"),
    [
        ({"allowedValues": ["a", "b"]}, "b", "c", "Choose from: a, b."),
        ({"allowedValues": ["Yes"], "type": "StringList"}, ["Yes"], ["Yes", "No"], "does not allow 'No'"),
        ({"allowedValues": [1, 2], "type": "Integer"}, "2", 3, "does not allow '3'"),
        ({"allowedValues": [True], "type": "Boolean"}, "true", False, "does not allow 'false'"),
        ({"allowedPattern": "[a-z]+"}, "abc", "abc1", "must match '[a-z]+'"),
        ({"allowedPattern": "[a-z]+", "type": "StringList"}, ["a", "b"], ["a", "1"], "It was given '1'"),
        ({"allowedPattern": r"\d{2}", "type": "Integer"}, 12, 123, "must match"),
        ({"allowedPattern": r"[\p{L}-. ]+"}, "Zürich", "Zürich!", "must match"),
        ({"minChars": 2}, "ab", "a", "at least 2 characters"),
        ({"maxChars": 2}, "ab", "abc", "at most 2 characters"),
        ({"minItems": 1, "type": "StringList"}, ["a"], [], "at least 1 items"),
        ({"maxItems": 1, "type": "StringList"}, ["a"], ["a", "b"], "at most 1 items"),
        ({"minValue": 1, "type": "Integer"}, 1, 0, "at least 1 as its value"),
        ({"maxValue": "9", "type": "Integer"}, 9, 10, "at most 9 as its value"),
    ],
)
def test_a_value_within_its_limits_is_accepted_and_one_beyond_is_refused(
    declared: dict[str, Any], fitting: Any, strange: Any, reason: str
) -> None:
    limited = document(P={"type": "String", **declared})
    assert check(limited, {"P": fitting}).problems == ()
    assert [reason in problem.message for problem in check(limited, {"P": strange}).errors] == [True]


def test_a_text_too_long_for_a_pattern_is_refused() -> None:
    checked = check(document(P={"type": "String", "allowedPattern": "a*"}), {"P": "a" * 4097})
    assert "its pattern allows 4096" in checked.errors[0].message


def test_a_pattern_that_cannot_be_applied_is_a_warning_and_the_value_is_taken() -> None:
    checked = check(document(P={"type": "String", "allowedPattern": r"(a)\1"}), {"P": "aa"})
    assert (checked.errors, checked.values) == ((), {"P": "aa"})
    assert "was not applied" in checked.problems[0].message


def test_a_required_parameter_must_be_supplied() -> None:
    checked = check(document(P={"type": "String"}), {})
    assert [(problem.path, problem.message) for problem in checked.errors] == [
        ("parameters.P", "The parameter P is required. Give it a value.")
    ]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    checked = check(document(Region={"type": "String", "default": ""}), {"region": "us-east-1"})
    assert checked.errors[0].path == "parameters.region"
    assert "Its parameters: Region." in checked.errors[0].message


def test_every_problem_is_listed() -> None:
    many = document(A={"type": "Integer"}, B={"type": "Boolean"}, C={"type": "String"})
    paths = {problem.path for problem in check(many, {"A": "x", "B": "y", "D": "z"}).errors}
    assert paths == {"parameters.A", "parameters.B", "parameters.C", "parameters.D"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "String", "default": ""}, ""),
        ({"type": "String", "default": None}, None),
        ({"type": "StringMap", "default": "{}"}, {}),
        ({"type": "MapList", "default": '[{"a": 1}]'}, [{"a": 1}]),
        ({"type": "StringList", "default": '["a"]'}, ["a"]),
        ({"type": "Integer", "default": "5"}, 5),
        ({"type": "Boolean", "default": "true"}, True),
        ({"type": "String", "default": "no", "allowedPattern": r"\d+", "allowedValues": ["1"]}, "no"),
        ({"type": "Integer", "default": ""}, ""),
    ],
)
def test_a_default_fills_in_unchecked(declared: dict[str, Any], expected: Any) -> None:
    checked = check(document(P=declared), {})
    assert (checked.problems, checked.values) == ((), {"P": expected})


def test_a_default_that_a_form_hands_back_is_accepted() -> None:
    declared = {"type": "AWS::IAM::Role::Arn", "default": "", "allowedPattern": "arn:.+"}
    assert check(document(P=declared), {"P": ""}).problems == ()


def test_a_false_that_was_supplied_is_not_taken_for_a_default_of_zero() -> None:
    checked = check(document(P={"type": "Integer", "default": 0}), {"P": False})
    assert len(checked.errors) == 1


@pytest.mark.parametrize(
    ("declared", "supplied"),
    [
        ({"type": "String"}, {"P": "{{ ssm:/golden/ami }}"}),
        ({"type": "String", "default": "{{ssm:/golden/ami}}"}, {}),
        ({"type": "StringList", "default": ["ami-1", "{{ssm:/golden/ami}}"]}, {}),
    ],
)
def test_a_value_that_parameter_store_would_give_is_refused_and_never_used_as_text(
    declared: dict[str, Any], supplied: dict[str, Any]
) -> None:
    (problem,) = check(document(P=declared), supplied).errors
    assert "Give the value itself." in problem.message


def test_references_in_defaults_are_resolved_and_those_that_were_typed_are_not() -> None:
    declared = document(
        Run={"type": "String", "default": "run-{{ automation:EXECUTION_ID }}"},
        Region={"type": "String", "default": "{{ global:REGION }}"},
        Typed={"type": "String", "default": "x"},
        Copy={"type": "String", "default": "{{ Typed }}"},
    )
    supplied = {"Typed": "{{ global:REGION }}"}
    values = check(declared, supplied).values
    system = {"automation:EXECUTION_ID": "e-1", "global:REGION": "eu-west-1"}
    assert resolve_defaults(declared, values, supplied, Scope(system=system)) == {
        "Run": "run-e-1",
        "Region": "eu-west-1",
        "Typed": "{{ global:REGION }}",
        "Copy": "{{ global:REGION }}",
    }


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("String", True),
        ("MapList", True),
        ("AWS::EC2::Instance::Id", True),
        ("List<AWS::EC2::Instance::Id>", True),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", True),
        ("AWS::SSM::Parameter::Value<List<String>>", True),
        ("Str", False),
        ("List<String", False),
        ("AWS::", False),
        ("", False),
    ],
)
def test_a_type_is_known_or_not(type_: str, expected: bool) -> None:
    assert is_known_type(type_) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["String", "StringList", "Integer", "Boolean", "StringMap", "MapList", "AWS::S3::Bucket::Name"])


@given(TYPES, JSON, st.booleans())
def test_any_value_is_read_or_refused(type_: str, supplied: Any, has_pattern: bool) -> None:
    declared = {"type": type_, "minItems": 1, "maxChars": 3, **({"allowedPattern": "[a-c]+"} if has_pattern else {})}
    checked = check(document(P=declared), {"P": supplied})
    assert "P" in checked.values or checked.errors
