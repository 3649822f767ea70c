"""Reports: as a page, and the same as a file in JSON, PDF or a spreadsheet."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from assessments.forms.improvements import PortfolioForm
from assessments.models import Assessment, Milestone
from assessments.operations.shelf import find_assessment
from assessments.reports import pdf, spreadsheet
from assessments.reports.consolidated import ConsolidatedReport, consolidated_of
from assessments.reports.content import Report, report_of
from portal.people.signed_in import person


@dataclass(frozen=True)
class Format:
    """One way to write both reports."""

    content_type: str
    write: Callable[[Report], bytes]
    write_consolidated: Callable[[ConsolidatedReport], bytes]


def _json(report: Report | ConsolidatedReport) -> bytes:
    return json.dumps(report.told(), indent=2, ensure_ascii=False).encode()


FORMATS = {
    "json": Format("application/json", _json, _json),
    "pdf": Format(pdf.CONTENT_TYPE, pdf.pdf_of, pdf.consolidated_pdf),
    "xlsx": Format(spreadsheet.CONTENT_TYPE, spreadsheet.spreadsheet_of, spreadsheet.consolidated_spreadsheet),
}


@require_GET
def report_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The report on one assessment as a page; `?milestone=N` as that milestone froze it."""
    assessment = find_assessment(person(request), pk)
    milestone = _milestone(request, assessment)
    context: dict[str, Any] = {
        "nav": "assessment_list",
        "tab": "report",
        "assessment": assessment,
        "milestone": milestone,
        "milestones": assessment.milestones.defer("content"),
        "report": report_of(assessment, milestone),
    }
    return render(request, "assessments/report_detail.html", context)


@require_GET
def report_file(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """The same report as a file: json, pdf or xlsx."""
    assessment = find_assessment(person(request), pk)
    milestone = _milestone(request, assessment)
    written = _format(form)
    name = f"{assessment.service.slug}-{assessment.lens.slug}" + (f"-milestone-{milestone.number}" if milestone else "")
    return _file(written.write(report_of(assessment, milestone)), written, f"{slugify(name)}.{form}")


@require_GET
def portfolio_file(request: HttpRequest, form: str) -> HttpResponse:
    """The report over many services as a file, narrowed as the portfolio's page is."""
    user = person(request)
    written = _format(form)
    report = consolidated_of(user, PortfolioForm(request.GET, user=user).wanted())
    return _file(written.write_consolidated(report), written, f"portfolio.{form}")


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise Http404(f"Reports are made as {', '.join(FORMATS)}.")
    return FORMATS[name]


def _milestone(request: HttpRequest, assessment: Assessment) -> Milestone | None:
    number = request.GET.get("milestone", "")
    if not number:
        return None
    found = assessment.milestones.filter(number=int(number)).first() if number.isdecimal() and len(number) < 6 else None
    if found is None:
        raise Http404(f"There is no milestone {number[:10]} of this assessment.")
    return found


def _file(content: bytes, form: Format, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=form.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


urlpatterns = [
    path("assessments/<uuid:pk>/report/", report_detail, name="report_detail"),
    path("assessments/<uuid:pk>/report.<slug:form>", report_file, name="report_file"),
    path("assessments/portfolio/report.<slug:form>", portfolio_file, name="portfolio_file"),
]
