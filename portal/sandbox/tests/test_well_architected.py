"""Workloads, answers and milestones of the Well-Architected Tool over boto3: limits, refusals, meaning."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import EAST, WEST, Account
from portal.sandbox.tests.well_architected_checks import Tool


@pytest.fixture
def tool(account: Account) -> Tool:
    return Tool(account.client("wellarchitected"))


def code(caught: Any) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_every_limit_that_is_passed_is_named(tool: Tool) -> None:
    with pytest.raises(ClientError) as caught:
        tool.workload("wellarchitected", Description="x" * 251, Environment="LAPTOP", AccountIds=["1234567890ab"])
    assert code(caught) == "ValidationException"
    fields = {field["Name"] for field in caught.value.response["Fields"]}
    assert fields == {"Description", "Environment", "AccountIds[0]"}


def test_a_workload_needs_a_region_and_an_owner(tool: Tool) -> None:
    with pytest.raises(ClientError) as caught:
        tool.client.create_workload(
            WorkloadName="Shop", Description="A shop", Environment="PRODUCTION", Lenses=["wellarchitected"]
        )
    assert {field["Name"] for field in caught.value.response["Fields"]} == {"AwsRegions", "ReviewOwner"}


def test_names_of_workloads_are_unique_but_for_spaces_and_capitals(tool: Tool) -> None:
    tool.workload("wellarchitected", WorkloadName="Web Shop")
    with pytest.raises(ClientError) as caught:
        tool.workload("wellarchitected", WorkloadName="web shop ")
    assert code(caught) == "ConflictException"


def test_a_token_belongs_to_one_request(tool: Tool) -> None:
    tool.workload("wellarchitected", ClientRequestToken="one")
    with pytest.raises(ClientError) as caught:
        tool.workload("wellarchitected", ClientRequestToken="one")
    assert code(caught) == "ConflictException"


def test_what_does_not_exist_is_not_found(tool: Tool) -> None:
    nobody = "0" * 32
    with pytest.raises(ClientError) as caught:
        tool.client.get_workload(WorkloadId=nobody)
    assert (code(caught), caught.value.response["ResourceId"]) == ("ResourceNotFoundException", nobody)
    where = tool.reviewed()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        tool.client.get_answer(**where, QuestionId="nothing")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        tool.client.get_answer(**where, QuestionId="backup", MilestoneNumber=7)


def test_each_region_has_its_own_workloads(account: Account) -> None:
    west, east = (Tool(account.client("wellarchitected", region)) for region in (WEST, EAST))
    west.workload("wellarchitected", WorkloadName="Web shop")
    east.workload("wellarchitected", WorkloadName="Web shop")
    assert len(west.client.list_workloads()["WorkloadSummaries"]) == 1


def test_the_framework_stays_on_a_workload(tool: Tool) -> None:
    identifier = tool.workload("wellarchitected")
    with pytest.raises(ClientError, match="cannot be removed"):
        tool.client.disassociate_lenses(WorkloadId=identifier, LensAliases=["wellarchitected"])


class TestAnswers:
    def test_none_of_these_stands_alone(self, tool: Tool) -> None:
        with pytest.raises(ClientError, match="cannot be chosen with others"):
            tool.answer(tool.reviewed(), "backup", SelectedChoices=["backup_no", "tested"])

    def test_a_choice_of_another_question_is_refused(self, tool: Tool) -> None:
        with pytest.raises(ClientError, match="no such choice"):
            tool.answer(tool.reviewed(), "backup", SelectedChoices=["timed"])

    def test_notes_of_a_choice_are_short(self, tool: Tool) -> None:
        update = {"tested": {"Status": "SELECTED", "Notes": "x" * 251}}
        with pytest.raises(ClientError, match="at most 250"):
            tool.answer(tool.reviewed(), "backup", ChoiceUpdates=update)

    def test_contradictions_of_one_request_are_refused(self, tool: Tool) -> None:
        update = {"tested": {"Status": "NOT_APPLICABLE", "Reason": "OUT_OF_SCOPE"}}
        with pytest.raises(ClientError, match="contradict"):
            tool.answer(tool.reviewed(), "backup", SelectedChoices=["tested"], ChoiceUpdates=update)

    def test_a_choice_that_is_not_applicable_counts_for_the_risk(self, tool: Tool) -> None:
        where = tool.reviewed()
        update = {"copied": {"Status": "NOT_APPLICABLE", "Reason": "ARCHITECTURE_CONSTRAINTS"}}
        found = tool.answer(where, "backup", SelectedChoices=["tested"], ChoiceUpdates=update)
        assert (found["Risk"], found["SelectedChoices"]) == ("NONE", ["tested"])

    def test_what_is_not_given_stays(self, tool: Tool) -> None:
        where = tool.reviewed()
        tool.answer(where, "backup", SelectedChoices=["tested"], Notes="first")
        found = tool.answer(where, "backup", ChoiceUpdates={"copied": {"Status": "SELECTED"}})
        assert (found["SelectedChoices"], found["Notes"]) == (["tested", "copied"], "first")

    def test_a_question_applies_again_without_its_old_reason(self, tool: Tool) -> None:
        where = tool.reviewed()
        tool.answer(where, "backup", IsApplicable=False, Reason="OUT_OF_SCOPE")
        found = tool.answer(where, "backup", IsApplicable=True)
        assert (found["Reason"], found["Risk"]) == ("NONE", "UNANSWERED")

    def test_an_answer_moves_the_times_of_review_and_workload(self, tool: Tool) -> None:
        where = tool.reviewed()
        before = tool.client.get_lens_review(**where)["LensReview"]["UpdatedAt"]
        tool.answer(where, "backup", SelectedChoices=["tested"])
        review = tool.client.get_lens_review(**where)["LensReview"]["UpdatedAt"]
        workload = tool.client.get_workload(WorkloadId=where["WorkloadId"])["Workload"]["UpdatedAt"]
        assert before < review == workload

    def test_words_that_look_like_parameters_are_only_words(self, tool: Tool) -> None:
        notes = "a&Action=DeleteWorkload&b=%26"
        assert tool.answer(tool.reviewed(), "backup", Notes=notes)["Notes"] == notes

    def test_answers_come_in_pages(self, tool: Tool) -> None:
        where = tool.reviewed()
        first = tool.client.list_answers(**where, MaxResults=1)
        rest = tool.client.list_answers(**where, NextToken=first["NextToken"])
        assert [a["QuestionId"] for a in first["AnswerSummaries"] + rest["AnswerSummaries"]] == ["backup", "restore"]
        assert "NextToken" not in rest
        with pytest.raises(ClientError, match="NextToken"):
            tool.client.list_answers(**where, NextToken="99")


class TestMilestones:
    def test_a_name_is_used_once(self, tool: Tool) -> None:
        identifier = tool.workload("wellarchitected")
        tool.client.create_milestone(WorkloadId=identifier, MilestoneName="first")
        with pytest.raises(ClientError) as caught:
            tool.client.create_milestone(WorkloadId=identifier, MilestoneName="first")
        assert code(caught) == "ConflictException"

    def test_there_are_a_hundred_at_most(self, tool: Tool) -> None:
        identifier = tool.workload("wellarchitected")
        for number in range(100):
            tool.client.create_milestone(WorkloadId=identifier, MilestoneName=f"number {number}")
        with pytest.raises(ClientError) as caught:
            tool.client.create_milestone(WorkloadId=identifier, MilestoneName="one more")
        assert code(caught) == "ServiceQuotaExceededException"
