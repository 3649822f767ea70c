"""References inside a document's values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.references import MISSING, Scope, is_reference, lookup, names_in, resolve, resolve_inputs

SCOPE = Scope(
    parameters={
        "Name": "db-1",
        "Ids": ["i-1", "i-2"],
        "One": ["i-1"],
        "Empty": [],
        "Map": {"a": [1, True]},
        "No": None,
    },
    outputs={"find.State": "running", "find.Count": 3, "find.Ready": True, "task.Values.Rows": 7},
    variables={"seen": {"x": 1}},
    system={"global:REGION": "us-east-1", "automation:EXECUTION_ID": "e-1"},
    loop={"CurrentIteration": 2, "CurrentIteratorValue": {"Zone": "a"}},
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{{ Name }}", "db-1", id="a parameter"),
        pytest.param("{{Name}}", "db-1", id="without spaces"),
        pytest.param("{{ find.Count }}", 3, id="a number stays a number"),
        pytest.param("{{ find.Ready }}", True, id="a boolean stays a boolean"),
        pytest.param("{{ Map }}", {"a": [1, True]}, id="a map stays a map"),
        pytest.param("{{ No }}", None, id="null stays null"),
        pytest.param("{{ variable:seen }}", {"x": 1}, id="a variable"),
        pytest.param("{{ global:REGION }}", "us-east-1", id="a system variable"),
        pytest.param("{{ loop.CurrentIteratorValue }}", {"Zone": "a"}, id="the value of a round"),
        pytest.param("{{ task.Values.Rows }}", 7, id="an output whose name holds a dot"),
        pytest.param("arn:{{ Name }}/{{ find.State }}", "arn:db-1/running", id="inside a text"),
        pytest.param("n={{ find.Count }} r={{ find.Ready }}", "n=3 r=true", id="numbers and booleans inside a text"),
        pytest.param("ids={{ Ids }}", 'ids=["i-1","i-2"]', id="a list inside a text is JSON"),
        pytest.param("m={{ Map }}", 'm={"a":[1,true]}', id="a map inside a text is JSON"),
        pytest.param(" {{ find.Count }}", " 3", id="a space around it makes it a text"),
        pytest.param(["{{ Ids }}"], ["i-1", "i-2"], id="the only item is spliced"),
        pytest.param(["{{ Empty }}"], [], id="an empty list is spliced"),
        pytest.param(["{{ Name }}"], ["db-1"], id="a text in a list stays in it"),
        pytest.param(["x", "{{ Ids }}"], ["x", ["i-1", "i-2"]], id="one of several items is not spliced"),
        pytest.param(["{{ Ids }}", "x"], [["i-1", "i-2"], "x"], id="the first of several items is not spliced"),
        pytest.param([["{{ Name }}"]], [["db-1"]], id="a list in a list is not spliced"),
        pytest.param("{{ find.Nothing }}", "{{ find.Nothing }}", id="an absent output stays as written"),
        pytest.param("{{find.Nothing}} x", "{{find.Nothing}} x", id="an absent output inside a text stays too"),
        pytest.param("{{ 'x' | upper }}", "{{ 'x' | upper }}", id="another language's template is left alone"),
        pytest.param("{{ $variable }}", "{{ $variable }}", id="a dollar is no reference"),
        pytest.param({"{{ Name }}": "{{ Name }}"}, {"{{ Name }}": "db-1"}, id="keys are left alone"),
        pytest.param("{{{Name}}}", "{db-1}", id="a third brace stays"),
        pytest.param(5, 5, id="a number"),
    ],
)
def test_a_reference_becomes_its_value(written: Any, expected: Any) -> None:
    assert resolve(written, SCOPE) == expected


def test_what_was_put_in_is_never_looked_through_again() -> None:
    scope = Scope(parameters={"Typed": "{{ Secret }}", "Secret": "hidden", "List": ["{{ Secret }}"]})
    assert resolve(["{{ Typed }}", "<{{ Typed }}>", "{{ List }}"], scope) == [
        "{{ Secret }}",
        "<{{ Secret }}>",
        ["{{ Secret }}"],
    ]


def test_changing_what_was_resolved_changes_nothing_else() -> None:
    scope = Scope(parameters={"Map": {"a": []}})
    resolve("{{ Map }}", scope)["a"].append(1)
    assert scope.parameters == {"Map": {"a": []}}


def test_a_script_is_never_touched() -> None:
    inputs = {"Script": "f'{{Name}}'", "InputPayload": {"name": "{{ Name }}"}}
    assert resolve_inputs("aws:executeScript", inputs, SCOPE) == {
        "Script": "f'{{Name}}'",
        "InputPayload": {"name": "db-1"},
    }


def test_the_inside_of_a_loop_waits_for_its_rounds() -> None:
    steps = [{"inputs": {"x": "{{ Name }}"}}]
    inputs = {"Steps": steps, "Iterators": ["{{ Ids }}"], "LoopCondition": {"Variable": "{{ Name }}"}}
    resolved = resolve_inputs("aws:loop", inputs, SCOPE)
    assert (resolved["Steps"], resolved["Iterators"]) == (steps, ["i-1", "i-2"])
    assert resolved["LoopCondition"] == {"Variable": "{{ Name }}"}


def test_an_input_called_script_of_another_action_is_resolved() -> None:
    assert resolve_inputs("aws:executeAwsApi", {"Script": "{{ Name }}"}, SCOPE) == {"Script": "db-1"}


@pytest.mark.parametrize("name", ["Unknown", "step.Unknown", "variable:unknown", "global:UNKNOWN", "loop.Unknown"])
def test_what_is_absent_is_missing(name: str) -> None:
    assert lookup(name, SCOPE) is MISSING


def test_a_missing_value_is_false_but_no_value() -> None:
    assert not MISSING
    assert MISSING not in (None, "", 0, False)


def test_every_name_in_a_value_is_found() -> None:
    value = {"a": ["{{ Name }} {{ find.State }}", {"b": "{{global:REGION}}"}], "{{ Key }}": 1}
    assert names_in(value) == {"Name", "find.State", "global:REGION"}


@pytest.mark.parametrize(("value", "expected"), [("{{ a.b }}", True), ("x{{ a.b }}", False), (5, False), ("", False)])
def test_a_value_is_one_reference_or_not(value: Any, expected: bool) -> None:
    assert is_reference(value) is expected


PIECES = st.sampled_from(["{{ Name }}", "{{ Ids }}", "{{", "}}", "{{ find.Nothing }}", "x", "{{ Map }}", "\u2028"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(PIECES).map("".join),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_any_value_resolves(value: Any) -> None:
    resolve(value, SCOPE)
    names_in(value)


@given(JSON)
def test_a_value_without_braces_stays_equal(value: Any) -> None:
    if "{{" not in repr(value):
        assert repr(resolve(value, SCOPE)) == repr(value)


def test_a_value_that_holds_itself_can_still_be_written() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "cannot be written" in resolve("x{{ Loop }}", Scope(parameters={"Loop": loop}))


def test_a_very_deep_output_resolves() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    scope = Scope(outputs={"step.Deep": deep})
    assert isinstance(resolve("{{ step.Deep }}", scope), list)
    assert isinstance(resolve("x {{ step.Deep }}", scope), str)
