"""The record of a drill: what docs/drill-record.md says of it is true, and the terminal says the same in words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbooks.management.drill_report import report
from runbooks.models import Drill, Phase
from runbooks.tests.drill_stage import INTERVAL, Stage

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "drill-record.md"
NAMED_BY_THE_DRILL = {"measured.regions.before", "measured.regions.during", "measured.regions.after", "samples.errors"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed(stage: Stage) -> Drill:
    """A drill with an outage, a hole in its samples, good answers during the outage, and lost records that came back."""
    drill = stage.injected()
    stage.after_injection(drill, "...." + "x" * 20 + ".:" + "x" * 10)
    last = drill.probe.samples.order_by("-sent_at").first()
    stage.last_sequence += 4
    stage.sample(drill, ":" * 80, last.sent_at + INTERVAL * 5)
    drill = stage.until_phase(drill, Phase.RESTORE)
    stage.survive(range(1, 11))
    return stage.until_over(drill)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The path of every leaf, as the page writes them."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            shown = "*" if path in NAMED_BY_THE_DRILL else name
            yield from paths(item, f"{path}.{shown}" if path else shown)
    elif isinstance(value, list) and value:
        for item in value:
            yield from paths(item, f"{path}[]")
    else:
        yield path


def test_the_page_names_every_field_of_a_record_and_no_other(closed: Drill) -> None:
    written = set(re.findall(r"^\| `([^`]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    found = set(paths(closed.record))
    assert found - written == set()
    assert written - found == set()


def test_a_record_is_plain_json(closed: Drill) -> None:
    assert json.loads(json.dumps(closed.record)) == closed.record


def test_the_record_pins_what_ran(closed: Drill) -> None:
    pinned = {row["part"]: row["version"]["sha256"] for row in closed.record["executions"]}
    assert pinned == {"injection": closed.injection.sha256, "recovery": closed.recovery.sha256,
                      "restoration": closed.restoration.sha256}  # fmt: skip


def test_the_split_adds_up_to_the_rto(closed: Drill) -> None:
    measured = closed.record["measured"]
    assert sum(measured["split"].values()) == pytest.approx(measured["rto_seconds"], abs=0.005)


def test_the_method_names_the_time_scale_and_the_address(closed: Drill) -> None:
    said = " ".join(closed.record["method"])
    assert "time scale of 0.02" in said
    assert "http://127.0.0.1:9/" in said


def test_the_terminal_shows_verdict_objectives_losses_and_method(closed: Drill) -> None:
    said = report(closed.record)
    for part in (f"Verdict   {closed.verdict}", "RTO", "RPO", "lost numbers: 8–10", "reappeared later: 8–10", "Method",
                 "Resolution", "break-it v1", "nobody watched from"):  # fmt: skip
        assert part in said


def test_the_terminal_shows_a_drill_that_measured_nothing(closed: Drill) -> None:
    record = closed.record
    measured = {**record["measured"], "split": None, "disrupted_at": None, "recovered_at": None, "is_rto_met": None,
                "rto_seconds": None, "rto_compared_seconds": None}  # fmt: skip
    said = report({**record, "measured": measured, "restoration": None})
    assert "not measured" in said
    assert "never" in said
