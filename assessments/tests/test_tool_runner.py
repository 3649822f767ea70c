"""Syncs as worker work: asked for once, nothing sent that was not seen, a dead worker's sync goes on, every end is told."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from assessments import tool_runner, tool_sync
from assessments.claiming import hold_back
from assessments.lease import MOST_DEATHS, later
from assessments.models import RunStatus, SyncKind, ToolLink, ToolSync
from assessments.operations.assessments import close_assessment
from assessments.operations.tool import start_comparison, start_milestone_pull, start_pull, start_push
from assessments.tests.tool_stage import REGION, Stage
from assessments.tool import Side
from assessments.tool_connect import StillImporting, disconnect
from assessments.tool_review import Review
from portal.catalogue.models import Service
from portal.lanes import every_lane
from portal.people.models import Membership
from portal.sandbox.server import Sandbox
from runbooks import workers

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Connected, one question answered here."""
    stage.connect()
    stage.answer("backup", "tested", notes="Since May")
    return stage


def asked_push(stage: Stage) -> ToolSync:
    return start_push(user=stage.user, assessment=stage.assessment, seen=stage.compare())


def let_go(sync: ToolSync) -> None:
    """As when the lease of a worker that died has run out."""
    ToolSync.objects.filter(pk=sync.pk).update(lease_until=later(-timedelta(seconds=1)))


class TestAsking:
    def test_asking_only_makes_a_row_that_every_worker_looks_for(self, stage: Stage) -> None:
        sync = start_comparison(user=stage.user, assessment=stage.assessment)
        assert (sync.status, sync.comparison) == (RunStatus.PENDING, None)
        (lane,) = [lane for lane in every_lane() if lane.carry is tool_runner.carry]
        assert lane.due() == [sync.pk]
        lane.carry(sync.pk)
        assert lane.due() == []

    def test_asked_twice_it_is_made_once(self, stage: Stage) -> None:
        first = start_comparison(user=stage.user, assessment=stage.assessment)
        assert start_comparison(user=stage.user, assessment=stage.assessment) == first
        seen = stage.carried(first)
        pushed = start_push(user=stage.user, assessment=stage.assessment, seen=seen)
        assert start_push(user=stage.user, assessment=stage.assessment, seen=seen) == pushed
        stage.carried(pushed)
        assert start_push(user=stage.user, assessment=stage.assessment, seen=seen) == pushed
        assert ToolSync.objects.count() == 2

    def test_another_sync_waits_for_the_one_under_way(self, stage: Stage) -> None:
        seen = stage.compare()
        start_push(user=stage.user, assessment=stage.assessment, seen=seen)
        for act in (start_comparison, disconnect):
            with pytest.raises(ValidationError, match="under way"):
                act(user=stage.user, assessment=stage.assessment)
        with pytest.raises(ValidationError, match="under way"):
            start_pull(user=stage.user, assessment=stage.assessment, seen=seen)

    def test_a_sync_that_failed_may_be_asked_for_again(self, stage: Stage, sandbox: Sandbox) -> None:
        stage.push()
        stage.answer("backup", "copied")
        seen = stage.compare()
        sandbox.inject(REGION, "api")
        try:
            with pytest.raises(ValidationError, match="ServiceUnavailable"):
                stage.push(seen)
        finally:
            sandbox.end_fault()
        assert stage.push(seen).done == ["How do you backup?"]


