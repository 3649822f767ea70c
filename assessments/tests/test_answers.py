"""Saving answers: revisions, conflicts told field by field, lost confirmations, refusals with every problem, comments."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments.models import Answer, Assessment, Comment
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, StaleAnswer, add_comment, save_answer
from assessments.operations.assessments import close_assessment
from assessments.operations.shelf import results_for
from assessments.risk import Risk
from assessments.tests.rows import answered, chosen
from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.people.models import User

pytestmark = pytest.mark.django_db


def save(user: User, assessment: Assessment, draft: AnswerDraft, base: int, page: str = "") -> Answer:
    return save_answer(
        user=user, assessment=assessment, question_id="backup", draft=draft, base_revision=base, page_key=page
    )


def risk(assessment: Assessment) -> Risk:
    return next(each.risk for each in results_for(assessment).questions if each.question.id == "backup")


def test_an_answer_is_kept_and_changes_the_risk(owner: User, assessment: Assessment) -> None:
    assert risk(assessment) is Risk.UNANSWERED
    answer = answered(owner, assessment, "backup", "tested")
    assert answer.revision == 1
    assert answer.changed_by == owner
    assert answer.choices == {"tested": {"status": "SELECTED", "reason": "", "notes": ""}}
    assert risk(assessment) is Risk.MEDIUM
    answered(owner, assessment, "backup", "tested", "copied", "owned", base=1)
    assert risk(assessment) is Risk.NONE


def test_a_choice_that_is_not_applicable_with_a_reason_counts_as_satisfied(owner: User, assessment: Assessment) -> None:
    excused = {"owned": ChoiceAnswer("NOT_APPLICABLE", "OUT_OF_SCOPE", "Another team's")}
    draft = AnswerDraft({**chosen("tested", "copied").choices, **excused})
    assert save(owner, assessment, draft, 0).choices["owned"]["notes"] == "Another team's"
    assert risk(assessment) is Risk.NONE


def test_a_question_that_does_not_apply_says_why(owner: User, assessment: Assessment) -> None:
    with pytest.raises(ValidationError) as refusal:
        save(owner, assessment, AnswerDraft(is_applicable=False), 0)
    assert list(refusal.value.message_dict) == ["reason"]
    save(owner, assessment, AnswerDraft(is_applicable=False, reason="BUSINESS_PRIORITIES"), 0)
    assert risk(assessment) is Risk.NOT_APPLICABLE


def test_every_problem_of_an_answer_is_told_at_once(owner: User, assessment: Assessment, stranger: User) -> None:
    draft = AnswerDraft(
        choices={
            "tested": ChoiceAnswer("SELECTED", notes="x" * 251),
            "backup_no": ChoiceAnswer("SELECTED"),
            "copied": ChoiceAnswer("NOT_APPLICABLE"),
            "invented": ChoiceAnswer("SELECTED"),
        },
        is_applicable=False,
        reason="BECAUSE",
        notes="y" * 2085,
        assignee=stranger,
    )
    with pytest.raises(ValidationError) as refusal:
        save(owner, assessment, draft, 0)
    told = refusal.value.message_dict
    assert set(told) == {"choices", "reason", "notes", "assignee"}
    assert len(told["choices"]) == 4
    assert not Answer.objects.exists()


def test_text_that_no_database_keeps_is_refused(owner: User, assessment: Assessment) -> None:
    for letter in ("\0", "\ud800"):
        with pytest.raises(ValidationError, match="cannot be stored"):
            save(owner, assessment, chosen("tested", notes=f"a{letter}b"), 0)


def test_who_saved_meanwhile_is_told_field_by_field_and_not_overwritten(
    owner: User, colleague: User, assessment: Assessment
) -> None:
    save(colleague, assessment, chosen("tested", notes="Theirs"), 0)
    mine = chosen("copied", notes="Mine", assignee=owner)
    with pytest.raises(StaleAnswer, match="Cleo answered this question") as refusal:
        save(owner, assessment, mine, 0)
    told = {each.key: (each.stored, each.yours) for each in refusal.value.differences}
    assert told == {
        "notes": ("Theirs", "Mine"),
        "assignee": ("nobody", "Owner Tester (owner)"),
        "choice:tested": ("chosen", "not chosen"),
        "choice:copied": ("not chosen", "chosen"),
    }
    stored = Answer.objects.get()
    assert (stored.notes, stored.revision) == ("Theirs", 1)
    assert save(owner, assessment, mine, refusal.value.current.revision).revision == 2


def test_two_people_who_say_the_same_do_not_collide(owner: User, colleague: User, assessment: Assessment) -> None:
    answered(colleague, assessment, "backup", "tested")
    answer = answered(owner, assessment, "backup", "tested")
    assert (answer.revision, answer.changed_by) == (1, colleague)


def test_a_page_whose_confirmations_were_lost_goes_on_from_where_it_stood(owner: User, assessment: Assessment) -> None:
    save(owner, assessment, chosen("tested"), 0, "page")
    save(owner, assessment, chosen("tested", "copied"), 0, "page")
    assert save(owner, assessment, chosen("owned"), 0, "page").revision == 3


def test_a_page_does_not_pass_over_what_somebody_saved_between(
    owner: User, colleague: User, assessment: Assessment
) -> None:
    save(owner, assessment, chosen("tested"), 0, "page")
    save(colleague, assessment, chosen("owned"), 1, "other")
    with pytest.raises(StaleAnswer):
        save(owner, assessment, chosen("copied"), 0, "page")
    save(owner, assessment, chosen("copied"), 2, "page")
    with pytest.raises(StaleAnswer):
        save(owner, assessment, chosen("tested"), 1, "page")


def test_another_page_of_the_same_person_is_no_exception(owner: User, assessment: Assessment) -> None:
    save(owner, assessment, chosen("tested"), 0, "one")
    with pytest.raises(StaleAnswer):
        save(owner, assessment, chosen("copied"), 0, "two")


@pytest.mark.parametrize("role", ["viewer", "author", "approver", "responder", "auditor", "outsider"])
def test_only_owners_and_admins_answer(people: dict[str, User], assessment: Assessment, role: str) -> None:
    with pytest.raises(PermissionDenied):
        answered(people[role], assessment, "backup", "tested")
    assert not Answer.objects.exists()


def test_an_admin_answers(people: dict[str, User], assessment: Assessment) -> None:
    assert answered(people["admin"], assessment, "backup", "tested").revision == 1


def test_a_closed_assessment_changes_no_more(owner: User, assessment: Assessment) -> None:
    close_assessment(user=owner, assessment=assessment, milestone_name="Closed")
    with pytest.raises(ValidationError, match="is closed"):
        answered(owner, assessment, "backup", "tested")


def test_a_question_the_lens_does_not_have_is_refused(owner: User, assessment: Assessment) -> None:
    with pytest.raises(ValidationError, match="has no question nothing"):
        answered(owner, assessment, "nothing", "tested")


def test_the_log_tells_what_changed_from_what_to_what(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    save(owner, assessment, replace(chosen("tested"), notes="Weekly"), 1)
    chain = f"assessment:{assessment.pk}"
    event = Event.objects.filter(chain=chain).order_by("-sequence").first()
    assert event is not None
    assert (event.verb, event.actor, event.subject) == ("answered", owner, "How do you backup?")
    assert event.detail["changed"] == {"Notes": {"from": "", "to": "Weekly"}}
    assert event.team_id == assessment.service.team_id
    assert broken_link(chain) is None


def test_a_save_that_changes_nothing_writes_nothing(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    before = Event.objects.count()
    assert answered(owner, assessment, "backup", "tested", base=1).revision == 1
    assert Event.objects.count() == before


def test_a_comment_sent_twice_is_there_once(owner: User, colleague: User, assessment: Assessment) -> None:
    def say(user: User, text: str) -> Comment:
        return add_comment(user=user, assessment=assessment, question_id="backup", text=text)

    assert say(owner, "Since when?") == say(owner, "Since when? ")
    say(colleague, "Since when?")
    say(owner, "Since when?")
    assert list(Comment.objects.order_by("pk").values_list("author__username", flat=True)) == [
        "owner",
        "colleague",
        "owner",
    ]
    assert Event.objects.filter(chain=f"assessment:{assessment.pk}", verb="commented on").count() == 3


def test_a_viewer_comments_and_a_stranger_does_not(
    people: dict[str, User], assessment: Assessment, stranger: User
) -> None:
    comment = add_comment(user=people["viewer"], assessment=assessment, question_id="backup", text="  Since when?\r\n")
    assert comment.text == "Since when?"
    with pytest.raises(PermissionDenied):
        add_comment(user=stranger, assessment=assessment, question_id="backup", text="Hello")
    for text in ("", " \n", "x" * 4001):
        with pytest.raises(ValidationError):
            add_comment(user=people["viewer"], assessment=assessment, question_id="backup", text=text)
    assert comment.answer.revision == 0
    assert risk(assessment) is Risk.UNANSWERED
