"""Decisions about risks: who, until when, how far; the plan that joins them with the computed lines."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from assessments.models import Assessment, ImprovementItem
from assessments.operations.assessments import close_assessment
from assessments.operations.improvement import ImprovementDraft, plan_for, save_improvement
from assessments.tests.rows import answered
from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.people.models import User

pytestmark = pytest.mark.django_db
TODAY = datetime.now(UTC).date()
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


@pytest.fixture
def risky(owner: User, assessment: Assessment) -> Assessment:
    """backup at HIGH, restore at MEDIUM risk."""
    answered(owner, assessment, "backup", "backup_no")
    answered(owner, assessment, "restore", "timed")
    return assessment


def save(
    user: User, assessment: Assessment, base: int = 0, question: str = "backup", **said: object
) -> ImprovementItem:
    draft = replace(ImprovementDraft(), **said)
    return save_improvement(user=user, assessment=assessment, question_id=question, draft=draft, base_revision=base)


def test_the_plan_holds_every_question_at_risk_with_what_to_choose(risky: Assessment) -> None:
    plan = plan_for(risky)
    assert [(row.question.id, row.risk, row.line.reached) for row in plan.open if row.line] == [
        ("backup", "HIGH", "MEDIUM"),
        ("restore", "MEDIUM", "NONE"),
    ]
    assert [choice.id for choice in plan.open[0].line.given_up] == ["backup_no"]


def test_a_decision_is_kept_told_in_the_log_and_shown_in_the_plan(owner: User, risky: Assessment) -> None:
    item = save(owner, risky, status="IN_PROGRESS", owner=owner, due_on=TOMORROW, note="Copy nightly")
    assert item.revision == 1
    (row, _) = plan_for(risky).open
    assert (row.status, row.item.owner, row.item.due_on) == ("IN_PROGRESS", owner, TOMORROW)
    event = Event.objects.filter(chain=f"assessment:{risky.pk}").latest("sequence")
    assert event.verb == "planned the improvement of"
    assert event.detail["changed"]["status"] == {"from": "Not started", "to": "In progress"}
    assert broken_link(f"assessment:{risky.pk}") is None


def test_saving_what_is_stored_writes_nothing(owner: User, risky: Assessment) -> None:
    save(owner, risky, note="Copy nightly")
    before = Event.objects.count()
    assert save(owner, risky, base=0, note="Copy nightly ").revision == 1
    assert Event.objects.count() == before


def test_somebody_elses_decision_is_told_and_not_overwritten(owner: User, colleague: User, risky: Assessment) -> None:
    save(colleague, risky, note="Theirs")
    with pytest.raises(ValidationError, match="Theirs") as refusal:
        save(owner, risky, base=0, note="Mine")
    assert refusal.value.code == "stale"
    assert ImprovementItem.objects.get().note == "Theirs"
    assert save(owner, risky, base=1, note="Mine").revision == 2


def test_every_problem_is_told_by_field(risky: Assessment, owner: User, stranger: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        save(owner, risky, status="DONE", owner=stranger, due_on=date(1, 1, 1), note="x" * 2001)
    assert set(refusal.value.message_dict) == {"status", "owner", "due_on", "note"}


def test_a_risk_is_accepted_only_with_a_reason(risky: Assessment, owner: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        save(owner, risky, status="RISK_ACKNOWLEDGED")
    assert set(refusal.value.message_dict) == {"note"}
    with pytest.raises(IntegrityError), transaction.atomic():
        ImprovementItem.objects.create(assessment=risky, question_id="restore", status="RISK_ACKNOWLEDGED")


def test_the_plan_says_what_is_late_and_what_is_only_said_to_be_done(risky: Assessment, owner: User) -> None:
    save(owner, risky, status="IN_PROGRESS", due_on=YESTERDAY)
    save(owner, risky, question="restore", status="COMPLETE", due_on=TOMORROW)
    backup, restore = plan_for(risky).open
    assert (backup.is_overdue, backup.is_contradicted) == (True, False)
    assert (restore.is_overdue, restore.is_contradicted) == (False, True)
    save(owner, risky, base=1, status="RISK_ACKNOWLEDGED", due_on=YESTERDAY, note="Cheap to lose")
    assert not plan_for(risky).open[0].is_overdue


def test_a_decision_stays_readable_when_its_risk_is_gone(risky: Assessment, owner: User) -> None:
    save(owner, risky, status="COMPLETE", due_on=YESTERDAY)
    answered(owner, risky, "backup", "tested", "copied", "owned", base=1)
    plan = plan_for(risky)
    assert [row.question.id for row in plan.open] == ["restore"]
    assert [(row.question.id, row.risk, row.is_overdue) for row in plan.done] == [("backup", "NONE", False)]


def test_unanswered_questions_are_counted_beside_the_plan(assessment: Assessment) -> None:
    plan = plan_for(assessment)
    assert (plan.open, plan.unanswered) == ((), 2)


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor", "outsider"])
def test_only_owners_and_admins_decide(risky: Assessment, people: dict[str, User], role: str) -> None:
    with pytest.raises(PermissionDenied):
        save(people[role], risky, note="Mine")


def test_a_closed_assessment_and_a_question_that_is_gone_are_refused(risky: Assessment, owner: User) -> None:
    with pytest.raises(ValidationError, match="no question"):
        save(owner, risky, question="gone", note="Mine")
    close_assessment(user=owner, assessment=risky, milestone_name="The end")
    with pytest.raises(ValidationError, match="closed"):
        save(owner, risky, note="Mine")
