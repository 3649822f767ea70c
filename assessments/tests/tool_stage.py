"""An assessment, and the Well-Architected Tool of a sandbox as somebody in AWS's console would use it.

Here: what the tests of syncing do over and over. Not here: fixtures of people and services (conftest.py of the project).
"""

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from assessments import tool_runner
from assessments.models import Answer, Assessment, Lens, Milestone, RunStatus, ToolSync
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, save_answer
from assessments.operations.assessments import start_assessment
from assessments.operations.lenses import create_lens, publish_version
from assessments.operations.tool import (
    milestones_here,
    start_comparison,
    start_milestone_pull,
    start_milestone_push,
    start_pull,
    start_push,
)
from assessments.tests.lenses import small
from assessments.tool import Decision, Side, Verdict
from assessments.tool_comparison import Comparison, from_json
from assessments.tool_connect import connect, link_of
from assessments.tool_errand import Synced
from portal.aws.caller import AwsCaller
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

REGION = "us-west-2"


def synced(sync: ToolSync) -> Synced:
    return Synced(**sync.result)


@dataclass
class Stage:
    """`user` is an owner of the service's team."""

    user: User
    service: Service
    account: AwsAccount
    assessment: Assessment = field(init=False)

    def __post_init__(self) -> None:
        self.assessment = start_assessment(user=self.user, service=self.service, lens=self.published(small()))

    def published(self, content: dict[str, Any]) -> Lens:
        draft = create_lens(user=self.user, team=self.service.team, text=json.dumps(content))
        return publish_version(user=self.user, version=draft, sha256=draft.sha256, is_major=True).lens

    def another(self) -> Assessment:
        """A second assessment of the service, by another lens."""
        more = self.published(small() | {"name": "Another"})
        return start_assessment(user=self.user, service=self.service, lens=more)

    # -- here

    def connect(self, **more: Any) -> None:
        connect(user=self.user, assessment=self.assessment, account=self.account, region=REGION, **more)

    def compare(self) -> ToolSync:
        """Both sides as a worker sees them now."""
        return self.carried(start_comparison(user=self.user, assessment=self.assessment))

    def push(self, seen: ToolSync | None = None, **more: Any) -> Synced:
        """As `seen`, or a comparison of this moment, showed it. Raises what a person is told of a failure."""
        seen = seen or self.compare()
        return synced(self.carried(start_push(user=self.user, assessment=self.assessment, seen=seen, **more)))

    def pull(self, seen: ToolSync | None = None, **more: Any) -> Synced:
        seen = seen or self.compare()
        return synced(self.carried(start_pull(user=self.user, assessment=self.assessment, seen=seen, **more)))

    def push_milestone(self, name: str, seen: ToolSync | None = None) -> Milestone:
        seen = seen or self.compare()
        asked = start_milestone_push(user=self.user, assessment=self.assessment, seen=seen, name=name)
        return self.assessment.milestones.get(number=self.carried(asked).result["milestone"])

    def pull_milestone(self, number: int) -> Milestone:
        asked = start_milestone_pull(user=self.user, assessment=self.assessment, number=number)
        return self.assessment.milestones.get(number=self.carried(asked).result["milestone"])

    def milestones(self) -> list[tuple[str, int, Milestone | None]]:
        """Name and number of those in the Tool, each with ours."""
        ours = milestones_here(self.assessment)
        return [(each.name, each.number, ours.get(each.number)) for each in self.preview().milestones]

    def carried(self, sync: ToolSync) -> ToolSync:
        """After a worker had it; ValidationError with what the page says where it failed."""
        tool_runner.carry(sync.pk)
        sync.refresh_from_db()
        self.assessment.refresh_from_db()
        if sync.status == RunStatus.FAILED:
            raise ValidationError(sync.status_message)
        return sync

    def answer(self, question_id: str, *selected: str, notes: str = "", **more: Any) -> None:
        row = self.stored(question_id)
        choices = {each: ChoiceAnswer("SELECTED") for each in selected} | more.pop("choices", {})
        draft = AnswerDraft(choices, notes=notes, **more)
        base = row.revision if row else 0
        save_answer(
            user=self.user, assessment=self.assessment, question_id=question_id, draft=draft, base_revision=base
        )

    def stored(self, question_id: str) -> Answer | None:
        return self.assessment.answers.filter(question_id=question_id).first()

    def chosen(self, question_id: str) -> set[str]:
        row = self.stored(question_id)
        return {each for each, said in row.choices.items() if said["status"] == "SELECTED"} if row else set()

    def preview(self) -> Comparison:
        return from_json(self.compare().comparison)

    def verdicts(self) -> dict[str, Verdict]:
        return {each.id: each.verdict for each in self.preview().questions}

    def decided(self, side: Side) -> dict[str, Decision]:
        """One word on every conflict of this moment."""
        conflicts = [each for each in self.preview().questions if each.verdict is Verdict.CONFLICT]
        return {each.id: Decision(side, each.fingerprint) for each in conflicts}

    # -- in AWS

    @property
    def names(self) -> dict[str, str]:
        link = link_of(self.assessment)
        assert link is not None
        return {"WorkloadId": link.workload_id, "LensAlias": link.review_alias}

    def aws(self, api: str, **asked: Any) -> dict[str, Any]:
        return AwsCaller(REGION).call("wellarchitected", api, asked)

    def in_tool(self, question_id: str) -> dict[str, Any]:
        return dict(self.aws("GetAnswer", **self.names, QuestionId=question_id)["Answer"])

    def answer_in_tool(self, question_id: str, **what: Any) -> None:
        self.aws("UpdateAnswer", **self.names, QuestionId=question_id, **what)
