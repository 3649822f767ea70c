"""Scenes of checks of what the portal proved itself: drills and published runbooks."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from assessments.checks.context import DrillFact, Promise, RunbookFact
from assessments.tests.check_scenes.world import World

Scene = Callable[[World], Iterator[None]]


def drilled(world: World, verdict: str, **lengths: timedelta) -> None:
    ended_at = world.now - timedelta(days=10)
    world.drills = (DrillFact("8b1f", "region", verdict, ended_at, **lengths),)


def promised(world: World) -> None:
    world.objectives["region"] = Promise(rto=timedelta(minutes=15), rpo=timedelta(minutes=1))


def drill_recent_success(world: World) -> Iterator[None]:
    promised(world)
    drilled(world, "Not met")
    yield
    drilled(world, "Met")


def rto_met_in_drill(world: World) -> Iterator[None]:
    promised(world)
    drilled(world, "Not met", rto=timedelta(minutes=20))
    yield
    drilled(world, "Met", rto=timedelta(minutes=12))


def rpo_met_in_drill(world: World) -> Iterator[None]:
    promised(world)
    drilled(world, "Not met", rpo=timedelta(minutes=2))
    yield
    drilled(world, "Met", rpo=timedelta(seconds=8))


def runbook_published(world: World) -> Iterator[None]:
    yield
    world.runbooks = (RunbookFact("Fail over", 3, world.now),)


SCENES: dict[str, Scene] = {
    scene.__name__: scene for scene in (drill_recent_success, rto_met_in_drill, rpo_met_in_drill, runbook_published)
}
