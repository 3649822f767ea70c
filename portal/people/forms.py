"""Forms of people: giving a role, making a token. Rules are in the operations."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.people.models import Role, Team, User

LIFETIMES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year")]


def _dress(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class GrantForm(forms.Form):
    """Somebody, by user name or e-mail address, and a role. A directory of everybody is not offered."""

    person = forms.CharField(label="User name or e-mail address", max_length=254)
    role = forms.ChoiceField(choices=Role.choices)

    def __init__(self, data: Any = None, *, team: Team) -> None:
        super().__init__(data, auto_id=f"id_{team.slug}_%s")
        self.team = team
        self.fields["person"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        _dress(self)

    def clean_person(self) -> User:
        typed = self.cleaned_data["person"].strip()
        by = "email__iexact" if "@" in typed else "username"
        found = User.objects.filter(is_active=True, **{by: typed}).first()
        if found is None:
            raise ValidationError(f"No active account is called {typed}. An operator makes accounts.")
        return found


class TokenForm(forms.Form):
    """What a token is for and how long it lives."""

    name = forms.CharField(label="What it is for", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    lifetime = forms.TypedChoiceField(
        label="Expires after", choices=LIFETIMES, initial="30", coerce=lambda days: timedelta(days=int(days))
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _dress(self)
