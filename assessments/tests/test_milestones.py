"""Milestones: what they hold, that they stay as they were, and that a change of one is seen."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments.models import Assessment, Milestone
from assessments.operations.answers import add_comment
from assessments.operations.evidence import Upload, add_evidence, remove_evidence
from assessments.operations.milestones import fingerprint, is_unchanged, record_milestone
from assessments.tests.rows import answered
from portal.audit.models import Event
from portal.people.models import User

pytestmark = pytest.mark.django_db


def record(user: User, assessment: Assessment, name: str = "First look") -> Milestone:
    return record_milestone(user=user, assessment=assessment, name=name)


def test_a_milestone_holds_every_answer_risk_evidence_and_comment(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    add_comment(user=owner, assessment=assessment, question_id="backup", text="Ask Rob.")
    upload = Upload("report.pdf", b"%PDF-1.7")
    add_evidence(user=owner, assessment=assessment, question_id="backup", note="May", upload=upload)
    content = record(owner, assessment).content
    assert content["lens"] == {
        "slug": assessment.lens.slug,
        "name": "Recovery",
        "version": "1.0",
        "sha256": assessment.lens_version.sha256,
    }
    assert content["counts"] == {"UNANSWERED": 1, "HIGH": 0, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 0}
    (backup,) = content["pillars"][0]["questions"]
    assert (backup["risk"], backup["changed_by"], backup["revision"]) == ("MEDIUM", "owner", 1)
    assert [(each["id"], each["status"]) for each in backup["choices"]] == [
        ("tested", "SELECTED"),
        ("copied", "UNSELECTED"),
        ("owned", "UNSELECTED"),
        ("backup_no", "UNSELECTED"),
    ]
    assert [(each["value"], each["note"], each["bytes"]) for each in backup["evidence"]] == [("report.pdf", "May", 8)]
    assert [each["text"] for each in backup["comments"]] == ["Ask Rob."]


def test_a_milestone_stays_as_it_was_when_answers_change(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    evidence = add_evidence(user=owner, assessment=assessment, question_id="backup", value="https://example.com/a")
    first = record(owner, assessment)
    answered(owner, assessment, "backup", "copied", base=1)
    remove_evidence(user=owner, assessment=assessment, evidence=evidence)
    second = record(owner, assessment, "Second look")
    first.refresh_from_db()
    assert [first.number, second.number] == [1, 2]
    before, after = first.content["pillars"][0]["questions"][0], second.content["pillars"][0]["questions"][0]
    assert [each["id"] for each in before["choices"] if each["status"] == "SELECTED"] == ["tested"]
    assert [each["id"] for each in after["choices"] if each["status"] == "SELECTED"] == ["copied"]
    assert (len(before["evidence"]), len(after["evidence"])) == (1, 0)


def test_a_milestone_somebody_edited_in_the_database_is_noticed(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    milestone = record(owner, assessment)
    milestone.refresh_from_db()
    assert is_unchanged(milestone)
    event = Event.objects.get(verb="recorded the milestone")
    assert event.detail == {"number": 1, "sha256": milestone.sha256}
    milestone.content["counts"]["HIGH"] = 7
    milestone.save()
    assert not is_unchanged(Milestone.objects.get())
    milestone.sha256 = fingerprint(milestone.content)
    milestone.save()
    assert not is_unchanged(Milestone.objects.get()), "the audit log still tells the first fingerprint"


@pytest.mark.parametrize("name", ["", "  a ", "x" * 101, "a\0bc"])
def test_a_name_no_milestone_may_have_is_refused(owner: User, assessment: Assessment, name: str) -> None:
    with pytest.raises(ValidationError):
        record(owner, assessment, name)
    assert not Milestone.objects.exists()


def test_a_viewer_records_none(people: dict[str, User], assessment: Assessment) -> None:
    with pytest.raises(PermissionDenied):
        record(people["viewer"], assessment)
