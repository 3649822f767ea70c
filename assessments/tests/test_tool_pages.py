"""The Well-Architected Tool's pages and command, against the Tool of a sandbox."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from assessments.forms.tool import read_decisions
from assessments.models import ToolLink
from assessments.tests.tool_stage import REGION, Stage
from assessments.tool import Decision, Side, Verdict
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
def stage(sandbox: Sandbox, people: dict[str, User], service: Service, account: AwsAccount) -> Stage:
    sandbox.reset()
    return Stage(people["owner"], service, account)


@pytest.fixture
def pages(stage: Stage, client: Client) -> "Pages":
    client.force_login(stage.user)
    return Pages(stage, client)


class Pages:
    """The pages of the stage's assessment."""

    def __init__(self, stage: Stage, client: Client) -> None:
        self.stage, self.client = stage, client

    def get(self, name: str, /, **headers: str) -> Any:
        return self.client.get(reverse(name, args=[self.stage.assessment.pk]), headers=headers)

    def post(self, name: str, /, **typed: str) -> Any:
        return self.client.post(reverse(name, args=[self.stage.assessment.pk]), typed, follow=True)

    def text(self, answer: Any) -> str:
        return " ".join(answer.content.decode().split())


def test_connect_compare_push_and_pull_by_the_pages(pages: Pages) -> None:
    assert "Not connected with AWS yet" in pages.text(pages.get("tool_detail"))
    pages.post("tool_connect", account=str(pages.stage.account.pk), region=REGION)
    pages.stage.answer("backup", "tested")
    fragment = pages.text(pages.get("tool_preview", **{"HX-Request": "true"}))
    assert "Changed here: push" in fragment
    assert "<html" not in fragment
    assert "1 answer went to the Tool." in pages.text(pages.post("tool_push"))
    pages.stage.answer_in_tool("backup", SelectedChoices=["copied"])
    assert "Changed in the Tool: pull" in pages.text(pages.get("tool_preview"))
    assert "1 answer came from the Tool." in pages.text(pages.post("tool_pull"))
    assert pages.stage.chosen("backup") == {"copied"}


