"""What a report on one assessment says: plain values only, so that JSON, page, spreadsheet and PDF cannot differ.

Built from a frozen state, be it a milestone or the present; what the present alone has (standings, improvement plan) is
empty for a milestone. Not here: how it looks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from assessments.evidence_age import AnswerStanding, Proof
from assessments.models import Assessment, Milestone
from assessments.operations.improvement import Plan, PlanRow, plan_for
from assessments.operations.milestones import frozen
from assessments.operations.standings import Standings, standings_of
from assessments.risk import Risk
from assessments.trends import Moment, counts_of
from portal.audit.log import database_now

SCHEMA = "bcdr-assessment-report/1"
_CHOSEN, _EXCUSED = "SELECTED", "NOT_APPLICABLE"


@dataclass(frozen=True)
class ReportProof:
    """What speaks for or against an answer; `worth_percent` halves in each half-life."""

    kind: str
    title: str
    says: str
    seen_at: str
    worth_percent: int
    standing: str


@dataclass(frozen=True)
class ReportChoice:
    """A choice that was chosen or is not applicable. `standing` is empty where it was not chosen, or in a milestone."""

    id: str
    title: str
    status: str
    reason: str
    notes: str
    standing: str = ""


@dataclass(frozen=True)
class ReportEvidence:
    """Something people named: link, file, execution or drill."""

    kind: str
    value: str
    title: str
    note: str


@dataclass(frozen=True)
class ReportQuestion:
    """One question, its risk and its answer. `standing` is empty where nothing is chosen, or in a milestone."""

    number: int
    id: str
    title: str
    pillar: str
    risk: str
    standing: str
    is_applicable: bool
    reason: str
    notes: str
    assignee: str
    choices: tuple[ReportChoice, ...]
    evidence: tuple[ReportEvidence, ...]
    proofs: tuple[ReportProof, ...]


@dataclass(frozen=True)
class ReportPillar:
    """How many questions of a pillar have each risk; every risk is a key."""

    id: str
    name: str
    total: int
    counts: dict[str, int]


@dataclass(frozen=True)
class ReportImprovement:
    """One line of the improvement plan, in the plan's order. `choices` are to be added for the risk `reached`."""

    order: int
    question: int
    question_id: str
    title: str
    pillar: str
    risk: str
    reached: str
    removed: int
    choices: tuple[str, ...]
    given_up: tuple[str, ...]
    status: str
    owner: str
    due_on: str
    note: str
    revision: int
    is_overdue: bool
    is_contradicted: bool


@dataclass(frozen=True)
class ReportMoment:
    """The counts at one moment of the trend; `number` is None for the present."""

    number: int | None
    name: str
    at: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Report:
    """The whole. Times are UTC in ISO 8601. `milestone` is None for the present."""

    schema: str
    made_at: str
    assessment: str
    service: dict[str, Any]
    lens: dict[str, str]
    milestone: dict[str, Any] | None
    total: int
    counts: dict[str, int]
    standings: dict[str, int]
    pillars: tuple[ReportPillar, ...]
    improvements: tuple[ReportImprovement, ...]
    questions: tuple[ReportQuestion, ...]
    trend: tuple[ReportMoment, ...] = field(default=())

    def told(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)


def report_of(assessment: Assessment, milestone: Milestone | None = None) -> Report:
    """The report on an assessment as it is now, or as a milestone froze it."""
    now = database_now()
    state = milestone.content if milestone else frozen(assessment)
    standings = None if milestone else standings_of(assessment)
    moments = [
        *milestone_moments(assessment),
        *([] if milestone else [Moment(None, "Now", now, counts_of(state["counts"]))]),
    ]
    if milestone:
        moments = [moment for moment in moments if moment.number is not None and moment.number <= milestone.number]
    return Report(
        schema=SCHEMA,
        made_at=_moment(now),
        assessment=str(assessment.pk),
        service={
            **state["service"],
            "team": assessment.service.team.name,
            "owner": assessment.service.owner.shown_name,
        },
        lens=dict(state["lens"]),
        milestone=_milestone(milestone),
        total=sum(state["counts"].values()),
        counts=_counts(state["counts"]),
        standings={str(standing): count for standing, count in standings.counts.items()} if standings else {},
        pillars=tuple(_pillar(pillar) for pillar in state["pillars"]),
        improvements=() if milestone else _improvements(plan_for(assessment)),
        questions=tuple(_questions(state, standings)),
        trend=tuple(ReportMoment(each.number, each.name, _moment(each.at), _counts(each.counts)) for each in moments),
    )


