"""Pages of what an assessment amounts to: trend and standings, and the difference between any two of its states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from assessments.evidence_age import AnswerStanding, Standing
from assessments.forms.improvements import NOW, CompareForm
from assessments.models import Assessment, Milestone
from assessments.operations.improvement import plan_for
from assessments.operations.milestones import frozen
from assessments.operations.shelf import find_assessment, results_for
from assessments.operations.standings import Standings, standings_of
from assessments.reports.content import milestone_moments
from assessments.results import QuestionResult, Results
from assessments.trends import Column, Moment, columns_of, compare
from portal.audit.log import database_now
from portal.people.permissions import Act, may
from portal.people.signed_in import person

# The trend's picture in its own units: a column's width, the way to the next one, the height of all.
WIDTH, STEP, HEIGHT = 28, 44, 100
SHOWN_COLUMNS = 24
FIRST_LINES = 5


@dataclass(frozen=True)
class DrawnColumn:
    """A column of the trend and where it begins."""

    column: Column
    x: int


@require_GET
def assessment_results(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the answers amount to: risks, what they rest on, how that moved, what to improve first."""
    user = person(request)
    assessment = find_assessment(user, pk)
    answers = list(assessment.answers.all())
    results, standings = results_for(assessment, answers), standings_of(assessment, answers)
    moments = [*milestone_moments(assessment), Moment(None, "Now", database_now(), results.counts)]
    columns = columns_of(moments)[-SHOWN_COLUMNS:]
    plan = plan_for(assessment, answers)
    context = {
        **_frame(assessment, "results"),
        "results": results,
        "standings": standings,
        "flagged": _flagged(results, standings),
        "columns": [DrawnColumn(column, STEP * place + 8) for place, column in enumerate(columns)],
        "picture_width": STEP * len(columns),
        "bar_width": WIDTH,
        "picture_height": HEIGHT,
        "plan": plan,
        "first_lines": plan.open[:FIRST_LINES],
        "may_run": may(user, Act.EDIT_SERVICE, assessment.service.team_id),
    }
    return render(request, "assessments/assessment_results.html", context)


def _flagged(results: Results, standings: Standings) -> list[tuple[QuestionResult, AnswerStanding]]:
    """The answers that something seen contradicts, then those whose proof has grown old."""
    order = (Standing.CONTRADICTED, Standing.STALE)
    pairs = [(each, standings.answers.get(each.question.id)) for each in results.questions]
    found = [(each, said) for each, said in pairs if said is not None and said.standing in order]
    return sorted(found, key=lambda pair: order.index(pair[1].standing))


@require_GET
def milestone_difference(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What changed between two states of an assessment, question by question."""
    assessment = find_assessment(person(request), pk)
    milestones = list(assessment.milestones.order_by("number").defer("content"))
    form = CompareForm(request.GET, milestones=milestones)
    before, after = form.chosen()
    shown = CompareForm({"before": before, "after": after}, milestones=milestones)
    found = compare(_state(assessment, before), _state(assessment, after))
    context = {
        **_frame(assessment, "difference"),
        "form": shown,
        "comparison": found,
        "milestones": milestones,
        "is_same": before == after,
        "names": [form.state_name(before), form.state_name(after)],
    }
    return render(request, "assessments/milestone_difference.html", context)


def _state(assessment: Assessment, chosen: str) -> Mapping[str, Any]:
    if chosen == NOW:
        return frozen(assessment)
    milestone: Milestone = assessment.milestones.get(number=int(chosen))
    return dict(milestone.content)


def _frame(assessment: Assessment, tab: str) -> dict[str, Any]:
    return {"nav": "assessment_list", "assessment": assessment, "tab": tab}


urlpatterns = [
    path("assessments/<uuid:pk>/results/", assessment_results, name="assessment_results"),
    path("assessments/<uuid:pk>/difference/", milestone_difference, name="milestone_difference"),
]
