"""Pages of the improvement plan: every risk with what lowers it, who does it and until when."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from assessments.forms.assessments import show_refusal
from assessments.forms.improvements import ImprovementForm
from assessments.models import Assessment, ImprovementItem
from assessments.operations.improvement import Plan, PlanRow, draft_of, plan_for, save_improvement
from assessments.operations.shelf import find_assessment
from portal.people.models import User
from portal.people.permissions import Act, may
from portal.people.signed_in import person

REFUSED = 422


@dataclass(frozen=True)
class FormRow:
    """A line of the plan with the form of its decision; None where the person may not decide."""

    row: PlanRow
    form: ImprovementForm | None


@require_GET
def improvement_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The plan of an assessment, what is worth most first."""
    user = person(request)
    assessment = find_assessment(user, pk)
    return render(request, "assessments/improvement_list.html", _page(user, assessment, None, ""))


@require_POST
def improvement_edit(request: HttpRequest, pk: UUID, question_id: str) -> HttpResponse:
    """Decide about one risk. A refusal shows the plan with everything typed still there."""
    user = person(request)
    assessment = find_assessment(user, pk)
    form = ImprovementForm(request.POST, assessment=assessment, number=0)
    if form.is_valid():
        try:
            save_improvement(
                user=user,
                assessment=assessment,
                question_id=question_id,
                draft=form.draft(),
                base_revision=form.cleaned_data["base_revision"],
            )
        except ValidationError as refusal:
            show_refusal(form, refusal)
            if getattr(refusal, "code", "") == "stale":
                form.data = _rebased(form, assessment, question_id)
        else:
            messages.success(request, "The plan is saved.")
            return redirect("improvement_list", pk=pk)
    context = _page(user, assessment, form, question_id)
    return render(request, "assessments/improvement_list.html", context, status=REFUSED)


def _rebased(form: ImprovementForm, assessment: Assessment, question_id: str) -> Any:
    """What was typed on the newest revision: saving again keeps it, after the refusal told what is stored."""
    stored = ImprovementItem.objects.get(assessment=assessment, question_id=question_id)
    data = cast(QueryDict, form.data).copy()
    data["base_revision"] = str(stored.revision)
    return data


def _page(user: User, assessment: Assessment, refused: ImprovementForm | None, question_id: str) -> dict[str, Any]:
    plan = plan_for(assessment)
    may_edit = assessment.is_open and may(user, Act.EDIT_SERVICE, assessment.service.team_id)
    rows = [FormRow(row, _form(assessment, row, refused, question_id) if may_edit else None) for row in plan.open]
    return {
        "nav": "assessment_list",
        "tab": "improvements",
        "assessment": assessment,
        "plan": plan,
        "rows": rows,
        "may_edit": may_edit,
        "overdue": sum(row.is_overdue for row in plan.open),
        # A question may have lost its risk while somebody decided about it; what was typed is shown all the same.
        "refused": refused if refused and not _has(plan, question_id) else None,
    }


def _has(plan: Plan, question_id: str) -> bool:
    return any(row.question.id == question_id for row in plan.open)


def _form(assessment: Assessment, row: PlanRow, refused: ImprovementForm | None, question_id: str) -> ImprovementForm:
    if refused is not None and row.question.id == question_id:
        refused.auto_id = f"q{row.number}-%s"
        return refused
    draft = draft_of(row.item)
    started = {
        "status": draft.status,
        "owner": draft.owner.username if draft.owner else None,
        "due_on": draft.due_on,
        "note": draft.note,
        "base_revision": row.item.revision if row.item else 0,
    }
    return ImprovementForm(assessment=assessment, number=row.number, initial=started)


urlpatterns = [
    path("assessments/<uuid:pk>/improvements/", improvement_list, name="improvement_list"),
    path("assessments/<uuid:pk>/improvements/<path:question_id>", improvement_edit, name="improvement_edit"),
]
