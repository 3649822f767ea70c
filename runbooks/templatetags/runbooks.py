"""How a runbook's words are shortened in lists. `{% load runbooks %}`."""

from itertools import pairwise

from django import template
from markdown_it import MarkdownIt

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
# A list needs one sentence; a description may be as long as a document.
_LOOKED_AT = 2_000


@register.filter
def first_paragraph(text: str | None) -> str:
    """The first paragraph of a Markdown text without its marks; headings and lists before it are skipped."""
    tokens = _MARKDOWN.parse((text or "")[:_LOOKED_AT])
    for opening, inline in pairwise(tokens):
        if opening.type == "paragraph_open" and opening.level == 0:
            words = [
                " " if child.type in ("softbreak", "hardbreak") else child.content for child in inline.children or ()
            ]
            return "".join(words)
    return ""
