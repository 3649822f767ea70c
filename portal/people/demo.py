"""The people of the sandbox's demonstration, one for each role. Only ever made and shown in sandbox mode.

Their passwords are public. `manage.py seed_demo` makes them; the sign-in page shows them by the context processor below.
"""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest

from portal.people.models import Role, User

TEAM_SLUG, TEAM_NAME = "mythical-mysfits", "Mythical Mysfits"
PASSWORD = "mysfits-demo"  # public on purpose, for the sandbox only


class DemoUser(NamedTuple):
    """Somebody to sign in as."""

    username: str
    full_name: str
    role: Role


DEMO_USERS = [
    DemoUser("vera", "Vera Viewer", Role.VIEWER),
    DemoUser("olga", "Olga Owner", Role.OWNER),
    DemoUser("arthur", "Arthur Author", Role.AUTHOR),
    DemoUser("petra", "Petra Approver", Role.APPROVER),
    DemoUser("rob", "Rob Responder", Role.RESPONDER),
    DemoUser("audrey", "Audrey Auditor", Role.AUDITOR),
    DemoUser("anna", "Anna Admin", Role.ADMIN),
]


def demo_users(request: HttpRequest) -> dict[str, object]:
    """Context processor: `demo_users` for the sign-in page, in sandbox mode and only those that exist."""
    if not settings.IS_SANDBOX or request.user.is_authenticated or not request.path.startswith("/accounts/"):
        return {}
    names = [each.username for each in DEMO_USERS]
    present = set(User.objects.filter(username__in=names, is_active=True).values_list("username", flat=True))
    shown = [
        {"name": each.username, "username": each.username, "roles": each.role.label, "password": PASSWORD}
        for each in DEMO_USERS
        if each.username in present
    ]
    return {"demo_users": shown}
