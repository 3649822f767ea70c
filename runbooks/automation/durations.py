"""ISO 8601 durations as documents write them ("PT1H30M", "P2DT5S", "PT0.5S").

Here: text to timedelta. Not here: references inside the text (resolve them first) and points in time.
"""

import re
from datetime import timedelta

_PARTS = ("weeks", "days", "hours", "minutes", "seconds")
_PART = {name: rf"(?:(?P<{name}>\d{{1,9}}(?:[.,]\d{{1,9}})?){name[0].upper()})?" for name in _PARTS}
_DURATION = re.compile("P{weeks}{days}(?P<time>T{hours}{minutes}{seconds})?".format_map(_PART), re.ASCII)
_CALENDAR = re.compile(r"P[^T]*\d[YM]")
_SHOWN = 60


class DurationError(ValueError):
    """The text is no duration that can be waited for; the message says why and what to write instead."""


def parse_duration(text: str, maximum: timedelta | None = None) -> timedelta:
    """Read an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Raises DurationError for anything else, for years and months (their length depends on the calendar), for negative
    durations and for durations longer than `maximum`.
    """
    written = text.strip()
    shown = written if len(written) <= _SHOWN else f"{written[:_SHOWN]}..."
    if "-" in written:
        raise DurationError(f"The duration {shown!r} is negative. Write a positive one, such as PT30S.")
    if _CALENDAR.match(written):
        raise DurationError(
            f"The duration {shown!r} uses years or months, whose length varies. Use days, such as P30D."
        )
    match = _DURATION.fullmatch(written)
    if match is None or match["time"] == "T" or written == "P":
        raise DurationError(f"{shown!r} is not an ISO 8601 duration. Write it like PT1H30M, P2DT5S or PT0.5S.")
    numbers = {name: float((match[name] or "0").replace(",", ".")) for name in _PARTS}
    try:
        duration = timedelta(**numbers)
    except OverflowError as error:
        raise DurationError(f"The duration {shown!r} is longer than can be counted. Write a shorter one.") from error
    if maximum is not None and duration > maximum:
        raise DurationError(f"The duration {shown!r} is longer than the {maximum} allowed here. Write a shorter one.")
    return duration
