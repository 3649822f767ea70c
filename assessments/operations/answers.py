"""What people may do with one question: answer it, say that it does not apply, assign it, comment on it.

A save names the revision it began from. When somebody else saved meanwhile it is refused as `StaleAnswer`, which tells both
values field by field, and nothing is lost. Not here: evidence (`evidence.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.lens import Question
from assessments.models import Answer, Assessment, ChoiceStatus, Comment, Reason
from assessments.operations.shelf import lens_of, possible_assignees
from assessments.operations.tally import count_risks
from assessments.operations.texts import text_problems, tidy
from assessments.risk import answer_problems
from portal.audit.log import database_now, record
from portal.people.models import User
from portal.people.permissions import Act, require

# The Well-Architected Tool's bounds: API reference, UpdateAnswer and ChoiceUpdate.
NOTES, CHOICE_NOTES = 2084, 250
COMMENT = 4000
PAGE_KEY = 36


@dataclass(frozen=True)
class ChoiceAnswer:
    """What is said of one choice."""

    status: str = ChoiceStatus.UNSELECTED.value
    reason: str = ""
    notes: str = ""


@dataclass(frozen=True)
class AnswerDraft:
    """What somebody wants an answer to be, whole. Choices that are left out are not chosen."""

    choices: Mapping[str, ChoiceAnswer] = field(default_factory=dict)
    is_applicable: bool = True
    reason: str = ""
    notes: str = ""
    assignee: User | None = None


@dataclass(frozen=True)
class Difference:
    """One field that two people filled differently, in words. `key` is `applies`, `notes`, `assignee` or `choice:ID`."""

    key: str
    label: str
    stored: str
    yours: str


class StaleAnswer(ValidationError):
    """Somebody answered since the page was opened. `current` is what is stored, `differences` what yours says otherwise."""

    def __init__(self, current: Answer, differences: tuple[Difference, ...]) -> None:
        self.current, self.differences = current, differences
        who = current.changed_by.shown_name if current.changed_by else "Somebody"
        at = f" at {current.changed_at:%H:%M:%S} UTC" if current.changed_at else ""
        super().__init__(
            f"{who} answered this question{at}, while you were editing it. Nothing was overwritten and nothing of yours is "
            "lost. Choose for each field whose words stay, then save.",
            code="stale",
        )


def chain_of(assessment: Assessment) -> str:
    """The chain of the audit log that tells an assessment's history."""
    return f"assessment:{assessment.pk}"


def held(user: User, assessment: Assessment) -> Assessment:
    """The assessment as it is now, held until the transaction ends, for somebody who may change it while it is open."""
    now = (
        Assessment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("service__team", "lens", "lens_version")
        .defer("lens_version__text", "lens_version__content")
        .get(pk=assessment.pk)
    )
    require(user, Act.EDIT_SERVICE, now.service.team)
    if not now.is_open:
        raise ValidationError("This assessment is closed and no longer changes. Start a new one for the service.")
    return now


def question_of(assessment: Assessment, question_id: str) -> Question:
    """A question of the assessment's version of its lens; ValidationError where an upgrade took it away."""
    question = lens_of(assessment.lens_version).questions.get(question_id)
    if question is None:
        raise ValidationError(
            f"Version {assessment.lens_version.number} of {assessment.lens.name} has no question {question_id}. "
            "Open the assessment again; answers from before are kept there."
        )
    return question


def draft_of(answer: Answer | None) -> AnswerDraft:
    """A stored answer as a draft."""
    if answer is None:
        return AnswerDraft()
    choices = {
        choice_id: ChoiceAnswer(said["status"], said["reason"], said["notes"])
        for choice_id, said in answer.choices.items()
    }
    return AnswerDraft(choices, answer.is_applicable, answer.reason, answer.notes, answer.assignee)


@transaction.atomic
def save_answer(
    *,
    user: User,
    assessment: Assessment,
    question_id: str,
    draft: AnswerDraft,
    base_revision: int,
    page_key: str = "",
) -> Answer:
    """Make an answer what the draft says. A draft equal to what is stored writes nothing, whatever it began from.

    `base_revision` is the revision the person saw, 0 where there was none. `page_key` names the open page: a page whose
    last confirmation was lost on the way may go on from the revision before it, as long as nobody else saved since.
    """
    assessment = held(user, assessment)
    question = question_of(assessment, question_id)
    draft = _tidied(draft, question)
    _refuse(draft, question, assessment)
    answer = answer_row(assessment, question_id)
    stored, wanted = told(draft_of(answer), question), told(draft, question)
    if stored == wanted:
        return answer
    is_own = bool(page_key) and page_key == answer.page_key and base_revision >= answer.page_base
    if base_revision != answer.revision and not is_own:
        raise StaleAnswer(answer, differences(stored, wanted, question))
    moved = Answer.objects.filter(pk=answer.pk, revision=answer.revision).update(
        choices=_kept(draft),
        is_applicable=draft.is_applicable,
        reason=draft.reason,
        notes=draft.notes,
        assignee=draft.assignee,
        revision=answer.revision + 1,
        page_key=page_key[:PAGE_KEY],
        page_base=answer.page_base if is_own else answer.revision,
        changed_by=user,
        changed_at=database_now(),
    )
    if not moved:
        answer = answer_row(assessment, question_id)
        raise StaleAnswer(answer, differences(told(draft_of(answer), question), wanted, question))
    changed = {each.label: {"from": each.stored, "to": each.yours} for each in differences(stored, wanted, question)}
    touched(assessment)
    count_risks(assessment)
    detail = {"changed": changed}
    record(chain_of(assessment), "answered", question.title, actor=user, detail=detail, team=_team(assessment))
    return answer_row(assessment, question_id)


