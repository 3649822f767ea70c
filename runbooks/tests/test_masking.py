"""What may be stored: secrets masked, text cleaned, answers bounded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.masking import MASK, has_mask, shortened, storable


@pytest.mark.parametrize("name", ["Password", "MasterUserPassword", "client_secret", "SessionToken", "PrivateKey"])
def test_a_value_under_a_secret_name_is_masked(name: str) -> None:
    assert storable({"Outer": {name: "hunter2"}}) == {"Outer": {name: MASK}}


@pytest.mark.parametrize("name", ["ClientRequestToken", "NextToken", "SecretArn", "IdempotencyToken", "TableName"])
def test_a_harmless_name_is_kept(name: str) -> None:
    assert storable({name: "value"}) == {name: "value"}


def test_a_value_that_looks_like_a_key_is_masked_wherever_it_stands() -> None:
    assert storable(["AKIAABCDEFGHIJKLMNOP", "x X-Amz-Signature=abc"]) == [MASK, MASK]
    assert has_mask({"a": [MASK]})


def test_a_long_answer_is_cut_and_says_so() -> None:
    cut = shortened({"Items": ["x" * 1000] * 100})
    assert cut["truncated"] is True
    assert cut["bytes"] > 100_000


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_like)
def test_whatever_comes_can_be_stored_by_both_databases(value: object) -> None:
    written = json.dumps(storable(value), ensure_ascii=False, allow_nan=False)
    assert "\x00" not in written
    written.encode("utf-8")
