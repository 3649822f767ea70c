"""The hub by itself: who is told what and when, by a clock and scenes of the test's own. Over real sockets: `test_live`."""

import asyncio
import uuid
from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from portal.people.models import Role, User
from runbooks.live_hub import BEAT, PACE, TICK, Hub
from runbooks.live_watchers import Picture, Subject, Watcher
from runbooks.revisions import Revision
from runbooks.tests.asgi_server import wait_for
from runbooks.views.live import BEAT as BEAT_EVENT
from runbooks.views.live import END, events

ROW = UUID(int=1)


class Scene:
    """Rows that are what the test says; counts how often they are read and drawn."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Revision] = {ROW: Revision("1", is_final=False)}
        self.read_count = 0
        self.drawn: list[Hashable] = []
        self.is_down = False

    def revisions(self, pks: Collection[UUID]) -> Mapping[UUID, Revision]:
        if self.is_down:
            raise OperationalError("the server closed the connection")
        return {pk: self.rows[pk] for pk in pks if pk in self.rows}

    def read(self, pk: UUID) -> str:
        self.read_count += 1
        return "board"

    def audience(self, board: Any, watcher: Watcher) -> Hashable:
        return watcher.roles

    def draw(self, board: Any, watcher: Watcher, revision: Revision) -> bytes:
        self.drawn.append(watcher.roles)
        return f"{revision.seen} for {', '.join(watcher.roles)}".encode()

    def move(self, seen: str, *, is_final: bool = False) -> None:
        self.rows[ROW] = Revision(seen, is_final)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stand:
    """A hub without its thread: the test looks."""

    def __init__(self, clock: Clock, scene: Scene) -> None:
        self.clock, self.scene = clock, scene
        self.hub = Hub({"row": scene}, clock)

    def watcher(self, role: Role = Role.VIEWER, seen: str = "1") -> Watcher:
        user = User(pk=uuid.uuid4().int % 1000, username="somebody")
        made = Watcher(Subject("row", ROW), user, 1, frozenset({role}), "session", seen)
        made.told_at = self.clock.now
        self.hub._watchers.setdefault(made.subject, set()).add(made)
        return made

    def look(self, after: float = TICK) -> None:
        self.clock.now += after
        self.hub.look()


@pytest.fixture
def stand() -> Iterator[Stand]:
    yield Stand(Clock(), Scene())


def shown(watcher: Watcher) -> str | None:
    """What the watcher was given since the last time."""
    picture, watcher.picture = watcher.picture, None
    return picture.seen if picture else None


def test_nothing_is_read_or_drawn_while_nothing_changes(stand: Stand) -> None:
    watcher = stand.watcher()
    for _ in range(10):
        stand.look()
    assert (stand.scene.read_count, shown(watcher)) == (0, None)


def test_a_change_is_read_once_and_drawn_once_for_all_who_see_the_same(stand: Stand) -> None:
    watchers = [stand.watcher(role) for role in [Role.VIEWER] * 20 + [Role.RESPONDER] * 3]
    stand.scene.move("2")
    stand.look()
    assert [shown(watcher) for watcher in watchers] == ["2"] * 23
    assert (stand.scene.read_count, len(stand.scene.drawn)) == (1, 2)


def test_a_page_that_shows_something_old_gets_what_is_now(stand: Stand) -> None:
    current, old = stand.watcher(), stand.watcher(seen="0")
    stand.look()
    assert (shown(current), shown(old)) == (None, "1")


def test_a_row_that_changes_all_the_time_is_drawn_at_a_measured_pace_and_its_last_state_is_shown(stand: Stand) -> None:
    watcher = stand.watcher()
    seen = []
    for number in range(2, 42):
        stand.scene.move(str(number))
        stand.look(after=0.1)
        seen.append(shown(watcher))
    stand.look(after=PACE)
    seen.append(shown(watcher))
    told = [each for each in seen if each]
    assert told[-1] == "41"
    assert len(told) <= 4.1 / PACE + 2


def test_the_end_is_not_held_back_and_is_told_once(stand: Stand) -> None:
    watcher = stand.watcher()
    stand.scene.move("2")
    stand.look()
    stand.scene.move("3", is_final=True)
    stand.look(after=0.01)
    assert watcher.picture is not None
    assert (watcher.picture.seen, watcher.picture.is_final) == ("3", True)
    assert shown(watcher) == "3"
    stand.look(after=PACE * 2)
    assert shown(watcher) is None


def test_somebody_who_comes_late_is_not_shown_an_old_drawing(stand: Stand) -> None:
    stand.watcher()
    stand.scene.move("2")
    stand.look()
    late = stand.watcher(seen="0")
    stand.look(after=PACE * 2)  # clocks of the first drawing would be slow by as much
    assert (shown(late), len(stand.scene.drawn)) == ("2", 2)


def test_a_row_that_is_no_more_ends_its_streams(stand: Stand) -> None:
    watcher = stand.watcher()
    del stand.scene.rows[ROW]
    stand.look()
    assert watcher.is_out


def test_who_heard_nothing_for_a_while_is_told_that_it_still_holds(stand: Stand) -> None:
    watcher = stand.watcher()
    stand.look(after=BEAT - 0.1)
    assert watcher.told_at < stand.clock.now
    stand.look(after=0.2)
    assert watcher.told_at == stand.clock.now
    assert shown(watcher) is None


def test_nobody_is_told_anything_while_the_database_is_away(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    watcher = stand.watcher()
    told_at = watcher.told_at
    stand.scene.is_down = True
    stand.clock.now += BEAT + 1
    for _ in range(3):
        stand.hub._look_or_wait()
    assert watcher.told_at == told_at
    stand.scene.is_down = False
    stand.scene.move("2")
    stand.hub._look_or_wait()
    assert shown(watcher) == "2"
    assert [record.message.partition(",")[0] for record in caplog.records if record.name == "runbooks.live_hub"] == [
        "Live pages stand still",
        "The database answers again; live pages go on.",
    ]


# --- with its thread, in an event loop ------------------------------------------------------------------------------------


def test_a_stream_tells_pictures_and_beats_ends_with_the_last_and_lets_the_hub_rest() -> None:
    scene = Scene()
    hub = Hub({"row": scene})

    async def listen() -> list[bytes]:
        watcher = Watcher(Subject("row", ROW), User(), 1, frozenset({Role.VIEWER}), "session", "1")
        heard = []
        async for event in events(hub, watcher, "token"):
            heard.append(event)
            scene.move("2", is_final=True)
        return heard

    assert asyncio.run(asyncio.wait_for(listen(), 30)) == [BEAT_EVENT, b"2 for viewer", END]
    wait_for(hub.is_idle, "the hub rests")


def test_a_hub_that_fails_ends_its_streams_and_begins_anew_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    hub = Hub({"row": scene})
    monkeypatch.setattr("threading.excepthook", lambda _: None)  # the failure is meant

    async def listen(seen: str) -> list[bytes]:
        watcher = Watcher(Subject("row", ROW), User(), 1, frozenset({Role.VIEWER}), "session", seen)
        return [event async for event in events(hub, watcher, "token")]

    def broken(pk: UUID) -> str:
        raise ZeroDivisionError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(scene, "read", broken)
        assert asyncio.run(asyncio.wait_for(listen("0"), 30)) == []
        wait_for(hub.is_idle, "the thread has ended")
    scene.move("2", is_final=True)
    assert asyncio.run(asyncio.wait_for(listen("0"), 30)) == [b"2 for viewer", END]
    wait_for(hub.is_idle, "the hub rests")


def test_a_picture_given_late_is_the_newest_one() -> None:
    """A page that reads slowly misses pictures in between, never the last."""

    async def read() -> Picture | None:
        watcher = Watcher(Subject("row", ROW), User(), 1, frozenset(), "session")
        for seen in "123":
            watcher.picture = Picture(seen, b"", is_final=False)
            watcher.woken.set()
        return await watcher.next()

    picture = asyncio.run(read())
    assert picture is not None
    assert picture.seen == "3"
