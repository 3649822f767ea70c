"""A document's text as numbered lines of highlighted HTML. Colours are CSS classes of `static/runbooks/source.css`.

Not here: what the text says (`runbooks.automation`). Every piece of text is escaped; nothing is marked safe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from pygments.lexer import Lexer
from pygments.lexers.data import JsonLexer, YamlLexer
from pygments.token import STANDARD_TYPES, Token, _TokenType

from runbooks.automation.document import Problem

_PLAIN = {"", "w"}


@dataclass(frozen=True)
class Line:
    """One line: its number from 1, its HTML, and the messages of the problems that stand on it."""

    number: int
    html: SafeString
    problems: tuple[Problem, ...] = ()


def highlighted(text: str, format_: str, problems: tuple[Problem, ...] = ()) -> list[Line]:
    """The lines of a YAML or JSON text, coloured, each with its problems."""
    lexer: Lexer = JsonLexer(stripnl=False) if format_ == "JSON" else YamlLexer(stripnl=False)
    on_line: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.line:
            on_line.setdefault(problem.line, []).append(problem)
    return [
        Line(number, html, tuple(on_line.get(number, ()))) for number, html in enumerate(_lines(lexer, text), start=1)
    ]


def _lines(lexer: Lexer, text: str) -> Iterator[SafeString]:
    """Cut tokens at line ends, so that every line is whole HTML of its own."""
    pieces: list[tuple[str, str]] = []
    for kind, value in lexer.get_tokens(text.rstrip("\n")):
        css = _css_class(kind)
        first, *others = value.split("\n")
        _add(pieces, css, first)
        for other in others:
            yield _html(pieces)
            pieces = []
            _add(pieces, css, other)
    if pieces:
        yield _html(pieces)


def _add(pieces: list[tuple[str, str]], css: str, text: str) -> None:
    """Add a piece of a line, joined with the one before where both look alike; blanks look like anything."""
    if not text:
        return
    if pieces and (pieces[-1][0] == css or text.isspace()):
        pieces[-1] = (pieces[-1][0], pieces[-1][1] + text)
    else:
        pieces.append((css, text))


def _html(pieces: list[tuple[str, str]]) -> SafeString:
    html = SafeString()
    for css, text in pieces:
        html += escape(text) if css in _PLAIN else format_html('<span class="{}">{}</span>', css, text)
    return html


@cache
def _css_class(kind: _TokenType) -> str:
    """Pygments' own short class of a token, or of the nearest kind above it that has one."""
    while kind is not Token and kind not in STANDARD_TYPES:
        kind = kind.parent
    return STANDARD_TYPES.get(kind, "")
