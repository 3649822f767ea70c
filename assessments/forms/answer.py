"""The form of one question: a stored or typed answer as rows for the page, and what was sent as a draft again.

Names of the controls: `choice` (a box for each chosen id), `excuse.ID` (why a choice is not applicable, or empty), `notes.ID`,
`applies` (empty, or why the question does not apply), `notes`, `assignee` (user name), `base_revision`, `page_key`; after a
conflict `take.KEY` = "stored" for each field whose stored value shall stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.http import QueryDict

from assessments.lens import Choice, HelpfulResource, ImprovementPlan, Question
from assessments.models import ChoiceStatus, Reason
from assessments.operations.answers import AnswerDraft, ChoiceAnswer
from portal.people.models import User

STORED = "stored"


@dataclass(frozen=True)
class ChoiceRow:
    """One choice of the page: whether it is chosen, why it is not applicable (or empty), and its notes."""

    number: int
    choice: Choice
    is_chosen: bool
    excuse: str
    notes: str

    @property
    def is_open(self) -> bool:
        """Whether its details hold something that must be seen."""
        return bool(self.excuse or self.notes)

    @property
    def links(self) -> list[HelpfulResource | ImprovementPlan]:
        """Every page that helps or says how to improve, beside the two texts that are shown whole."""
        choice = self.choice
        return [*choice.additional_helpful_resources, *choice.additional_improvement_plans]


@dataclass(frozen=True)
class Sent:
    """What a form sent: the draft, the revision it began from, and the page it comes from."""

    draft: AnswerDraft
    base_revision: int
    page_key: str


def rows_of(question: Question, draft: AnswerDraft) -> list[ChoiceRow]:
    """The choices of a question with what a draft says of them."""
    rows: list[ChoiceRow] = []
    for number, choice in enumerate(question.choices, start=1):
        said = draft.choices.get(choice.id, ChoiceAnswer())
        is_excused = said.status == ChoiceStatus.NOT_APPLICABLE
        excuse = said.reason if is_excused else ""
        rows.append(ChoiceRow(number, choice, said.status == ChoiceStatus.SELECTED, excuse, said.notes))
    return rows


def read_answer(sent: QueryDict, question: Question, stored: AnswerDraft, people: Iterable[User]) -> Sent:
    """What was sent, with `stored` values where somebody chose to let them stay after a conflict.

    ValidationError where the revision is no number or the assignee nobody who may answer.
    """
    by_name = {person.username: person for person in people}
    named = sent.get("assignee", "")
    if named and named not in by_name:
        raise ValidationError(
            {"assignee": ["Nobody of that name may answer for this team. Choose somebody of the list."]}
        )
    revision = sent.get("base_revision", "")
    if not revision.isdecimal() or len(revision) > 9:
        raise ValidationError("The page does not say which revision it began from. Load it again.")
    chosen = set(sent.getlist("choice"))
    excuse = sent.get("applies", "")
    draft = AnswerDraft(
        choices={choice.id: _choice(sent, choice.id, chosen) for choice in question.choices},
        is_applicable=not excuse,
        reason=excuse,
        notes=sent.get("notes", ""),
        assignee=by_name.get(named),
    )
    return Sent(_with_stored(draft, stored, sent), int(revision), sent.get("page_key", "")[:36])


def _choice(sent: QueryDict, choice_id: str, chosen: set[str]) -> ChoiceAnswer:
    excuse = sent.get(f"excuse.{choice_id}", "")
    status = ChoiceStatus.UNSELECTED
    if excuse:
        status = ChoiceStatus.NOT_APPLICABLE
    elif choice_id in chosen:
        status = ChoiceStatus.SELECTED
    return ChoiceAnswer(status.value, excuse, sent.get(f"notes.{choice_id}", ""))


def _with_stored(draft: AnswerDraft, stored: AnswerDraft, sent: QueryDict) -> AnswerDraft:
    """The draft with the stored value of each field that `take.KEY` names."""
    kept = {name.removeprefix("take.") for name, value in sent.items() if name.startswith("take.") and value == STORED}
    if not kept:
        return draft
    choices = {
        choice_id: stored.choices.get(choice_id, ChoiceAnswer()) if f"choice:{choice_id}" in kept else said
        for choice_id, said in draft.choices.items()
    }
    draft = replace(draft, choices=choices)
    if "applies" in kept:
        draft = replace(draft, is_applicable=stored.is_applicable, reason=stored.reason)
    if "notes" in kept:
        draft = replace(draft, notes=stored.notes)
    if "assignee" in kept:
        draft = replace(draft, assignee=stored.assignee)
    return draft


REASONS = [(reason.value, reason.label) for reason in Reason]
