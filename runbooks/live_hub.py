"""One look a moment at the rows that are watched, for all who watch them: the hub behind the streams of live pages.

One thread a process and one connection to the database, however many watch. It looks at the revisions of all watched rows at
once, draws what changed once for each audience, and hands the picture to every watcher's event loop. Not here: what is drawn and
how it is sent (`views.live`).
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.db import Error, connection

from runbooks.live_watchers import Picture, Subject, Watcher, those_who_may_not
from runbooks.revisions import Revision

TICK = 0.25
"""Seconds between two looks."""
PACE = 0.6
"""Seconds from one picture of a row to the next, however fast it changes; its last one is never held back."""
BEAT = 3.0
"""Seconds after which a watcher who heard nothing is told that the picture still holds."""
RECHECK = 5.0
"""Seconds between two looks at whether those who watch still may."""

logger = logging.getLogger(__name__)


class Scene(Protocol):
    """What can be watched: how its rows are looked at, read and drawn. Called in the hub's thread."""

    def revisions(self, pks: Collection[UUID]) -> Mapping[UUID, Revision]:
        """How far the rows have come; those that are no more are left out."""

    def read(self, pk: UUID) -> Any:
        """Everything the page shows of a row, whoever looks."""

    def audience(self, board: Any, watcher: Watcher) -> Hashable:
        """What is equal for all who are to see the same of what was read."""

    def draw(self, board: Any, watcher: Watcher, revision: Revision) -> bytes:
        """The message with what was read, for the audience of a watcher."""


@dataclass
class _Shown:
    """What the hub read and drew of one row: at which revision, when, and for which audiences."""

    revision: Revision
    drawn_at: float
    board: Any = None
    pictures: dict[Hashable, Picture] = field(default_factory=dict)


class Hub:
    """Who watches what. `join` and `leave` are called from event loops, everything else happens in the hub's thread."""

    def __init__(self, scenes: Mapping[str, Scene], clock: Callable[[], float] = time.monotonic) -> None:
        self._scenes, self._clock = scenes, clock
        self._lock = threading.Lock()
        self._watchers: dict[Subject, set[Watcher]] = {}
        self._shown: dict[Subject, _Shown] = {}
        self._thread: threading.Thread | None = None
        self._checked_at = clock()
        self._is_cut_off = False

    def join(self, watcher: Watcher) -> None:
        """Watch from now on; within a tick the watcher is told how the row stands."""
        watcher.loop = asyncio.get_running_loop()
        with self._lock:
            self._watchers.setdefault(watcher.subject, set()).add(watcher)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
                self._thread.start()

    def leave(self, watcher: Watcher) -> None:
        """Watch no more. The thread ends with the last one."""
        with self._lock:
            left = self._watchers.get(watcher.subject, set())
            left.discard(watcher)
            if not left:
                self._watchers.pop(watcher.subject, None)

    def is_idle(self) -> bool:
        """Whether nobody watches and the thread and its connection are gone."""
        with self._lock:
            return self._thread is None

    def _run(self) -> None:
        """Look until nobody watches. What was not foreseen ends the thread and all streams; the pages then ask by themselves."""
        try:
            while self._is_wanted():
                self._look_or_wait()
                time.sleep(TICK)
        finally:
            connection.close()
            with self._lock:
                left = [watcher for watchers in self._watchers.values() for watcher in watchers]
                self._watchers.clear()
                self._shown.clear()
                self._thread = None
            self._dismiss(left)

    def _is_wanted(self) -> bool:
        with self._lock:
            return bool(self._watchers)

    def _look_or_wait(self) -> None:
        """A look the database does not answer is told to nobody: watchers hear nothing, and their pages say since when."""
        try:
            self.look()
        except Error as error:
            connection.close()
            if not self._is_cut_off:
                logger.warning("Live pages stand still, the database does not answer: %s", str(error).strip())
            self._is_cut_off = True
        else:
            if self._is_cut_off:
                logger.warning("The database answers again; live pages go on.")
            self._is_cut_off = False

    def look(self) -> None:
        """Look at all watched rows once and tell those whose picture changed. Raises the database's errors."""
        with self._lock:
            watched = {subject: list(watchers) for subject, watchers in self._watchers.items()}
        if self._clock() - self._checked_at >= RECHECK:
            self._dismiss(those_who_may_not([each for watchers in watched.values() for each in watchers]))
            self._checked_at = self._clock()
        for name, scene in self._scenes.items():
            pks = [subject.pk for subject in watched if subject.scene == name]
            found = scene.revisions(pks) if pks else {}
            for pk in pks:
                subject = Subject(name, pk)
                watchers = [watcher for watcher in watched[subject] if not watcher.is_out]
                self._show(subject, found.get(pk), watchers)
        for gone in self._shown.keys() - watched.keys():
            del self._shown[gone]

    def _show(self, subject: Subject, revision: Revision | None, watchers: list[Watcher]) -> None:
        if revision is None:
            self._dismiss(watchers)
            return
        shown, behind = self._shown.get(subject), [watcher for watcher in watchers if watcher.seen != revision.seen]
        age = self._clock() - shown.drawn_at if shown else PACE
        if revision.is_final:
            # Also who shows it already is told that nothing follows.
            behind = [watcher for watcher in watchers if not watcher.is_done]
        elif shown is not None and shown.revision != revision and age < PACE:
            behind = []
        if behind and (shown is None or shown.revision != revision or age >= PACE):
            shown = self._shown[subject] = _Shown(revision, self._clock())
        if behind and shown is not None:
            self._hand(subject, shown, behind)
        self._wake([*behind, *(each for each in watchers if self._clock() - each.told_at >= BEAT)])

    def _hand(self, subject: Subject, shown: _Shown, watchers: Iterable[Watcher]) -> None:
        """Give watchers what they are to see; the row is read once, and drawn once for all who see the same."""
        scene = self._scenes[subject.scene]
        shown.board = shown.board or scene.read(subject.pk)
        for watcher in watchers:
            audience = scene.audience(shown.board, watcher)
            if audience not in shown.pictures:
                message = scene.draw(shown.board, watcher, shown.revision)
                shown.pictures[audience] = Picture(shown.revision.seen, message, shown.revision.is_final)
            watcher.seen, watcher.picture = shown.revision.seen, shown.pictures[audience]
            watcher.is_done = shown.revision.is_final

    def _dismiss(self, watchers: Iterable[Watcher]) -> None:
        """End streams; the pages ask again by themselves and are told why they may not."""
        dismissed = list(watchers)
        for watcher in dismissed:
            watcher.is_out = True
        self._wake(dismissed)

    def _wake(self, watchers: Iterable[Watcher]) -> None:
        """Wake the streams of watchers, with one call for each event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Watcher]] = {}
        for watcher in watchers:
            watcher.told_at = self._clock()
            if watcher.loop is not None:
                by_loop.setdefault(watcher.loop, []).append(watcher)
        for loop, woken in by_loop.items():
            try:
                loop.call_soon_threadsafe(_set_all, woken)
            except RuntimeError:  # the loop was closed: the server ends
                logger.debug("An event loop ended with %s streams.", len(woken))


def _set_all(watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.woken.set()
