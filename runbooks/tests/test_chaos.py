"""The short chaos run of the suite, and, in the long one, proof that it notices mutants of the protocol, each of them.

The long run is `manage.py chaos --seconds 1800 --database postgresql`, all mutants `manage.py chaos --mutant all`.
"""

import random
import re

import pytest

from runbooks.tests.chaos import campaign, invariants
from runbooks.tests.chaos.mutants import MUTANTS
from runbooks.tests.test_processes import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine, pytest.mark.xdist_group("processes")]


def played(**said: float | str) -> campaign.Report:
    seed = random.SystemRandom().randrange(2**31)
    report = campaign.run(campaign.Plan(**{"seed": seed, **said}), database_url())
    print(report.table())
    return report


def test_nothing_is_lost_and_nothing_happens_twice_while_workers_are_killed_stopped_and_lied_to() -> None:
    """Short, and always the same die: what it is thrown for still depends on how fast this machine is."""
    report = played(seconds=5, workers=3, seed=20, least_attempts=20)
    assert report.violations == [], report.table()
    assert report.counts["kill -9"] > 0 and report.counts["attempts"] >= 20, report.table()


@pytest.mark.long
def test_a_minute_of_it_with_another_die_each_time_violates_nothing() -> None:
    report = played(seconds=60)
    assert report.violations == [], report.table()
    assert report.counts["kill -9"] and report.counts["attempts"] > 20, report.table()


@pytest.mark.long
@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_a_chaos_run_notices_every_mutant(mutant: str) -> None:
    report = played(seconds=240, mutant=mutant)
    assert report.broken, report.table()


def test_every_rule_of_the_comparison_names_its_invariant() -> None:
    for rule in (*invariants.STANDING, *invariants.SETTLED):
        assert rule.__doc__, rule


def test_every_mutant_says_what_it_takes_away() -> None:
    assert all(re.search(r"\w+ \w+", mutant.meaning) for mutant in MUTANTS.values())
