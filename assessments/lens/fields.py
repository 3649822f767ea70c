"""What must be so in single fields: identifiers, texts, web addresses, and keys that the format does not know.

Here: rules that hold for a key wherever it stands. Not here: which keys an object has (checks*.py).
"""

import re
from dataclasses import dataclass
from typing import Any

from assessments.lens.content import is_web_url, key_of
from assessments.lens.problems import Grade, Notes, Path, shorten

_ID = re.compile(r"[A-Za-z0-9_]{3,128}", re.ASCII)
# (maximum of the file format, maximum of the API's shape): Well-Architected API reference, 2020-03-31.
_TITLE = (128, 512)
_LONG_TEXT = (2048, 1024)
_LENGTHS = {"name": (128, 128), "title": _TITLE, "description": _LONG_TEXT, "displayText": _LONG_TEXT}
_API_URL = 1024
_API_IDS = {"pillars": 64, "questions": 128, "choices": 64}


@dataclass(frozen=True)
class Keys:
    """The keys that the format knows for one kind of object; those of `beyond` occur in published lenses too."""

    noun: str
    known: tuple[str, ...]
    beyond: tuple[str, ...] = ()


def check_id(raw: dict[str, Any], path: Path, notes: Notes, seen: dict[str, Path]) -> str | None:
    """Check the id of an object; `seen` holds those of its siblings and takes it in. None where it is unusable."""
    written = key_of(raw, "id")
    here = (*path, written)
    id_ = raw.get(written)
    if not isinstance(id_, str) or not id_.strip():
        notes.note(
            Grade.UNUSABLE, "no-id", here, "The id is missing or not a text. Write one, for example backup_tested."
        )
        return None
    if id_ in seen:
        message = f"The id {shorten(id_)} is taken already by {_spelled(seen[id_])}. Choose another."
        notes.note(Grade.UNUSABLE, "repeated-id", here, message)
        return None
    seen[id_] = path
    maximum = _API_IDS.get(str(path[-2]), 128)
    if not _ID.fullmatch(id_):
        message = f"AWS refuses the id {shorten(id_)}: 3 to 128 letters a-z, A-Z, digits and underscores. Rename it."
        notes.note(Grade.REFUSED, "bad-identifier", here, message)
    elif len(id_) > maximum:
        message = f"The id has {len(id_)} characters; AWS's API takes {maximum}. Shorten it."
        notes.note(Grade.LONG, "bad-identifier", here, message)
    return id_


def check_text(
    raw: dict[str, Any], key: str, path: Path, notes: Notes, *, is_needed: bool = False, is_optional: bool = False
) -> None:
    """Check a text. `is_needed`: useless without it; `is_optional`: AWS takes it missing, too."""
    written = key_of(raw, key)
    here = (*path, written)
    value = raw.get(written)
    if not isinstance(value, str) or not value.strip():
        if value is None and is_optional:
            return
        what = "is missing" if value is None else "is empty" if isinstance(value, str) else "is not a text"
        message = f"{key} {what}. Write it."
        notes.note(Grade.UNUSABLE if is_needed else Grade.REFUSED, "no-text", here, message)
        return
    check_spelling(key, written, path, notes)
    in_file, in_api = _LENGTHS[key]
    if len(value) > in_file:
        message = f"{key} has {len(value)} characters; AWS takes {in_file}. Shorten it."
        notes.note(Grade.REFUSED, "text-too-long", here, message)
    elif len(value) > in_api:
        message = f"{key} has {len(value)} characters; the file may have {in_file}, AWS's API says {in_api}."
        notes.note(Grade.LONG, "text-too-long", here, message)


def check_url(raw: dict[str, Any], path: Path, notes: Notes) -> None:
    """Check the url of a resource or plan; what is no web address is never shown as a link."""
    written = key_of(raw, "url")
    here = (*path, written)
    value = raw.get(written)
    if value is None:
        return
    check_spelling("url", written, path, notes)
    if value == "":
        notes.note(Grade.ODD, "empty-url", here, "The url is empty and read as none. Remove it.")
    elif not isinstance(value, str) or not is_web_url(value.strip()):
        message = (
            "The url does not begin with http:// or https:// or has blanks; it is not shown. Mend it or remove it."
        )
        notes.note(Grade.REFUSED, "bad-url", here, message)
    elif len(value) > _API_URL:
        message = f"The url has {len(value)} characters; AWS's API takes {_API_URL}. Shorten it."
        notes.note(Grade.LONG, "text-too-long", here, message)


def check_spelling(key: str, written: str, path: Path, notes: Notes) -> None:
    """Warn of a key in another letter case; it is read, but AWS overlooks it."""
    if key != written:
        message = f"{shorten(written)} is read as {key}; AWS overlooks it. Write {key}."
        notes.note(Grade.ODD, "misspelled-key", (*path, written), message)


def check_unknown_keys(raw: dict[str, Any], keys: Keys, path: Path, notes: Notes) -> None:
    """Warn of keys that nobody reads. Those beginning with _ or $ are remarks by custom."""
    read = {key_of(raw, key) for key in (*keys.known, *keys.beyond)}
    for key in raw:
        if key not in read and not key.startswith(("_", "$")):
            message = f"A {keys.noun} has no {shorten(key)}; it is kept, but nobody reads it. Is it misspelled?"
            notes.note(Grade.ODD, "unknown-key", (*path, key), message)


def _spelled(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
