"""Forms about lenses: bringing one in, publishing a draft. Rules are in operations."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from assessments.forms.assessments import dress
from assessments.lens import MAXIMUM_BYTES
from assessments.operations.lenses import decoded
from portal.people.models import Team, User
from portal.people.permissions import Act, teams_where


class LensTextField(forms.CharField):
    """The text of a lens, to the character but for a browser's line ends."""

    def __init__(self, **options: Any) -> None:
        look = {"rows": 10, "spellcheck": "false", "autocapitalize": "off", "class": "form-control lens-text"}
        super().__init__(strip=False, widget=forms.Textarea(attrs=look), **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n")


class LensImportForm(forms.Form):
    """A file or a text, for a new lens of a team or (without `team`) the next draft of one that is there."""

    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="slug", empty_label=None)
    file = forms.FileField(required=False, label="File", help_text="A custom lens as JSON, schema 2021-11-01.")
    text = LensTextField(required=False, label="Or paste it")
    note = forms.CharField(required=False, max_length=400, help_text="What changed, for those who use the lens.")
    base_sha256 = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *positional: Any, user: User, is_new: bool, **options: Any) -> None:
        super().__init__(*positional, **options)
        self.teams = teams_where(user, Act.EDIT_SERVICE)
        if is_new:
            cast(forms.ModelChoiceField, self.fields["team"]).queryset = self.teams
        else:
            del self.fields["team"]
        dress(self)
        self.fields["text"].widget.attrs["class"] = "form-control lens-text"

    def clean(self) -> dict[str, Any]:
        """The text of the file, where one was chosen, else what was pasted, as `text`."""
        cleaned = super().clean() or {}
        file = cleaned.pop("file", None)
        if file and cleaned.get("text", "").strip():
            raise ValidationError("Give either a file or a text. Empty the text to import the file.")
        if file:
            cleaned["text"] = decoded(file.read(MAXIMUM_BYTES + 1))
        if not cleaned.get("text", "").strip() and not self.errors:
            raise ValidationError("There is nothing to import. Choose a file or paste a lens.")
        return cleaned


class PublishForm(forms.Form):
    """Which number a draft gets; `sha256` pins what was looked at."""

    sha256 = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    size = forms.ChoiceField(
        label="Number",
        choices=[("minor", "Minor: the same questions, better words"), ("major", "Major: questions or rules changed")],
        initial="minor",
        widget=forms.RadioSelect,
    )
