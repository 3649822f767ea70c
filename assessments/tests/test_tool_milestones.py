"""Milestones of an assessment and of a workload in the Tool of a sandbox."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments import tool_runner
from assessments.lease import later
from assessments.models import RunStatus, ToolSync
from assessments.operations.milestones import is_unchanged, record_milestone
from assessments.operations.tool import start_milestone_pull, start_milestone_push
from assessments.tests.tool_stage import Stage
from portal.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def pushed(stage: Stage) -> Stage:
    """Connected, one question answered here, and pushed."""
    stage.connect()
    stage.answer("backup", "tested", notes="Since May")
    stage.push()
    return stage


def test_a_milestone_freezes_both_sides(pushed: Stage) -> None:
    made = pushed.push_milestone("Before the summer")
    assert pushed.milestones() == [("Before the summer", 1, made)]
    pushed.answer_in_tool("backup", SelectedChoices=[])
    frozen = pushed.aws("GetAnswer", **pushed.names, QuestionId="backup", MilestoneNumber=1)["Answer"]
    assert frozen["SelectedChoices"] == ["tested"]


def test_a_milestone_is_refused_while_the_sides_differ(pushed: Stage) -> None:
    pushed.answer("backup", "copied")
    with pytest.raises(ValidationError, match="1 answer differs"):
        pushed.push_milestone("Before the summer")
    assert not pushed.assessment.milestones.exists()


def test_a_milestone_that_was_only_recorded_here_is_taken_up(pushed: Stage) -> None:
    ours = record_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    made = pushed.push_milestone("Before the summer")
    assert made == ours


def test_milestones_made_in_the_tool_are_listed(pushed: Stage) -> None:
    pushed.aws("CreateMilestone", WorkloadId=pushed.names["WorkloadId"], MilestoneName="By hand")
    assert pushed.milestones() == [("By hand", 1, None)]


def test_a_milestone_of_the_tool_is_recorded_here_as_it_was(pushed: Stage) -> None:
    pushed.aws(
        "CreateMilestone", WorkloadId=pushed.names["WorkloadId"], MilestoneName="By hand", ClientRequestToken="x"
    )
    pushed.answer_in_tool("backup", SelectedChoices=["tested", "copied", "owned"], Notes="Later")
    pushed.answer("restore", "timed")
    made = pushed.pull_milestone(1)
    content = made.content
    (backup, restore) = (pillar["questions"][0] for pillar in content["pillars"])
    assert (made.name, content["from_the_tool"]["number"]) == ("By hand (from AWS)", 1)
    assert [each["id"] for each in backup["choices"] if each["status"] == "SELECTED"] == ["tested"]
    assert (backup["notes"], backup["risk"], restore["revision"]) == ("Since May", "MEDIUM", 0)
    assert (content["counts"]["MEDIUM"], content["counts"]["UNANSWERED"]) == (1, 1)
    assert is_unchanged(made)
    assert pushed.chosen("backup") == {"tested"}


def test_a_milestone_is_pulled_once(pushed: Stage) -> None:
    pushed.push_milestone("Before the summer")
    with pytest.raises(ValidationError, match="already, as milestone 1"):
        pushed.pull_milestone(1)
    with pytest.raises(ValidationError, match="no milestone 9"):
        pushed.pull_milestone(9)


def test_a_milestone_is_refused_when_both_sides_moved_together_since_somebody_looked(pushed: Stage) -> None:
    seen = pushed.compare()
    pushed.answer("backup", "copied")
    pushed.push()
    with pytest.raises(ValidationError, match="changed since you compared"):
        pushed.push_milestone("Before the summer", seen)
    assert not pushed.assessment.milestones.exists()


def test_a_milestone_whose_worker_died_after_it_is_not_recorded_twice(
    pushed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pushed.compare()
    sync = start_milestone_push(user=pushed.user, assessment=pushed.assessment, seen=seen, name="Before the summer")
    with monkeypatch.context() as patch:
        patch.setattr(tool_runner, "_afterwards", _die)
        with pytest.raises(SystemExit):
            tool_runner.carry(sync.pk)
    ToolSync.objects.update(lease_until=later(-timedelta(seconds=1)))
    assert pushed.carried(sync).status == RunStatus.SUCCESS
    assert [each[:2] for each in pushed.milestones()] == [("Before the summer", 1)]
    assert pushed.assessment.milestones.count() == 1


def _die(*_: object) -> None:
    raise SystemExit


def test_viewers_record_no_milestones(pushed: Stage, people: dict[str, User]) -> None:
    viewer, seen = people["viewer"], pushed.compare()
    with pytest.raises(PermissionDenied):
        start_milestone_push(user=viewer, assessment=pushed.assessment, seen=seen, name="Before the summer")
    with pytest.raises(PermissionDenied):
        start_milestone_pull(user=viewer, assessment=pushed.assessment, number=1)
