"""Classes of characters in Java's regular expressions, as tests of one character.

Here: \\d, \\p{L}, [a-z] and the ways to join them. Not here: how a pattern writes them (pattern_syntax.py). Source: the
class summary of java.util.regex.Pattern; its plain classes are ASCII.
"""

import string
import unicodedata
from collections.abc import Callable

Test = Callable[[str], bool]


class PatternError(ValueError):
    """The pattern cannot be applied; the message says why."""


_WORD = frozenset(string.ascii_letters + string.digits + "_")
_DIGITS = frozenset(string.digits)
_SPACES = frozenset(" \t\n\x0b\f\r")
LINE_ENDS = frozenset("\n\r\x85\u2028\u2029")
_POSIX: dict[str, frozenset[str]] = {
    "Lower": frozenset(string.ascii_lowercase),
    "Upper": frozenset(string.ascii_uppercase),
    "Alpha": frozenset(string.ascii_letters),
    "Digit": _DIGITS,
    "Alnum": frozenset(string.ascii_letters + string.digits),
    "Punct": frozenset(string.punctuation),
    "Graph": frozenset(string.ascii_letters + string.digits + string.punctuation),
    "Print": frozenset(string.ascii_letters + string.digits + string.punctuation + " "),
    "Blank": frozenset(" \t"),
    "XDigit": frozenset(string.hexdigits),
    "Space": _SPACES,
    "ASCII": frozenset(map(chr, range(128))),
    "Cntrl": frozenset(map(chr, [*range(32), 127])),
}
CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACES, "h": frozenset(" \t\xa0"), "v": frozenset("\n\x0b\f\r\x85")}


def is_word(character: str) -> bool:
    """Whether a character belongs to a word, for word boundaries."""
    return character in _WORD


def member(characters: frozenset[str], is_negated: bool) -> Test:
    """One of the characters, or none of them."""
    return (lambda one: one not in characters) if is_negated else (lambda one: one in characters)


def same(character: str) -> Test:
    """Exactly this character."""
    return lambda one: one == character


def between(first: str, last: str) -> Test:
    """A character from first to last."""
    return lambda one: first <= one <= last


def negated(test: Test) -> Test:
    """What the test refuses."""
    return lambda one: not test(one)


def any_of(tests: list[Test]) -> Test:
    """What any test accepts."""
    return tests[0] if len(tests) == 1 else lambda one: any(test(one) for test in tests)


def all_of(tests: list[Test]) -> Test:
    """What every test accepts."""
    return tests[0] if len(tests) == 1 else lambda one: all(test(one) for test in tests)


def either_case(test: Test) -> Test:
    """What the test accepts in any case."""
    return lambda one: test(one) or test(one.lower()) or test(one.upper())


def named_class(name: str) -> Test:
    """The class of \\p{name}. Raises PatternError."""
    if name in _POSIX:
        return member(_POSIX[name], is_negated=False)
    category = name.removeprefix("Is").removeprefix("general_category=").removeprefix("gc=")
    category = {"Alphabetic": "L", "Letter": "L", "Digit": "Nd", "Punctuation": "P"}.get(category, category)
    if len(category) in {1, 2} and category[0] in "LMNPSZC" and category[1:].islower() == (len(category) == 2):
        return lambda one: unicodedata.category(one).startswith(category)
    raise PatternError(f"the class \\p{{{name:.40}}} is not known.")
