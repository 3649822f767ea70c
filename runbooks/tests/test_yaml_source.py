"""Reading text: YAML in the JSON sense, marks, and limits that keep hostile text cheap."""

import functools
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.yaml_source import MAXIMUM_BYTES, Source, read_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: true", True),
        ("a: False", False),
        ("a: yes", "yes"),
        ("a: on", "on"),
        ("a: 2012-10-17", "2012-10-17"),
        ("a: 1:30", "1:30"),
        ("a: 012345678901", "012345678901"),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 1_000", "1_000"),
        ("a: 0x1F", "0x1F"),
        ("a: 1.5", 1.5),
        ("a: 1e3", 1000.0),
        ("a: .inf", ".inf"),
        ("a: .nan", ".nan"),
        ("a: '12'", "12"),
        ("a: !!str 12", "12"),
        ("a: !!int 12", 12),
        ("a: ~", None),
        ("a:", None),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("\ufeffa: 1", 1),
        ("a: &x [1]\nb: *x", [1]),
        ("base: &x {k: 1, m: 1}\na:\n  <<: *x\n  m: 2", {"k": 1, "m": 2}),
    ],
)
def test_a_value_is_read_as_json_would_mean_it(text: str, expected: Any) -> None:
    source = read_source(text)
    assert source.problems == ()
    assert source.content["a"] == expected
    assert type(source.content["a"]) is type(expected)


def test_keys_are_always_text() -> None:
    assert list(read_source("1: a\ntrue: b\non: c\n2020-01-01: d").content) == ["1", "true", "on", "2020-01-01"]


def test_an_alias_does_not_share_its_value() -> None:
    content = read_source("a: &x [1]\nb: *x").content
    content["a"].append(2)
    assert content["b"] == [1]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab \u00e9\u2028'\"{:#-", max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_reads_as_json_does(value: Any, is_ascii: bool, indent: Any) -> None:
    text = json.dumps({"a": value}, ensure_ascii=is_ascii, indent=indent)
    source = read_source(text)
    assert (source.problems, source.format) == ((), "JSON")
    assert json.dumps(source.content) == json.dumps({"a": value})


@pytest.mark.parametrize(
    ("text", "format_"), [('{"a": 1}', "JSON"), (" \n{\t}", "JSON"), ("{a: 1}", "YAML"), ("a: 1", "YAML"), ("", "YAML")]
)
def test_the_format_is_told(text: str, format_: str) -> None:
    assert read_source(text).format == format_


def test_everything_has_its_place() -> None:
    marks = read_source("mainSteps:\n  - name: a\n    inputs:\n      Choices:\n        - NextStep: b\n").marks
    found = marks.find(("mainSteps", 0), "inputs.Choices[0].NextStep")
    assert (found.line, found.column) == (5, 21)
    above = marks.find(("mainSteps", 0, "inputs"), "Choices[7].Missing")
    assert (above.line, above.column) == (4, 7)


def test_a_key_with_dots_is_found() -> None:
    marks = read_source("a:\n  step.Name:\n    deep.er: 1\n").marks
    assert marks.find(("a",), "step.Name.deep.er").line == 3


