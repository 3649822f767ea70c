"""Those who watch a live page: whose page it is, what it shows, and whether its person may still see it.

Not here: who tells them what changed (`live_hub`).
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from portal.people.models import Membership, Role, User


@dataclass(frozen=True)
class Subject:
    """A row that is watched: the name of its scene and its key."""

    scene: str
    pk: UUID


@dataclass(frozen=True)
class Picture:
    """What a page shows at a revision, ready to be sent. After a final one nothing follows."""

    seen: str
    message: bytes
    is_final: bool


@dataclass(eq=False)
class Watcher:
    """One open page. `roles` are the person's in the row's team when its stream began.

    The hub sets `is_out` to end the stream of somebody who may not watch any more, `is_done` with the last picture.
    """

    subject: Subject
    user: User
    team_id: int
    roles: frozenset[Role]
    session_key: str
    seen: str = ""
    is_out: bool = False
    is_done: bool = False
    told_at: float = float("-inf")
    picture: Picture | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None

    async def next(self) -> Picture | None:
        """Wait for what comes next: a new picture, or None where the one that is shown still holds or `is_out`."""
        await self.woken.wait()
        self.woken.clear()
        picture, self.picture = self.picture, None
        return picture


def those_who_may_not(watchers: Collection[Watcher]) -> list[Watcher]:
    """Those who signed out, whose account or password changed, or whose roles are others now; three queries for all.

    A person with other roles is let go too: the page asks again and is answered by what they may do now.
    """
    sessions = Session.objects.filter(session_key__in={each.session_key for each in watchers}, expire_date__gt=Now())
    signed_in = set(sessions.values_list("session_key", flat=True))
    users = User.objects.in_bulk({each.user.pk for each in watchers})
    roles: dict[tuple[int, int], set[Role]] = {}
    memberships = Membership.objects.filter(user__in=users, team__in={each.team_id for each in watchers})
    for user, team, role in memberships.values_list("user_id", "team_id", "role"):
        roles.setdefault((user, team), set()).add(Role(role))

    def may(watcher: Watcher) -> bool:
        user = users.get(watcher.user.pk)
        if user is None or not user.is_active or watcher.session_key not in signed_in:
            return False
        now = {Role.ADMIN} if user.is_superuser else roles.get((user.pk, watcher.team_id), set())
        return now == watcher.roles and user.get_session_auth_hash() == watcher.user.get_session_auth_hash()

    return [watcher for watcher in watchers if not may(watcher)]
