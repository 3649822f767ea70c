"""Milestones of an assessment and of a workload in the Tool of a sandbox."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments.operations.milestones import is_unchanged, record_milestone
from assessments.tests.tool_stage import Stage
from assessments.tool_milestones import pull_milestone, push_milestone, tool_milestones
from portal.aws import sessions
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch, Sandbox(time_scale=0.02, transition_delay=0) as running:
        patch.setenv("AWS_ENDPOINT_URL", running.api_url)
        sessions.forget()
        yield running
    sessions.forget()


@pytest.fixture
def pushed(sandbox: Sandbox, people: dict[str, User], service: Service, account: AwsAccount) -> Stage:
    """Connected, one question answered here, and pushed."""
    sandbox.reset()
    stage = Stage(people["owner"], service, account)
    stage.connect()
    stage.answer("backup", "tested", notes="Since May")
    stage.push()
    return stage


def test_a_milestone_freezes_both_sides(pushed: Stage) -> None:
    made = push_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    ((there, ours),) = tool_milestones(user=pushed.user, assessment=pushed.assessment)
    assert (there.name, there.number, ours) == ("Before the summer", made.number, made.milestone)
    pushed.answer_in_tool("backup", SelectedChoices=[])
    frozen = pushed.aws("GetAnswer", **pushed.names, QuestionId="backup", MilestoneNumber=made.number)["Answer"]
    assert frozen["SelectedChoices"] == ["tested"]


def test_a_milestone_is_refused_while_the_sides_differ(pushed: Stage) -> None:
    pushed.answer("backup", "copied")
    with pytest.raises(ValidationError, match="1 answer differs"):
        push_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    assert not pushed.assessment.milestones.exists()


def test_a_milestone_that_was_only_recorded_here_is_taken_up(pushed: Stage) -> None:
    ours = record_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    made = push_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    assert made.milestone == ours


def test_milestones_made_in_the_tool_are_listed(pushed: Stage) -> None:
    pushed.aws("CreateMilestone", WorkloadId=pushed.names["WorkloadId"], MilestoneName="By hand")
    ((there, ours),) = tool_milestones(user=pushed.user, assessment=pushed.assessment)
    assert (there.name, ours) == ("By hand", None)


def test_a_milestone_of_the_tool_is_recorded_here_as_it_was(pushed: Stage) -> None:
    pushed.aws(
        "CreateMilestone", WorkloadId=pushed.names["WorkloadId"], MilestoneName="By hand", ClientRequestToken="x"
    )
    pushed.answer_in_tool("backup", SelectedChoices=["tested", "copied", "owned"], Notes="Later")
    pushed.answer("restore", "timed")
    made = pull_milestone(user=pushed.user, assessment=pushed.assessment, number=1)
    content = made.milestone.content
    (backup, restore) = (pillar["questions"][0] for pillar in content["pillars"])
    assert (made.milestone.name, content["from_the_tool"]["number"]) == ("By hand (from AWS)", 1)
    assert [each["id"] for each in backup["choices"] if each["status"] == "SELECTED"] == ["tested"]
    assert (backup["notes"], backup["risk"], restore["revision"]) == ("Since May", "MEDIUM", 0)
    assert (content["counts"]["MEDIUM"], content["counts"]["UNANSWERED"]) == (1, 1)
    assert is_unchanged(made.milestone)
    assert pushed.chosen("backup") == {"tested"}


def test_a_milestone_is_pulled_once(pushed: Stage) -> None:
    push_milestone(user=pushed.user, assessment=pushed.assessment, name="Before the summer")
    with pytest.raises(ValidationError, match="already, as milestone 1"):
        pull_milestone(user=pushed.user, assessment=pushed.assessment, number=1)
    with pytest.raises(ValidationError, match="no milestone 9"):
        pull_milestone(user=pushed.user, assessment=pushed.assessment, number=9)


def test_viewers_record_no_milestones(pushed: Stage, people: dict[str, User]) -> None:
    with pytest.raises(PermissionDenied):
        push_milestone(user=people["viewer"], assessment=pushed.assessment, name="Before the summer")
    with pytest.raises(PermissionDenied):
        pull_milestone(user=people["viewer"], assessment=pushed.assessment, number=1)