class TestSeen:
    def test_nothing_is_pushed_that_nobody_has_seen(self, stage: Stage) -> None:
        for seen in (None, start_comparison(user=stage.user, assessment=stage.assessment)):
            for act in (start_push, start_pull):
                with pytest.raises(ValidationError, match="Compare first"):
                    act(user=stage.user, assessment=stage.assessment, seen=seen)

    def test_a_comparison_of_another_assessment_is_not_this_ones(self, stage: Stage) -> None:
        seen = stage.compare()
        link = ToolLink.objects.get()
        stage.assessment = stage.another()
        stage.connect()
        with pytest.raises(ValidationError, match="Compare first"):
            start_push(user=stage.user, assessment=stage.assessment, seen=seen)
        assert seen.link == link

    def test_an_answer_that_changed_here_since_stops_the_push_before_anything_is_sent(self, stage: Stage) -> None:
        seen = stage.compare()
        stage.answer("backup", "tested", "copied")
        with pytest.raises(ValidationError, match="How do you backup"):
            stage.push(seen)
        assert stage.aws("ListWorkloads")["WorkloadSummaries"] == []

    def test_an_answer_that_changed_in_the_tool_since_stops_push_and_pull(self, stage: Stage) -> None:
        stage.push()
        stage.answer("backup", "copied")
        seen = stage.compare()
        stage.answer_in_tool("backup", SelectedChoices=["owned"])
        for act in (stage.push, stage.pull):
            with pytest.raises(ValidationError, match="not as it was"):
                act(seen)
        assert (stage.in_tool("backup")["SelectedChoices"], stage.chosen("backup")) == (["owned"], {"copied"})

    def test_facts_of_the_service_that_nobody_saw_are_not_pushed(self, stage: Stage) -> None:
        stage.push()
        seen = stage.compare()
        Service.objects.filter(pk=stage.service.pk).update(description="Sells things")
        with pytest.raises(ValidationError, match="Description"):
            stage.push(seen)

    def test_what_has_become_the_same_meanwhile_stops_nothing(self, stage: Stage) -> None:
        stage.push()
        stage.answer("backup", "copied")
        stage.answer("restore", "timed")
        seen = stage.compare()
        stage.answer_in_tool("restore", SelectedChoices=["timed"])
        assert stage.push(seen).done == ["How do you backup?"]


