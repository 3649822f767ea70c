"""Tags and filters of the results pages: words of codes, bars of counts, how a proof stands. `{% load results %}`."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from assessments.checks.examination import Check
from assessments.evidence_age import Proof
from assessments.reports.words import RISKS, shown_reason, shown_risk, shown_status

register = template.Library()

register.filter("risk_words", lambda risk: shown_risk(str(risk)))
register.filter("reason_words", shown_reason)
register.filter("status_words", shown_status)
_FORMATS = {"pdf": "PDF", "xlsx": "Spreadsheet", "json": "JSON"}


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, for loops."""
    return text.split()


@register.filter
def format_words(form: str) -> str:
    """`xlsx` -> `Spreadsheet`."""
    return _FORMATS[form]


@register.filter
def at(counts: Mapping[str, int], key: str) -> int:
    """The value under a key."""
    return counts[key]


@register.filter
def standing_at(proof: Proof, now: datetime) -> str:
    """How a proof stands at a moment."""
    return proof.standing(now).value


@register.filter
def worth_at(proof: Proof, now: datetime) -> int:
    """The worth of a proof at a moment, in percent."""
    return proof.percent(now)


@register.filter
def half_life(check: Check, tier: int) -> str:
    """The half-life of what a check saw, in days."""
    days = check.half_life(tier).days
    return f"{days} day{'s' if days != 1 else ''}"


@register.simple_tag
def risk_dot(risk: str) -> SafeString:
    """A risk as a small icon with its words for those who do not see it. Lists have hundreds: each kind is rendered once."""
    return _dot(str(risk))


@cache
def _dot(risk: str) -> SafeString:
    return render_to_string("assessments/risk_dot.html", {"risk": risk})


@register.inclusion_tag("assessments/risk_bar.html")
def risk_bar(counts: Mapping[Any, int]) -> dict[str, Any]:
    """Counts of risks as one stacked bar, with the numbers in words for those who do not see it."""
    known = {str(risk): number for risk, number in counts.items()}
    total = sum(known.values())
    shares: list[dict[str, Any]] = []
    x = 0.0
    for risk in RISKS:
        if known.get(risk):
            width = 100.0 * known[risk] / total
            shares.append({"risk": risk, "x": x, "width": width})
            x += width
    said = ", ".join(f"{known[risk]} {shown_risk(risk).lower()}" for risk in RISKS if known.get(risk))
    return {"shares": shares, "said": said or "no questions"}
