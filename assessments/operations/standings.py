"""What each answer rests on: the newest results of checks and the drills people named, joined and aged. Reads only.

Not here: how proofs age and add up (`assessments.evidence_age`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from assessments.checks.registry import CHECKS
from assessments.checks.results import Outcome
from assessments.evidence_age import (
    AnswerStanding,
    Proof,
    Standing,
    answer_standing,
    choice_standing,
    counts_of,
    drill_half_life,
)
from assessments.lens import Lens
from assessments.lens.content import value_of
from assessments.models import Answer, Assessment, CheckResult, Evidence, EvidenceKind
from assessments.operations.shelf import lens_of
from assessments.proof_source import NamedProof, proof_source
from assessments.results import SELECTED
from portal.audit.log import database_now
from portal.catalogue.models import Service

NAMED_KINDS = (EvidenceKind.DRILL, EvidenceKind.EXECUTION)


@dataclass(frozen=True)
class Standings:
    """The standing of every answered question that applies, by its id. `named` are drills and executions by their id."""

    answers: Mapping[str, AnswerStanding]
    named: Mapping[str, NamedProof]
    now: datetime

    @property
    def counts(self) -> dict[Standing, int]:
        """How many answers have each standing, the worst first."""
        return counts_of(each.standing for each in self.answers.values())


def standings_of(assessment: Assessment, answers: Sequence[Answer] | None = None) -> Standings:
    """What the answers of an assessment rest on now. Four queries, however many answers."""
    lens, service = lens_of(assessment.lens_version), assessment.service
    rows = list(assessment.answers.all()) if answers is None else answers
    now = database_now()
    newest = newest_proofs(service)
    evidence = _named_evidence(assessment)
    named = proof_source().named(service, {UUID(each.value) for each in evidence}) if evidence else {}
    bound = bound_checks(lens)
    found: dict[str, AnswerStanding] = {}
    for row in rows:
        chosen = [choice_id for choice_id, said in row.choices.items() if said["status"] == SELECTED]
        if row.question_id in lens.questions and row.is_applicable and chosen:
            choices = [choice_standing(each, bound.get((row.question_id, each), ()), newest, now) for each in chosen]
            drills = _drills((each for each in evidence if each.answer_id == row.pk), named, service)
            found[row.question_id] = answer_standing(choices, drills, now)
    return Standings(found, named, now)


def named_in_milestone(assessment: Assessment, content: Mapping[str, Any]) -> Mapping[str, NamedProof]:
    """The drills and executions that a milestone's answers name as evidence, as they are known now, by id."""
    questions = [question for pillar in content.get("pillars", ()) for question in pillar["questions"]]
    named = {
        UUID(each["value"]) for one in questions for each in one.get("evidence", ()) if each["kind"] in NAMED_KINDS
    }
    return proof_source().named(assessment.service, named) if named else {}


def newest_proofs(service: Service) -> dict[str, Proof]:
    """By check, the newest result of a service that passed or failed; checks that are gone from the table are left out."""
    said = CheckResult.objects.filter(service=service, is_conclusive=True)
    newest = said.order_by().values("check_name").annotate(newest=Max("pk")).values("newest")
    rows = CheckResult.objects.filter(pk__in=newest, check_name__in=CHECKS).only(
        "check_name", "outcome", "sentence", "seen_at"
    )
    return {row.check_name: _proof(row, service.tier) for row in rows}


def bound_checks(lens: Lens) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The checks that a lens binds to its choices by `_check`, by (question id, choice id). Unknown names are passed over."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for pillar in value_of(lens.raw, "pillars"):
        for question in value_of(pillar, "questions"):
            for choice in value_of(question, "choices"):
                said = choice.get("_check") or ()
                names = [said] if isinstance(said, str) else said
                if known := tuple(name for name in names if isinstance(name, str) and name in CHECKS):
                    found[value_of(question, "id"), value_of(choice, "id")] = known
    return found


def _proof(row: CheckResult, tier: int) -> Proof:
    check = CHECKS[row.check_name]
    is_met = row.outcome == Outcome.PASSED
    return Proof("check", check.name, check.title, row.sentence, row.seen_at, check.half_life(tier), is_met)


def _named_evidence(assessment: Assessment) -> list[Evidence]:
    rows = Evidence.objects.filter(answer__assessment=assessment, kind__in=NAMED_KINDS, removed_at__isnull=True)
    return list(rows.only("answer_id", "value"))


def _drills(evidence: Iterable[Evidence], named: Mapping[str, NamedProof], service: Service) -> list[Proof]:
    """The named drills and executions that say yes or no."""
    half_life = drill_half_life(service.tier)
    told = [named[each.value] for each in evidence if each.value in named]
    return [
        Proof("drill", each.reference, each.title, each.says, each.ended_at, half_life, each.is_met)
        for each in told
        if each.ended_at is not None and each.is_met is not None
    ]
