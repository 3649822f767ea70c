"""One workload reviewed by one lens: answers, risks, counts, improvements.

Here: what an answer is, how an update changes it, how it is described. Not here: workloads and milestones
(well_architected.py). What AWS does not publish is our assumption: a choice that is not applicable counts as chosen for the
risk, and "none of these" stands alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.service_requests import Answer, Parameters
from portal.sandbox.well_architected_conditions import risk_of
from portal.sandbox.well_architected_format import Choice, LensContent, Question
from portal.sandbox.well_architected_lenses import Lens, Version
from portal.sandbox.well_architected_requests import invalid, missing

SELECTED, NOT_APPLICABLE, UNSELECTED = "SELECTED", "NOT_APPLICABLE", "UNSELECTED"


@dataclass(frozen=True)
class Given:
    """What was answered to one question; `choices` holds Status, Reason and Notes of every choice that was touched."""

    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_applicable: bool = True
    reason: str = "NONE"
    notes: str = ""

    def with_status(self, status: str) -> list[str]:
        return [name for name, said in self.choices.items() if said["Status"] == status]


@dataclass
class Review:
    """`answers` are replaced, never changed, so that a copy of the dict is a snapshot."""

    lens: Lens
    version: Version
    answers: dict[str, Given] = field(default_factory=dict)
    notes: str = ""
    pillar_notes: dict[str, str] = field(default_factory=dict)
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def copied(self) -> "Review":
        return replace(self, answers=dict(self.answers), pillar_notes=dict(self.pillar_notes))

    @property
    def content(self) -> LensContent:
        return self.version.content

    @property
    def alias(self) -> str:
        return self.lens.alias or self.lens.arn

    def follow_minor_versions(self) -> None:
        latest = self.lens.latest
        if latest is not None and latest.epoch == self.version.epoch and latest is not self.version:
            self.move_to(latest)

    def move_to(self, version: Version) -> None:
        """Answers are carried over by the ids of questions and choices that the version still has."""
        kept: dict[str, Given] = {}
        for question in version.content.questions:
            given = self.answers.get(question.id)
            if given is not None:
                ids = {choice.id for choice in question.choices}
                kept[question.id] = replace(given, choices={n: s for n, s in given.choices.items() if n in ids})
        self.answers, self.version = kept, version

    def question(self, question_id: str) -> Question:
        if question_id not in self.content.by_id:
            raise missing("QUESTION", question_id)
        return self.content.by_id[question_id]

    def risk(self, question: Question) -> str:
        given = self.answers.get(question.id, Given())
        none_of_these = {choice.id for choice in question.choices if choice.is_none_of_these}
        chosen = set(given.with_status(SELECTED)) | set(given.with_status(NOT_APPLICABLE)) - none_of_these
        return risk_of(question.rules, chosen, given.is_applicable)

    def counts(self, pillar_id: str | None = None) -> dict[str, int]:
        return dict(Counter(self.risk(q) for q in self.content.questions if pillar_id in (None, q.pillar_id)))

    # -- changes

    def update_answer(self, question_id: str, p: Parameters) -> Question:
        """SelectedChoices replaces what is chosen; ChoiceUpdates changes single choices; what is not given stays."""
        question = self.question(question_id)
        given = self.answers.get(question_id, Given())
        choices = _chosen(question, given, p.get("SelectedChoices"), p.get("ChoiceUpdates") or {})
        is_applicable = bool(p.get("IsApplicable", given.is_applicable))
        reason = "NONE" if is_applicable else p.get("Reason", given.reason)
        self.answers[question_id] = Given(choices, is_applicable, reason, p.get("Notes", given.notes))
        self.updated_at = datetime.now(UTC)
        return question

    # -- descriptions

    def described(self) -> Answer:
        pillars = [
            {
                "PillarId": identifier, "PillarName": name, "Notes": self.pillar_notes.get(identifier, ""),
                "RiskCounts": self.counts(identifier),
            }
            for identifier, name in self.content.pillars
        ]  # fmt: skip
        return self.summary() | {"PillarReviewSummaries": pillars, "Notes": self.notes}

    def summary(self) -> Answer:
        return {
            "LensAlias": self.alias, "LensArn": self.lens.arn, "LensVersion": self.version.name,
            "LensName": self.content.name, "LensStatus": self.lens.status_of(self.version), "UpdatedAt": self.updated_at,
            "RiskCounts": self.counts(),
        }  # fmt: skip

    def answer(self, question: Question) -> Answer:
        given = self.answers.get(question.id, Given())
        described = self.answer_summary(question) | {"ChoiceAnswers": _choice_answers(question, given, "Notes")}
        del described["ChoiceAnswerSummaries"]
        described["Notes"] = given.notes
        if question.content.get("description"):
            described["QuestionDescription"] = question.content["description"]
        resource = question.content.get("helpfulResource") or {}
        if resource.get("url"):
            described["HelpfulResourceUrl"] = resource["url"]
        return described

    def answer_summary(self, question: Question) -> Answer:
        given = self.answers.get(question.id, Given())
        selected = given.with_status(SELECTED)
        return {
            "QuestionId": question.id, "PillarId": question.pillar_id, "QuestionTitle": question.content["title"],
            "Choices": [_choice(choice) for choice in question.choices],
            "SelectedChoices": [choice.id for choice in question.choices if choice.id in selected],
            "ChoiceAnswerSummaries": _choice_answers(question, given),
            "IsApplicable": given.is_applicable, "Risk": self.risk(question), "Reason": given.reason,
        }  # fmt: skip

    def improvements(self, priorities: Iterable[str]) -> list[Answer]:
        """Questions at HIGH, then at MEDIUM risk; of equals those of the pillars that come first."""
        order = {pillar: place for place, pillar in enumerate(priorities)}
        found = [(q, self.risk(q)) for q in self.content.questions]
        found = [(q, risk) for q, risk in found if risk in ("HIGH", "MEDIUM")]
        found.sort(key=lambda pair: (pair[1] != "HIGH", order.get(pair[0].pillar_id, len(order))))
        return [self._improvement(question, risk) for question, risk in found]

    def _improvement(self, question: Question, risk: str) -> Answer:
        given = self.answers.get(question.id, Given())
        done = {*given.with_status(SELECTED), *given.with_status(NOT_APPLICABLE)}
        plans = [
            {"ChoiceId": choice.id, "DisplayText": choice.content["improvementPlan"]["displayText"]}
            | _url(choice.content["improvementPlan"], "ImprovementPlanUrl")
            for choice in question.choices
            if choice.id not in done and choice.content.get("improvementPlan")
        ]
        return {
            "QuestionId": question.id, "PillarId": question.pillar_id, "QuestionTitle": question.content["title"],
            "Risk": risk, "ImprovementPlans": plans,
        }  # fmt: skip


def _chosen(
    question: Question, given: Given, selected: list[str] | None, updates: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    ids = {choice.id for choice in question.choices}
    unknown = sorted({*(selected or []), *updates} - ids)
    if unknown:
        raise invalid(f"[Validation] {', '.join(unknown)}: no such choice of {question.id}", ("ChoiceId", unknown[0]))
    choices: dict[str, Mapping[str, str]] = dict(given.choices)
    if selected is not None:
        for name in [n for n in choices if choices[n]["Status"] == SELECTED and n not in selected]:
            choices[name] = {**choices[name], "Status": UNSELECTED}
        for name in selected:
            choices[name] = {"Notes": choices.get(name, {}).get("Notes", ""), "Reason": "NONE", "Status": SELECTED}
    for name, update in updates.items():
        if selected is not None and (update["Status"] == SELECTED) is not (name in selected):
            what = f"SelectedChoices and ChoiceUpdates contradict each other about {name}"
            raise invalid(f"[Validation] {what}", ("ChoiceUpdates", what))
        before = {"Reason": "NONE", "Notes": ""} | dict(choices.get(name, {}))
        choices[name] = before | dict(update)
    now = [name for name in choices if choices[name]["Status"] == SELECTED]
    alone = [choice.id for choice in question.choices if choice.is_none_of_these and choice.id in now]
    if alone and len(now) > 1:
        raise invalid(f"[Validation] {alone[0]} cannot be chosen with others", ("SelectedChoices", alone[0]))
    return choices


def _choice_answers(question: Question, given: Given, *more: str) -> list[Answer]:
    names = ("Status", "Reason", *more)
    return [
        {"ChoiceId": choice.id} | {name: given.choices[choice.id].get(name, "") for name in names}
        for choice in question.choices
        if choice.id in given.choices
    ]


def _choice(choice: Choice) -> Answer:
    described: Answer = {"ChoiceId": choice.id, "Title": choice.content["title"]}
    described["Description"] = choice.content.get("description") or choice.content["title"]
    for theirs, ours in (("HelpfulResource", "helpfulResource"), ("ImprovementPlan", "improvementPlan")):
        linked: Any = choice.content.get(ours)
        if linked:
            described[theirs] = {"DisplayText": linked["displayText"]} | _url(linked, "Url")
    return described


def _url(linked: Mapping[str, Any], name: str) -> Answer:
    return {name: linked["url"]} if linked.get("url") else {}
