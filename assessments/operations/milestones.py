"""Milestones: frozen copies of an assessment. Recorded before every upgrade and closing, and whenever somebody wants one."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from assessments.lens import Question
from assessments.models import Answer, Assessment, ChoiceStatus, Comment, Evidence, Milestone
from assessments.operations.answers import chain_of, held
from assessments.operations.shelf import lens_of
from assessments.operations.texts import one_line
from assessments.results import PillarResult, results_of
from assessments.risk import Risk
from portal.audit.log import record
from portal.audit.models import Event
from portal.people.models import User

SCHEMA = 1
RECORDED = "recorded the milestone"
# The Well-Architected Tool's bounds of a milestone's name: API reference, CreateMilestone.
SHORTEST, LONGEST = 3, 100


def record_milestone(*, user: User, assessment: Assessment, name: str) -> Milestone:
    """Freeze the assessment as it is now. ValidationError for a name of fewer than 3 or more than 100 characters."""
    with transaction.atomic():
        return freeze(user, held(user, assessment), name)


def freeze(user: User, assessment: Assessment, name: str, *, content: dict[str, Any] | None = None) -> Milestone:
    """Write the milestone of an assessment that the caller holds in its transaction.

    `content` is what `frozen` gives of it now, unless it was frozen elsewhere.
    """
    line = one_line(name, "The milestone's name", least=SHORTEST, most=LONGEST)
    newest = assessment.milestones.order_by("-number").values_list("number", flat=True).first() or 0
    content = frozen(assessment) if content is None else content
    milestone = Milestone.objects.create(
        assessment=assessment,
        number=newest + 1,
        name=line,
        lens_version=assessment.lens_version,
        content=content,
        sha256=fingerprint(content),
        recorded_by=user,
    )
    milestone.refresh_from_db(fields=["recorded_at"])
    detail = {"number": milestone.number, "sha256": milestone.sha256}
    record(chain_of(assessment), RECORDED, line, actor=user, detail=detail, team=assessment.service.team)
    return milestone


def is_unchanged(milestone: Milestone) -> bool:
    """Whether the content is still the one whose fingerprint was recorded, here and in the audit log."""
    chain = f"assessment:{milestone.assessment_id}"
    told = Event.objects.filter(chain=chain, verb=RECORDED, detail__number=milestone.number)
    recorded = [event.detail.get("sha256") for event in told]
    return recorded == [milestone.sha256] and fingerprint(milestone.content) == milestone.sha256


def fingerprint(content: dict[str, Any]) -> str:
    """The SHA-256 over the canonical JSON: sorted keys, no spaces, ASCII."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def frozen(assessment: Assessment) -> dict[str, Any]:
    """Everything of an assessment as JSON values: the lens's fingerprint, all answers with evidence and comments, all risks."""
    lens = lens_of(assessment.lens_version)
    rows = {answer.question_id: answer for answer in _answers(assessment)}
    results = results_of(lens, rows.values())
    service, version = assessment.service, assessment.lens_version
    gone = [answer for question_id, answer in rows.items() if question_id not in lens.questions]
    return {
        "schema": SCHEMA,
        "assessment": str(assessment.pk),
        "service": {"slug": service.slug, "name": service.name, "tier": service.tier},
        "lens": {
            "slug": assessment.lens.slug,
            "name": lens.name,
            "version": version.number,
            "sha256": version.sha256,
        },
        "counts": _counts(results.counts),
        "pillars": [_pillar(pillar, rows) for pillar in results.pillars],
        "earlier_answers": [{"id": answer.question_id, **_answer(answer, None)} for answer in gone],
    }


def _answers(assessment: Assessment) -> list[Answer]:
    evidence = Evidence.objects.filter(removed_at__isnull=True).select_related("added_by", "file")
    evidence = evidence.defer("file__content")
    comments = Comment.objects.select_related("author")
    rows = assessment.answers.select_related("assignee", "changed_by")
    return list(rows.prefetch_related(Prefetch("evidence", queryset=evidence), Prefetch("comments", queryset=comments)))


def _counts(counts: Any) -> dict[str, int]:
    return {str(risk): counts[risk] for risk in Risk}


def _pillar(result: PillarResult, rows: dict[str, Answer]) -> dict[str, Any]:
    return {
        "id": result.pillar.id,
        "name": result.pillar.name,
        "counts": _counts(result.counts),
        "questions": [
            {
                "id": each.question.id,
                "title": each.question.title,
                "risk": str(each.risk),
                **_answer(rows.get(each.question.id), each.question),
            }
            for each in result.questions
        ],
    }


def _answer(answer: Answer | None, question: Question | None) -> dict[str, Any]:
    if answer is None:
        return {"revision": 0}
    return {
        "revision": answer.revision,
        "is_applicable": answer.is_applicable,
        "reason": answer.reason,
        "notes": answer.notes,
        "assignee": answer.assignee.username if answer.assignee else None,
        "changed_by": answer.changed_by.username if answer.changed_by else None,
        "changed_at": _moment(answer.changed_at),
        "choices": _choices(answer, question),
        "evidence": [_evidence(each) for each in answer.evidence.all()],
        "comments": [
            {"author": each.author.username, "written_at": _moment(each.written_at), "text": each.text}
            for each in answer.comments.all()
        ],
    }


def _choices(answer: Answer, question: Question | None) -> list[dict[str, str]]:
    """Every choice of the question, the unchosen too, so that a milestone is read without its lens."""
    unsaid = {"status": ChoiceStatus.UNSELECTED.value, "reason": "", "notes": ""}
    titles = {choice.id: choice.title for choice in question.choices} if question else {}
    ids = [*titles, *(choice_id for choice_id in answer.choices if choice_id not in titles)]
    return [{"id": each, "title": titles.get(each, ""), **answer.choices.get(each, unsaid)} for each in ids]


def _evidence(evidence: Evidence) -> dict[str, Any]:
    said = {
        "id": evidence.pk,
        "kind": evidence.kind,
        "value": evidence.value,
        "note": evidence.note,
        "added_by": evidence.added_by.username,
        "added_at": _moment(evidence.added_at),
    }
    if evidence.kind == "file":
        said |= {"sha256": evidence.file.sha256, "bytes": evidence.file.size}
    return said


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None