@transaction.atomic
def add_comment(*, user: User, assessment: Assessment, question_id: str, text: str) -> Comment:
    """Say something about a question, for everybody who sees the assessment; viewers may, too.

    The same words by the same person right after one another are one comment: a button pressed twice.
    """
    require(user, Act.VIEW, assessment.service.team)
    question = question_of(assessment, question_id)
    text = tidy(text)
    problems = text_problems(text, "The comment", COMMENT)
    if not text:
        problems.append("The comment is empty. Write something first.")
    if problems:
        raise ValidationError({"text": problems})
    answer = Answer.objects.select_for_update(no_key=True).get(pk=answer_row(assessment, question_id).pk)
    newest = answer.comments.order_by("-pk").first()
    if newest and (newest.author_id, newest.text) == (user.pk, text):
        return newest
    comment = Comment.objects.create(answer=answer, author=user, text=text)
    detail = {"comment": text}
    record(chain_of(assessment), "commented on", question.title, actor=user, detail=detail, team=_team(assessment))
    return comment


def answer_row(assessment: Assessment, question_id: str) -> Answer:
    """The row of a question, made with revision 0 where there is none yet."""
    rows = Answer.objects.select_related("changed_by", "assignee")
    return rows.get_or_create(assessment=assessment, question_id=question_id)[0]


def touched(assessment: Assessment) -> None:
    """Note that something of an assessment changed now."""
    Assessment.objects.filter(pk=assessment.pk).update(changed_at=database_now())


def told(draft: AnswerDraft, question: Question) -> dict[str, str]:
    """A draft in words, field by field; two drafts that say the same are equal here."""
    applies = "applies" if draft.is_applicable else f"does not apply: {_reason(draft.reason)}"
    said = {"applies": applies, "notes": draft.notes, "assignee": _named(draft.assignee)}
    for choice in question.choices:
        said[f"choice:{choice.id}"] = _told_choice(draft.choices.get(choice.id, ChoiceAnswer()))
    return said


def differences(stored: Mapping[str, str], yours: Mapping[str, str], question: Question) -> tuple[Difference, ...]:
    """The fields in which two tellings differ, in the page's order."""
    labels = {"applies": "Whether the question applies", "notes": "Notes", "assignee": "Assignee"}
    labels |= {f"choice:{choice.id}": choice.title for choice in question.choices}
    return tuple(Difference(key, labels[key], stored[key], yours[key]) for key in labels if stored[key] != yours[key])


def _told_choice(choice: ChoiceAnswer) -> str:
    status = ChoiceStatus(choice.status).label.lower()
    words = f"{status}: {_reason(choice.reason)}" if choice.status == ChoiceStatus.NOT_APPLICABLE else status
    return f"{words}; {choice.notes}" if choice.notes else words


def _named(person: User | None) -> str:
    return f"{person.shown_name} ({person.username})" if person else "nobody"


def _reason(code: str) -> str:
    return Reason(code).label.lower() if code in Reason.values else code


def _tidied(draft: AnswerDraft, question: Question) -> AnswerDraft:
    """Texts trimmed, reasons only where something is not applicable."""
    choices = {
        choice_id: ChoiceAnswer(
            said.status, said.reason if said.status == ChoiceStatus.NOT_APPLICABLE else "", tidy(said.notes)
        )
        for choice_id, said in draft.choices.items()
    }
    reason = "" if draft.is_applicable else draft.reason
    return AnswerDraft(choices, draft.is_applicable, reason, tidy(draft.notes), draft.assignee)


def _refuse(draft: AnswerDraft, question: Question, assessment: Assessment) -> None:
    """Raise every problem of a draft, by field."""
    problems: dict[str, list[str]] = {}
    statuses = {choice_id: said.status for choice_id, said in draft.choices.items()}
    chosen = [choice_id for choice_id, status in statuses.items() if status == ChoiceStatus.SELECTED]
    excused = [choice_id for choice_id, status in statuses.items() if status == ChoiceStatus.NOT_APPLICABLE]
    found = [*answer_problems(question, chosen, excused), *_choice_problems(draft, question)]
    if found:
        problems["choices"] = found
    if not draft.is_applicable and draft.reason not in Reason.values:
        problems["reason"] = ["Say why the question does not apply: choose one of the reasons."]
    if found := text_problems(draft.notes, "The note", NOTES):
        problems["notes"] = found
    if draft.assignee and draft.assignee not in possible_assignees(assessment.service.team_id):
        problems["assignee"] = [
            f"{draft.assignee.shown_name} may not answer for this team. Choose somebody of the list."
        ]
    if problems:
        raise ValidationError(problems)


def _choice_problems(draft: AnswerDraft, question: Question) -> list[str]:
    found: list[str] = []
    titles = {choice.id: choice.title for choice in question.choices}
    for choice_id, said in draft.choices.items():
        title = titles.get(choice_id)
        if title is None:
            if said.status == ChoiceStatus.UNSELECTED:
                found.append(f"{choice_id} is no choice of {question.id}.")
            continue
        if said.status not in ChoiceStatus.values:
            found.append(f"“{title}” cannot be {said.status[:30]}. Use {', '.join(ChoiceStatus.values)}.")
        if said.status == ChoiceStatus.NOT_APPLICABLE and said.reason not in Reason.values:
            found.append(f"Say why “{title}” is not applicable: choose one of the reasons.")
        found += text_problems(said.notes, f"The note on “{title}”", CHOICE_NOTES)
    return found


def _kept(draft: AnswerDraft) -> dict[str, Any]:
    return {
        choice_id: {"status": said.status, "reason": said.reason, "notes": said.notes}
        for choice_id, said in draft.choices.items()
        if said.status != ChoiceStatus.UNSELECTED or said.notes
    }


def _team(assessment: Assessment) -> Any:
    return assessment.service.team
