"""A worker's row: made, kept alive, made again after a restore, ended, cleared away; who counts as alive; the doors that ask."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from portal.people.models import Team, User
from runbooks import installation, tasks, workers
from runbooks.lease import later
from runbooks.models import Execution, Worker
from runbooks.tests.rows import an_execution
from runbooks.workers import Presence

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def seen_before(presence: Presence, seconds: float) -> None:
    Worker.objects.filter(pk=presence.id).update(seen_at=later(timedelta(seconds=-seconds)))


def test_a_beat_makes_the_row_and_the_next_one_keeps_it() -> None:
    here = Presence()
    here.beat()
    seen_before(here, 60)
    here.beat()
    assert Worker.objects.alive().get().pk == here.id
    assert here.reached == 2


def test_a_worker_unseen_for_half_a_minute_is_not_alive() -> None:
    here = Presence()
    here.beat()
    seen_before(here, 31)
    assert not Worker.objects.alive().exists()


def test_a_worker_that_ended_is_not_alive() -> None:
    here = Presence()
    here.beat()
    here.leave()
    assert not Worker.objects.alive().exists()
    assert Worker.objects.get().is_stopping


def test_a_row_lost_by_a_restore_is_made_again() -> None:
    here = Presence()
    here.beat()
    Worker.objects.all().delete()
    here.beat()
    assert Worker.objects.get().pk == here.id


def test_rows_of_workers_gone_for_a_week_are_cleared_away() -> None:
    old, here = Presence(), Presence()
    old.beat()
    seen_before(old, 8 * 86400)
    here.beat()
    assert Worker.objects.get().pk == here.id


def test_the_clock_of_this_host_is_compared_with_the_databases() -> None:
    assert abs(workers.measured_clock_offset()) < 5


def test_each_start_of_a_process_is_another_worker() -> None:
    assert Presence().id != Presence().id


@pytest.mark.django_db(transaction=True)  # tasks close their connections
@pytest.mark.parametrize("obstacle", ["stopping", "clock", "standstill"])
def test_hints_change_nothing_while_this_process_may_not_claim(
    obstacle: str, people: dict[str, User], team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = an_execution(people, team)
    here = Presence()
    if obstacle == "stopping":
        here.is_stopping = True
    elif obstacle == "clock":
        here.clock_offset = -30.5
    else:
        installation.quiesce("A test stops it.")
        Execution.objects.filter(pk=execution.pk).update(wake_at=Now())
    monkeypatch.setattr(workers, "HERE", here)
    before = Execution.objects.get(pk=execution.pk).fence
    tasks.advance(str(execution.pk))
    assert Execution.objects.get(pk=execution.pk).fence == before


def test_a_hint_is_followed_where_nothing_is_in_the_way(
    people: dict[str, User], team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "HERE", Presence())
    assert workers.may_claim()
