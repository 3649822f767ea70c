"""Lengths of time as people type them: "15 min", "4 h", "1 h 30 min", "2 d", or ISO 8601 ("PT1H30M").

`spoken_duration` and `iso_duration` are exact: what they say is read back as the same length.
Not here: the shortened lengths pages show (`portal.templatetags.lengths`).
"""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_SPELLINGS = {
    1: "s sec secs second seconds",
    60: "m min mins minute minutes",
    3600: "h hr hrs hour hours",
    86400: "d day days",
    604800: "w week weeks",
}
_UNITS = {unit: seconds for seconds, units in _SPELLINGS.items() for unit in units.split()}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*,?\s*")
# ISO 8601 without years and months, whose length depends on the calendar.
_ISO = re.compile(
    r"p(?:(?P<w>\d+)w)?(?:(?P<d>\d+)d)?(?:t(?:(?P<h>\d+)h)?(?:(?P<min>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?)?"
)
_LONGEST = timedelta(days=366)
HINT = 'Write it like "15 min", "4 h", "1 h 30 min", "2 d", or in ISO 8601 like "PT15M".'


def parse_duration(text: str) -> timedelta:
    """The length somebody typed. Raises `ValueError` with a sentence that shows how to write it."""
    wanted = text.strip().lower()
    seconds = _iso_seconds(wanted) if wanted.startswith("p") else _spoken_seconds(wanted)
    if seconds is None:
        raise ValueError(f"“{text.strip()[:40]}” is not a length of time. {HINT}")
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"“{text.strip()[:40]}” is longer than a year.")
    return timedelta(seconds=seconds)


def _iso_seconds(text: str) -> float | None:
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()) or text.endswith("t"):
        return None
    return sum(float(value) * _UNITS[unit] for unit, value in found.groupdict().items() if value)


def _spoken_seconds(text: str) -> float | None:
    """Numbers with units, each unit at most once; a lone 0 needs no unit."""
    if text == "0":
        return 0.0
    position, seconds, seen = 0, 0.0, set()
    while position < len(text):
        part = _PART.match(text, position)
        length = _UNITS.get(part[2]) if part else None
        if part is None or length is None or length in seen:
            return None  # "4 h 4 h" is more likely a slip than eight hours
        seen.add(length)
        seconds += float(part[1]) * length
        position = part.end()
    return seconds if seen else None


def _parts(value: timedelta) -> tuple[int, int, int, str]:
    """Days, hours, minutes, and the seconds as text without needless zeros."""
    whole = value.days * 86400 + value.seconds
    seconds = f"{whole % 60}.{value.microseconds:06}".rstrip("0").rstrip(".")
    return whole // 86400, whole % 86400 // 3600, whole % 3600 // 60, seconds


def spoken_duration(value: timedelta) -> str:
    """Exactly this length in the words `parse_duration` reads: "1 h 30 min". Negative lengths do not occur here."""
    days, hours, minutes, seconds = _parts(value)
    said = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    if seconds != "0" or not said:
        said.append(f"{seconds} s")
    return " ".join(said)


def iso_duration(value: timedelta) -> str:
    """Exactly this length in ISO 8601: "PT1H30M", "P2D", "PT0S"."""
    days, hours, minutes, seconds = _parts(value)
    day = f"{days}D" if days else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds != "0" or not (day or time):
        time += f"{seconds}S"
    return f"P{day}" + (f"T{time}" if time else "")


class DurationField(forms.CharField):
    """A text field for a length of time; cleans to `timedelta`, or None where it may be left empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.widget.attrs.setdefault("placeholder", "15 min")

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_duration(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def run_validators(self, value: Any) -> None:
        """Lengths of text are checked by the widget; a `timedelta` has none."""

    def prepare_value(self, value: Any) -> Any:
        return spoken_duration(value) if isinstance(value, timedelta) else value
