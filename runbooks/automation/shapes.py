"""What the checks must know of an action: its inputs and limits.

Here: one frozen value per action. Not here: the values; the registry of actions, on the floor above, hands them over.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

InputCheck = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]


def _no_check(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class ActionShape:
    """The inputs an action takes and the limits of its step.

    `optional` None: any further input is an input (an API's own parameters). `check` yields (path below inputs,
    message) for inputs as written, references included. `outputs` names the built-in outputs, "Values.*" for a family
    of them; None: not known, so that any name is accepted.
    """

    required: frozenset[str] = frozenset()
    optional: frozenset[str] | None = None
    may_cancel_into: bool = True
    default_timeout: timedelta | None = None
    maximum_timeout: timedelta | None = None
    check: InputCheck = _no_check
    outputs: frozenset[str] | None = None

    def has_output(self, name: str) -> bool:
        """Whether `name` is, or may be, a built-in output."""
        if self.outputs is None or name in self.outputs:
            return True
        return any(family.endswith(".*") and name.startswith(family[:-1]) for family in self.outputs)
