"""Lengths and moments of time as a person reads them. Pure: no templates, no settings, no clock."""

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def seconds_of(value: timedelta | float) -> float:
    """The seconds of a `timedelta` or of a plain number of seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def spoken_length(value: timedelta | float) -> str:
    """`0.34` -> "340 ms", `4.2` -> "4.2 s", `252` -> "4 min 12 s", `7500` -> "2 h 05 min", `100000` -> "1 d 3 h"."""
    seconds = seconds_of(value)
    if seconds < 0:
        return f"−{spoken_length(-seconds)}"
    if 0 < seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = int(seconds + 0.5)  # halves go up, as in the scripts of the pages
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (f" {whole % _MINUTE:02} s" if whole % _MINUTE else "")
    if whole < _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h" + (f" {minutes:02} min" if minutes else "")
    hours = whole % _DAY // _HOUR
    return f"{whole // _DAY} d" + (f" {hours} h" if hours else "")


def exact_length(value: timedelta | float) -> str:
    """The same length in seconds with milliseconds where it has any: "252.337 s"."""
    return f"{seconds_of(value):.3f}".rstrip("0").rstrip(".") + " s"


def spoken_distance(value: datetime, now: datetime) -> str:
    """How far a moment is from now, in its largest unit: "12 s ago", "in 3 min", "2 d ago", "just now"."""
    seconds = (now - value).total_seconds()
    size = abs(seconds)
    if size < 5:
        return "just now"
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", 1)):
        if size >= length:
            text = f"{int(size // length)} {unit}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now"
