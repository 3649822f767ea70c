"""Pages of questions: all of an assessment, one with its form, and what saves by itself.

A request with the header `X-Autosave` gets fragments whose `data-slot` names the places they belong to (autosave.js); the
same address without it works without scripts. Status 409: somebody else saved meanwhile; 422: refused.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from assessments.forms.answer import read_answer
from assessments.forms.assessments import QuestionListForm
from assessments.models import Assessment
from assessments.operations.answers import AnswerDraft, StaleAnswer, draft_of, question_of, save_answer
from assessments.operations.shelf import find_assessment, possible_assignees, results_for
from assessments.results import QuestionResult, next_unanswered
from assessments.views.question_page import Place, form_context, page_context, place_of
from assessments.views.standing_page import standing_context
from portal.errors import sentences
from portal.people.models import User
from portal.people.permissions import Act, may
from portal.people.signed_in import person

STALE, REFUSED = 409, 422


@require_GET
def question_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All questions by pillar, narrowed by search, risk, pillar and assignee; each opens where it stands."""
    user = person(request)
    assessment = find_assessment(user, pk)
    answers = list(assessment.answers.select_related("assignee"))
    results = results_for(assessment, answers)
    form = QuestionListForm(request.GET, results=results)
    by_id = {answer.question_id: answer for answer in answers}
    fitting = [each for each in results.questions if _fits(each, by_id.get(each.question.id), form, user)]
    by_pillar = [(pillar, [each for each in fitting if each.pillar is pillar.pillar]) for pillar in results.pillars]
    context = {
        "nav": "assessment_list",
        "assessment": assessment,
        "results": results,
        "form": form,
        "pillars": [(pillar, shown) for pillar, shown in by_pillar if shown],
        "found": len(fitting),
        "answers": by_id,
        "unanswered": next_unanswered(results),
        "may_edit": assessment.is_open and may(user, Act.EDIT_SERVICE, assessment.service.team_id),
    }
    return render(request, "assessments/question_list.html", context)


def _fits(result: QuestionResult, answer: Any, form: QuestionListForm, user: User) -> bool:
    question = result.question
    if form.wanted("risk") not in ("", result.risk.value) or form.wanted("pillar") not in ("", result.pillar.id):
        return False
    if form.wanted("assignee") == "me" and (answer is None or answer.assignee_id != user.pk):
        return False
    words = form.wanted("q").casefold().split()
    if not words:
        return True
    texts = [question.title, question.description, question.id, *(choice.title for choice in question.choices)]
    if answer is not None:
        texts += [answer.notes, *(said["notes"] for said in answer.choices.values())]
    all_text = "\n".join(texts).casefold()
    return all(word in all_text for word in words)


@require_http_methods(["GET", "POST"])
def question_detail(request: HttpRequest, pk: UUID, question_id: str) -> HttpResponse:
    """One question: answer it, see its risk. Saves by itself, or by the button."""
    user = person(request)
    assessment = find_assessment(user, pk)
    if request.method == "POST":
        return _save(request, user, assessment, question_id)
    place = place_of(assessment, question_id)
    context = form_context(user, assessment, place)
    if "X-Fragment" in request.headers or "HX-Request" in request.headers:
        return render(request, "assessments/question_form.html", context)
    return render(request, "assessments/question_detail.html", context | page_context(place))


def _save(request: HttpRequest, user: User, assessment: Assessment, question_id: str) -> HttpResponse:
    stored = assessment.answers.select_related("assignee").filter(question_id=question_id).first()
    question = question_of(assessment, question_id)
    typed: AnswerDraft | None = None
    try:
        people = possible_assignees(assessment.service.team_id)
        sent = read_answer(request.POST, question, draft_of(stored), people)
        typed = sent.draft
        save_answer(
            user=user,
            assessment=assessment,
            question_id=question_id,
            draft=sent.draft,
            base_revision=sent.base_revision,
            page_key=sent.page_key,
        )
    except StaleAnswer as stale:
        return _answered(request, user, assessment, {"typed": typed, "stale": stale}, question_id)
    except ValidationError as error:
        return _answered(request, user, assessment, {"typed": typed, "problems": sentences(error)}, question_id)
    return _answered(request, user, assessment, {}, question_id)


def _answered(
    request: HttpRequest, user: User, assessment: Assessment, refused: dict[str, Any], question_id: str
) -> HttpResponse:
    """What a save shows: fragments for the page that saves by itself, else the page again, or the way back to it."""
    place = place_of(assessment, question_id)
    status = STALE if refused.get("stale") else REFUSED if refused else 200
    if "X-Autosave" in request.headers:
        standing = standing_context(assessment, place.result.question, place.answer)
        context = {"assessment": assessment, **_saved(place), **standing, **refused}
        answer = render(request, "assessments/question_saved.html", context, status=status)
        answer["X-Revision"] = str(place.answer.revision if place.answer else 0)
        return answer
    if refused:
        context = form_context(user, assessment, place, **refused) | page_context(place)
        return render(request, "assessments/question_detail.html", context, status=status)
    messages.success(request, "Saved.")
    return redirect("question_detail", pk=assessment.pk, question_id=question_id)


def _saved(place: Place) -> dict[str, Any]:
    return {
        "result": place.result,
        "results": place.results,
        "pillar": place.results.pillar_of(place.result),
        "answer": place.answer,
        "question": place.result.question,
        "unanswered": next_unanswered(place.results, place.result.question.id),
    }


@require_GET
def question_next(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go to the first unanswered question, after `?after=ID` where one is named; to the assessment when none is left."""
    assessment = find_assessment(person(request), pk)
    found = next_unanswered(results_for(assessment), request.GET.get("after", ""))
    if found is None:
        messages.success(request, "Every question is answered.")
        return redirect("assessment_detail", pk=assessment.pk)
    return redirect("question_detail", pk=assessment.pk, question_id=found.question.id)


@require_GET
def question_state(request: HttpRequest, pk: UUID) -> JsonResponse:
    """The revisions of all answers, by question id: how an open page notices what somebody else saved."""
    assessment = find_assessment(person(request), pk)
    rows = assessment.answers.filter(revision__gt=0).select_related("changed_by")
    return JsonResponse(
        {
            row.question_id: {
                "revision": row.revision,
                "by": row.changed_by.shown_name if row.changed_by else "",
                "at": f"{row.changed_at:%H:%M:%S} UTC" if row.changed_at else "",
            }
            for row in rows.defer("choices", "notes")
        }
    )


urlpatterns = [
    path("assessments/<uuid:pk>/questions/", question_list, name="question_list"),
    path("assessments/<uuid:pk>/questions/next/", question_next, name="question_next"),
    path("assessments/<uuid:pk>/questions/state/", question_state, name="question_state"),
    # Ids of published lenses may hold any character, a slash too: they stand last.
    path("assessments/<uuid:pk>/question/<path:question_id>", question_detail, name="question_detail"),
]
