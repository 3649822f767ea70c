"""allowedPattern: Java's dialect, matched whole and in bounded time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.patterns import PatternError, check_pattern, is_full_match


@pytest.mark.parametrize(
    ("pattern", "fitting", "strange"),
    [
        (r"^i-[a-f0-9]{8,17}$", "i-0123abcd", "i-0123"),
        (r"i-[a-f0-9]{8}", "i-0123abcd", "xi-0123abcd"),
        (r"^$|^arn:(aws|aws-cn):iam::\d{12}:role/.+$", "", "arn:aws:iam::1:role/x"),
        (r"[\w-.]+", "a-b.c", "a b"),
        (r"\p{L}[\p{L}\p{Nd}_]*", "Ünit_7", "7unit"),
        (r"[^\p{Punct}]+", "abc", "a!c"),
        (r"\P{Lu}+", "abc", "aBc"),
        (r"[a-z&&[^aeiou]]+", "xyz", "xaz"),
        (r"[a-c[x-z]]+", "abxz", "m"),
        (r"(?i)true|false", "FALSE", "maybe"),
        (r"(?=.*\d)[a-z\d]+", "ab1", "abc"),
        (r"(?!-)[a-z-]+", "a-b", "-ab"),
        (r"\bnode\b.*", "node 1", "nodes"),
        (r"\Q1+1\E", "1+1", "111"),
        (r"[\uD83D\uDE00-\uD83D\uDE4F]", "\U0001f600", "x"),
        (r"\x41\u0042\x{43}", "ABC", "abc"),
        (r"a{2}b{1,2}c{0,}", "aabcc", "abc"),
        (r"a.c", "abc", "a\nc"),
        (r"(?s)a.c", "a\nc", "ac"),
        (r"[]a]+", "]a", "b"),
        (r"\d", "5", "\u0665"),
        (r"{a}", "{a}", "a"),
    ],
)
def test_a_pattern_takes_what_fits_and_refuses_what_does_not(pattern: str, fitting: str, strange: str) -> None:
    assert is_full_match(pattern, fitting)
    assert not is_full_match(pattern, strange)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "closing parenthesis is missing"),
        (")", "has no opening one"),
        ("[a", "ends in the middle"),
        ("*a", "nothing stands before"),
        ("[z-a]", "wrong way round"),
        ("a{3,1}", "makes no sense"),
        (r"(a)\1", "not supported"),
        ("(?<=a)b", "lookbehind"),
        ("(?>a)", "atomic"),
        ("a++", "possessive"),
        (r"\p{Klingon}", "not known"),
        (r"\x{110000}", "no code of a character"),
        ("(" * 5000, "at most 4096"),
        ("(" * 100 + ")" * 100, "nested more than"),
        ("((a{1,999}){1,999}){1,999}", "too large"),
        ("(?x)a", "flag x"),
        ("a\\", "ends in the middle"),
    ],
)
def test_a_pattern_that_cannot_be_applied_says_why(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)+", "(a*)*b", "a*a*a*a*a*a*c", "(.*a){12}x", "(?=(a+)+$)a*b"])
def test_no_pattern_hangs(pattern: str) -> None:
    started = time.process_time()
    try:
        assert not is_full_match(pattern, "a" * 4000 + "!")
    except PatternError as error:
        assert "takes too long" in str(error)
    assert time.process_time() - started < 5


def test_a_match_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(PatternError, match="takes too long"):
        is_full_match("(?:(?=(?:a+)+$)a)*b", "a" * 4000)


ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", "^", "$", "(?=a)", "(?!b)", r"\b", r"\s"])
REPEATS = st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "{0,1}", "*?"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, REPEATS).map(lambda two: f"(?:{two[0]}){two[1]}"),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text("ab1 ", max_size=8))
def test_where_python_reads_the_same_dialect_it_agrees(pattern: str, text: str) -> None:
    assert is_full_match(pattern, text) == (re.fullmatch(pattern, text, re.ASCII) is not None)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_pattern_answers_or_says_why(pattern: str, text: str) -> None:
    try:
        assert is_full_match(pattern, text) in {True, False}
    except PatternError as error:
        assert str(error).endswith(".")