def milestone_moments(assessment: Assessment) -> list[Moment]:
    """The counts of every milestone, the first one first. Of their long contents only the counts are read."""
    rows = assessment.milestones.order_by("number").values_list("number", "name", "recorded_at", "content__counts")
    return [Moment(number, name, at, counts_of(counts)) for number, name, at, counts in rows]


def _milestone(milestone: Milestone | None) -> dict[str, Any] | None:
    if milestone is None:
        return None
    return {
        "number": milestone.number,
        "name": milestone.name,
        "recorded_at": _moment(milestone.recorded_at),
        "sha256": milestone.sha256,
    }


def _counts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {risk.value: int(counts.get(risk.value, 0)) for risk in Risk}


def _pillar(pillar: Mapping[str, Any]) -> ReportPillar:
    counts = _counts(pillar["counts"])
    return ReportPillar(pillar["id"], pillar["name"], sum(counts.values()), counts)


def _questions(state: Mapping[str, Any], standings: Standings | None) -> Iterable[ReportQuestion]:
    number = 0
    for pillar in state["pillars"]:
        for told in pillar["questions"]:
            number += 1
            yield _question(number, pillar["name"], told, standings)


def _question(number: int, pillar: str, told: Mapping[str, Any], standings: Standings | None) -> ReportQuestion:
    standing = standings.answers.get(told["id"]) if standings else None
    return ReportQuestion(
        number=number,
        id=told["id"],
        title=told["title"],
        pillar=pillar,
        risk=told["risk"],
        standing=str(standing.standing) if standing else "",
        is_applicable=told.get("is_applicable", True),
        reason=told.get("reason", ""),
        notes=told.get("notes", ""),
        assignee=told.get("assignee") or "",
        choices=tuple(_choices(told, standing)),
        evidence=tuple(_evidence(each, standings) for each in told.get("evidence", ())),
        proofs=tuple(_proof(each, standings.now) for each in standing.proofs) if standing and standings else (),
    )


def _choices(told: Mapping[str, Any], standing: AnswerStanding | None) -> Iterable[ReportChoice]:
    for choice in told.get("choices", ()):
        if choice["status"] in (_CHOSEN, _EXCUSED):
            found = standing.choices.get(choice["id"]) if standing else None
            yield ReportChoice(
                choice["id"],
                choice["title"],
                choice["status"],
                choice.get("reason", ""),
                choice.get("notes", ""),
                str(found.standing) if found else "",
            )


def _evidence(told: Mapping[str, Any], standings: Standings | None) -> ReportEvidence:
    named = standings.named.get(told["value"]) if standings else None
    title = f"{named.title}: {named.says}" if named else ""
    return ReportEvidence(told["kind"], told["value"], title, told.get("note", ""))


def _proof(proof: Proof, now: datetime) -> ReportProof:
    standing = str(proof.standing(now))
    return ReportProof(proof.kind, proof.title, proof.says, _moment(proof.at), proof.percent(now), standing)


def _improvements(plan: Plan) -> tuple[ReportImprovement, ...]:
    return tuple(_improvement(order, row) for order, row in enumerate(plan.open, start=1))


def _improvement(order: int, row: PlanRow) -> ReportImprovement:
    line, item = row.line, row.item
    return ReportImprovement(
        order=order,
        question=row.number,
        question_id=row.question.id,
        title=row.question.title,
        pillar=row.pillar.name,
        risk=str(row.risk),
        reached=str(line.reached) if line and line.reached else "",
        removed=line.removed if line else 0,
        choices=tuple(choice.title for choice in line.choices) if line else (),
        given_up=tuple(choice.title for choice in line.given_up) if line else (),
        status=row.status.value,
        owner=item.owner.shown_name if item and item.owner else "",
        due_on=item.due_on.isoformat() if item and item.due_on else "",
        note=item.note if item else "",
        revision=item.revision if item else 0,
        is_overdue=row.is_overdue,
        is_contradicted=row.is_contradicted,
    )


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