def test_a_conflict_is_shown_left_alone_and_decided(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.answer("backup", "tested")
    pages.stage.push()
    pages.stage.answer("backup", "owned")
    pages.stage.answer_in_tool("backup", SelectedChoices=["copied"])
    assert "Changed on both sides" in pages.text(pages.get("tool_preview"))
    assert "1 conflict waits for a decision" in pages.text(pages.post("tool_push", **{"decide.backup": ""}))
    assert pages.stage.in_tool("backup")["SelectedChoices"] == ["copied"]
    (conflict,) = pages.stage.preview().plan.having(Verdict.CONFLICT)
    pages.post("tool_push", **{"decide.backup": f"ours:{conflict.fingerprint}"})
    assert pages.stage.in_tool("backup")["SelectedChoices"] == ["owned"]


def test_a_milestone_is_recorded_on_both_sides(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    assert "number 1 in the Tool" in pages.text(pages.post("tool_milestone", name="Before the summer"))
    assert "Before the summer" in pages.text(pages.get("tool_preview"))
    assert "at least 3 characters" in pages.text(pages.post("tool_milestone", name=""))


def test_a_milestone_made_in_the_tool_is_recorded_here(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    pages.stage.aws("CreateMilestone", WorkloadId=pages.stage.names["WorkloadId"], MilestoneName="By hand")
    assert "Record By hand here" in pages.text(pages.get("tool_preview"))
    address = reverse("tool_milestone_pull", args=[pages.stage.assessment.pk, 1])
    assert "By hand (from AWS)" in pages.text(pages.client.post(address, follow=True))
    assert "It is here already" in pages.text(pages.client.post(address, follow=True))


def test_a_refused_connection_keeps_what_was_typed(pages: Pages) -> None:
    answer = pages.post("tool_connect", account=str(pages.stage.account.pk), region=REGION, workload_id="my workload")
    assert answer.status_code == 422
    assert "32 digits and letters" in pages.text(answer)
    assert 'value="my workload"' in pages.text(answer)
    assert not ToolLink.objects.exists()


def test_disconnecting_keeps_the_workload(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    pages.post("tool_disconnect")
    assert not ToolLink.objects.exists()
    assert len(pages.stage.aws("ListWorkloads")["WorkloadSummaries"]) == 1


def test_aws_out_of_reach_is_told_on_the_page(pages: Pages, sandbox: Sandbox) -> None:
    pages.stage.connect()
    pages.stage.push()
    sandbox.inject(REGION, "api")
    try:
        answer = pages.get("tool_preview", **{"HX-Request": "true"})
        assert answer.status_code == 422
        assert "Try again" in pages.text(answer)
        assert "ServiceUnavailable" in pages.text(pages.post("tool_push"))
    finally:
        sandbox.end_fault()


def test_the_page_goes_on_by_itself_while_a_lens_is_imported_but_not_for_ever(pages: Pages) -> None:
    pages.stage.connect()
    address = reverse("tool_detail", args=[pages.stage.assessment.pk])
    assert 'data-send-after="3000"' in pages.text(pages.client.get(address, {"waits": "3"}))
    for odd in ("11", "-1", "x"):
        assert "data-send-after" not in pages.text(pages.client.get(address, {"waits": odd}))


def test_viewers_see_the_connection_and_change_nothing(pages: Pages, people: dict[str, User]) -> None:
    pages.stage.connect()
    pages.client.force_login(people["viewer"])
    shown = pages.text(pages.get("tool_detail"))
    assert "Owners of the team compare and sync" in shown
    assert "Disconnect" not in shown
    for name in ("tool_push", "tool_pull", "tool_disconnect", "tool_connect", "tool_milestone"):
        assert pages.post(name, name="Some name").status_code == 403
    assert pages.get("tool_preview").status_code == 403


def test_for_people_of_other_teams_the_pages_do_not_exist(pages: Pages, people: dict[str, User]) -> None:
    pages.client.force_login(people["outsider"])
    assert [pages.get(name).status_code for name in ("tool_detail", "tool_preview", "tool_connect")] == [404] * 3
    assert pages.post("tool_push").status_code == 404


def test_texts_of_the_tool_are_never_markup(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    pages.stage.answer_in_tool("backup", SelectedChoices=["tested"], Notes="<script>alert(1)</script>")
    shown = pages.text(pages.get("tool_preview"))
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def test_only_whole_decisions_are_read() -> None:
    posted = {
        "decide.one": "ours:abc",
        "decide.two": "theirs:",
        "decide.three": "mine:abc",
        "decide.four": "",
        "x": "ours:a",
    }
    assert read_decisions(posted) == {"one": Decision(Side.OURS, "abc")}


class TestCommand:
    def run(self, stage: Stage, *options: str) -> str:
        out = io.StringIO()
        call_command("sync_tool", str(stage.assessment.pk), "--as", stage.user.username, *options, stdout=out)
        return out.getvalue()

    def test_it_connects_previews_pushes_and_records_a_milestone(self, stage: Stage) -> None:
        stage.answer("backup", "tested")
        first = self.run(stage, "--account", stage.account.name, "--push", "--preview")
        assert "Push: How do you backup?" in first
        assert stage.aws("ListWorkloads")["WorkloadSummaries"] == []
        assert "went to the Tool" in self.run(stage, "--push", "--milestone", "First one")
        assert stage.in_tool("backup")["SelectedChoices"] == ["tested"]
        assert stage.assessment.milestones.get().name == "First one"

    def test_conflicts_end_with_two_and_are_resolved_when_asked(self, stage: Stage) -> None:
        stage.connect()
        stage.answer("backup", "tested")
        stage.push()
        stage.answer("backup", "owned")
        stage.answer_in_tool("backup", SelectedChoices=["copied"])
        with pytest.raises(CommandError) as caught:
            self.run(stage, "--pull")
        assert caught.value.returncode == 2
        assert "came from the Tool" in self.run(stage, "--pull", "--resolve", "theirs")
        assert stage.chosen("backup") == {"copied"}

    def test_what_is_wrong_is_said(self, stage: Stage) -> None:
        with pytest.raises(CommandError, match="not connected"):
            self.run(stage, "--push")
        with pytest.raises(CommandError, match="no id"):
            call_command("sync_tool", "x", "--as", stage.user.username)
        with pytest.raises(CommandError, match="no active user"):
            call_command("sync_tool", "x", "--as", "nobody")
        with pytest.raises(CommandError, match="Its accounts: Shop test"):
            self.run(stage, "--account", "Other")
