"""Reports: the same numbers in value, JSON, spreadsheet and PDF; milestones as they were; no text becomes a formula or markup."""

import json
import subprocess
import threading
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader

from assessments.models import Assessment
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, save_answer
from assessments.operations.improvement import ImprovementDraft, save_improvement
from assessments.operations.milestones import record_milestone
from assessments.portfolio import Wanted
from assessments.reports import pdf
from assessments.reports.consolidated import consolidated_of
from assessments.reports.content import Report, report_of
from assessments.reports.pdf import consolidated_pdf, pdf_of
from assessments.reports.spreadsheet import consolidated_spreadsheet, spreadsheet_of
from assessments.reports.words import RISKS, shown_risk
from assessments.tests.rows import answered
from portal.people.models import User

pytestmark = pytest.mark.django_db
EVIL = '=HYPERLINK("http://x","y") #eval("1") *bold* <b>x</b>'


@pytest.fixture
def judged(owner: User, assessment: Assessment) -> Assessment:
    """backup at MEDIUM with evil notes and a planned improvement, restore unanswered; one milestone before that."""
    answered(owner, assessment, "backup", "backup_no")
    record_milestone(user=owner, assessment=assessment, name="Before")
    draft = AnswerDraft({"tested": ChoiceAnswer("SELECTED", notes=EVIL)}, notes=EVIL)
    save_answer(user=owner, assessment=assessment, question_id="backup", draft=draft, base_revision=1)
    planned = ImprovementDraft("IN_PROGRESS", owner, None, EVIL)
    save_improvement(user=owner, assessment=assessment, question_id="backup", draft=planned, base_revision=0)
    return assessment


def book(content: bytes) -> Workbook:
    return load_workbook(BytesIO(content))


