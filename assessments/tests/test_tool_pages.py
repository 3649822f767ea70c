"""The Well-Architected Tool's pages and command, against the Tool of a sandbox."""

import html
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from assessments import tool_runner
from assessments.forms.tool import read_decisions
from assessments.lease import later
from assessments.models import RunStatus, SyncKind, ToolLink, ToolSync
from assessments.operations.tool import newest_comparison
from assessments.tests.tool_stage import REGION, Stage
from assessments.tool import Decision, Side
from portal.aws.caller import AwsCaller
from portal.people.models import User
from portal.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db


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
        """The page after the button, while the sync waits for a worker."""
        return self.client.post(reverse(name, args=[self.stage.assessment.pk]), typed, follow=True)

    def after(self, name: str, /, **typed: str) -> str:
        """The page when a worker has done what the button asked for; it names the newest comparison as a page's form does."""
        answer = self.post(name, **{"seen": self.seen(), **typed})
        assert answer.status_code == 200
        self.work()
        return self.text(self.get("tool_detail"))

    def work(self) -> None:
        for pk in ToolSync.objects.due().values_list("pk", flat=True):
            tool_runner.carry(pk)

    def seen(self) -> str:
        found = newest_comparison(self.stage.assessment)
        return str(found[0].pk) if found else ""

    def text(self, answer: Any) -> str:
        return " ".join(answer.content.decode().split())


def test_connect_compare_push_and_pull_by_the_pages(pages: Pages) -> None:
    assert "Not connected with AWS yet" in pages.text(pages.get("tool_detail"))
    pages.stage.answer("backup", "tested")
    begun = pages.text(pages.post("tool_connect", account=str(pages.stage.account.pk), region=REGION))
    assert "Waiting for a worker." in begun
    pages.work()
    assert "Changed here: push" in pages.text(pages.get("tool_detail"))
    assert "1 answer went to the Tool." in pages.after("tool_push")
    pages.stage.answer_in_tool("backup", SelectedChoices=["copied"])
    assert "Changed in the Tool: pull" in pages.after("tool_compare")
    assert "1 answer came from the Tool." in pages.after("tool_pull")
    assert pages.stage.chosen("backup") == {"copied"}


