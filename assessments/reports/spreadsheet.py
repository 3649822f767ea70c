"""Reports as Excel workbooks. Numbers are numbers; every text is written as text, so that none is ever taken for a formula."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from assessments.reports.consolidated import ConsolidatedReport
from assessments.reports.content import Report
from assessments.reports.words import RISKS, shown_reason, shown_risk, shown_status

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A cell of Excel holds no more: https://support.microsoft.com/office/excel-specifications-and-limits.
_LONGEST = 32_767
_HEAD, _HEAD_FILL = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F3A5F")
_FILLS = {
    "HIGH": PatternFill("solid", fgColor="F6C8C4"),
    "MEDIUM": PatternFill("solid", fgColor="F9E0B5"),
    "NONE": PatternFill("solid", fgColor="C9E8D2"),
}
_WRAPPED = Alignment(wrap_text=True, vertical="top")

Row = Sequence[Any]


_IMPROVEMENTS = "Order|Question|Title|Pillar|Risk|Reaches|Choose|Status|Owner|Due|Overdue|Note".split("|")
_QUESTIONS = "Number|Id|Question|Pillar|Risk|Rests on|Applies|Reason|Assignee|Notes|Evidence".split("|")
_CHOICES = "Question|Choice|Status|Reason|Rests on|Notes".split("|")


def spreadsheet_of(report: Report) -> bytes:
    """A workbook with the sheets Summary, Pillars, Improvements, Questions, Choices, Trend."""
    book = Workbook(write_only=True)
    risks, widths = tuple(map(shown_risk, RISKS)), [14] * len(RISKS)
    counts = [(shown_risk(risk), report.counts[risk]) for risk in RISKS]
    summary = [*_facts(report), ("Questions", report.total), *counts, *_standings(report)]
    _sheet(book, "Summary", ("What", "Value"), summary, (34, 60))
    pillars = [(each.name, each.total, *_numbers(each.counts)) for each in report.pillars]
    _sheet(book, "Pillars", ("Pillar", "Questions", *risks), pillars, (44, 12, *widths))
    wide = (8, 10, 60, 30, 12, 12, 60, 18, 24, 12, 10, 50)
    _sheet(book, "Improvements", _IMPROVEMENTS, _improvements(report), wide)
    _sheet(book, "Questions", _QUESTIONS, _questions(report), (8, 24, 60, 30, 12, 14, 10, 22, 20, 50, 50))
    _sheet(book, "Choices", _CHOICES, _choices(report), (10, 70, 16, 22, 14, 50))
    trend = [
        ("now" if each.number is None else each.number, each.name, _naive(each.at), *_numbers(each.counts))
        for each in report.trend
    ]
    _sheet(book, "Trend", ("Milestone", "Name", "At (UTC)", *risks), trend, (12, 40, 20, *widths))
    return _bytes(book)


def consolidated_spreadsheet(report: ConsolidatedReport) -> bytes:
    """A workbook with the sheets Summary, Tiers, Services, Heat map."""
    book = Workbook(write_only=True)
    summary: list[Row] = [
        ("Made at (UTC)", _naive(report.made_at)),
        ("Lens", report.lens or "all lenses"),
        *((f"Narrowed by {name}", value) for name, value in report.narrowed_by.items()),
        ("Services", report.services_total),
        ("Not assessed", report.unassessed),
        *((shown_risk(risk), report.counts[risk]) for risk in RISKS),
    ]
    _sheet(book, "Summary", ("What", "Value"), summary, (34, 40))
    risks, width = tuple(map(shown_risk, RISKS)), [14] * len(RISKS)
    tiers = [(each.tier, each.name, each.services, each.unassessed, *_numbers(each.counts)) for each in report.tiers]
    _sheet(book, "Tiers", ("Tier", "Name", "Services", "Not assessed", *risks), tiers, (8, 24, 12, 14, *width))
    services = [
        (
            each.name,
            each.tier,
            each.team,
            each.owner,
            "yes" if each.is_assessed else "no",
            *_numbers(each.counts),
        )
        for each in report.services
    ]
    _sheet(
        book,
        "Services",
        ("Service", "Tier", "Team", "Owner", "Assessed", *risks),
        services,
        (40, 8, 26, 26, 12, *width),
    )
    heat = [(each.name, each.tier, *(_heat(cell.counts) for cell in each.cells)) for each in report.services]
    _sheet(book, "Heat map", ("Service", "Tier", *report.headings), heat, (40, 8, *[26] * len(report.headings)))
    return _bytes(book)


def _numbers(counts: Mapping[str, int]) -> list[int]:
    return [counts[risk] for risk in RISKS]


def _facts(report: Report) -> Iterable[Row]:
    yield "Service", report.service["name"]
    yield "Tier", report.service["tier"]
    yield "Team", report.service["team"]
    yield "Lens", f"{report.lens['name']} {report.lens['version']}"
    yield "SHA-256 of the lens", report.lens["sha256"]
    if report.milestone:
        yield "Milestone", f"{report.milestone['number']}. {report.milestone['name']}"
        yield "SHA-256 of the milestone", report.milestone["sha256"]
    yield "Made at (UTC)", _naive(report.made_at)


def _standings(report: Report) -> Iterable[Row]:
    return ((f"Answers {standing}", count) for standing, count in report.standings.items())


def _improvements(report: Report) -> Iterable[Row]:
    for each in report.improvements:
        yield (
            each.order,
            each.question,
            each.title,
            each.pillar,
            each.risk,
            each.reached or "no choice helps",
            "\n".join(each.choices),
            shown_status(each.status),
            each.owner,
            each.due_on,
            "yes" if each.is_overdue else "",
            each.note,
        )


def _questions(report: Report) -> Iterable[Row]:
    for each in report.questions:
        evidence = "\n".join(piece.title or piece.value for piece in each.evidence)
        applies = "yes" if each.is_applicable else "no"
        reason = shown_reason(each.reason)
        yield (
            each.number,
            each.id,
            each.title,
            each.pillar,
            each.risk,
            each.standing,
            applies,
            reason,
            each.assignee,
            each.notes,
            evidence,
        )


def _choices(report: Report) -> Iterable[Row]:
    for question in report.questions:
        for each in question.choices:
            reason = shown_reason(each.reason)
            yield question.number, each.title, shown_status(each.status), reason, each.standing, each.notes


def _heat(counts: Mapping[str, int] | None) -> str:
    if counts is None:
        return "not assessed"
    said = [f"{counts[risk]} {shown_risk(risk).lower()}" for risk in ("HIGH", "MEDIUM", "UNANSWERED") if counts[risk]]
    return ", ".join(said) or "no risk"


def _naive(at: str) -> datetime:
    """Excel knows no time zones: UTC, as the heading says."""
    return datetime.fromisoformat(at).replace(tzinfo=None)


def _sheet(book: Any, title: str, heads: Row, rows: Iterable[Row], widths: Sequence[int]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append([_cell(sheet, head, is_head=True) for head in heads])
    written = 1
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
        written += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{written}"


def _cell(sheet: Any, value: Any, *, is_head: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=None)
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST]
        cell.data_type = "s"
        cell.alignment = _WRAPPED
        if value in _FILLS:
            cell.fill = _FILLS[value]
    else:
        cell.value = value
        cell.alignment = Alignment(vertical="top")
        if isinstance(value, datetime):
            cell.number_format = "yyyy-mm-dd hh:mm:ss"
    if is_head:
        cell.font, cell.fill = _HEAD, _HEAD_FILL
    return cell


def _bytes(book: Any) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
