"""Custom lenses over boto3: what the import refuses, drafts and versions, quotas."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import Account
from portal.sandbox.tests.well_architected_checks import STEPPED, Tool, lens_of, question, small
from portal.sandbox.well_architected_format import read

LENSES = sorted((Path(__file__).parents[3] / "assessments" / "lenses").glob("*.json"))


@pytest.fixture
def tool(account: Account) -> Tool:
    return Tool(account.client("wellarchitected"))


def refusal(caught: Any) -> tuple[str, int]:
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("path", LENSES, ids=lambda path: path.stem)
def test_the_lenses_that_are_shipped_can_be_imported(path: Path) -> None:
    content, problems = read(path.read_text(encoding="utf-8"))
    assert problems == []
    assert content is not None and content.questions


def _without(raw: dict[str, Any], *names: str) -> None:
    for name in names:
        del raw[name]


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no name": (lambda raw: _without(raw, "name"), "name"),
    "another schema": (lambda raw: raw.update(schemaVersion="1"), "schemaVersion"),
    "a long title": (lambda raw: raw["pillars"][0]["questions"][0].update(title="x" * 129), "title"),
    "no default rule": (lambda raw: raw["pillars"][0]["questions"][0]["riskRules"].pop(), "riskRules"),
    "an unknown choice": (
        lambda raw: raw["pillars"][0]["questions"][0]["riskRules"][0].update(condition="nowhere"),
        "riskRules[0].condition",
    ),
    "no plan": (lambda raw: _without(raw["pillars"][0]["questions"][0]["choices"][0], "improvementPlan"), "choices[0]"),
    "a repeated question": (lambda raw: raw["pillars"][1]["questions"][0].update(id="backup"), "questions"),
    "a short id": (lambda raw: raw["pillars"][0].update(id="x"), "pillars"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_import_refuses_what_the_format_does_not_allow(tool: Tool, name: str) -> None:
    raw = small("Broken")
    breaking, where = BROKEN[name]
    breaking(raw)
    with pytest.raises(ClientError) as caught:
        tool.imported(raw)
    assert refusal(caught) == ("ValidationException", 400)
    assert any(where in field["Name"] for field in caught.value.response["Fields"])


def test_text_that_is_no_json_is_refused(tool: Tool) -> None:
    with pytest.raises(ClientError, match="no JSON"):
        tool.client.import_lens(JSONString="{lens")


def test_two_lenses_of_one_name_are_refused(tool: Tool) -> None:
    tool.lens(small("Twin"))
    with pytest.raises(ClientError, match="already exists") as caught:
        tool.imported(small("Twin"))
    assert refusal(caught) == ("ValidationException", 400)


def test_an_account_has_room_for_fifteen_lenses(tool: Tool) -> None:
    for _ in range(15):
        tool.imported()
    with pytest.raises(ClientError) as caught:
        tool.imported()
    assert refusal(caught) == ("ServiceQuotaExceededException", 402)


def test_a_token_imports_once_and_belongs_to_one_request(tool: Tool) -> None:
    content = small("Once")
    arn = tool.imported(content, ClientRequestToken="one")
    assert tool.imported(content, ClientRequestToken="one") == arn
    with pytest.raises(ClientError) as caught:
        tool.imported(small("Other"), ClientRequestToken="one")
    assert refusal(caught) == ("ConflictException", 409)


def test_a_version_is_published_once(tool: Tool) -> None:
    arn = tool.lens()
    with pytest.raises(ClientError) as caught:
        tool.publish(arn, "1.0")
    assert refusal(caught) == ("ConflictException", 409)
    with pytest.raises(ClientError, match="no draft"):
        tool.publish(arn, "2.0")


def test_a_draft_reviews_no_workload(tool: Tool) -> None:
    with pytest.raises(ClientError, match="not published"):
        tool.workload(tool.imported())


def test_a_minor_version_reaches_reviews_by_itself_and_a_major_one_does_not(tool: Tool) -> None:
    where = tool.reviewed()
    arn = where["LensAlias"]
    more = lens_of("More", question("backup", "tested copied owned backup_no", STEPPED))
    tool.imported(more, LensAlias=arn)
    tool.publish(arn, "1.1", is_major=False)
    review = tool.client.get_lens_review(**where)["LensReview"]
    assert (review["LensVersion"], review["LensStatus"]) == ("1.1", "CURRENT")
    tool.imported(more, LensAlias=arn)
    tool.publish(arn, "2.0")
    review = tool.client.get_lens_review(**where)["LensReview"]
    assert (review["LensVersion"], review["LensStatus"]) == ("1.1", "NOT_CURRENT")


def test_an_upgrade_drops_choices_that_are_gone(tool: Tool) -> None:
    where = tool.reviewed()
    tool.answer(where, "backup", SelectedChoices=["tested", "copied"])
    tool.imported(
        lens_of("Less", question("backup", "tested kept", [("default", "NO_RISK")])), LensAlias=where["LensAlias"]
    )
    tool.publish(where["LensAlias"], "2.0")
    tool.client.upgrade_lens_review(**where, MilestoneName="before")
    assert tool.client.get_answer(**where, QuestionId="backup")["Answer"]["SelectedChoices"] == ["tested"]
    with pytest.raises(ClientError) as caught:
        tool.client.upgrade_lens_review(**where, MilestoneName="again")
    assert refusal(caught) == ("ConflictException", 409)


def test_lenses_of_aws_are_neither_exported_nor_deleted(tool: Tool) -> None:
    with pytest.raises(ClientError) as caught:
        tool.client.export_lens(LensAlias="wellarchitected")
    assert refusal(caught) == ("AccessDeniedException", 403)
    with pytest.raises(ClientError) as caught:
        tool.client.delete_lens(LensAlias="wellarchitected", LensStatus="ALL")
    assert refusal(caught) == ("ValidationException", 400)


def test_a_deleted_lens_is_gone(tool: Tool) -> None:
    arn = tool.lens()
    tool.client.delete_lens(LensAlias=arn, LensStatus="PUBLISHED")
    with pytest.raises(ClientError) as caught:
        tool.client.get_lens(LensAlias=arn)
    assert refusal(caught) == ("ResourceNotFoundException", 404)


def test_accounts_and_regions_do_not_see_each_others_lenses(account: Account, tool: Tool) -> None:
    arn = tool.lens()
    with pytest.raises(ClientError, match="does not exist"):
        account.client("wellarchitected", "eu-west-1").get_lens(LensAlias=arn)
