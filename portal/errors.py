"""The one place where refusals become answers: `ValidationError` is 400, `PermissionDenied` 403, the same at both doors.

Operations raise Django's own two exceptions with a sentence that says what to do next. Not here: errors of AWS
(`portal.aws.errors`) and of documents (`runbooks.automation.document.Problem`).
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


def sentences(error: ValidationError) -> list[str]:
    """Every message of an error, with the field's name in front where there is one."""
    if hasattr(error, "error_dict"):
        return [
            message if field == "__all__" else f"{field}: {message}"
            for field, messages in error.message_dict.items()
            for message in messages
        ]
    return list(error.messages)


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler, with whatever was refused as 400: {"detail": first sentence, "problems": all of them, "fields"}.

    What a serializer could not read has the same shape as what an operation refuses; "fields" is keyed by path, like
    "objectives.0.rto", and missing where nothing belongs to a field.
    """
    if isinstance(error, exceptions.ValidationError):
        error = ValidationError(dict(_paths(error.detail)))
    if isinstance(error, ValidationError):
        problems = sentences(error)
        body: dict[str, Any] = {"detail": problems[0] if problems else "The request was refused.", "problems": problems}
        if hasattr(error, "error_dict"):
            body["fields"] = error.message_dict
        return Response(body, status=400)
    return exception_handler(error, context)


def _paths(errors: Any, path: str = "") -> list[tuple[str, list[str]]]:
    """A serializer's nested errors as pairs of path and sentences."""
    if isinstance(errors, dict):
        return [found for key, each in errors.items() for found in _paths(each, f"{path}.{key}" if path else str(key))]
    if isinstance(errors, list) and any(isinstance(each, dict) for each in errors):
        return [found for number, each in enumerate(errors) for found in _paths(each, f"{path}.{number}")]
    field = path.replace("non_field_errors", "__all__") or "__all__"
    return [(field, [str(each) for each in errors])]


class RefusalMiddleware:
    """Shows a refusal that no form caught as a page (or as a fragment for htmx) instead of a server error."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if iscoroutinefunction(get_response):
            raise TypeError("RefusalMiddleware runs synchronously.")
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ValidationError):
            return None
        return render(request, "400.html", {"problems": sentences(error)}, status=400)
