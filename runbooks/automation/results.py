"""What an action hands back to the runner.

Here: the four answers an action can give. Not here: what follows from them (flow.py) and how outputs are read out of a
payload (selectors.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Succeeded:
    """The step did what it says.

    `payload` is the whole response that the selectors of declared outputs read; `outputs` are the action's built-in
    outputs; `next_step` is the jump of a branch.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None
    next_step: str | None = None
    log: str = ""


@dataclass(frozen=True)
class Failed:
    """The step did not do what it says, and we know it."""

    message: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None
    log: str = ""
    error_code: str = ""


@dataclass(frozen=True)
class Waiting:
    """The step is not over.

    `poll_after` is None when only a signal or the step's timeout can wake it. `state` is kept with the step and handed
    back at the next poll.
    """

    poll_after: timedelta | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    for_signals: frozenset[str] = frozenset()
    message: str = ""


@dataclass(frozen=True)
class Unknown:
    """The request was sent and no answer came: nobody knows whether it happened."""

    message: str


Result = Succeeded | Failed | Waiting | Unknown
