"""What the pages and fragments of one question show, gathered from rows in a fixed number of queries. Nothing is changed."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import Http404

from assessments.forms.answer import REASONS, rows_of
from assessments.forms.assessments import CommentForm, EvidenceForm
from assessments.models import Answer, Assessment, Comment, Evidence
from assessments.operations.answers import AnswerDraft, StaleAnswer, draft_of
from assessments.operations.shelf import possible_assignees, results_for
from assessments.proof_source import proof_source
from assessments.results import QuestionResult, Results, next_unanswered
from assessments.views.standing_page import standing_context
from portal.people.models import User
from portal.people.permissions import Act, may


@dataclass(frozen=True)
class Place:
    """One question among the results of its assessment."""

    results: Results
    result: QuestionResult
    answer: Answer | None

    @property
    def previous(self) -> QuestionResult | None:
        return self.results.questions[self.result.number - 2] if self.result.number > 1 else None

    @property
    def next(self) -> QuestionResult | None:
        questions = self.results.questions
        return questions[self.result.number] if self.result.number < len(questions) else None


def place_of(assessment: Assessment, question_id: str) -> Place:
    """A question with its answer and the results of all; Http404 where the lens's version has no such question."""
    rows = list(assessment.answers.select_related("changed_by", "assignee"))
    results = results_for(assessment, rows)
    result = next((each for each in results.questions if each.question.id == question_id), None)
    if result is None:
        raise Http404(f"{assessment} has no question {question_id}.")
    answer = next((row for row in rows if row.question_id == question_id), None)
    return Place(results, result, answer)


def form_context(
    user: User,
    assessment: Assessment,
    place: Place,
    *,
    typed: AnswerDraft | None = None,
    stale: StaleAnswer | None = None,
    problems: list[str] | None = None,
) -> dict[str, Any]:
    """What `question_form.html` shows: the stored answer, or what was typed where it was refused."""
    question, answer = place.result.question, place.answer
    draft = typed if typed is not None else draft_of(answer)
    return {
        "assessment": assessment,
        "result": place.result,
        "question": question,
        "answer": answer,
        "revision": answer.revision if answer else 0,
        "draft": draft,
        "rows": rows_of(question, draft),
        "reasons": REASONS,
        "stale": stale,
        "problems": problems or [],
        **_rights(user, assessment),
        **talk_context(answer),
        **_talk_forms(assessment),
        **standing_context(assessment, question, answer),
    }


def _rights(user: User, assessment: Assessment) -> dict[str, Any]:
    """What this person may do here, and whom an answer may be given to."""
    team_id = assessment.service.team_id
    may_edit = assessment.is_open and may(user, Act.EDIT_SERVICE, team_id)
    people = list(possible_assignees(team_id)) if may_edit else []
    return {"may_edit": may_edit, "may_comment": may(user, Act.VIEW, team_id), "people": people}


def talk_context(answer: Answer | None) -> dict[str, Any]:
    """Evidence and comments of an answer."""
    evidence: list[Evidence] = []
    comments: list[Comment] = []
    if answer is not None:
        rows = (
            Evidence.objects.filter(removed_at__isnull=True).select_related("added_by", "file").defer("file__content")
        )
        talk = Comment.objects.select_related("author")
        fetched = (Prefetch("evidence", queryset=rows), Prefetch("comments", queryset=talk))
        full = Answer.objects.prefetch_related(*fetched).get(pk=answer.pk)
        evidence, comments = list(full.evidence.all()), list(full.comments.all())
    return {"evidence": evidence, "comments": comments}


def _talk_forms(assessment: Assessment) -> dict[str, Any]:
    """The forms that add to evidence and comments."""
    return {"evidence_form": evidence_form(assessment), "comment_form": CommentForm(auto_id="comment-%s")}


def evidence_form(assessment: Assessment, *sent: Any) -> EvidenceForm:
    """The form that adds evidence, with what was sent if anything was; it offers what was proved of the service lately."""
    return EvidenceForm(*sent, proofs=proof_source().recent(assessment.service), auto_id="evidence-%s")


def page_context(place: Place) -> dict[str, Any]:
    """What stands around the form on the page of one question: progress, navigation, the neighbours."""
    return {
        "nav": "assessment_list",
        "results": place.results,
        "previous": place.previous,
        "next": place.next,
        "unanswered": next_unanswered(place.results, place.result.question.id),
    }
