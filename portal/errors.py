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
    """DRF's handler, with Django's `ValidationError` as 400: {"detail": first sentence, "problems": [...all]}."""
    if isinstance(error, ValidationError):
        problems = sentences(error)
        body: dict[str, Any] = {"detail": problems[0] if problems else "The request was refused.", "problems": problems}
        if hasattr(error, "error_dict"):
            body["fields"] = error.message_dict
        return Response(body, status=400)
    return exception_handler(error, context)


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
