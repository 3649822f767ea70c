"""Tags for pages of executions and incidents: a clock that ticks, and values as text. `{% load executions %}`."""

import json
from datetime import datetime, timedelta
from typing import Any

from django import forms, template
from django.utils.safestring import SafeString

from runbooks.automation.content import Step
from runbooks.boards import PlannedStep, planned_step
from runbooks.models import Execution, StepExecution
from runbooks.operations.signals import Offer
from runbooks.wording import CLASSES, ClassWords, answer_words, class_words

register = template.Library()
register.filter("class_words", class_words)


@register.inclusion_tag("runbooks/parts/clock.html")
def clock(since: datetime | None, until: datetime | None, now: datetime) -> dict[str, Any]:
    """The time from `since` to `until`, or to `now` (the database's clock) and ticking while there is no end."""
    return {"length": max((until or now) - since, since - since) if since else None, "is_running": until is None}


@register.filter
def as_json(value: Any) -> str:
    """A value as a person copies it: text as it is, everything else as indented JSON. Autoescaped like any text."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.inclusion_tag("runbooks/parts/clock.html")
def took(execution: Execution) -> dict[str, Any]:
    """How long a finished execution took; nothing while it runs, because a list does not tick."""
    return {"length": execution.ended_at - execution.created_at if execution.ended_at else None, "is_running": False}


@register.filter
def shown_values(attempt: StepExecution) -> list[tuple[str, str]]:
    """What an attempt was given and gave, as titles and texts; what is empty is left out."""
    values = {"Inputs": attempt.inputs, "Outputs": attempt.outputs, "Response": attempt.response, "Log": attempt.log}
    return [(title, as_json(value)) for title, value in values.items() if value]


@register.filter
def length_of(attempt: StepExecution) -> timedelta | None:
    """How long a finished attempt took."""
    return attempt.ended_at - attempt.started_at if attempt.ended_at else None


@register.filter
def planned(step: Step) -> PlannedStep:
    """What a step of a document will do, as far as can be said before it runs."""
    return planned_step(0, step)


@register.simple_tag
def all_classes() -> tuple[ClassWords, ...]:
    """The classes of steps in words, from the harmless to the strictest."""
    return CLASSES


@register.filter
def does(offer: Offer, attempt: StepExecution) -> str:
    """What an answer to a failed step or an unknown outcome does; nothing for other signals."""
    return answer_words(offer.kind, is_unknown=attempt.is_outcome_unknown)


@register.filter
def any_allowed(offers: list[Offer]) -> bool:
    """Whether this person may press one of the buttons."""
    return any(not offer.refusal for offer in offers)


@register.filter
def needing_comment(offers: list[Offer]) -> list[str]:
    """The buttons this person may press that want a comment."""
    return [offer.label for offer in offers if offer.needs_comment and not offer.refusal]


@register.simple_tag
def dressed(field: forms.BoundField) -> SafeString:
    """A field's control in Bootstrap's classes, tied to its hint and its errors for screen readers."""
    widget = field.field.widget
    said = [f"{field.auto_id}_hint", *(f"{field.auto_id}_error_{place}" for place, _ in enumerate(field.errors, 1))]
    attrs: dict[str, str | bool] = {"class": "form-control", "aria-describedby": " ".join(said)}
    if isinstance(widget, forms.CheckboxSelectMultiple):
        attrs["class"] = "form-check-input"
    elif isinstance(widget, forms.Select):
        attrs["class"] = "form-select"
    if field.errors:
        attrs |= {"class": f"{attrs['class']} is-invalid", "aria-invalid": "true"}
    return field.as_widget(attrs=attrs)
