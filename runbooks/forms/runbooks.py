"""What a person types about runbooks. A refused form keeps every character. Rules are in `runbooks.operations`."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import QueryDict

from portal.people.models import Team, User
from portal.people.permissions import Act, visible_teams
from runbooks.operations import imports, shelf

STARTER = """\
schemaVersion: "0.3"
description: |
  What this runbook does, when to use it, and how to undo it.
parameters:
  Reason:
    type: String
    description: Why it is run.
mainSteps:
  - name: Confirm
    action: aws:pause
    description: A person looks before anything is changed.
    inputs: {}
    isEnd: true
"""


def offer_teams(form: forms.Form, teams: QuerySet[Team]) -> QuerySet[Team]:
    """Let a form's field `team` offer these, and hand them back."""
    cast(forms.ModelChoiceField, form.fields["team"]).queryset = teams
    return teams


class DocumentField(forms.CharField):
    """The text of a document: kept to the character, except that a browser's line ends become plain ones."""

    def __init__(self, **options: Any) -> None:
        look = {
            "rows": 24,
            "spellcheck": "false",
            "autocapitalize": "off",
            "class": "source-input",
            "data-editor": "",
            "data-problems": "document-problems",
        }
        widget = forms.Textarea(attrs=look)
        super().__init__(strip=False, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class DraftForm(forms.Form):
    """The next text of a runbook. `base_sha256` is the fingerprint of the text it began from."""

    text = DocumentField(label="Document", help_text="An Automation document (schema 0.3), YAML or JSON.")
    note = forms.CharField(
        label="What changed", max_length=300, required=False, help_text="One line for whoever reviews it."
    )
    base_sha256 = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class RunbookForm(forms.Form):
    """A runbook with its first draft."""

    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None)
    name = forms.CharField(
        max_length=128,
        help_text="3 to 128 letters, digits, dots, hyphens or underscores. Other documents start it by this name.",
    )
    text = DocumentField(
        label="Document", initial=STARTER, help_text="An Automation document (schema 0.3), YAML or JSON."
    )
    note = forms.CharField(label="What it is for", max_length=300, required=False)

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        self.teams = offer_teams(self, shelf.teams_where(user, Act.EDIT_RUNBOOK))


class FilesInput(forms.ClearableFileInput):
    """A file field that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files as a list; none is an empty list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        chosen = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in chosen]


class ImportForm(forms.Form):
    """Files and pasted documents. Pasted ones come as equally many `name` and `document` fields."""

    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None)
    uploads = FilesField(
        required=False, label="Files", help_text="YAML or JSON, several at once. The file's name becomes the runbook's."
    )

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        self.teams = offer_teams(self, shelf.teams_where(user, Act.EDIT_RUNBOOK))

    def pasted(self) -> list[tuple[str, str]]:
        """The pasted (name, text) pairs as they were typed, without empty ones."""
        typed = cast(QueryDict, self.data)
        names, texts = typed.getlist("name"), typed.getlist("document")
        pairs = [(name.strip(), text.replace("\r\n", "\n")) for name, text in zip(names, texts, strict=False)]
        return [pair for pair in pairs if any(part.strip() for part in pair)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        count = len(cleaned.get("uploads", [])) + len(self.pasted())
        if not count and "uploads" not in self.errors:
            raise ValidationError("There is nothing to import. Choose files, or paste a document and give it a name.")
        if count > imports.MAXIMUM_DOCUMENTS:
            raise ValidationError(
                f"{count} documents at once are too many; at most {imports.MAXIMUM_DOCUMENTS} are imported together. "
                "Nothing was imported."
            )
        return cleaned


class FilterForm(forms.Form):
    """What a list of runbooks is narrowed to."""

    q = forms.CharField(required=False, label="Search", max_length=100)
    state = forms.ChoiceField(required=False, choices=[("", "In use"), *shelf.STATES.items()])
    team = forms.ModelChoiceField(Team.objects.none(), required=False, to_field_name="slug", empty_label="All teams")

    def __init__(self, *positional: Any, user: User, **options: Any) -> None:
        super().__init__(*positional, **options)
        offer_teams(self, visible_teams(user))

    def wanted(self) -> shelf.Wanted:
        """The filter; a value that is no choice is left out."""
        self.is_valid()
        chosen = self.cleaned_data
        team = chosen.get("team")
        return shelf.Wanted(text=chosen.get("q", ""), state=chosen.get("state", ""), team=team.slug if team else "")
