"""A review in the Well-Architected Tool, read and written through one role: answers, notes, milestones.

Here: the calls and how their answers become pictures. Every function may raise `portal.aws.errors.AwsError`; none touches the
database, so that no transaction waits for AWS. Not here: what to write (tool.py), lenses and workloads (tool_connect.py).
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments.tool import NOT_APPLICABLE, SELECTED, UNSELECTED, Picture, ToolAnswer, picture_of
from assessments.tool_comparison import MilestoneFacts, ReviewFacts
from portal.aws.caller import AwsCaller

SERVICE = "wellarchitected"
# The most that a page holds: API reference, ListAnswers and ListMilestones.
_PAGE = 50
# ListAnswers leaves notes out, so that each question is read by a call of its own; as many at a time.
_AT_ONCE = 4
_MOST_PAGES = 100


def _nobody(done: int, total: int) -> None:
    """Where nobody wants to know how far the reading is."""


@dataclass(frozen=True)
class Review:
    """One workload reviewed by one lens."""

    caller: AwsCaller
    workload_id: str
    lens_alias: str

    @property
    def _names(self) -> dict[str, str]:
        return {"WorkloadId": self.workload_id, "LensAlias": self.lens_alias}

    def facts(self) -> ReviewFacts:
        said = self.caller.call(SERVICE, "GetLensReview", self._names)["LensReview"]
        return ReviewFacts(
            said.get("LensName", ""),
            said.get("LensVersion", ""),
            said.get("LensStatus", ""),
            _moment(said.get("UpdatedAt")),
        )

    def answers(self, milestone: int | None = None, tell: Callable[[int, int], None] = _nobody) -> list[ToolAnswer]:
        """All questions with everything that is said, in the Tool's order; as a milestone froze them where one is named.

        `tell` hears after each how many of how many were read; what it raises ends the reading.
        """
        asked = self._names | ({} if milestone is None else {"MilestoneNumber": milestone})
        ids = [each["QuestionId"] for each in pages(self.caller, "ListAnswers", asked, "AnswerSummaries")]
        found: list[ToolAnswer] = []
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            begun = [pool.submit(self.answer, question_id, milestone) for question_id in ids]
            try:
                for each in begun:
                    found.append(each.result())
                    tell(len(found), len(ids))
            finally:
                for each in begun:
                    each.cancel()
        return found

    def answer(self, question_id: str, milestone: int | None = None) -> ToolAnswer:
        asked: dict[str, Any] = {**self._names, "QuestionId": question_id}
        if milestone is not None:
            asked["MilestoneNumber"] = milestone
        return _answer(self.caller.call(SERVICE, "GetAnswer", asked)["Answer"])

    def write(self, before: ToolAnswer, wanted: Picture) -> ToolAnswer:
        """Make the Tool's answer what is wanted and give it back as the Tool then has it.

        What `before` says of choices that are not ours stays: callers hand over a picture that keeps it.
        """
        touched = {*before.picture.choices, *wanted.choices}
        updates: dict[str, dict[str, str]] = {}
        for choice_id in [each for each in before.choice_ids if each in touched]:
            said = wanted.choices.get(choice_id)
            status = said.status if said else UNSELECTED
            updates[choice_id] = {"Status": status, "Notes": said.notes if said else ""}
            updates[choice_id]["Reason"] = said.reason if said and status == NOT_APPLICABLE else "NONE"
        asked: dict[str, Any] = {
            **self._names,
            "QuestionId": before.question_id,
            "SelectedChoices": [each for each in before.choice_ids if each in wanted.with_status(SELECTED)],
            "Notes": wanted.notes,
            "IsApplicable": wanted.is_applicable,
        }
        if updates:
            asked["ChoiceUpdates"] = updates
        if not wanted.is_applicable:
            asked["Reason"] = wanted.reason
        return _answer(self.caller.call(SERVICE, "UpdateAnswer", asked)["Answer"])

    def milestones(self) -> list[MilestoneFacts]:
        """Of the workload, the newest last."""
        asked = {"WorkloadId": self.workload_id}
        return [
            MilestoneFacts(
                each["MilestoneNumber"],
                each["MilestoneName"],
                _moment(each.get("RecordedAt")),
            )
            for each in pages(self.caller, "ListMilestones", asked, "MilestoneSummaries")
        ]

    def record_milestone(self, name: str, token: str) -> int:
        """Freeze the workload; the same token freezes it once. The Tool's number."""
        asked = {"WorkloadId": self.workload_id, "MilestoneName": name, "ClientRequestToken": token}
        return int(self.caller.call(SERVICE, "CreateMilestone", asked)["MilestoneNumber"])


def pages(caller: AwsCaller, api: str, asked: Mapping[str, Any], member: str) -> Iterator[dict[str, Any]]:
    """The items of all pages of a list operation; at most a hundred pages."""
    wish: dict[str, Any] = {**asked, "MaxResults": _PAGE}
    for _ in range(_MOST_PAGES):
        answer = caller.call(SERVICE, api, wish)
        yield from answer.get(member, [])
        if not answer.get("NextToken"):
            return
        wish["NextToken"] = answer["NextToken"]


def _answer(said: Mapping[str, Any]) -> ToolAnswer:
    """An Answer of the API. Choices are read from SelectedChoices, too: older answers have no ChoiceAnswers."""
    choices: dict[str, dict[str, str]] = {each: {"status": SELECTED} for each in said.get("SelectedChoices", [])}
    for each in said.get("ChoiceAnswers", []):
        choices[each["ChoiceId"]] = {
            "status": each.get("Status", UNSELECTED),
            "reason": each.get("Reason", ""),
            "notes": each.get("Notes", ""),
        }
    picture = picture_of(choices, said.get("IsApplicable", True), said.get("Reason", ""), said.get("Notes", ""))
    ids = tuple(each["ChoiceId"] for each in said.get("Choices", []))
    return ToolAnswer(
        said["QuestionId"], said.get("QuestionTitle", said["QuestionId"]), ids, picture, said.get("Risk", "")
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
