"""How a refusal of an operation gets back into the form it came from. Not here: any rule."""

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def show_refusal(form: forms.BaseForm, refusal: ValidationError) -> None:
    """Put every message of a refusal beside its field, or above the form where the form has no such field."""
    messages = refusal.message_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.messages}
    for field, sentences in messages.items():
        if field in form.fields:
            form.add_error(field, sentences)
        else:
            named = field == NON_FIELD_ERRORS
            form.add_error(None, [sentence if named else f"{field}: {sentence}" for sentence in sentences])
