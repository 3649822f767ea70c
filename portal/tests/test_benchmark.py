"""`manage.py benchmark` from end to end with tiny sizes: every figure is there. Its full run is by hand (docs/performance.md)."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from portal.benchmark.figures import Figure
from portal.management.commands import benchmark

FIGURES = [
    "floor: plain loop",
    "floor + one durable commit per step",
    "W(3), steps that read",
    "W(3), steps that change",
    "CPU of the plain loop",
    "CPU of the worker",
    "start to first step, by polling",
    "W(2, 2), two workers",
    "the same over warm plain loops",
    "CPU of the workers, many at once",
    "memory, two workers, 2 at once",
    "growth of the workers",
    "start to first step, with a broker",
]


@pytest.mark.long
def test_every_figure_of_the_engine_is_measured_on_a_database_of_its_own() -> None:
    said = StringIO()
    options = {"part": "floor-and-engine", "database": "sqlite", "scale": 0.01, "repetitions": 1, "json": True}
    call_command("benchmark", **options, stdout=said)
    report = json.loads(said.getvalue())
    figures = {figure["name"]: figure for figure in report["parts"]["floor-and-engine"]}
    assert list(figures) == FIGURES
    assert (report["database"], report["scale"]) == ("sqlite", 0.01)
    unmeasured = {name: figure["how"] for name, figure in figures.items() if figure["value"] is None}
    assert unmeasured == {"start to first step, with a broker": "needs --broker"}
    assert all(figure["value"] > 0 for name, figure in figures.items() if "x" in figure["unit"])


@pytest.mark.parametrize(
    ("value", "goal", "direction", "is_met"),
    [
        (1.0, 2.0, "at most", True),
        (3.0, 2.0, "at most", False),
        (3.0, 2.0, "at least", True),
        (None, 2.0, "at most", None),
    ],
)
def test_a_figure_knows_whether_its_goal_is_met(
    value: float | None, goal: float, direction: str, is_met: bool | None
) -> None:
    assert Figure("x", value, "ms", goal, direction).is_met is is_met


def test_a_missed_goal_stands_out_in_the_table() -> None:
    missed = Figure("memory", 300.4, "MB", 250, how="resident").as_json()
    assert benchmark.line(missed).split() == ["memory", "300.4", "MB", "at", "most", "250", "MISSED", "resident"]
