"""Refusals have one shape at the JSON door, whether a serializer could not read or an operation would not do."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework import exceptions

from portal.errors import api_exception_handler


def body(error: Exception) -> Any:
    answer = api_exception_handler(error, {})
    assert answer is not None
    assert answer.status_code == 400
    return answer.data


def test_what_cannot_be_read_is_named_by_its_path() -> None:
    nested = {"name": ["Missing."], "objectives": [{}, {"rto": ["No length."]}], "non_field_errors": ["Too much."]}
    assert body(exceptions.ValidationError(nested)) == {
        "detail": "name: Missing.",
        "problems": ["name: Missing.", "objectives.1.rto: No length.", "Too much."],
        "fields": {"name": ["Missing."], "objectives.1.rto": ["No length."], "__all__": ["Too much."]},
    }


@pytest.mark.parametrize("kind", [ValidationError, exceptions.ValidationError])
def test_both_kinds_of_refusal_look_the_same(kind: type[Exception]) -> None:
    refused = {"rto": ["Longer than the MTD."]}
    assert body(kind(refused)) == {
        "detail": "rto: Longer than the MTD.",
        "problems": ["rto: Longer than the MTD."],
        "fields": refused,
    }


def test_a_refusal_without_a_field_is_a_sentence() -> None:
    assert body(ValidationError("The execution is over."))["problems"] == ["The execution is over."]
