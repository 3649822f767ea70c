"""The syntax of allowedPattern: Java's regular expressions, as far as they can be matched in bounded time.

Here: text to a tree. Not here: matching (patterns.py). What would need backtracking (back references, possessive
quantifiers, atomic groups, lookbehind) is refused by name. Source: the class summary of java.util.regex.Pattern.
"""

import string
from dataclasses import dataclass
from typing import Literal

from runbooks.automation.pattern_classes import (
    CLASSES,
    LINE_ENDS,
    PatternError,
    Test,
    all_of,
    any_of,
    between,
    either_case,
    member,
    named_class,
    negated,
    same,
)

MAXIMUM_PATTERN = 4096
MAXIMUM_GROUPS = 40


@dataclass(frozen=True)
class One:
    """One character that passes a test."""

    test: Test


@dataclass(frozen=True)
class Row:
    """Parts one after the other."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Either:
    """One of several parts."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Repeat:
    """A part at least `least` and at most `most` times; without end when `most` is None."""

    part: "Node"
    least: int
    most: int | None


@dataclass(frozen=True)
class Place:
    """A place between characters."""

    kind: Literal["start", "end", "last", "word", "no word"]


@dataclass(frozen=True)
class Ahead:
    """What must, or must not, follow here."""

    part: "Node"
    is_refused: bool


Node = One | Row | Either | Repeat | Place | Ahead

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_PLACES: dict[str, Literal["start", "end", "last", "word", "no word"]] = {
    "A": "start",
    "z": "end",
    "Z": "last",
    "b": "word",
    "B": "no word",
}
_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def parse(pattern: str) -> Node:
    """Read a pattern. Raises PatternError."""
    if len(pattern) > MAXIMUM_PATTERN:
        raise PatternError(f"it has {len(pattern)} characters; at most {MAXIMUM_PATTERN} are read.")
    parser = _Parser(pattern)
    node = parser.either()
    if parser.position < len(pattern):
        raise PatternError("a closing parenthesis has no opening one.")
    return node


