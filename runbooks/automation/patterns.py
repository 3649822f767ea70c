"""allowedPattern: whether a whole text matches a Java regular expression.

Here: matching, in time that grows with the text and never explodes: all ways through the pattern are followed at once, as
Thompson described in 1968, so no pattern can hang the process. Not here: the syntax (pattern_syntax.py) and which texts
are matched (parameters.py). The whole text must match: the sources leave it open, and patterns without anchors make
sense only so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from runbooks.automation.pattern_classes import PatternError, Test, is_word
from runbooks.automation.pattern_syntax import (
    Ahead,
    Either,
    Node,
    One,
    Place,
    Repeat,
    Row,
    parse,
)

__all__ = ["MAXIMUM_TEXT", "PatternError", "check_pattern", "is_full_match"]

MAXIMUM_TEXT = 4096
MAXIMUM_STATES = 20_000
MAXIMUM_MOVES = 1_000_000


def check_pattern(pattern: str) -> None:
    """Raise PatternError for a pattern that cannot be applied."""
    _machine(pattern)


def is_full_match(pattern: str, text: str) -> bool:
    """Whether the whole text matches. Raises PatternError, also when matching would take too long."""
    return _Run(text).accepts(_machine(pattern), 0, is_whole=True)


@dataclass(slots=True)
class _State:
    """Where a way through the pattern can stand: it takes a character, passes a condition, or forks."""

    test: Test | None = None
    condition: Place | Ahead | None = None
    ahead: "_Machine | None" = None
    ways: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Machine:
    states: Sequence[_State]
    start: int
    end: int


@lru_cache(maxsize=64)
def _machine(pattern: str) -> _Machine:
    return _Builder().machine(parse(pattern))


class _Builder:
    """Lays a tree out as states; the size is bounded, since repetitions are written out."""

    def __init__(self) -> None:
        self.states: list[_State] = []

    def machine(self, node: Node) -> _Machine:
        start, end = self.fragment(node)
        return _Machine(self.states, start, end)

    def state(self, state: _State) -> int:
        if len(self.states) >= MAXIMUM_STATES:
            raise PatternError("its repetitions make it too large.")
        self.states.append(state)
        return len(self.states) - 1

    def fragment(self, node: Node) -> tuple[int, int]:
        """Lay out a node; the first and the last of its states."""
        if isinstance(node, Repeat):
            return self.repeated(node)
        start, end = self.state(_State()), self.state(_State())
        if isinstance(node, (Row, Either)):
            parts = [self.fragment(part) for part in node.parts]
            if isinstance(node, Either):
                self.states[start].ways = tuple(first for first, _ in parts)
                for _, last in parts:
                    self.states[last].ways = (end,)
            else:
                for (_, last), (first, _) in pairwise([(start, start), *parts, (end, end)]):
                    self.states[last].ways = (first,)
        else:
            state = self.states[start]
            state.ways = (end,)
            if isinstance(node, One):
                state.test = node.test
            else:
                state.condition = node
                state.ahead = _Builder().machine(node.part) if isinstance(node, Ahead) else None
        return start, end

    def repeated(self, node: Repeat) -> tuple[int, int]:
        start, end = self.state(_State()), self.state(_State())
        last = start
        for _ in range(node.least):
            first, following = self.fragment(node.part)
            self.states[last].ways = (first,)
            last = following
        if node.most is None:
            first, following = self.fragment(node.part)
            fork = self.state(_State(ways=(first, end)))
            self.states[last].ways = (fork,)
            self.states[following].ways = (fork,)
            return start, end
        for _ in range(node.most - node.least):
            first, following = self.fragment(node.part)
            self.states[last].ways = (first, end)
            last = following
        self.states[last].ways = (end,)
        return start, end


class _Run:
    """One text, and how many moves were made on it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.moves = 0

    def accepts(self, machine: _Machine, position: int, is_whole: bool) -> bool:
        """Whether the text matches from `position` on: to its end, or just as far as the pattern goes."""
        standing = self.spread(machine, [machine.start], position)
        while standing:
            if machine.end in standing and not is_whole:
                return True
            if position == len(self.text):
                return machine.end in standing
            character = self.text[position]
            position += 1
            moved = [
                machine.states[number].ways[0]
                for number in standing
                if (test := machine.states[number].test) and test(character)
            ]
            standing = self.spread(machine, moved, position)
        return False

    def spread(self, machine: _Machine, numbers: list[int], position: int) -> set[int]:
        """Every state that can be stood in without taking a character."""
        reached: set[int] = set()
        while numbers:
            number = numbers.pop()
            if number in reached:
                continue
            reached.add(number)
            self.moves += 1
            if self.moves > MAXIMUM_MOVES:
                raise PatternError("it takes too long for this text.")
            state = machine.states[number]
            if state.test is None and (state.condition is None or self.holds(state, position)):
                numbers.extend(state.ways)
        return reached

    def holds(self, state: _State, position: int) -> bool:
        if state.ahead is not None and isinstance(state.condition, Ahead):
            return self.accepts(state.ahead, position, is_whole=False) != state.condition.is_refused
        kind = state.condition.kind if isinstance(state.condition, Place) else ""
        if kind == "start":
            return position == 0
        if kind == "end":
            return position == len(self.text)
        if kind == "last":
            return self.text[position:] in {"", "\n"}
        before = position > 0 and is_word(self.text[position - 1])
        after = position < len(self.text) and is_word(self.text[position])
        return (before != after) == (kind == "word")
