"""Starting, upgrading and closing an assessment, and who sees it."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from assessments.models import Assessment
from assessments.operations.assessments import (
    close_assessment,
    newer_version,
    preview_upgrade,
    start_assessment,
    upgrade_assessment,
)
from assessments.operations.lenses import create_lens
from assessments.operations.shelf import dropped_answers, results_for, visible_assessments
from assessments.risk import Risk
from assessments.tests.lenses import backup, lens, pillar, question, small, text
from assessments.tests.rows import answered, next_version, published
from portal.catalogue.models import Service
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db


def without_restore() -> dict[str, Any]:
    more = question("fail_over", "manual automatic", [("automatic", "NO_RISK"), ("default", "HIGH_RISK")])
    return lens(pillar("reliability", backup(description="Reworded."), more))


def test_an_assessment_begins_with_the_newest_published_version(owner: User, service: Service, team: Team) -> None:
    first = published(owner, team, small())
    second = next_version(owner, first, without_restore())
    assessment = start_assessment(user=owner, service=service, lens=first.lens)
    assert assessment.lens_version == second
    assert (assessment.owner, assessment.started_by, assessment.is_open) == (service.owner, owner, True)


def test_one_assessment_is_open_per_service_and_lens(owner: User, assessment: Assessment) -> None:
    with pytest.raises(ValidationError, match="is being assessed"):
        start_assessment(user=owner, service=assessment.service, lens=assessment.lens)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.create(
            service=assessment.service,
            lens=assessment.lens,
            lens_version=assessment.lens_version,
            owner=owner,
            started_by=owner,
        )
    close_assessment(user=owner, assessment=assessment, milestone_name="Closed")
    again = start_assessment(user=owner, service=assessment.service, lens=assessment.lens)
    assert again.pk != assessment.pk


def test_a_lens_of_another_team_or_without_a_published_version_is_refused(
    owner: User, service: Service, stranger: User, team: Team
) -> None:
    foreign = published(stranger, Team.objects.get(slug="warehouse"), small())
    draft = create_lens(user=owner, team=team, text=text(small()))
    for unfit in (foreign.lens, draft.lens):
        with pytest.raises(ValidationError, match="no published version for the team Shop"):
            start_assessment(user=owner, service=service, lens=unfit)


def test_a_retired_service_is_not_assessed(owner: User, service: Service, team: Team) -> None:
    version = published(owner, team, small())
    service.is_retired = True
    with pytest.raises(ValidationError, match="is retired"):
        start_assessment(user=owner, service=service, lens=version.lens)


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor", "outsider"])
def test_only_owners_start_upgrade_and_close(people: dict[str, User], assessment: Assessment, role: str) -> None:
    newer = next_version(people["owner"], assessment.lens_version, without_restore())
    user = people[role]
    with pytest.raises(PermissionDenied):
        start_assessment(user=user, service=assessment.service, lens=assessment.lens)
    with pytest.raises(PermissionDenied):
        upgrade_assessment(user=user, assessment=assessment, version=newer, milestone_name="Before")
    with pytest.raises(PermissionDenied):
        close_assessment(user=user, assessment=assessment, milestone_name="Closed")
    assessment.refresh_from_db()
    assert (assessment.lens_version.number, assessment.is_open) == ("1.0", True)


def test_an_upgrade_records_a_milestone_carries_answers_over_and_keeps_what_is_gone(
    owner: User, assessment: Assessment
) -> None:
    answered(owner, assessment, "backup", "tested", "copied", "owned")
    answered(owner, assessment, "restore", "timed")
    assert newer_version(assessment) is None
    newer = next_version(owner, assessment.lens_version, without_restore(), is_major=True)
    assert newer_version(assessment) == newer
    preview = preview_upgrade(assessment, newer)
    assert (list(preview.dropped), list(preview.reworded), list(preview.added)) == (
        ["restore"],
        ["backup"],
        ["fail_over"],
    )

    done = upgrade_assessment(user=owner, assessment=assessment, version=newer, milestone_name="Before 2.0")
    assert done.dropped == {"restore": "How do you restore?"}
    assert done.assessment.lens_version == newer
    risks = {each.question.id: each.risk for each in results_for(done.assessment).questions}
    assert risks == {"backup": Risk.NONE, "fail_over": Risk.UNANSWERED}
    assert [answer.choices["timed"]["status"] for answer in dropped_answers(done.assessment)] == ["SELECTED"]
    frozen = done.milestone.content
    assert frozen["lens"]["version"] == "1.0"
    assert frozen["pillars"][1]["questions"][0]["risk"] == "MEDIUM"


def test_a_choice_that_is_gone_is_passed_over(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested", "copied", "owned")
    smaller = question("backup", "tested other", [("tested && other", "NO_RISK"), ("default", "HIGH_RISK")])
    newer = next_version(owner, assessment.lens_version, lens(pillar("reliability", smaller)))
    done = upgrade_assessment(user=owner, assessment=assessment, version=newer, milestone_name="Before")
    assert [each.risk for each in results_for(done.assessment).questions] == [Risk.HIGH]


def test_an_older_version_and_another_lens_are_refused_and_no_milestone_stays(
    owner: User, assessment: Assessment, team: Team
) -> None:
    other = published(owner, team, small())
    for unfit in (assessment.lens_version, other):
        with pytest.raises(ValidationError):
            upgrade_assessment(user=owner, assessment=assessment, version=unfit, milestone_name="Before")
    assert not assessment.milestones.exists()


def test_an_upgrade_without_a_name_for_its_milestone_changes_nothing(owner: User, assessment: Assessment) -> None:
    newer = next_version(owner, assessment.lens_version, without_restore())
    with pytest.raises(ValidationError, match="at least 3"):
        upgrade_assessment(user=owner, assessment=assessment, version=newer, milestone_name=" ")
    assessment.refresh_from_db()
    assert assessment.lens_version.number == "1.0"


def test_other_teams_assessments_do_not_exist(owner: User, assessment: Assessment, stranger: User) -> None:
    assert list(visible_assessments(owner)) == [assessment]
    assert list(visible_assessments(stranger)) == []
