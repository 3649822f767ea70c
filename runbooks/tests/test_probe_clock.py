"""The clock of a sampler against the database's: they agree, a drift is followed, a jump and the host's clock are not."""

import time
from datetime import timedelta

import pytest

from runbooks import probe_clock

pytestmark = pytest.mark.django_db

GRAIN = timedelta(milliseconds=1)
"""What the databases' clocks round to."""


def test_the_probes_clock_agrees_with_the_database() -> None:
    clock = probe_clock.ProbeClock()
    error = timedelta(seconds=clock.error) + GRAIN
    before = probe_clock.database_now()
    found = clock.now()
    assert before - error <= found <= probe_clock.database_now() + error


def test_setting_the_hosts_clock_changes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert timedelta(0) <= clock.now() - before < timedelta(hours=1)


def test_a_jump_of_the_databases_clock_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    real = probe_clock.database_now
    monkeypatch.setattr(probe_clock, "database_now", lambda: real() + timedelta(hours=1))
    before = clock.now()
    clock.check()
    assert clock.now() - before < timedelta(minutes=30)


def test_a_drift_of_the_databases_clock_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = probe_clock.ProbeClock()
    real = probe_clock.database_now
    monkeypatch.setattr(probe_clock, "database_now", lambda: real() + timedelta(milliseconds=150))
    clock.check()
    error = timedelta(seconds=clock.error) + GRAIN
    before = real()
    assert clock.now() - before >= timedelta(milliseconds=150) - error