def test_no_page_and_no_button_speaks_to_aws(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    pages.stage.connect()
    pages.stage.push()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a view asked AWS")

    monkeypatch.setattr(AwsCaller, "call", refuse)
    assert pages.get("tool_detail").status_code == pages.get("tool_fragment").status_code == 200
    for name in ("tool_compare", "tool_push", "tool_pull", "tool_milestone"):
        ToolSync.objects.unended().update(status=RunStatus.FAILED, ended_at=Now())
        assert pages.post(name, seen=pages.seen(), name="Some name").status_code == 200
    assert ToolSync.objects.unended().count() == 1


def test_the_page_asks_for_its_live_part_only_while_a_sync_is_under_way(pages: Pages) -> None:
    pages.stage.connect()
    waiting = pages.text(pages.post("tool_compare"))
    assert 'hx-trigger="every 2s"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    ToolSync.objects.update(status=RunStatus.IN_PROGRESS, steps_done=12, steps_total=65)
    part = pages.text(pages.get("tool_fragment"))
    assert "12 of 65 answers." in part
    assert "<html" not in part
    ToolSync.objects.update(status=RunStatus.PENDING)
    pages.work()
    over = pages.text(pages.get("tool_detail"))
    assert "every 2s" not in over
    assert "http-equiv" not in over


def test_a_sync_that_no_worker_takes_is_told(pages: Pages) -> None:
    pages.stage.connect()
    pages.post("tool_compare")
    ToolSync.objects.update(created_at=later(-timedelta(minutes=1)))
    assert "No worker has taken it yet" in pages.text(pages.get("tool_fragment"))


def test_a_sync_whose_worker_is_gone_says_that_another_takes_over(pages: Pages) -> None:
    pages.stage.connect()
    pages.post("tool_compare")
    ToolSync.objects.update(status=RunStatus.IN_PROGRESS, lease_until=later(-timedelta(seconds=1)))
    assert "Its worker is gone" in pages.text(pages.get("tool_fragment"))
    pages.work()
    assert "Nothing to sync" in pages.text(pages.get("tool_detail"))


def test_a_double_click_makes_one_sync(pages: Pages) -> None:
    pages.stage.connect()
    pages.post("tool_compare")
    pages.post("tool_compare")
    assert ToolSync.objects.count() == 1
    pages.work()
    seen = pages.seen()
    pages.post("tool_push", seen=seen)
    pages.post("tool_push", seen=seen)
    assert ToolSync.objects.count() == 2


def test_a_button_of_a_page_that_shows_no_comparison_sends_nothing(pages: Pages) -> None:
    pages.stage.connect()
    for seen in ("", "x", str(pages.stage.assessment.pk)):
        assert "Compare first" in pages.text(pages.post("tool_push", seen=seen))
    assert not ToolSync.objects.exists()


def test_a_comparison_that_something_came_after_offers_no_buttons(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.answer("backup", "tested")
    pages.stage.compare()
    assert "Make the workload and push" in pages.text(pages.get("tool_detail"))
    pages.stage.answer("backup", "copied")
    shown = pages.text(pages.get("tool_detail"))
    assert "Compare again before you push or pull" in shown
    assert "Make the workload and push" not in shown


def test_a_conflict_is_shown_left_alone_and_decided(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.answer("backup", "tested")
    pages.stage.push()
    pages.stage.answer("backup", "owned")
    pages.stage.answer_in_tool("backup", SelectedChoices=["copied"])
    assert "Changed on both sides" in pages.after("tool_compare")
    assert "1 conflict waits for a decision" in pages.after("tool_push", **{"decide.backup": ""})
    assert pages.stage.in_tool("backup")["SelectedChoices"] == ["copied"]
    (conflict,) = pages.stage.preview().changes
    pages.after("tool_push", **{"decide.backup": f"ours:{conflict.fingerprint}"})
    assert pages.stage.in_tool("backup")["SelectedChoices"] == ["owned"]


def test_a_milestone_is_recorded_on_both_sides(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    shown = pages.after("tool_milestone", name="Before the summer")
    assert "as number 1 in the Tool" in shown
    assert "1. Before the summer" in shown
    assert "at least 3 characters" in pages.text(pages.post("tool_milestone", name="", seen=pages.seen()))


def test_a_milestone_made_in_the_tool_is_recorded_here(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    pages.stage.aws("CreateMilestone", WorkloadId=pages.stage.names["WorkloadId"], MilestoneName="By hand")
    assert "Record here: By hand" in pages.after("tool_compare")
    address = reverse("tool_milestone_pull", args=[pages.stage.assessment.pk, 1])
    pages.client.post(address)
    pages.work()
    assert "The Tool's milestone 1 is recorded here as milestone 1" in html.unescape(
        pages.text(pages.get("tool_detail"))
    )
    assert pages.stage.assessment.milestones.get().name == "By hand (from AWS)"
    pages.client.post(address)
    pages.work()
    assert "It is here already" in pages.text(pages.get("tool_detail"))


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
        for name in ("tool_compare", "tool_push"):
            ToolSync.objects.filter(kind=SyncKind.PUSH).update(status=RunStatus.FAILED)
            shown = pages.after(name)
            assert "failed." in shown
            assert "ServiceUnavailable" in shown
    finally:
        sandbox.end_fault()


def test_viewers_see_what_differs_and_change_nothing(pages: Pages, people: dict[str, User]) -> None:
    pages.stage.connect()
    pages.stage.answer("backup", "tested")
    pages.stage.compare()
    pages.client.force_login(people["viewer"])
    shown = pages.text(pages.get("tool_detail"))
    assert "Changed here: push" in shown
    assert "Owners of the team compare and sync" in shown
    assert "<button" not in shown.partition('id="tool-live"')[2].partition("</main>")[0]
    for name in ("tool_compare", "tool_push", "tool_pull", "tool_disconnect", "tool_connect", "tool_milestone"):
        assert pages.post(name, name="Some name", seen=pages.seen()).status_code == 403


def test_for_people_of_other_teams_the_pages_do_not_exist(pages: Pages, people: dict[str, User]) -> None:
    pages.client.force_login(people["outsider"])
    assert [pages.get(name).status_code for name in ("tool_detail", "tool_fragment", "tool_connect")] == [404] * 3
    assert pages.post("tool_push").status_code == 404


def test_texts_of_the_tool_are_never_markup(pages: Pages) -> None:
    pages.stage.connect()
    pages.stage.push()
    pages.stage.answer_in_tool("backup", SelectedChoices=["tested"], Notes="<script>alert(1)</script>")
    shown = pages.after("tool_compare")
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
