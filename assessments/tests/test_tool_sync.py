"""An assessment and the Well-Architected Tool of a sandbox, in both directions."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments import tool_sync
from assessments.models import ToolSync
from assessments.operations.answers import ChoiceAnswer
from assessments.operations.assessments import start_assessment
from assessments.operations.tool import start_comparison, start_pull, start_push
from assessments.tests.tool_stage import REGION, Stage
from assessments.tool import Side, Verdict
from assessments.tool_review import Review
from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.people.models import User
from portal.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def pushed(stage: Stage) -> Stage:
    """Connected, one question answered here, and pushed."""
    stage.connect()
    stage.answer("backup", "tested", notes="Since May")
    stage.push()
    return stage


class TestPush:
    def test_a_push_makes_lens_workload_and_answers(self, stage: Stage) -> None:
        stage.connect()
        choices = {"owned": ChoiceAnswer("NOT_APPLICABLE", "OUT_OF_SCOPE", "bought")}
        stage.answer("backup", "tested", "copied", notes="Since May", choices=choices)
        done = stage.push()
        assert (done.done, done.left) == (["How do you backup?"], {})
        found = stage.in_tool("backup")
        assert (found["SelectedChoices"], found["Notes"], found["Risk"]) == (["tested", "copied"], "Since May", "NONE")
        (excused,) = [each for each in found["ChoiceAnswers"] if each["ChoiceId"] == "owned"]
        assert (excused["Status"], excused["Reason"], excused["Notes"]) == ("NOT_APPLICABLE", "OUT_OF_SCOPE", "bought")
        workload = stage.aws("GetWorkload", WorkloadId=stage.names["WorkloadId"])["Workload"]
        assert (workload["WorkloadName"], workload["AwsRegions"]) == ("Checkout", ["us-west-2", "us-east-1"])
        assert stage.aws("GetLens", LensAlias=stage.names["LensAlias"])["Lens"]["LensVersion"] == "1.0"

    def test_a_preview_before_the_first_push_sends_nothing(self, stage: Stage) -> None:
        stage.connect()
        stage.answer("backup", "tested")
        seen = stage.preview()
        assert stage.verdicts() == {"backup": Verdict.PUSH, "restore": Verdict.SAME}
        assert seen.review is None
        assert stage.aws("ListWorkloads")["WorkloadSummaries"] == []

    def test_a_second_push_has_nothing_to_do(self, pushed: Stage) -> None:
        before = pushed.aws("GetWorkload", WorkloadId=pushed.names["WorkloadId"])["Workload"]["UpdatedAt"]
        assert pushed.push().done == []
        assert pushed.aws("GetWorkload", WorkloadId=pushed.names["WorkloadId"])["Workload"]["UpdatedAt"] == before

    def test_a_question_that_does_not_apply_is_pushed_with_its_reason(self, stage: Stage) -> None:
        stage.connect()
        stage.answer("backup", is_applicable=False, reason="BUSINESS_PRIORITIES")
        stage.push()
        found = stage.in_tool("backup")
        assert (found["IsApplicable"], found["Reason"], found["Risk"]) == (
            False,
            "BUSINESS_PRIORITIES",
            "NOT_APPLICABLE",
        )

    def test_taking_a_choice_back_is_pushed(self, pushed: Stage) -> None:
        pushed.answer("backup", "copied")
        pushed.push()
        assert (pushed.in_tool("backup")["SelectedChoices"], pushed.in_tool("backup")["Notes"]) == (["copied"], "")

    def test_a_newer_answer_of_the_tool_is_not_overwritten(self, pushed: Stage) -> None:
        pushed.answer_in_tool("backup", SelectedChoices=["copied"])
        assert pushed.push().done == []
        assert pushed.in_tool("backup")["SelectedChoices"] == ["copied"]

    def test_an_answer_that_comes_in_between_is_not_overwritten(
        self, pushed: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pushed.answer("backup", "tested", "copied")
        seen, read = pushed.compare(), Review.answers

        def then_somebody_answers(review: Review, *more: Any, **named: Any) -> Any:
            found = read(review, *more, **named)
            pushed.answer_in_tool("backup", SelectedChoices=["owned"])
            return found

        monkeypatch.setattr(Review, "answers", then_somebody_answers)
        done = pushed.push(seen)
        assert (done.done, list(done.left)) == ([], ["How do you backup?"])
        assert pushed.in_tool("backup")["SelectedChoices"] == ["owned"]


class TestPull:
    def test_the_preview_shows_what_changed_in_the_tool_and_pull_takes_it(self, pushed: Stage) -> None:
        pushed.answer_in_tool("backup", SelectedChoices=["tested", "copied"], Notes="Two copies")
        (change,) = pushed.preview().changes
        assert change.verdict is Verdict.PULL
        assert [(each.key, each.theirs) for each in change.differences] == [
            ("choice:copied", "chosen"),
            ("notes", "Two copies"),
        ]
        assert pushed.pull().done == ["How do you backup?"]
        row = pushed.stored("backup")
        assert row is not None
        assert (pushed.chosen("backup"), row.notes, row.changed_by) == ({"tested", "copied"}, "Two copies", pushed.user)
        assert pushed.preview().is_same

    def test_a_pull_keeps_who_is_to_answer(self, pushed: Stage) -> None:
        pushed.answer("backup", "tested", notes="Since May", assignee=pushed.user)
        pushed.answer_in_tool("backup", SelectedChoices=["copied"])
        pushed.pull()
        row = pushed.stored("backup")
        assert row is not None
        assert row.assignee == pushed.user

    def test_a_pull_leaves_what_changed_here(self, pushed: Stage) -> None:
        pushed.answer("backup", "owned")
        assert pushed.pull().done == []
        assert pushed.chosen("backup") == {"owned"}

    def test_an_answer_saved_in_between_is_not_overwritten(
        self, pushed: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pushed.answer_in_tool("backup", SelectedChoices=["copied"])

        def plan_then_somebody_saves(*given: Any) -> Any:
            planned = compare(*given)
            pushed.answer("backup", "owned")
            return planned

        compare = tool_sync.plan_of
        seen = pushed.compare()
        monkeypatch.setattr(tool_sync, "plan_of", plan_then_somebody_saves)
        done = pushed.pull(seen)
        assert list(done.left) == ["How do you backup?"]
        assert pushed.chosen("backup") == {"owned"}

    def test_a_workload_that_exists_is_pulled_through_a_lens_of_aws(self, stage: Stage) -> None:
        prefix = "rel_backing_up_data_"
        content = stage.published(
            {
                "schemaVersion": "2021-11-01", "name": "Ours", "description": "About backups.",
                "pillars": [{"id": "rel", "name": "Reliability", "questions": [{
                    "id": "our_backups", "title": "How are backups made?",
                    "riskRules": [{"condition": "default", "risk": "NO_RISK"}],
                    "choices": [
                        {"id": prefix + each, "title": each, "improvementPlan": {"displayText": "Do it."}}
                        for each in ("identified_backups_data", "secured_backups_data")
                    ],
                }]}],
            }
        )  # fmt: skip
        made = stage.aws(
            "CreateWorkload", WorkloadName="By hand", Description="By hand", Environment="PRODUCTION",
            Lenses=["wellarchitected"], ReviewOwner="somebody", AwsRegions=[REGION],
        )  # fmt: skip
        stage.assessment = start_assessment(user=stage.user, service=stage.service, lens=content)
        stage.connect(workload_id=made["WorkloadId"], lens_alias="wellarchitected")
        stage.aws(
            "UpdateAnswer",
            **stage.names,
            QuestionId="backing-up-data",
            SelectedChoices=[prefix + "secured_backups_data"],
        )
        stage.pull()
        assert stage.chosen("our_backups") == {prefix + "secured_backups_data"}
        stage.answer("our_backups", prefix + "identified_backups_data")
        stage.aws("UpdateAnswer", **stage.names, QuestionId="planning-for-recovery", Notes="not ours")
        assert stage.push().done == ["How are backups made?"]
        assert stage.in_tool("backing-up-data")["SelectedChoices"] == [prefix + "identified_backups_data"]


class TestConflicts:
    @pytest.fixture
    def torn(self, pushed: Stage) -> Stage:
        """Answered differently on both sides since the push."""
        pushed.answer("backup", "tested", "owned")
        pushed.answer_in_tool("backup", SelectedChoices=["copied"], Notes="Theirs")
        return pushed

    def test_a_conflict_is_shown_and_neither_side_is_overwritten(self, torn: Stage) -> None:
        assert torn.verdicts()["backup"] is Verdict.CONFLICT
        assert torn.push().conflicts == 1
        assert torn.pull().conflicts == 1
        assert torn.in_tool("backup")["SelectedChoices"] == ["copied"]
        assert torn.chosen("backup") == {"tested", "owned"}

    def test_a_person_decides_for_ours(self, torn: Stage) -> None:
        torn.push(decisions=torn.decided(Side.OURS))
        assert torn.in_tool("backup")["SelectedChoices"] == ["tested", "owned"]
        assert torn.preview().is_same

    def test_a_person_decides_for_theirs(self, torn: Stage) -> None:
        torn.pull(decisions=torn.decided(Side.THEIRS))
        row = torn.stored("backup")
        assert row is not None
        assert (torn.chosen("backup"), row.notes) == ({"copied"}, "Theirs")

    def test_a_decision_is_void_when_a_side_moved_on(self, torn: Stage) -> None:
        decisions = torn.decided(Side.OURS)
        torn.answer_in_tool("backup", Notes="Theirs, longer")
        assert torn.push(decisions=decisions).conflicts == 1
        assert torn.in_tool("backup")["Notes"] == "Theirs, longer"

    def test_both_sides_saying_the_same_is_no_conflict_and_is_agreed(self, torn: Stage) -> None:
        torn.answer("backup", "copied", notes="Theirs")
        assert torn.verdicts()["backup"] is Verdict.SAME
        torn.push()
        torn.answer("backup", "tested")
        assert torn.verdicts()["backup"] is Verdict.PUSH


class TestRefusals:
    def test_only_who_may_answer_syncs(self, pushed: Stage, people: dict[str, User]) -> None:
        seen, viewer = pushed.compare(), people["viewer"]
        with pytest.raises(PermissionDenied):
            start_comparison(user=viewer, assessment=pushed.assessment)
        for act in (start_push, start_pull):
            with pytest.raises(PermissionDenied):
                act(user=viewer, assessment=pushed.assessment, seen=seen)

    def test_what_is_not_connected_is_not_synced(self, stage: Stage) -> None:
        with pytest.raises(ValidationError, match="not connected"):
            stage.preview()

    def test_a_refusal_frees_the_link(self, stage: Stage) -> None:
        stage.connect(workload_id="0" * 32, lens_alias="wellarchitected")
        with pytest.raises(ValidationError, match="deleted in AWS"):
            stage.compare()
        assert not ToolSync.objects.unended().exists()

    def test_aws_out_of_reach_is_told_and_changes_nothing(self, pushed: Stage, sandbox: Sandbox) -> None:
        pushed.answer("backup", "copied")
        seen = pushed.compare()
        sandbox.inject(REGION, "api")
        try:
            with pytest.raises(ValidationError, match="ServiceUnavailable"):
                pushed.push(seen)
        finally:
            sandbox.end_fault()
        assert pushed.verdicts()["backup"] is Verdict.PUSH

    def test_an_event_tells_what_was_pushed(self, pushed: Stage) -> None:
        chain = f"assessment:{pushed.assessment.pk}"
        event = Event.objects.get(chain=chain, verb="pushed")
        assert event.subject == "1 answer to the Well-Architected Tool"
        assert event.detail["questions"] == ["How do you backup?"]
        assert broken_link(chain) is None
