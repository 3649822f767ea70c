"""Reports as PDF, set by typst from `typst/*.typ` and the report's JSON. No network, no fonts but those that typst carries.

The JSON is data to the template, never source, so nothing that people wrote is ever read as markup. Not here: the layout (the
templates) and what is reported (`content`, `consolidated`).
"""

import json
from pathlib import Path
from typing import Any

import typst

from assessments.reports.consolidated import ConsolidatedReport
from assessments.reports.content import Report
from assessments.reports.words import RISKS, shown_reason, shown_risk, shown_status

CONTENT_TYPE = "application/pdf"
_TEMPLATES = Path(__file__).parent / "typst"


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
    inputs = {"report": json.dumps(told), "words": json.dumps(words)}
    made = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        ignore_system_fonts=True,
        sys_inputs=inputs,
        pdf_standards="ua-1",
    )
    if not isinstance(made, bytes):
        raise TypeError(f"typst made {type(made).__name__} of {template}, not the bytes of one PDF")
    return made


def _codes(told: Any, name: str) -> set[str]:
    """Every value that stands under a name, anywhere in the report."""
    if isinstance(told, dict):
        own = {told[name]} if isinstance(told.get(name), str) else set()
        return own.union(*(_codes(value, name) for value in told.values()))
    if isinstance(told, list | tuple):
        return set().union(*(_codes(value, name) for value in told))
    return set()
