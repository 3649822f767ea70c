"""Reading JSON that somebody wrote, within limits that keep hostile text cheap.

Here: text to plain JSON values and what is wrong with the text itself: size, encoding, syntax, depth, numbers that JSON
lacks, keys that stand twice. Not here: what the content means (checks.py).
"""

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from assessments.lens.problems import Grade, Notes, Path, shorten

MAXIMUM_BYTES = 2_000_000
MAXIMUM_DEPTH = 40
MAXIMUM_DIGITS = 40
# Where one of these stands twice with different values, either reading gives another lens.
_DECIDING = frozenset("id name pillars questions choices riskRules condition risk schemaVersion".split())


@dataclass(frozen=True)
class _NoNumber:
    """Stands where the text has a number that cannot be kept."""

    written: str


class _Repeating(dict[str, Any]):
    """An object some of whose keys stand twice: key to whether the values are the same."""

    repeated: dict[str, bool]


@dataclass(frozen=True)
class Source:
    """What a text holds; `content` is None if and only if the notes have an error."""

    content: Any
    notes: Notes


def read_json(text: bytes | str, noun: str) -> Source:
    """Read a text, called `noun` in messages. Never raises; more than MAXIMUM_BYTES are refused without parsing."""
    notes = Notes()
    written = _decoded(text, noun, notes)
    if written is None:
        return Source(None, notes)
    try:
        parsed = json.loads(
            written, object_pairs_hook=_object, parse_constant=_NoNumber, parse_float=_float, parse_int=_int
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        message = f"The {noun} is not JSON: {error.msg} at {place}. Mend it there; a JSON editor shows the place."
        notes.note(Grade.UNUSABLE, "not-json", (), message)
        return Source(None, notes)
    except RecursionError:
        message = f"The {noun} is nested deeper than {MAXIMUM_DEPTH} levels. Flatten it."
        notes.note(Grade.UNUSABLE, "too-deep", (), message)
        return Source(None, notes)
    content = _plain(parsed, (), notes)
    return Source(None if notes.has_error else content, notes)


def _decoded(text: bytes | str, noun: str, notes: Notes) -> str | None:
    """The text, without a byte order mark; None when it may not be parsed."""
    size = len(text)
    if size <= MAXIMUM_BYTES:
        try:
            text = text.decode(json.detect_encoding(text)) if isinstance(text, bytes) else text
            size = len(text.encode())
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            message = f"The {noun} is not text ({error.reason}). Save it as UTF-8."
            notes.note(Grade.UNUSABLE, "not-text", (), message)
            return None
    if size > MAXIMUM_BYTES or isinstance(text, bytes):
        message = f"The {noun} has more than {MAXIMUM_BYTES:,} bytes and was not read. AWS takes 500,000; split it."
        notes.note(Grade.UNUSABLE, "too-large", (), message)
        return None
    if not text.strip("\ufeff \t\r\n"):
        notes.note(Grade.UNUSABLE, "empty", (), f"The {noun} is empty. Give a JSON text.")
        return None
    return text.removeprefix("\ufeff")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeating = _Repeating(plain)
    repeating.repeated = {}
    seen: dict[Hashable, Any] = {}
    for key, value in pairs:
        if key in seen:
            repeating.repeated[key] = repeating.repeated.get(key, True) and seen[key] == value
        seen[key] = value
    return repeating


def _float(written: str) -> float | _NoNumber:
    value = float(written)
    return value if math.isfinite(value) else _NoNumber(written)


def _int(written: str) -> int | _NoNumber:
    return int(written) if len(written) <= MAXIMUM_DIGITS else _NoNumber(written)


def _plain(value: Any, path: Path, notes: Notes) -> Any:
    """The value in plain dicts and lists; what cannot be kept is noted."""
    if len(path) > MAXIMUM_DEPTH:
        notes.note(Grade.UNUSABLE, "too-deep", path, f"This is nested deeper than {MAXIMUM_DEPTH} levels. Flatten it.")
        return None
    if isinstance(value, _NoNumber) and value.written == "NaN":
        # What writes tables as JSON puts it where a cell is empty; published lenses have it for titles.
        message = "NaN, which JSON does not have, is read as nothing here. Write a text or remove the key."
        notes.note(Grade.REFUSED, "no-number", path, message)
        return None
    if isinstance(value, _NoNumber):
        message = f"{shorten(value.written)} is not a number that JSON can keep. Write a finite number or a text."
        notes.note(Grade.UNUSABLE, "no-number", path, message)
        return None
    if isinstance(value, str):
        _check_text(value, path, notes)
        return value
    if isinstance(value, list):
        return [_plain(item, (*path, index), notes) for index, item in enumerate(value)]
    if isinstance(value, dict):
        if isinstance(value, _Repeating):
            _note_repeated(value, path, notes)
        for key in value:
            _check_text(key, path, notes)
        return {key: _plain(item, (*path, key), notes) for key, item in value.items()}
    return value


def _check_text(text: str, path: Path, notes: Notes) -> None:
    """Databases keep neither NUL nor halves of surrogate pairs."""
    if "\0" in text:
        notes.note(Grade.UNUSABLE, "not-text", path, "A NUL character (\\u0000) stands here. Remove it.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        message = "Half of a surrogate pair (\\ud800 to \\udfff) stands here. Write the whole character."
        notes.note(Grade.UNUSABLE, "not-text", path, message)


def _note_repeated(value: _Repeating, path: Path, notes: Notes) -> None:
    for key, is_same in value.repeated.items():
        if key in _DECIDING and not is_same:
            message = f"The key {key} stands here more than once, with different values. Keep one of them."
            notes.note(Grade.UNUSABLE, "repeated-key", (*path, key), message)
        else:
            message = f"The key {shorten(key)} stands here more than once; the last one counts. Keep one of them."
            notes.note(Grade.ODD, "repeated-key", (*path, key), message)
