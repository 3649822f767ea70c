"""The grammar of conditions in risk rules, and what they mean for chosen choices.

Here: a condition's text to its expression, its value for a set of choices, the choices it reads. Not here: rules and
their order (assessments.risk), whether the choices exist (checks_choices.py). The grammar, from AWS's "Lens format
specification" and all published lenses:

    condition := "default" | or        or := and ("||" and)*        and := unary ("&&" unary)*
    unary     := "!" unary | "(" or ")" | choice id
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

MAXIMUM_NESTING = 50
MAXIMUM_LENGTH = 10_000
# Whatever is no operator and no blank belongs to an identifier: ids of the wrong form are told apart from bad grammar.
_TOKEN = re.compile(r"\s*(&&|\|\||[!()&|]|[^\s&|!()]+)")
_WORDS_FOR_OPERATORS = {"and": "&&", "or": "||", "not": "!"}


class ConditionError(ValueError):
    """A condition that cannot be read; `position` counts its characters from 1."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Default:
    """The condition `default`: always true."""


@dataclass(frozen=True)
class Chosen:
    """True when the choice is chosen; `position` is where it stands, counted from 1."""

    choice_id: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """True when the term is false."""

    term: "Expression"


@dataclass(frozen=True)
class AllOf:
    """True when every term is true."""

    terms: tuple["Expression", ...]


@dataclass(frozen=True)
class AnyOf:
    """True when a term is true."""

    terms: tuple["Expression", ...]


Expression = Default | Chosen | Not | AllOf | AnyOf


def parse(condition: str) -> Expression:
    """Read a condition; ConditionError tells the first thing wrong and its place."""
    if condition.strip() == "default":
        return Default()
    if len(condition) > MAXIMUM_LENGTH:
        message = f"The condition has {len(condition):,} characters; at most {MAXIMUM_LENGTH:,} are read. Simplify it."
        raise ConditionError(message, MAXIMUM_LENGTH + 1)
    return _Parser(condition).whole()


def evaluate(expression: Expression, selected: Collection[str]) -> bool:
    """The value of an expression when exactly the choices `selected` are chosen."""
    match expression:
        case Default():
            return True
        case Chosen(choice_id):
            return choice_id in selected
        case Not(term):
            return not evaluate(term, selected)
        case AllOf(terms):
            return all(evaluate(term, selected) for term in terms)
        case AnyOf(terms):
            return any(evaluate(term, selected) for term in terms)


def choices_read(expression: Expression) -> Iterator[Chosen]:
    """Every mention of a choice, in the order of the text."""
    match expression:
        case Chosen():
            yield expression
        case Not(term):
            yield from choices_read(term)
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from choices_read(term)


class _Parser:
    """Recursive descent over one condition."""

    def __init__(self, condition: str) -> None:
        self._tokens = [(match[1], match.start(1) + 1) for match in _TOKEN.finditer(condition)]
        self._end = len(condition) + 1
        self._next = 0
        self._nesting = 0
        for token, position in self._tokens:
            if token in {"&", "|"}:
                raise ConditionError(f"A single {token} stands at character {position}. Write {token * 2}.", position)

    def whole(self) -> Expression:
        expression = self._any()
        token, position = self._peek()
        if token == ")":
            raise ConditionError(f"The ) at character {position} closes nothing. Remove it or open a (.", position)
        if token:
            raise ConditionError(self._no_operator(token, position), position)
        return expression

    def _peek(self) -> tuple[str, int]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", self._end)

    def _any(self) -> Expression:
        terms = [self._all()]
        while self._peek()[0] == "||":
            self._next += 1
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all(self) -> Expression:
        terms = [self._unary()]
        while self._peek()[0] == "&&":
            self._next += 1
            terms.append(self._unary())
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _unary(self) -> Expression:
        token, position = self._peek()
        if token in {"", "&&", "||", ")"}:
            found = f"{token} stands there" if token else "the condition ends there"
            message = f"A choice is missing at character {position}: {found}. Name a choice, or write default alone."
            raise ConditionError(message, position)
        self._next += 1
        if token not in {"!", "("}:
            return Chosen(token, position)
        self._nesting += 1
        if self._nesting > MAXIMUM_NESTING:
            message = (
                f"The condition is nested deeper than {MAXIMUM_NESTING} levels at character {position}. Flatten it."
            )
            raise ConditionError(message, position)
        expression = Not(self._unary()) if token == "!" else self._closed(position)
        self._nesting -= 1
        return expression

    def _closed(self, opened_at: int) -> Expression:
        expression = self._any()
        token, position = self._peek()
        if token and token != ")":
            raise ConditionError(self._no_operator(token, position), position)
        if not token:
            message = f"The ( at character {opened_at} is never closed. Write the missing )."
            raise ConditionError(message, opened_at)
        self._next += 1
        return expression

    def _no_operator(self, token: str, position: int) -> str:
        if token.lower() in _WORDS_FOR_OPERATORS:
            return f"{token} at character {position} is no operator. Write {_WORDS_FOR_OPERATORS[token.lower()]}."
        return f"No operator stands before {token} at character {position}. Write && or || there."
