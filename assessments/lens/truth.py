"""Truth tables: the value of a condition for every set of choices at once.

Here: a table is one whole number whose bit m is the value for the set of choices with the bit mask m, so that and, or
and not of two tables are single operations, exact for all 2**15 sets of AWS's 15 choices. Not here: rules and risks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from assessments.lens.conditions import AllOf, AnyOf, Chosen, Default, Expression, Not

MAXIMUM_CHOICES = 15


@dataclass(frozen=True)
class Space:
    """All sets of these choices, at most MAXIMUM_CHOICES of them; a set is written in the order of `choice_ids`."""

    choice_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.choice_ids) > MAXIMUM_CHOICES:
            raise ValueError(
                f"{len(self.choice_ids)} choices have too many sets; at most {MAXIMUM_CHOICES} are searched."
            )

    @property
    def everything(self) -> int:
        """The table that is true for every set."""
        return (1 << (1 << len(self.choice_ids))) - 1

    @property
    def nothing_chosen(self) -> int:
        """The table that is true for the empty set alone."""
        return 1

    def chosen(self, choice_id: str) -> int:
        """The table that is true where the choice is chosen; KeyError if there is no such choice."""
        if choice_id not in self.choice_ids:
            raise KeyError(choice_id)
        return _variable(len(self.choice_ids), self.choice_ids.index(choice_id))

    def all_chosen(self, choice_ids: Iterable[str]) -> int:
        """The table that is true where all of these are chosen."""
        table = self.everything
        for choice_id in choice_ids:
            table &= self.chosen(choice_id)
        return table

    def any_chosen(self, choice_ids: Iterable[str]) -> int:
        """The table that is true where one of these is chosen."""
        table = 0
        for choice_id in choice_ids:
            table |= self.chosen(choice_id)
        return table

    def table(self, expression: Expression) -> int:
        """The table of an expression."""
        match expression:
            case Default():
                return self.everything
            case Chosen(choice_id):
                return self.chosen(choice_id)
            case Not(term):
                return self.everything ^ self.table(term)
            case AllOf(terms):
                table = self.everything
                for term in terms:
                    table &= self.table(term)
                return table
            case AnyOf(terms):
                table = 0
                for term in terms:
                    table |= self.table(term)
                return table

    def when_added(self, table: int, choice_id: str) -> int:
        """The table that is true for a set without the choice if `table` is true for that set with it."""
        return (table & self.chosen(choice_id)) >> (1 << self.choice_ids.index(choice_id))

    def smallest(self, table: int) -> tuple[str, ...] | None:
        """The smallest set for which a table is true; of equals the one with the earliest choices. None if there is none."""
        return next(self.all_smallest(table), None)

    def all_smallest(self, table: int) -> Iterator[tuple[str, ...]]:
        """All sets for which a table is true and that are as small as the smallest."""
        for layer in _layers(len(self.choice_ids)):
            if found := table & layer:
                yield from self._sets(found)
                return

    def _sets(self, table: int) -> Iterator[tuple[str, ...]]:
        while table:
            lowest = table & -table
            table ^= lowest
            mask = lowest.bit_length() - 1
            yield tuple(choice_id for place, choice_id in enumerate(self.choice_ids) if mask >> place & 1)


@lru_cache(maxsize=256)
def _variable(number: int, place: int) -> int:
    """The table of the choice at `place` of `number`: runs of 2**place noughts and as many ones, repeated."""
    run = 1 << place
    ones = ((1 << run) - 1) << run
    return ones * (((1 << (1 << number)) - 1) // ((1 << (2 * run)) - 1))


@lru_cache(maxsize=MAXIMUM_CHOICES + 1)
def _layers(number: int) -> tuple[int, ...]:
    """For each size from 0 to `number` the table that is true for the sets of that size."""
    if number == 0:
        return (1,)
    smaller = (*_layers(number - 1), 0)
    width = 1 << (number - 1)
    return tuple(table | (smaller[size - 1] << width if size else 0) for size, table in enumerate(smaller))
