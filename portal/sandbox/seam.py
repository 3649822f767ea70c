"""The seam between moto's functions and the world they are to ask.

Here: which world is the one of this process, and taking a function's place. Not here: which functions (extension.py,
dynamodb_extension.py).
"""

import functools
from collections.abc import Callable
from typing import Any

from portal.sandbox.world import World

_worlds: list[World] = []


def occupy(world: World) -> None:
    """Makes `world` the one moto asks; moto's books are one per process, so there can be only one at a time."""
    if _worlds:
        raise RuntimeError("a sandbox already runs in this process; stop it first")
    _worlds.append(world)


def leave(world: World) -> None:
    _worlds.remove(world)


def current() -> World:
    if not _worlds:
        raise RuntimeError("no sandbox runs in this process")
    return _worlds[0]


def replaces(owner: type, name: str) -> Callable[[Callable[..., Any]], None]:
    """The decorated function takes the place of owner.name; it is called with the original as first argument."""
    original = getattr(owner, name)

    def install(replacement: Callable[..., Any]) -> None:
        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return replacement(original, self, *args, **kwargs)

        setattr(owner, name, call)

    return install
