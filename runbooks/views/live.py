"""Streams of live pages: one a page, fed by the hub of this process (server-sent events; see decision 0010).

A stream sends `picture` (the page's live part, where it differs from what the page shows), `beat` (what is shown still holds) and
`end` (nothing will change any more). It holds no connection to the database. Under a server without ASGI there is none: the page
then asks for its fragment, as it does wherever streams do not come through.
"""

import json
import secrets
import uuid
from collections.abc import AsyncIterator, Collection, Hashable, Mapping
from typing import Any
from uuid import UUID

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import path
from django.views.decorators.http import require_GET

from portal.people.permissions import PERMISSIONS, Act, roles_of
from runbooks.boards import Board, visible_executions
from runbooks.boards import board_of as execution_board
from runbooks.drill_boards import DrillBoard, visible_drills
from runbooks.drill_boards import board_of as drill_board
from runbooks.live_hub import Hub
from runbooks.live_watchers import Picture, Subject, Watcher
from runbooks.models import Drill, Execution
from runbooks.revisions import Revision, revisions_of_drills, revisions_of_executions
from runbooks.views import drills, executions
from runbooks.views.signed_in import person

# What is each page's own stands in a picture as marks nobody can guess, and is filled in when it is sent.
_KEY, _CSRF = secrets.token_hex(16), secrets.token_hex(32)
BEAT = b"event: beat\ndata: -\n\n"
END = b"event: end\ndata: -\n\n"


class ExecutionScene:
    """Executions, as `execution_fragment` shows them."""

    def revisions(self, pks: Collection[UUID]) -> Mapping[UUID, Revision]:
        return revisions_of_executions(pks)

    def read(self, pk: UUID) -> Board:
        related = ("version__runbook", "service", "account", "team", "started_by", "incident", "drill")
        return execution_board(Execution.objects.select_related(*related).get(pk=pk))

    def audience(self, board: Board, watcher: Watcher) -> Hashable:
        return audience_of(watcher, is_approval=board.waits_for_approval)

    def draw(self, board: Board, watcher: Watcher, revision: Revision) -> bytes:
        context = executions.page_context(watcher.user, board.execution, board=board, key=_KEY)
        return message_with("runbooks/execution_fragment.html", context, revision)


class DrillScene:
    """Drills, as `drill_fragment` shows them."""

    def revisions(self, pks: Collection[UUID]) -> Mapping[UUID, Revision]:
        return revisions_of_drills(pks)

    def read(self, pk: UUID) -> DrillBoard:
        related = ("service", "team", "account", "started_by", "injection", "recovery", "restoration__runbook", "probe")
        return drill_board(Drill.objects.select_related(*related).get(pk=pk))

    def audience(self, board: DrillBoard, watcher: Watcher) -> Hashable:
        waiting = board.running.open_step if board.running else None
        return audience_of(watcher, is_approval=waiting is not None and bool(waiting.waits_for))

    def draw(self, board: DrillBoard, watcher: Watcher, revision: Revision) -> bytes:
        context = drills.page_context(watcher.user, board.drill, board=board, key=_KEY)
        return message_with("runbooks/drill_live.html", context, revision)


HUB = Hub({"execution": ExecutionScene(), "drill": DrillScene()})


def audience_of(watcher: Watcher, *, is_approval: bool) -> Hashable:
    """Who sees the same: those who may do the same. While an approval is waited for, each approver sees it alone."""
    acts = frozenset().union(*(PERMISSIONS[role] for role in watcher.roles))
    is_alone = is_approval and Act.APPROVE in acts
    return (acts & {Act.START, Act.CONTROL}, (watcher.user.pk, watcher.team_id) if is_alone else None)


def message_with(template: str, context: Mapping[str, Any], revision: Revision) -> bytes:
    """The event with a page's live part, with marks where each page has something of its own."""
    drawn = json.dumps(render_to_string(template, {**context, "csrf_token": _CSRF}))
    return f"event: picture\nid: {revision.seen}\ndata: {drawn}\n\n".encode()


@require_GET
def execution_stream(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What changes on the page of an execution, as it changes."""
    execution = get_object_or_404(visible_executions(person(request)), pk=pk)
    return stream(request, Subject("execution", execution.pk), execution.team_id)


@require_GET
def drill_stream(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What changes on the page of a drill, as it changes."""
    drill = get_object_or_404(visible_drills(person(request)), pk=pk)
    return stream(request, Subject("drill", drill.pk), drill.team_id)


def stream(request: HttpRequest, subject: Subject, team_id: int) -> HttpResponseBase:
    """The stream of one page that shows `seen`; 204, which a browser takes as "do not ask again", where none is possible."""
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=204)
    user = person(request)
    watcher = Watcher(
        subject=subject,
        user=user,
        team_id=team_id,
        roles=frozenset(roles_of(user, team_id)),
        session_key=request.session.session_key or "",
        seen=request.headers.get("Last-Event-ID") or request.GET.get("seen", ""),
    )
    answer = StreamingHttpResponse(
        events(HUB, watcher, get_token(request)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    connections.close_all()  # a stream that kept this thread's connection would keep it for hours
    return answer


async def events(hub: Hub, watcher: Watcher, token: str) -> AsyncIterator[bytes]:
    """The events of a stream, until the row is final, its person may not watch any more, or the page is gone."""
    hub.join(watcher)
    try:
        while True:
            picture = await watcher.next()
            if picture is not None:
                yield filled(picture, token)
                if picture.is_final:
                    yield END
                    return
            elif watcher.is_out:
                return
            else:
                yield BEAT
    finally:
        hub.leave(watcher)


def filled(picture: Picture, token: str) -> bytes:
    """A picture's message with a page's own token and a key that no other page sends."""
    return picture.message.replace(_CSRF.encode(), token.encode()).replace(_KEY.encode(), uuid.uuid4().hex.encode())


urlpatterns = [
    path("executions/<uuid:pk>/stream/", execution_stream, name="execution_stream"),
    path("drills/<uuid:pk>/stream/", drill_stream, name="drill_stream"),
]
