"""How the catalogue's values read on a page. `{% load catalogue %}`. Not here: any rule."""

from datetime import timedelta

from django import template

from portal.catalogue.durations import spoken_duration
from portal.catalogue.regions import shown_region

register = template.Library()
register.filter("shown_region", shown_region)


@register.filter
def exact(value: timedelta) -> str:
    """A length without rounding, as the form takes it: an objective is what was promised, to the second."""
    return spoken_duration(value)


@register.filter
def same(value: object, other: object) -> bool:
    """Whether two values are equal, to name the answer with `{% with %}`."""
    return value == other