def test_a_key_that_stands_twice_is_a_warning_with_both_lines() -> None:
    source = read_source("a: 1\nb: 2\na: 3\n")
    assert source.content == {"a": 3, "b": 2}
    assert [(one.path, one.line, one.severity) for one in source.problems] == [("a", 3, "warning")]
    assert "lines 1 and 3" in source.problems[0].message


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", None, None, "is empty"),
        (" \n\t\n", None, None, "is empty"),
        ("# nothing\n", 1, 1, "only comments"),
        ("a: 1\nb: [1\n", 2, 6, "not valid"),
        ("a: 1\n\tb: 2\n", 2, 1, "not valid"),
        ("a: x\n---\nb: y\n", 3, 1, "second document"),
        ("a: \0", 1, 4, "NUL character"),
        ('a: "\\0"', 1, 4, "escaped NUL"),
        ('{"a": "\\u0000"}', 1, 7, "escaped NUL"),
        ("é: 1\nb: \x07", 2, 4, "control character"),
        ("a: \ud800", 1, 4, "half of a pair"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "is not read here"),
        ("a: !!binary aGk=", 1, 4, "is not read here"),
        ("a: !!timestamp 2020-01-01", 1, 4, "is not read here"),
        ("a: !Ref x", 1, 4, "is not read here"),
        ("a: !!int x", 1, 4, "not of the kind"),
        ("name: {{ Name }}", 1, 8, "put it in quotes"),
        ("a: *x", 1, 4, "names no anchor"),
        ("a: &x [*x]", 1, 8, "names no anchor"),
        ("a:\n  <<: 5", 2, 3, "merge key"),
        ("a: " + "9" * 5000, 1, 4, "has 5000 digits"),
        ("a: 1e999", 1, 4, "too large"),
        ("x" * (MAXIMUM_BYTES + 1), None, None, "are read"),
        ("? " + "k" * 2000 + "\n: 1", 1, 3, "more than 1024 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str, line: int | None, column: int | None, reason: str
) -> None:
    source = read_source(text)
    assert source.content is None
    problem = next(one for one in source.problems if one.severity == "error")
    assert reason in problem.message
    assert (problem.line, problem.column) == (line, column)


def test_a_document_larger_than_systems_manager_takes_is_a_warning() -> None:
    source = read_source("a: " + "x" * 70_000)
    assert [(one.severity, "itself takes 65536" in one.message) for one in source.problems] == [("warning", True)]


def bomb(levels: int) -> str:
    lines = ["l0: &l0 [x, x]", *(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 2)}]" for n in range(1, levels))]
    return "\n".join(lines)


HARMLESS = "".join(f"- {{name: s{number}, action: aws:sleep, inputs: {{Duration: PT1S}}}}\n" for number in range(3_500))
"""As long as the hostile texts."""

HOSTILE = {
    "deep lists": "[" * 100_000,
    "deep maps": "{a: " * 60_000,
    "deep block lists": "- " * 100_000,
    "deep keys": "? " * 100_000,
    "deep JSON": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "many aliases": "a: &a x\nb: [" + "*a, " * 60_000 + "]",
    "bomb": bomb(25),
    "bomb within the number of aliases": "a: &a [" + "x, " * 60_000 + "]\nb: [" + "*a, " * 40 + "]",
    "merge bomb": "a: &a {k: v}\n" + "\n".join(f"m{n}: &m{n}\n  <<: [{'*a, ' * 30}]" for n in range(20)),
    "long number": "a: " + "1" * 200_000,
    "long float": "a: 0." + "1" * 200_000,
    "quotes": '"' * 200_000,
    "anchors": "&a " * 60_000,
    "flat list": "[" + "a," * 120_000 + "]",
    "flat map": "{" + "a," * 120_000 + "}",
    "long key": "k" * 200_000 + ": 1",
    "colons": ":" * 200_000,
    "comment": "#" * 250_000,
    "percent": "%" * 250_000,
    "empty lines": "a: |\n" + "\n" * 250_000,
    "JSON escapes": '{"a": "' + "\\ud83d" * 30_000 + '"}',
    "references": "a: '" + "{{ " * 80_000 + "'",
}


@functools.cache
def answer(text: str) -> tuple[Source, float]:
    """What a text reads as, and how many seconds of the processor that took."""
    started = time.process_time()
    return read_source(text), time.process_time() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_hardly_longer_than_harmless_text(name: str) -> None:
    """On a quiet machine the slowest takes half a second, a harmless one a twelfth of one."""
    assert answer(HOSTILE[name])[1] < max(1, 50 * answer(HARMLESS)[1])


@pytest.mark.parametrize("name", ["deep lists", "deep JSON", "many aliases", "bomb", "long number"])
def test_hostile_text_is_refused(name: str) -> None:
    assert answer(HOSTILE[name])[0].content is None


@given(st.text(max_size=80) | st.text("{}[]:,-?&*!|>'\"%@`#ab \n\t\\u0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    source = read_source(text)
    assert (
        source.content is not None
        or source.problems
        or text.strip() in {"~", "null", "Null", "NULL"}
        or not source.has_error
    )