class _Parser:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.depth = 0
        self.ignores_case = False
        self.dot_takes_all = False

    def either(self) -> Node:
        parts = [self.row()]
        while self.take("|"):
            parts.append(self.row())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def row(self) -> Node:
        parts: list[Node] = []
        while self.position < len(self.pattern) and self.pattern[self.position] not in "|)":
            parts.append(self.quantified(self.atom()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def take(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.position):
            return False
        self.position += len(text)
        return True

    def next(self) -> str:
        if self.position >= len(self.pattern):
            raise PatternError("it ends in the middle.")
        self.position += 1
        return self.pattern[self.position - 1]

    def until(self, end: str) -> str:
        found = self.pattern.find(end, self.position)
        if found < 0:
            raise PatternError(f"a closing {end} is missing.")
        text, self.position = self.pattern[self.position : found], found + len(end)
        return text

    def quantified(self, node: Node) -> Node:
        while True:
            bounds = self.bounds()
            if bounds is None:
                return node
            if self.take("+"):
                raise PatternError("possessive quantifiers are not supported.")
            self.take("?")
            node = Repeat(node, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        sign = self.pattern[self.position : self.position + 1]
        if sign in _QUANTIFIERS:
            self.position += 1
            return _QUANTIFIERS[sign]
        if sign != "{":
            return None
        end = self.pattern.find("}", self.position)
        least, comma, most = self.pattern[self.position + 1 : max(end, 0)].partition(",")
        if not (least.isdecimal() and least.isascii() and len(least) < 6 and (not most or most.isdecimal())):
            return None
        if len(most) >= 6 or (most and int(most) < int(least)):
            raise PatternError(f"the repetition {{{least},{most:.20}}} makes no sense.")
        self.position = end + 1
        return int(least), int(most) if most else None if comma else int(least)

    def atom(self) -> Node:
        sign = self.next()
        if sign == "(":
            return self.group()
        if sign == "[":
            return self.one(self.set())
        if sign == "\\":
            return self.escaped()
        if sign in "^$":
            return Place("start" if sign == "^" else "last")
        if sign == ".":
            return One((lambda one: True) if self.dot_takes_all else (lambda one: one not in LINE_ENDS))
        if sign in "*+?":
            raise PatternError(f"nothing stands before {sign}.")
        return self.one(same(sign))

    def one(self, test: Test) -> One:
        return One(either_case(test) if self.ignores_case else test)

    def group(self) -> Node:
        self.depth += 1
        if self.depth > MAXIMUM_GROUPS:
            raise PatternError(f"groups are nested more than {MAXIMUM_GROUPS} times.")
        flags = self.ignores_case, self.dot_takes_all
        node = self.group_content()
        if node is None:
            self.depth -= 1
            return Row(())
        if not self.take(")"):
            raise PatternError("a closing parenthesis is missing.")
        self.ignores_case, self.dot_takes_all = flags
        self.depth -= 1
        return node

    def group_content(self) -> Node | None:
        """What stands inside a group; None for one that only sets flags, which hold for what follows."""
        if not self.take("?") or self.take(":"):
            return self.either()
        if self.take("="):
            return Ahead(self.either(), is_refused=False)
        if self.take("!"):
            return Ahead(self.either(), is_refused=True)
        if self.take("<="):
            raise PatternError("lookbehind is not supported.")
        if self.take("<!"):
            raise PatternError("lookbehind is not supported.")
        if self.take("<"):
            self.until(">")
            return self.either()
        if self.take(">"):
            raise PatternError("atomic groups are not supported.")
        while (sign := self.next()) not in ":)":
            if sign not in "isu":
                raise PatternError(f"the flag {sign} is not supported.")
            self.ignores_case = self.ignores_case or sign == "i"
            self.dot_takes_all = self.dot_takes_all or sign == "s"
        return None if sign == ")" else self.either()

    def escaped(self) -> Node:
        sign = self.next()
        if sign in _PLACES:
            return Place(_PLACES[sign])
        if sign == "Q":
            return Row(tuple(self.one(same(one)) for one in self.until("\\E")))
        test = self.class_escape(sign)
        return self.one(test if test else same(self.character_escape(sign)))

    def class_escape(self, sign: str) -> Test | None:
        """A class such as \\d or \\p{L}; None when the escape stands for one character."""
        if sign.lower() in CLASSES:
            return member(CLASSES[sign.lower()], is_negated=sign.isupper())
        if sign not in "pP":
            return None
        name = self.until("}") if self.take("{") else self.next()
        test = named_class(name)
        return negated(test) if sign == "P" else test

    def character_escape(self, sign: str) -> str:
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign == "x":
            return self.code(self.until("}") if self.take("{") else self.next() + self.next())
        if sign == "u":
            return self.utf16()
        if sign.isascii() and sign.isalnum():
            raise PatternError(f"the escape \\{sign} is not supported.")
        return sign

    def utf16(self) -> str:
        """\\uD83D\\uDE00 is one character, written as its two halves."""
        first = self.code("".join(self.next() for _ in range(4)))
        if "\ud800" <= first <= "\udbff" and self.take("\\u"):
            second = self.code("".join(self.next() for _ in range(4)))
            if not "\udc00" <= second <= "\udfff":
                raise PatternError("half of a surrogate pair stands alone.")
            return chr(0x10000 + ((ord(first) - 0xD800) << 10) + ord(second) - 0xDC00)
        return first

    def code(self, digits: str) -> str:
        if not digits or len(digits) > 6 or not set(digits) <= set(string.hexdigits) or int(digits, 16) > 0x10FFFF:
            raise PatternError(f"{digits:.20} is no code of a character.")
        return chr(int(digits, 16))

    def set(self) -> Test:
        """What stands between [ and ]; sets inside are joined, && keeps what is in both."""
        self.depth += 1
        if self.depth > MAXIMUM_GROUPS:
            raise PatternError(f"sets are nested more than {MAXIMUM_GROUPS} times.")
        is_negated = self.take("^")
        both: list[Test] = []
        tests: list[Test] = [self.range("]")] if self.take("]") else []
        while (sign := self.next()) != "]":
            if sign == "&" and self.take("&"):
                both.append(any_of(tests or [lambda one: False]))
                tests = []
            elif sign == "[":
                tests.append(self.set())
            else:
                tests.append(self.set_item(sign))
        self.depth -= 1
        both.append(any_of(tests or [lambda one: False]))
        test = all_of(both)
        return negated(test) if is_negated else test

    def set_item(self, sign: str) -> Test:
        if sign != "\\":
            return self.range(sign)
        sign = self.next()
        return self.class_escape(sign) or self.range(self.character_escape(sign))

    def range(self, first: str) -> Test:
        """One character of a set, or a range that begins with it; - before a class or the end is itself."""
        rest = self.pattern[self.position : self.position + 3]
        is_range = (
            rest[:1] == "-"
            and len(rest) > 1
            and rest[1] not in "[]"
            and not (rest[1] == "\\" and rest[2:] in "dwsDWSpPhv")
        )
        if not is_range:
            return same(first)
        self.position += 1
        sign = self.next()
        last = self.character_escape(self.next()) if sign == "\\" else sign
        if last < first:
            raise PatternError(f"the range {first}-{last} is the wrong way round.")
        return between(first, last)
