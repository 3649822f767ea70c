"""Who asks. Pages are for people who signed in; the middleware has seen to that before a view runs."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from portal.people.models import User


def person(request: HttpRequest | Request) -> User:
    """The signed-in person of a request."""
    return cast(User, request.user)
