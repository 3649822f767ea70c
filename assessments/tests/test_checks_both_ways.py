"""Every check against its scene: it fails what is wrong, passes what was mended, and makes exactly the calls it lists.

The sandbox is real, and no scene answers from a record; what a check was tried on, the table of checks says.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from assessments.checks.registry import CHECKS
from assessments.checks.results import Outcome, Result
from assessments.tests.check_scenes import data, proof, service
from assessments.tests.check_scenes.world import World, running_sandbox
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account

SCENES = {**data.SCENES, **service.SCENES, **proof.SCENES}
ALL = sorted(CHECKS)
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("checks")]


@dataclass(frozen=True)
class Played:
    """What a check said before and after the mending, and what it reached: the sandbox, or nothing."""

    before: Result
    after: Result
    reached: frozenset[str]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def play(sandbox: Sandbox) -> Callable[[str], Played]:
    """Plays a check's scene, once for all tests of the module."""
    played: dict[str, Played] = {}

    def once(name: str) -> Played:
        if name not in played:
            sandbox.reset()
            world = World(Account(sandbox))
            scene = SCENES[name](world)
            next(scene)
            before = world.examine(name)
            assert next(scene, "over") == "over"
            played[name] = Played(before, world.examine(name), frozenset(world.reached))
        return played[name]

    return once


@pytest.mark.parametrize("name", ALL)
def test_a_check_fails_where_what_it_looks_for_is_wrong(play: Callable[[str], Played], name: str) -> None:
    before = play(name).before
    assert before.outcome is Outcome.FAILED, before


@pytest.mark.parametrize("name", ALL)
def test_a_check_passes_when_that_was_mended(play: Callable[[str], Played], name: str) -> None:
    after = play(name).after
    assert after.outcome is Outcome.PASSED, after


@pytest.mark.parametrize("name", ALL)
def test_every_resource_is_judged_wrong_before_and_right_after(play: Callable[[str], Played], name: str) -> None:
    played = play(name)
    wrong = {row["kind"] for row in played.before.facts["findings"] if not row["is_met"]}
    assert wrong == {row["kind"] for row in played.before.facts["findings"]}
    assert all(row["is_met"] for row in played.after.facts["findings"])


@pytest.mark.parametrize("name", ALL)
def test_a_check_makes_exactly_the_calls_it_lists(play: Callable[[str], Played], name: str) -> None:
    played = play(name)
    assert {call.api for call in (*played.before.calls, *played.after.calls)} == set(CHECKS[name].apis)


@pytest.mark.parametrize("name", ALL)
def test_a_result_carries_its_facts_as_json_and_says_a_sentence(play: Callable[[str], Played], name: str) -> None:
    for result in (play(name).before, play(name).after):
        facts = json.loads(json.dumps(result.facts))
        assert result.resources
        assert all(row["facts"] for row in facts["findings"])
        assert result.sentence.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_the_table_says_what_a_check_was_tried_on(play: Callable[[str], Played], name: str) -> None:
    words = " and ".join(sorted(play(name).reached, reverse=True)) or "the portal's own facts"
    assert CHECKS[name].tried_on == words