def rows(workbook: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(workbook[sheet].iter_rows(min_row=2, values_only=True))


def pdf_text(content: bytes) -> str:
    """The text of a PDF as a reader copies it, each run of blanks as one."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


def test_the_value_counts_what_the_answers_say(judged: Assessment) -> None:
    report = report_of(judged)
    assert report.counts == {"UNANSWERED": 1, "HIGH": 0, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 0}
    assert report.total == 2
    assert [(each.name, each.counts["MEDIUM"]) for each in report.pillars] == [
        ("Pillar reliability", 1),
        ("Pillar operations", 0),
    ]
    assert [(each.name, each.counts["HIGH"]) for each in report.trend] == [("Before", 1), ("Now", 0)]
    (line,) = report.improvements
    assert (line.order, line.risk, line.reached, line.choices) == (1, "MEDIUM", "NONE", ("We do copied", "We do owned"))
    assert report.standings["claimed"] == 1


def test_json_is_the_value_itself(judged: Assessment) -> None:
    report = report_of(judged)
    told = json.loads(json.dumps(report.told()))
    assert told["schema"] == "bcdr-assessment-report/1"
    assert told["counts"] == report.counts
    assert told["questions"][0]["choices"][0]["notes"] == EVIL


def test_the_spreadsheet_holds_the_same_numbers(judged: Assessment) -> None:
    report = report_of(judged)
    made = book(spreadsheet_of(report))
    summary = dict(rows(made, "Summary"))
    assert {risk: summary[shown_risk(risk)] for risk in RISKS} == report.counts
    assert summary["Questions"] == report.total
    assert summary["Answers claimed"] == report.standings["claimed"]
    assert [row[2:] for row in rows(made, "Pillars")] == [
        tuple(each.counts[risk] for risk in RISKS) for each in report.pillars
    ]
    assert [row[3:] for row in rows(made, "Trend")] == [
        tuple(each.counts[risk] for risk in RISKS) for each in report.trend
    ]
    assert [(row[0], row[4], row[7]) for row in rows(made, "Improvements")] == [(1, "MEDIUM", "In progress")]
    assert [(row[0], row[4]) for row in rows(made, "Questions")] == [
        (each.number, each.risk) for each in report.questions
    ]


def test_no_text_of_a_spreadsheet_is_a_formula(judged: Assessment) -> None:
    made = book(spreadsheet_of(report_of(judged)))
    cells = [cell for sheet in made for row in sheet.iter_rows() for cell in row]
    assert EVIL in [cell.value for cell in cells]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]


def test_control_characters_of_old_rows_do_not_break_the_spreadsheet(judged: Assessment) -> None:
    judged.answers.filter(question_id="backup").update(notes="bell \x07 rings")
    assert "bell  rings" in [row[9] for row in rows(book(spreadsheet_of(report_of(judged))), "Questions")]


def test_the_pdf_says_the_same_numbers_and_what_people_wrote_word_by_word(judged: Assessment) -> None:
    report = report_of(judged)
    text = pdf_text(pdf_of(report))
    assert " ".join(f"{report.counts[risk]} {shown_risk(risk)}" for risk in RISKS) in text
    for pillar in report.pillars:
        assert f"{pillar.name} {pillar.total} {pillar.counts['HIGH']} {pillar.counts['MEDIUM']}" in text
    assert EVIL in text
    assert "In progress" in text


def test_a_pdf_carries_its_fonts_and_only_those_that_typst_brings(judged: Assessment) -> None:
    fonts = [
        font.get_object()["/BaseFont"]
        for page in PdfReader(BytesIO(pdf_of(report_of(judged)))).pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert {name.split("+")[1].split("-")[0] for name in fonts} <= {"LibertinusSerif", "DejaVuSansMono"}


def test_a_milestones_report_says_what_was_frozen_and_nothing_newer(owner: User, judged: Assessment) -> None:
    milestone = judged.milestones.get(number=1)
    report = report_of(judged, milestone)
    assert report.counts["HIGH"] == 1
    assert report.milestone and report.milestone["sha256"] == milestone.sha256
    assert (report.improvements, report.standings) == ((), {})
    assert [each.name for each in report.trend] == ["Before"]
    assert rows(book(spreadsheet_of(report)), "Improvements") == []


def test_a_milestones_report_can_be_read_as_pdf(judged: Assessment) -> None:
    text = pdf_text(pdf_of(report_of(judged, judged.milestones.get())))
    assert "Milestone 1: Before" in text


def test_a_report_without_questions_answered_is_made_in_every_format(assessment: Assessment) -> None:
    report: Report = report_of(assessment)
    assert report.counts["UNANSWERED"] == report.total == 2
    assert book(spreadsheet_of(report))["Summary"]
    assert "Unanswered" in pdf_text(pdf_of(report))


def test_the_consolidated_report_says_the_same_in_every_format(owner: User, judged: Assessment) -> None:
    report = consolidated_of(owner, Wanted())
    assert report.counts == report_of(judged).counts
    made = book(consolidated_spreadsheet(report))
    summary = dict(rows(made, "Summary"))
    assert {risk: summary[shown_risk(risk)] for risk in RISKS} == report.counts
    assert summary["Services"] == report.services_total == 1
    assert rows(made, "Services")[0][5:] == tuple(report.services[0].counts[risk] for risk in RISKS)
    assert rows(made, "Heat map") == [("Checkout", 2, "1 medium risk, 1 unanswered")]
    text = pdf_text(consolidated_pdf(report))
    assert "Checkout Shop 0 1 1" in text
    assert json.loads(json.dumps(report.told()))["tiers"][0]["counts"] == report.counts


class TestBounds:
    """Typst runs in a process of its own; what goes wrong there is a sentence for the reader, never the portal's end."""

    def test_a_report_that_takes_too_long_is_ended_and_told(
        self, judged: Assessment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pdf, "LONGEST", timedelta(milliseconds=1))
        with pytest.raises(pdf.NotSet, match="took longer than"):
            pdf_of(report_of(judged))

    def test_a_report_that_takes_too_much_memory_is_ended_and_told_on_the_page(
        self, owner: User, judged: Assessment, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pdf, "MEMORY_BYTES", 64 * 1024**2)
        client.force_login(owner)
        answer = client.get(f"/assessments/{judged.pk}/report.pdf")
        assert answer.status_code == 400
        assert "The PDF was not made: it is too large" in answer.content.decode()

    def test_a_few_are_set_at_once_and_the_next_waits_for_its_turn(
        self, judged: Assessment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pdf, "_TURNS", threading.BoundedSemaphore(1))
        with pdf._TURNS, monkeypatch.context() as patch:
            patch.setattr(pdf, "LONGEST", timedelta(milliseconds=1))
            with pytest.raises(pdf.NotSet, match="other reports"):
                pdf_of(report_of(judged))
        assert pdf_of(report_of(judged)).startswith(b"%PDF")

    def test_a_turn_is_given_back_after_a_failure(self, judged: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdf, "_TURNS", threading.BoundedSemaphore(1))
        with monkeypatch.context() as patch:
            patch.setattr(pdf, "MEMORY_BYTES", 64 * 1024**2)
            with pytest.raises(pdf.NotSet):
                pdf_of(report_of(judged))
        assert pdf_of(report_of(judged)).startswith(b"%PDF")

    def test_the_process_gets_nothing_of_the_portals_environment(
        self, judged: Assessment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[dict[str, str]] = []
        run = subprocess.run

        def watched(*given: Any, **named: Any) -> Any:
            seen.append(named["env"])
            return run(*given, **named)

        monkeypatch.setattr(pdf.subprocess, "run", watched)
        pdf_of(report_of(judged))
        assert seen == [{"LANG": "C.UTF-8"}]
