"""Milestones on both sides: ours pushed to the Well-Architected Tool, the Tool's recorded here.

A push freezes both sides under one name, and only while they say the same. A pull records here what the Tool froze: its
answers, judged by our version of the lens, with the Tool's number and time beside them. Not here: answers of today
(tool_sync.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.models import Milestone, ToolLink, ToolMilestone
from assessments.operations.milestones import LONGEST, freeze, frozen, record_milestone
from assessments.operations.shelf import lens_of
from assessments.results import QuestionResult, results_of
from assessments.risk import Risk
from assessments.tool import UNSELECTED, Picture, match
from assessments.tool_comparison import Comparison, MilestoneFacts, is_as_seen
from assessments.tool_connect import refused, review_of
from assessments.tool_errand import Errand, note
from assessments.tool_sync import NO_REVIEW, look, read_answers
from portal.aws.errors import AwsError


def push_milestone(errand: Errand, seen: Comparison, name: str) -> None:
    """Freeze both sides under one name. Refused while they differ, and where either is not as it was seen.

    The milestone here stays when the Tool fails after it; the next push of the same name takes it up.
    """
    link = errand.link
    if _is_done(errand):
        return
    if not (link.workload_id and link.review_alias):
        raise ValidationError(NO_REVIEW)
    now = look(errand).comparison
    if not now.is_same:
        number = len(now.changes)
        differ = "1 answer differs" if number == 1 else f"{number} answers differ"
        raise ValidationError(f"{differ} between here and the Tool. Push or pull, then record the milestone.")
    if not is_as_seen(seen, now):
        raise ValidationError("Both sides were changed since you compared. Compare again, then record the milestone.")
    milestone = _unpushed(link, name) or record_milestone(user=errand.user, assessment=link.assessment, name=name)
    try:
        number = review_of(link).record_milestone(milestone.name, f"{link.key}-{milestone.number}")
    except AwsError as error:
        raise refused(f"The milestone {milestone.name} could not be recorded in the Tool", error) from error
    _join(errand, milestone, number, "pushed the milestone", milestone.name)


def pull_milestone(errand: Errand, number: int) -> None:
    """Record here what the Tool froze as `number`. Refused when it is here already; today's answers are not touched."""
    link = errand.link
    if _is_done(errand):
        return
    if not (link.workload_id and link.review_alias):
        raise ValidationError(NO_REVIEW)
    known = link.milestones.filter(number=number).select_related("milestone").first()
    if known is not None:
        raise ValidationError(f"It is here already, as milestone {known.milestone.number}.")
    review = review_of(link)
    try:
        facts = next((each for each in review.milestones() if each.number == number), None)
    except AwsError as error:
        raise refused("The milestones could not be read", error) from error
    if facts is None:
        raise ValidationError(f"The workload has no milestone {number}. Compare again to see those it has.")
    answers = read_answers(review, errand, number)
    matched = match(lens_of(link.assessment.lens_version), answers)
    pictures = {question_id: answer.picture for question_id, answer in matched.items()}
    name = f"{facts.name[: LONGEST - 11]} (from AWS)"
    with transaction.atomic():
        content = _frozen_there(link, pictures, facts)
        milestone = freeze(errand.user, link.assessment, name, content=content)
        _join(errand, milestone, number, "pulled the milestone", facts.name)


# -- inside


def _is_done(errand: Errand) -> bool:
    """Whether a worker that died had joined them already."""
    return "in_the_tool" in errand.sync.result


def _join(errand: Errand, milestone: Milestone, number: int, verb: str, name: str) -> None:
    """Store that ours and the Tool's are one."""
    with transaction.atomic():
        ToolMilestone.objects.create(link=errand.link, milestone=milestone, number=number)
        errand.keep(milestone=milestone.number, in_the_tool=number)
        note(errand, verb, name, detail={"number": milestone.number, "in_the_tool": number})


def _unpushed(link: ToolLink, name: str) -> Milestone | None:
    """Our newest milestone when it has this name and is not in the Tool: a push of it that failed half-way."""
    newest = link.assessment.milestones.order_by("-number").first()
    is_it = newest is not None and newest.name == " ".join(name.split())
    return newest if is_it and not ToolMilestone.objects.filter(milestone=newest).exists() else None


@dataclass(frozen=True)
class _Then:
    """An answer of a milestone as results are counted from it."""

    question_id: str
    choices: Mapping[str, Mapping[str, Any]]
    is_applicable: bool


def _frozen_there(link: ToolLink, pictures: Mapping[str, Picture], facts: MilestoneFacts) -> dict[str, Any]:
    """A milestone's content as ours are written, with the Tool's answers, and where and when it was recorded."""
    lens = lens_of(link.assessment.lens_version)
    said = {question_id: picture.to_json() for question_id, picture in pictures.items()}
    then = [_Then(question_id, each["choices"], each["is_applicable"]) for question_id, each in said.items()]
    results = results_of(lens, then)
    pillars = [
        {
            "id": each.pillar.id,
            "name": each.pillar.name,
            "counts": {str(risk): each.counts[risk] for risk in Risk},
            "questions": [_question(one, said.get(one.question.id)) for one in each.questions],
        }
        for each in results.pillars
    ]
    recorded_at = facts.recorded_at.isoformat(timespec="milliseconds") if facts.recorded_at else None
    source = {"workload": link.workload_id, "number": facts.number, "name": facts.name, "recorded_at": recorded_at}
    counts = {str(risk): results.counts[risk] for risk in Risk}
    whole = frozen(link.assessment) | {"counts": counts, "pillars": pillars, "earlier_answers": []}
    return whole | {"from_the_tool": source}


def _question(result: QuestionResult, said: Mapping[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"id": result.question.id, "title": result.question.title, "risk": str(result.risk)}
    if said is None or said == Picture().to_json():
        return told | {"revision": 0}
    unsaid = {"status": UNSELECTED, "reason": "", "notes": ""}
    choices = [
        {"id": each.id, "title": each.title, **said["choices"].get(each.id, unsaid)} for each in result.question.choices
    ]
    nobody: dict[str, Any] = {"assignee": None, "changed_by": None, "changed_at": None, "evidence": [], "comments": []}
    return told | {**said, "revision": 1, "choices": choices} | nobody
