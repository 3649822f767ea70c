"""Reading the text of a document: YAML or JSON, with the place of everything in it.

Here: text to plain JSON values and marks, within limits that keep hostile text cheap. Not here: what the content
means. YAML is read in the JSON sense: only true and false are booleans, dates stay text, keys are always text, tags
of other kinds are refused. JSON goes through the same reader, so that its marks exist too. The reader walks libyaml's
events itself: composing in libyaml's binding crashes the process on deep nesting.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import yaml

from runbooks.automation.marks import Mark
from runbooks.automation.problems import Path, Problem, Problems, spell

MAXIMUM_BYTES = 256 * 1024
SYSTEMS_MANAGER_BYTES = 64 * 1024
MAXIMUM_DEPTH = 40
MAXIMUM_ALIASES = 50
MAXIMUM_EXPANDED = 4 * MAXIMUM_BYTES
WEIGHT_OF_A_VALUE = 4
MAXIMUM_DIGITS = 40
MAXIMUM_KEY = 1024

Format = Literal["YAML", "JSON"]
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"!", *(f"{_STANDARD}{name}" for name in ("str", "int", "float", "bool", "null"))})
_COLLECTION_TAGS = frozenset({"!", f"{_STANDARD}map", f"{_STANDARD}seq"})
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
# Characters that JSON allows inside a text and YAML refuses or takes for a line break.
_JSON_ONLY = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Source:
    """What a text holds. `content` is None when it could not be read at all."""

    content: Any
    marks: Mark
    problems: tuple[Problem, ...]
    format: Format

    @property
    def has_error(self) -> bool:
        """Whether reading failed."""
        return any(problem.severity == "error" for problem in self.problems)


class _RefusedError(Exception):
    """Reading stops here; the problem is already noted."""


def read_source(text: str) -> Source:
    """Read a text; never raises, answers in well under a second whatever the text is."""
    problems = Problems()
    text = text.removeprefix("\ufeff")
    looks_like_json = text.lstrip()[:1] == "{"
    format_: Format = "JSON" if looks_like_json else "YAML"
    reader = _Reader(problems)
    if not _is_readable(text, problems):
        return Source(None, Mark(1, 1), problems.all(), format_)
    try:
        content, mark = reader.read(_yaml_spelling(text) if looks_like_json else text)
    except _RefusedError:
        return Source(None, Mark(1, 1), problems.all(), format_)
    if looks_like_json and not _is_json(text):
        format_ = "YAML"
    return Source(content, mark, problems.all(), format_)


def _is_readable(text: str, problems: Problems) -> bool:
    """Whether the text may be parsed at all."""
    if not text.strip():
        problems.error((), "The document is empty. Paste or upload an Automation document in YAML or JSON.")
        return False
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        _note_at(problems, text, error.start, "A character here is half of a pair. Save the document as UTF-8.")
        return False
    if size > MAXIMUM_BYTES:
        problems.error((), f"The document has {size} bytes; at most {MAXIMUM_BYTES} are read. Split it into several.")
        return False
    if size > SYSTEMS_MANAGER_BYTES:
        problems.warn((), f"The document has {size} bytes; Systems Manager itself takes {SYSTEMS_MANAGER_BYTES}.")
    if "\0" in text:
        _note_at(problems, text, text.index("\0"), "A NUL character stands here. Save the document as UTF-8 text.")
        return False
    return True


def _note_at(problems: Problems, text: str, position: int, message: str) -> None:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    problems.note_at(Mark(line, column), "", message)


def _yaml_spelling(text: str) -> str:
    """Respell what JSON and YAML write differently: surrogate pairs and a few raw characters."""

    def joined(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        pair = bytes.fromhex(match[1] + match[2]).decode("utf-16-be")
        return f"\\U{ord(pair):08x}"

    return _JSON_ONLY.sub(lambda match: f"\\u{ord(match[0]):04x}", _ESCAPE.sub(joined, text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass
class _Anchored:
    """What an anchor names; `weight` is the size it adds each time an alias repeats it."""

    value: Any
    mark: Mark
    weight: int


@dataclass
class _Reader:
    """Turns libyaml's events into values and marks; stops at the first thing that cannot be read."""

    problems: Problems
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)
    aliases: int = 0
    weight: int = 0

    def read(self, text: str) -> tuple[Any, Mark]:
        """Read the one document in the text. Raises _RefusedError when it cannot be read."""
        try:
            events = _events(text)
            first = next(events, None)
            if first is None:
                self._refuse(Mark(1, 1), (), "The document holds only comments. Write schemaVersion and mainSteps.")
            value, mark = self._value(first, events, ())
            further = next(events, None)
            if further is not None:
                self._refuse(_mark(further), (), "A second document begins here. Keep one document, remove the rest.")
        except yaml.MarkedYAMLError as error:
            place = error.problem_mark or error.context_mark
            where = _within(text, place.line, place.column) if place else Mark(1, 1)
            self._refuse(where, (), f"The text is not valid YAML or JSON here: {error.problem or error.context}.")
        except yaml.YAMLError as error:
            message = "A control character stands here. Remove it, or write it as an escape."
            _note_at(self.problems, text, _position(text, error), message)
            raise _RefusedError from error
        return value, mark

    def _value(self, event: yaml.Event | None, events: Iterator[yaml.Event], path: Path) -> tuple[Any, Mark]:
        mark = _mark(event)
        if len(path) > MAXIMUM_DEPTH:
            self._refuse(mark, (), f"The content is nested deeper than {MAXIMUM_DEPTH} levels. Make it flatter.")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark, path)
        before = self.weight
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = None
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, mark, path)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._map(event, events, mark, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(event, events, mark, path)
        else:
            self._refuse(mark, path, "The text ends before this value. Write the value.")
        self._weigh(WEIGHT_OF_A_VALUE, mark)
        if anchor:
            self.anchors[anchor] = _Anchored(value, mark, self.weight - before)
        return value, mark

    def _map(
        self, event: yaml.MappingStartEvent, events: Iterator[yaml.Event], mark: Mark, path: Path
    ) -> dict[str, Any]:
        self._check_tag(event.tag, _COLLECTION_TAGS, mark, path)
        content: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_event in events:
            if isinstance(key_event, yaml.MappingEndEvent):
                break
            key_mark = _mark(key_event)
            key = self._key(key_event, key_mark, path)
            value, inner = self._value(next(events, None), events, (*path, key))
            if key == "<<" and isinstance(key_event, yaml.ScalarEvent) and key_event.implicit[0]:
                merged = {**merged, **self._merged(value, key_mark, path)}
                continue
            if key in content:
                first = mark.inside[key].line
                self.problems.note_at(
                    key_mark,
                    spell((*path, key)),
                    f"The key {_shown(key)} stands in lines {first} and {key_mark.line}; the last counts. Keep one.",
                    "warning",
                )
            if isinstance(value, (dict, list)):
                inner = Mark(key_mark.line, key_mark.column, inner.inside)
            content[key] = value
            mark.inside[key] = inner
        return {**merged, **content} if merged else content

    def _list(self, event: yaml.SequenceStartEvent, events: Iterator[yaml.Event], mark: Mark, path: Path) -> list[Any]:
        self._check_tag(event.tag, _COLLECTION_TAGS, mark, path)
        content: list[Any] = []
        for item_event in events:
            if isinstance(item_event, yaml.SequenceEndEvent):
                break
            value, inner = self._value(item_event, events, (*path, len(content)))
            mark.inside[len(content)] = inner
            content.append(value)
        return content

    def _key(self, event: yaml.Event, mark: Mark, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(
                mark, path, 'A key must be a text. If this is meant as a reference, put it in quotes: "{{ Name }}".'
            )
        self._check_tag(event.tag, _SCALAR_TAGS, mark, path)
        if len(event.value) > MAXIMUM_KEY:
            self._refuse(mark, path, f"A key here has more than {MAXIMUM_KEY} characters. Shorten it.")
        self._weigh(len(event.value), mark)
        self._refuse_nul(event.value, mark, path)
        return event.value

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark, path: Path) -> Any:
        self._check_tag(event.tag, _SCALAR_TAGS, mark, path)
        self._weigh(len(event.value), mark)
        self._refuse_nul(event.value, mark, path)
        kind = (event.tag or "").removeprefix(_STANDARD)
        if kind in {"str", "!"} or (not kind and not event.implicit[0]):
            return event.value
        value = self._plain(event.value, mark, path)
        wanted = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind)
        if wanted is not None and type(value) is not wanted and not (wanted is float and isinstance(value, int)):
            self._refuse(mark, path, f"{_shown(event.value)} is not of the kind that its tag names. Remove the tag.")
        return value

    def _plain(self, text: str, mark: Mark, path: Path) -> Any:
        """Read an unquoted scalar as JSON would: null, true, false, a decimal number, else text."""
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            if len(text) > MAXIMUM_DIGITS:
                self._refuse(mark, path, f"This number has {len(text)} digits. Put it in quotes, as a text.")
            return int(text)
        if _FLOAT.fullmatch(text) and any(sign.isdigit() for sign in text):
            number = float(text)
            if math.isinf(number):
                self._refuse(mark, path, "This number is too large. Put it in quotes, as a text.")
            return number
        return text

    def _alias(self, event: yaml.AliasEvent, mark: Mark, path: Path) -> tuple[Any, Mark]:
        self.aliases += 1
        if self.aliases > MAXIMUM_ALIASES:
            self._refuse(mark, path, f"More than {MAXIMUM_ALIASES} aliases are used. Write the values out.")
        name = event.anchor or ""
        anchored = self.anchors.get(name)
        if anchored is None:
            self._refuse(mark, path, f"The alias *{_shown(name)} names no anchor that is complete before it.")
        self._weigh(anchored.weight, mark)
        if len(path) + _depth(anchored.value) > MAXIMUM_DEPTH:
            self._refuse(mark, (), f"The content is nested deeper than {MAXIMUM_DEPTH} levels. Make it flatter.")
        return _copied(anchored.value), Mark(mark.line, mark.column, anchored.mark.inside)

    def _merged(self, value: Any, mark: Mark, path: Path) -> dict[str, Any]:
        maps = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in maps):
            self._refuse(mark, path, "A merge key (<<) takes a map or a list of maps. Write the values out.")
        return {key: one[key] for one in reversed(maps) for key in one}

    def _check_tag(self, tag: str | None, known: frozenset[str], mark: Mark, path: Path) -> None:
        if tag is not None and tag not in known:
            self._refuse(mark, path, f"The tag {_shown(tag)} is not read here. Remove it.")

    def _refuse_nul(self, text: str, mark: Mark, path: Path) -> None:
        if "\0" in text:
            self._refuse(mark, path, "This text holds an escaped NUL character, which cannot be stored. Remove it.")

    def _weigh(self, size: int, mark: Mark) -> None:
        self.weight += size
        if self.weight > MAXIMUM_EXPANDED:
            self._refuse(mark, (), "Aliases make the document too large. Write out the values that are needed.")

    def _refuse(self, mark: Mark, path: Path, message: str) -> NoReturn:
        self.problems.note_at(mark, spell(path), message)
        raise _RefusedError


def _events(text: str) -> Iterator[yaml.Event]:
    skipped = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if not isinstance(event, skipped):
            yield event


def _mark(event: yaml.Event | None) -> Mark:
    start = event.start_mark if event else None
    return Mark(start.line + 1, start.column + 1) if start else Mark(1, 1)


def _within(text: str, line: int, column: int) -> Mark:
    """A place counted from 0 as a mark; libyaml puts an unexpected end one line below the last."""
    lines = text.splitlines() or [""]
    return Mark(line + 1, column + 1) if line < len(lines) else Mark(len(lines), len(lines[-1]) + 1)


def _position(text: str, error: yaml.YAMLError) -> int:
    """The character that a reader error is about; libyaml counts bytes of UTF-8."""
    position = getattr(error, "position", None)
    return len(text.encode()[:position].decode(errors="ignore")) if isinstance(position, int) else 0


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(item) for item in inner), default=0) if inner else 0


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
