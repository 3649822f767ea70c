"""What people may decide about a risk: who lowers it until when, how far that is, or that it is accepted with a reason.

Here too: the plan as people see it, computed lines joined with those decisions. Not here: the order (`assessments.improvement`).
"""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.improvement import PlanLine, plan_of
from assessments.lens import Pillar, Question
from assessments.models import Answer, Assessment, ImprovementItem, ImprovementStatus
from assessments.operations.answers import chain_of, held, question_of
from assessments.operations.shelf import lens_of, possible_assignees
from assessments.operations.texts import text_problems, tidy
from assessments.results import given_answers, results_of
from assessments.risk import Risk
from portal.audit.log import database_now, record
from portal.people.models import User

NOTE = 2000
AT_RISK = (Risk.HIGH, Risk.MEDIUM)


@dataclass(frozen=True)
class ImprovementDraft:
    """What somebody wants the decision about one question to be, whole."""

    status: str = ImprovementStatus.NOT_STARTED.value
    owner: User | None = None
    due_on: date | None = None
    note: str = ""


@dataclass(frozen=True)
class PlanRow:
    """One question of the plan. `line` is None once its risk is gone; `item` is None until somebody decides something."""

    number: int
    question: Question
    pillar: Pillar
    risk: Risk
    line: PlanLine | None
    item: ImprovementItem | None
    today: date

    @property
    def status(self) -> ImprovementStatus:
        return ImprovementStatus(self.item.status) if self.item else ImprovementStatus.NOT_STARTED

    @property
    def is_at_risk(self) -> bool:
        return self.risk in AT_RISK

    @property
    def is_overdue(self) -> bool:
        """Past its date, still at risk and not accepted."""
        is_late = self.item is not None and self.item.due_on is not None and self.item.due_on < self.today
        return is_late and self.is_at_risk and self.status is not ImprovementStatus.RISK_ACKNOWLEDGED

    @property
    def is_contradicted(self) -> bool:
        """Somebody says that it is done, the answers say that it is not."""
        return self.is_at_risk and self.status is ImprovementStatus.COMPLETE


@dataclass(frozen=True)
class Plan:
    """`open` is what lowers risk, in the order of worth; `done` are the decisions about questions that are at no risk any more.

    `unanswered` counts the questions that nobody answered: their risk is not known and not in the plan.
    """

    open: tuple[PlanRow, ...]
    done: tuple[PlanRow, ...]
    unanswered: int


def plan_for(assessment: Assessment, answers: list[Answer] | None = None) -> Plan:
    """The plan of an assessment as its rows are now; hand over the answers where they are at hand."""
    lens = lens_of(assessment.lens_version)
    rows = list(assessment.answers.all()) if answers is None else answers
    results = results_of(lens, rows)
    decided = ImprovementItem.objects.filter(assessment=assessment).select_related("owner", "changed_by")
    items = {item.question_id: item for item in decided}
    lines = {line.question.id: line for line in plan_of(lens, given_answers(lens, rows))}
    today = database_now().date()
    found = {
        each.question.id: PlanRow(
            each.number,
            each.question,
            each.pillar,
            each.risk,
            lines.get(each.question.id),
            items.get(each.question.id),
            today,
        )
        for each in results.questions
    }
    done = tuple(row for row in found.values() if row.item is not None and not row.is_at_risk)
    return Plan(tuple(found[question_id] for question_id in lines), done, results.counts[Risk.UNANSWERED])


@transaction.atomic
def save_improvement(
    *, user: User, assessment: Assessment, question_id: str, draft: ImprovementDraft, base_revision: int
) -> ImprovementItem:
    """Make the decision about one question what the draft says. A draft equal to what is stored writes nothing.

    `base_revision` is the revision the person saw, 0 where there was none: when somebody decided meanwhile it is refused with
    code "stale". ValidationError by field: status, owner, due_on, note.
    """
    assessment = held(user, assessment)
    question = question_of(assessment, question_id)
    draft = ImprovementDraft(draft.status, draft.owner, draft.due_on, tidy(draft.note))
    _refuse(draft, assessment)
    item, _ = ImprovementItem.objects.select_related("owner", "changed_by").get_or_create(
        assessment=assessment, question_id=question_id
    )
    before, after = _told(draft_of(item)), _told(draft)
    if before == after:
        return item
    if item.revision != base_revision:
        raise ValidationError(_meanwhile(item, before), code="stale")
    item.status, item.owner, item.due_on, item.note = draft.status, draft.owner, draft.due_on, draft.note
    item.revision, item.changed_by, item.changed_at = item.revision + 1, user, database_now()
    item.save(force_update=True)
    changed = {name: {"from": before[name], "to": said} for name, said in after.items() if before[name] != said}
    team = assessment.service.team
    detail = {"changed": changed}
    record(chain_of(assessment), "planned the improvement of", question.title, actor=user, detail=detail, team=team)
    return item


def draft_of(item: ImprovementItem | None) -> ImprovementDraft:
    """A stored decision as a draft."""
    return ImprovementDraft(item.status, item.owner, item.due_on, item.note) if item else ImprovementDraft()


def _told(draft: ImprovementDraft) -> dict[str, str]:
    return {
        "status": ImprovementStatus(draft.status).label,
        "owner": f"{draft.owner.shown_name} ({draft.owner.username})" if draft.owner else "nobody",
        "due": draft.due_on.isoformat() if draft.due_on else "no date",
        "note": draft.note,
    }


def _refuse(draft: ImprovementDraft, assessment: Assessment) -> None:
    problems: dict[str, list[str]] = {}
    if draft.status not in ImprovementStatus.values:
        problems["status"] = [f"“{draft.status[:30]}” is no status. Use {', '.join(ImprovementStatus.values)}."]
    if draft.status == ImprovementStatus.RISK_ACKNOWLEDGED and not draft.note:
        problems["note"] = ["Say why the risk is accepted: auditors will ask."]
    if found := text_problems(draft.note, "The note", NOTE):
        problems["note"] = found
    if draft.owner and draft.owner not in possible_assignees(assessment.service.team_id):
        told = f"{draft.owner.shown_name} may not answer for this team. Choose somebody of the list."
        problems["owner"] = [told]
    if draft.due_on and not 2000 <= draft.due_on.year <= 2200:
        problems["due_on"] = [f"{draft.due_on} is no date to plan by. Choose one of the next years."]
    if problems:
        raise ValidationError(problems)


def _meanwhile(item: ImprovementItem, stored: dict[str, str]) -> str:
    who = item.changed_by.shown_name if item.changed_by else "Somebody"
    said = "; ".join(f"{name}: {value}" for name, value in stored.items() if value)
    return (
        f"{who} changed this at {item.changed_at:%H:%M:%S} UTC, while you were editing it, to {said}. Nothing was overwritten "
        "and what you typed is still here. Compare, then save again to keep yours."
    )
