"""The one place that catches everything: a boundary beyond which an exception must not travel.

A pass of a reconciler, a request inside moto (which raises anything) and the creation of a stack are such boundaries.
Here: catching, logging, handing back. Not here: what to do about it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("portal.sandbox")
REMEMBERED = 500
_last: dict[str, str] = {}


class Outcome:
    """How the guarded block ended: `error` is None when it ended well."""

    error: Exception | None = None


@contextmanager
def surviving(what: str) -> Iterator[Outcome]:
    """Runs the block; an exception is logged with `what` was being done and kept in the outcome.

    The same failure of the same thing is logged in full once; a pass that fails ten times a second must not fill a disk.
    """
    outcome = Outcome()
    try:
        yield outcome
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        is_news = _last.get(what) != text
        if len(_last) > REMEMBERED:
            _last.clear()
        _last[what] = text
        log.log(logging.WARNING if is_news else logging.DEBUG, "%s failed: %s", what, text, exc_info=is_news)
        outcome.error = error
