"""Reports as PDF, set by typst from `typst/*.typ` and the report's JSON. No network, no fonts but those that typst carries.

The JSON is data to the template, never source, so nothing that people wrote is ever read as markup. Typst runs in a process of
its own (`typesetter.py`), bounded in time and memory, a few at a time: a report that is too large, or one that typst chokes on,
costs its reader a sentence and nobody else anything. Not here: the layout (the templates) and what is reported (`content`,
`consolidated`).
"""

import json
import logging
import math
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from assessments.reports.consolidated import ConsolidatedReport
from assessments.reports.content import Report
from assessments.reports.words import RISKS, shown_reason, shown_risk, shown_status

CONTENT_TYPE = "application/pdf"
LONGEST = timedelta(seconds=60)
MEMORY_BYTES = 1536 * 1024**2
_TEMPLATES = Path(__file__).parent / "typst"
_PROGRAM = Path(__file__).with_name("typesetter.py")
# One process of the portal sets so many at once; who comes then waits for a turn as long as a report may take.
_TURNS = threading.BoundedSemaphore(2)

log = logging.getLogger(__name__)


class NotSet(ValidationError):
    """The PDF was not made; the sentence says what to do instead."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The PDF was not made: {why} The spreadsheet and JSON have the same numbers.")


def pdf_of(report: Report) -> bytes:
    """The report on one assessment."""
    return _set("assessment.typ", report.told())


def consolidated_pdf(report: ConsolidatedReport) -> bytes:
    """The report over many services."""
    return _set("consolidated.typ", report.told())


def _set(template: str, told: dict[str, Any]) -> bytes:
    words = {
        "risks": [[risk, shown_risk(risk)] for risk in RISKS],
        "statuses": {code: shown_status(code) for code in _codes(told, "status")},
        "reasons": {code: shown_reason(code) for code in _codes(told, "reason")},
    }
    task = {
        "template": str(_TEMPLATES / template),
        "root": str(_TEMPLATES),
        "inputs": {"report": json.dumps(told), "words": json.dumps(words)},
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": math.ceil(LONGEST.total_seconds()),
    }
    if not _TURNS.acquire(timeout=LONGEST.total_seconds()):
        raise NotSet("other reports are being set. Try again in a minute.")
    try:
        return _run(task)
    finally:
        _TURNS.release()


def _run(task: dict[str, Any]) -> bytes:
    program = [sys.executable, "-I", str(_PROGRAM)]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; the report is data it reads
            program,
            input=json.dumps(task).encode(),
            capture_output=True,
            timeout=LONGEST.total_seconds(),
            env={"LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired as error:
        told = f"it took longer than {LONGEST.total_seconds():.0f} s. Narrow the report to fewer services."
        raise NotSet(told) from error
    if done.returncode != 0:
        log.error("%s ended with %d: %s", task["template"], done.returncode, done.stderr.decode("utf-8", "replace"))
        raise NotSet("it is too large for this portal, or typst failed; the portal's log says why. Narrow the report.")
    return done.stdout


def _codes(told: Any, name: str) -> set[str]:
    """Every value that stands under a name, anywhere in the report."""
    if isinstance(told, dict):
        own = {told[name]} if isinstance(told.get(name), str) else set()
        return own.union(*(_codes(value, name) for value in told.values()))
    if isinstance(told, list | tuple):
        return set().union(*(_codes(value, name) for value in told))
    return set()