class TestDeath:
    def test_a_push_whose_worker_died_in_the_middle_goes_on_and_says_all_that_was_done(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.answer("restore", "timed")
        sync, write = asked_push(stage), Review.write
        written: list[str] = []

        def then_die(review: Review, *given: Any) -> Any:
            if written:
                raise SystemExit
            written.append(given[0].question_id)
            return write(review, *given)

        with monkeypatch.context() as patch:
            patch.setattr(Review, "write", then_die)
            with pytest.raises(SystemExit):
                tool_runner.carry(sync.pk)
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        assert (sync.status, sync.fence, written) == (RunStatus.IN_PROGRESS, 1, ["backup"])
        let_go(sync)
        done = stage.carried(sync)
        assert sorted(done.result["done"]) == ["How do you backup?", "How do you restore?"]
        assert stage.in_tool("restore")["SelectedChoices"] == ["timed"]
        assert stage.preview().is_same

    def test_an_answer_that_was_sent_but_not_noted_is_found_to_be_the_same(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = asked_push(stage)
        with monkeypatch.context() as patch:
            patch.setattr(tool_sync, "_agree", _die)
            with pytest.raises(SystemExit):
                tool_runner.carry(sync.pk)
        let_go(sync)
        assert stage.carried(sync).status == RunStatus.SUCCESS
        assert stage.in_tool("backup")["SelectedChoices"] == ["tested"]

    def test_a_pull_whose_worker_died_saves_each_answer_once(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.push()
        stage.answer_in_tool("backup", SelectedChoices=["copied"])
        seen = stage.compare()
        sync = start_pull(user=stage.user, assessment=stage.assessment, seen=seen)
        with monkeypatch.context() as patch:
            patch.setattr(tool_sync, "_finish", _die)
            with pytest.raises(SystemExit):
                tool_runner.carry(sync.pk)
        row = stage.stored("backup")
        assert row is not None
        let_go(sync)
        assert stage.carried(sync).result["done"] == ["How do you backup?"]
        again = stage.stored("backup")
        assert again is not None and again.revision == row.revision

    def test_a_stale_worker_saves_and_notes_nothing(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        stage.push()
        stage.answer_in_tool("backup", SelectedChoices=["copied"])
        sync = start_pull(user=stage.user, assessment=stage.assessment, seen=stage.compare())
        saved = tool_sync.save_answer

        def overtaken(**given: Any) -> Any:
            ToolSync.objects.filter(pk=sync.pk).update(fence=9, lease_token=uuid.uuid4())
            return saved(**given)

        monkeypatch.setattr(tool_sync, "save_answer", overtaken)
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        assert (sync.status, sync.result) == (RunStatus.IN_PROGRESS, {})
        assert stage.chosen("backup") == {"tested"}

    def test_a_sync_that_ended_its_workers_too_often_fails_and_says_so(self, stage: Stage) -> None:
        sync = start_comparison(user=stage.user, assessment=stage.assessment)
        ToolSync.objects.update(fence=MOST_DEATHS)
        with pytest.raises(ValidationError, match="died too often"):
            stage.carried(sync)

    def test_what_a_restored_copy_finds_waiting_is_ended_and_not_sent(self, stage: Stage) -> None:
        sync = asked_push(stage)
        assert hold_back("The database was restored on another server.") == 1
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        assert sync.status == RunStatus.FAILED
        assert "restored" in sync.status_message
        assert stage.aws("ListWorkloads")["WorkloadSummaries"] == []


def _die(*_: object, **__: object) -> None:
    raise SystemExit


class TestEnds:
    def test_while_aws_imports_the_lens_the_sync_rests_and_comes_back(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync, prepare = asked_push(stage), tool_sync.prepare
        answers = iter([StillImporting, StillImporting, None])

        def slow(*given: Any) -> Any:
            error = next(answers)
            if error:
                raise error
            return prepare(*given)

        monkeypatch.setattr(tool_sync, "prepare", slow)
        for number in (1, 2):
            tool_runner.carry(sync.pk)
            sync.refresh_from_db()
            assert (sync.status, sync.waits, sync.lease_until) == (RunStatus.IN_PROGRESS, number, None)
            assert not ToolSync.objects.due().exists()
            ToolSync.objects.update(wake_at=later(-timedelta(seconds=1)))
        assert stage.carried(sync).result["done"] == ["How do you backup?"]

    def test_a_worker_that_is_asked_to_end_gives_the_sync_back(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = asked_push(stage)
        monkeypatch.setattr(workers.HERE, "is_stopping", True)
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        assert (sync.status, sync.lease_until, sync.waits) == (RunStatus.IN_PROGRESS, None, 1)
        monkeypatch.setattr(workers.HERE, "is_stopping", False)
        assert stage.carried(sync).result["done"] == ["How do you backup?"]

    def test_it_does_not_wait_for_ever(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        sync = asked_push(stage)
        ToolSync.objects.filter(pk=sync.pk).update(waits=tool_runner.MOST_WAITS, fence=tool_runner.MOST_WAITS)

        def slow(*_: object) -> None:
            raise StillImporting

        monkeypatch.setattr(tool_sync, "prepare", slow)
        with pytest.raises(ValidationError, match="still importing"):
            stage.carried(sync)

    def test_who_may_no_longer_edit_or_whose_assessment_was_closed_changes_nothing(self, stage: Stage) -> None:
        sync = asked_push(stage)
        Membership.objects.filter(user=stage.user).delete()
        with pytest.raises(ValidationError, match="owner"):
            stage.carried(sync)
        assert stage.aws("ListWorkloads")["WorkloadSummaries"] == []

    def test_a_closed_assessment_is_not_synced(self, stage: Stage) -> None:
        sync = asked_push(stage)
        close_assessment(user=stage.user, assessment=stage.assessment, milestone_name="The end")
        with pytest.raises(ValidationError, match="closed"):
            stage.carried(sync)

    def test_an_answer_nobody_foresaw_ends_the_sync_with_words(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.push()
        monkeypatch.setattr(Review, "facts", lambda _: {}["LensReview"])
        with pytest.raises(ValidationError, match="could not read what AWS answered"):
            stage.compare()

    def test_a_push_counts_though_the_comparison_after_it_fails(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = asked_push(stage)

        def refuse(*_: object) -> None:
            raise ValidationError("AWS is away.")

        monkeypatch.setattr(tool_runner, "look", refuse)
        done = stage.carried(sync)
        assert (done.status, done.comparison, done.result["done"]) == (
            RunStatus.SUCCESS,
            None,
            ["How do you backup?"],
        )

    def test_the_row_tells_how_far_the_reading_is(self, stage: Stage) -> None:
        stage.push()
        sync = stage.compare()
        assert (sync.kind, sync.steps_done, sync.steps_total) == (SyncKind.COMPARE, 2, 2)

    def test_a_milestone_that_is_not_there_is_told(self, stage: Stage) -> None:
        stage.push()
        sync = start_milestone_pull(user=stage.user, assessment=stage.assessment, number=7)
        with pytest.raises(ValidationError, match="no milestone 7"):
            stage.carried(sync)

    def test_a_decision_travels_with_the_row(self, stage: Stage) -> None:
        stage.push()
        stage.answer("backup", "owned")
        stage.answer_in_tool("backup", SelectedChoices=["copied"])
        decisions = stage.decided(Side.OURS)
        assert stage.push(decisions=decisions).done == ["How do you backup?"]
        assert stage.in_tool("backup")["SelectedChoices"] == ["owned"]
