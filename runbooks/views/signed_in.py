"""Who asks. Every page of this half is for people who signed in; the middleware has seen to that."""

from typing import cast

from django.http import HttpRequest

from portal.people.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person of a request."""
    return cast(User, request.user)
