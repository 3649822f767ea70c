"""Form fields of the catalogue: dimensions of a metric, Regions to choose from, people by name."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.catalogue.regions import PARTITION_NAMES, REGIONS, shown_region
from portal.people.models import User


def region_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Regions grouped by partition, for a select."""
    return [
        (
            name,
            [(region.code, shown_region(region.code)) for region in REGIONS.values() if region.partition == partition],
        )
        for partition, name in PARTITION_NAMES.items()
    ]


def regions_with_chosen_first(chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Regions for check boxes; a long list is easier to read with what is checked at its top."""
    first = [code for code in chosen if code in REGIONS]
    return [(code, shown_region(code)) for code in dict.fromkeys([*first, *REGIONS])]


def dressed(form: forms.BaseForm) -> None:
    """Give every control the class of the design system that fits its kind."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
            css = "form-check-input"
        else:
            css = "form-select" if isinstance(widget, forms.Select) else "form-control"
        widget.attrs["class"] = css


class PersonChoiceField(forms.ModelChoiceField):
    """A person by full name and user name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.shown_name} ({obj.username})" if isinstance(obj, User) else str(obj)


class DimensionsField(forms.CharField):
    """Dimensions of a metric, one `Name=Value` a line; cleans to a dict."""

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "widget", forms.Textarea(attrs={"rows": 2, "placeholder": "Name=Value", "spellcheck": "false"})
        )
        super().__init__(max_length=10_000, **options)

    def to_python(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for line in (super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            name, equals, content = line.partition("=")
            if not equals:
                raise ValidationError(f"“{line.strip()[:60]}” has no =. Write one Name=Value a line.", code="invalid")
            if name.strip() in found:
                raise ValidationError(f"The dimension {name.strip()[:60]} is named twice.", code="invalid")
            found[name.strip()] = content.strip()
        return found

    def run_validators(self, value: Any) -> None:
        """The length of the text is limited by the request; a dict has no length in characters."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}={content}" for name, content in value.items()) if isinstance(value, dict) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except ValidationError:
            return True
