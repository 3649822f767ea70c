"""The tags every page uses: status, icon, duration, when, markdown, navigation. `{% load portal %}`.

Not here: how a status looks (`statuses.py`), how a length reads (`lengths.py`), the markup (`templates/partials`).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import nh3
from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from portal.templatetags.lengths import exact_length, spoken_distance, spoken_length
from portal.templatetags.statuses import look_of, spoken

register = template.Library()

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# No images: a page asks no other host for anything.
_TAGS = {"a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"}
_TAGS |= {"s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """An icon of the sprite, by its name in `vendor/icons.txt`. Without a label screen readers pass over it."""
    address = static("vendor/icons.svg")
    if label:
        named = '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>'
        return format_html(named, css, label, address, name)
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, address, name)


@register.inclusion_tag("partials/status.html")
def status(value: str, size: str = "") -> dict[str, Any]:
    """A status, verdict or risk as icon, word and colour. `size="lg"` for the head of a page."""
    look = look_of(str(value))
    return {"word": str(value), "spoken": spoken(str(value)), "tone": look.tone, "icon_name": look.icon, "size": size}


@register.simple_tag
def duration(value: timedelta | float | None) -> SafeString:
    """A `timedelta` or seconds as "4 min 12 s", exact in the title; nothing known is a dash."""
    if value is None or value == "":
        return format_html('<span class="text-secondary" title="{}">–</span>', "not known")
    return format_html(
        '<span class="duration" title="{}">{}</span>', exact_length(value), spoken_length(value).replace(" ", "\u00a0")
    )


@register.simple_tag
def when(value: datetime | None, style: str = "both") -> SafeString:
    """A moment. `style` is "both" (exact UTC and how long ago), "exact" or "relative" (exact in the title)."""
    if value is None or value == "":
        return format_html('<span class="text-secondary" title="{}">–</span>', "not yet")
    utc = value.astimezone(UTC)
    exact = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    distance = spoken_distance(utc, timezone.now())
    if style == "relative":
        return format_html(
            '<time datetime="{}" title="{}" data-relative>{}</time>', utc.isoformat(), _precise(utc), distance
        )
    moment = format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(), _precise(utc), exact)
    if style == "exact":
        return moment
    return format_html(
        '<span class="when">{} <time class="text-secondary" datetime="{}" data-relative>{}</time></span>',
        moment,
        utc.isoformat(),
        distance,
    )


def _precise(utc: datetime) -> str:
    return f"{utc:%A %d %B %Y, %H:%M:%S}.{utc.microsecond // 1000:03} UTC"


@register.simple_tag
def markdown(text: str | None) -> SafeString:
    """CommonMark with tables as HTML. Raw HTML, images, scripts and unknown link schemes are dropped."""
    html = _MARKDOWN.render(text or "")
    clean = nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer nofollow"
    )
    return format_html('<div class="markdown">{}</div>', mark_safe(clean))  # noqa: S308 - nh3 let through only _TAGS


@register.inclusion_tag("partials/nav_item.html", takes_context=True)
def nav_item(context: Context, url_name: str, label: str, icon_name: str, shortcut: str = "") -> dict[str, Any]:
    """One entry of the navigation; left out while no page has that name. A page below it may set `nav` to its name."""
    try:
        address = reverse(url_name)
    except NoReverseMatch:
        return {"address": ""}
    match = getattr(context.get("request"), "resolver_match", None)
    here = str(context.get("nav") or (match.url_name if match else "") or "")
    family = url_name.removesuffix("_list")
    is_current = here == url_name or here.startswith(f"{family}_")
    return {"address": address, "label": label, "icon_name": icon_name, "shortcut": shortcut, "is_current": is_current}


@register.inclusion_tag("partials/steps_graph.html")
def steps_graph(graph: dict[str, Any], graph_id: str, label: str = "", direction: str = "TB") -> dict[str, Any]:
    """A picture of steps or of dependencies; the page also includes `partials/steps_graph_scripts.html` in `scripts`.

    `graph` is {"nodes": [{"name", "label"?, "status"?, "detail"?, "href"?}],
    "edges": [{"from", "to", "label"?, "kind"?}]}; `kind` is next, choice, failure or soft; without `href` a node leads
    to `#step-NAME`. `direction` is TB or LR. A row with `data-step="NAME"` that holds `{% status %}` recolours its node
    after each htmx swap.
    """
    nodes = []
    for node in graph["nodes"]:
        word = str(node.get("status") or "")
        look = look_of(word)
        shown = {"label": node["name"], **node, "status": word, "tone": look.tone, "icon": look.icon if word else ""}
        nodes.append(shown)
    drawn = {"nodes": nodes, "edges": list(graph["edges"])}
    return {"graph": drawn, "graph_id": graph_id, "label": label, "direction": direction}
