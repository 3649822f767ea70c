"""Syncing an assessment with the Well-Architected Tool: preview, push, pull.

Nothing newer is overwritten: a push reads each answer of the Tool again right before it writes it, a pull saves with the
revision that was compared. What turned out to have changed meanwhile is a conflict and stays. AWS is called outside
transactions; what both sides agreed on is stored question by question, so that a sync that dies goes on where it stood.
Not here: what differs (tool.py), calls (tool_review.py), lens and workload (tool_connect.py), milestones
(tool_milestones.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from assessments.models import Answer, Assessment, ToolLink
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, chain_of, held, save_answer
from assessments.operations.shelf import lens_of
from assessments.tool import (
    Decision,
    FieldDifference,
    Picture,
    Plan,
    PlannedQuestion,
    Side,
    ToolAnswer,
    Verdict,
    merged,
    picture_of,
    plan,
)
from assessments.tool_connect import link_of, moved_facts, prepare, refused, review_of
from assessments.tool_review import Review, ReviewFacts
from portal.audit.log import database_now, record
from portal.aws.errors import AwsError
from portal.people.models import User
from portal.people.permissions import Act, require

# How long a sync that died keeps others waiting; the longest lens takes about a minute.
BUSY = timedelta(minutes=5)
_NOT_CONNECTED = "The assessment is not connected with the Well-Architected Tool. Connect it first."


@dataclass(frozen=True)
class Preview:
    """What a sync would do now. `facts` is None while the Tool has no review yet: a push makes it.

    `workload` are the service's facts that a push would change in AWS.
    """

    link: ToolLink
    plan: Plan
    facts: ReviewFacts | None
    workload: tuple[FieldDifference, ...] = ()


@dataclass
class Synced:
    """What a sync did, by question titles. `left` says of each that should have gone why it did not."""

    done: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    conflicts: int = 0


Decisions = Mapping[str, Decision]


def preview(*, user: User, assessment: Assessment) -> Preview:
    """Compare without changing anything on either side. ValidationError when the Tool cannot be read."""
    require(user, Act.EDIT_SERVICE, assessment.service.team)
    link = linked(assessment)
    if not (link.workload_id and link.review_alias):
        return Preview(link, plan_of(link, _as_unanswered(link)), None)
    review = review_of(link)
    try:
        facts, theirs, workload = review.facts(), review.answers(), moved_facts(link)
    except AwsError as error:
        if error.code == "ResourceNotFoundException" and link.tool_lens is not None and _has_workload(review):
            return Preview(link, plan_of(link, _as_unanswered(link)), None)
        raise refused("The review could not be read", error) from error
    return Preview(link, plan_of(link, theirs), facts, workload)


def push(*, user: User, assessment: Assessment, decisions: Decisions | None = None) -> Synced:
    """Write to the Tool what changed here and not there, and the conflicts decided for ours.

    Makes the lens and the workload first when they are missing: StillImporting says to call again in a few seconds.
    """
    with one_at_a_time(user, assessment) as link:
        review = prepare(link, user)
        planned = plan_of(link, read_answers(review))
        done = Synced(conflicts=_undecided(planned, decisions))
        for each in _going(planned, Verdict.PUSH, decisions, done):
            _push_one(link, review, each, done)
        _agree_where_same(link, planned)
        _finish(link, user, "pushed", done, pushed_at=database_now())
    return done


def pull(*, user: User, assessment: Assessment, decisions: Decisions | None = None) -> Synced:
    """Save here what changed in the Tool and not here, and the conflicts decided for theirs."""
    with one_at_a_time(user, assessment) as link:
        if not (link.workload_id and link.review_alias):
            raise ValidationError("The Tool has no review of this assessment yet. Push first.")
        revisions = dict(link.assessment.answers.values_list("question_id", "revision"))
        planned = plan_of(link, read_answers(review_of(link)))
        done = Synced(conflicts=_undecided(planned, decisions))
        for each in _going(planned, Verdict.PULL, decisions, done):
            _pull_one(link, user, each, revisions.get(each.question.id, 0), done)
        _agree_where_same(link, planned)
        _finish(link, user, "pulled", done, pulled_at=database_now())
    return done


# -- inside


def linked(assessment: Assessment) -> ToolLink:
    """How an assessment is connected; ValidationError where it is not."""
    link = link_of(assessment)
    if link is None:
        raise ValidationError(_NOT_CONNECTED)
    return link


@contextmanager
def one_at_a_time(user: User, assessment: Assessment) -> Iterator[ToolLink]:
    """The link, kept for this sync alone. The claim is one update that says who may; it ends by itself after `BUSY`."""
    with transaction.atomic():
        current = held(user, assessment)
        link = linked(current)
        now = database_now()
        free = ToolLink.objects.filter(Q(busy_until__isnull=True) | Q(busy_until__lt=now), pk=link.pk)
        until = now + BUSY
        if not free.update(busy_until=until):
            raise ValidationError("Another sync of this assessment is running. Wait until it ends, then compare again.")
    link.assessment = current
    try:
        yield link
    finally:
        ToolLink.objects.filter(pk=link.pk, busy_until=until).update(busy_until=None)


def plan_of(link: ToolLink, theirs: Iterable[ToolAnswer]) -> Plan:
    """Our rows, the Tool's answers and the last agreement, compared."""
    lens = lens_of(link.assessment.lens_version)
    ours = {each.question_id: _picture(each) for each in link.assessment.answers.all()}
    agreed = {question_id: picture_of(**said) for question_id, said in link.agreed.items()}
    return plan(lens, ours, theirs, agreed)


def _picture(answer: Answer) -> Picture:
    return picture_of(answer.choices, answer.is_applicable, answer.reason, answer.notes)


def _as_unanswered(link: ToolLink) -> list[ToolAnswer]:
    """The review as a push will make it: all our questions, none answered."""
    questions = lens_of(link.assessment.lens_version).questions.values()
    return [ToolAnswer(each.id, each.title, each.choice_ids, Picture()) for each in questions]


def _has_workload(review: Review) -> bool:
    try:
        review.milestones()
    except AwsError:
        return False
    return True


def read_answers(review: Review, milestone: int | None = None) -> list[ToolAnswer]:
    """The Tool's answers, now or of a milestone. ToolRefused when they cannot be read."""
    try:
        return review.answers(milestone)
    except AwsError as error:
        raise refused("The Tool's answers could not be read", error) from error


def _decided(each: PlannedQuestion, decisions: Decisions | None) -> Side | None:
    """What a person said of exactly these two answers."""
    said = (decisions or {}).get(each.question.id)
    return said.side if said is not None and said.fingerprint == each.fingerprint else None


def _undecided(planned: Plan, decisions: Decisions | None) -> int:
    return sum(1 for each in planned.having(Verdict.CONFLICT) if _decided(each, decisions) is None)


def _going(planned: Plan, way: Verdict, decisions: Decisions | None, done: Synced) -> Iterator[PlannedQuestion]:
    for each in planned.questions:
        decided = _decided(each, decisions)
        obstacles = each.push_obstacles if way is Verdict.PUSH else each.pull_obstacles
        if each.goes(way, decided):
            yield each
        elif each.verdict is way and obstacles:
            done.left[each.question.title] = " ".join(obstacles)


def _push_one(link: ToolLink, review: Review, each: PlannedQuestion, done: Synced) -> None:
    title = each.question.title
    try:
        before = review.answer(each.tool_question_id)
        if before.picture != each.theirs:
            done.left[title] = "Somebody answered it in the Tool meanwhile. Compare again."
            return
        after = review.write(before, merged(each.theirs, each.ours, each.shared))
    except AwsError as error:
        done.left[title] = str(error)
        return
    if after.picture.only(each.shared) != each.ours.only(each.shared):
        done.left[title] = "The Tool kept it differently from what was sent. Compare again."
        return
    with transaction.atomic():
        _agree(link, {each.question.id: each.ours})
    done.done.append(title)


def _pull_one(link: ToolLink, user: User, each: PlannedQuestion, revision: int, done: Synced) -> None:
    """The answer and what was agreed are stored together; somebody's save meanwhile is a refusal, nothing is overwritten."""
    result = merged(each.ours, each.theirs, each.shared)
    try:
        with transaction.atomic():
            row = link.assessment.answers.select_related("assignee").filter(question_id=each.question.id).first()
            save_answer(
                user=user,
                assessment=link.assessment,
                question_id=each.question.id,
                draft=_draft(result, row),
                base_revision=revision,
            )
            _agree(link, {each.question.id: result})
    except ValidationError as refusal:
        done.left[each.question.title] = " ".join(refusal.messages)
        return
    done.done.append(each.question.title)


def _draft(picture: Picture, row: Answer | None) -> AnswerDraft:
    choices = {
        choice_id: ChoiceAnswer(said.status, said.reason, said.notes) for choice_id, said in picture.choices.items()
    }
    assignee = row.assignee if row else None
    return AnswerDraft(choices, picture.is_applicable, picture.reason, picture.notes, assignee)


def _agree_where_same(link: ToolLink, planned: Plan) -> None:
    """What was found to be the same is agreed from now on, whoever made it so."""
    same = {each.question.id: each.ours for each in planned.having(Verdict.SAME) if not each.ours.is_empty}
    with transaction.atomic():
        _agree(link, same)


def _agree(link: ToolLink, pictures: Mapping[str, Picture]) -> None:
    """Add to what both sides agreed on. The caller's transaction holds the row, so that no question gets lost."""
    row = ToolLink.objects.select_for_update().get(pk=link.pk)
    row.agreed |= {question_id: picture.to_json() for question_id, picture in pictures.items()}
    ToolLink.objects.filter(pk=link.pk).update(agreed=row.agreed)
    link.agreed = row.agreed


def _finish(link: ToolLink, user: User, verb: str, done: Synced, **times: Any) -> None:
    with transaction.atomic():
        ToolLink.objects.filter(pk=link.pk).update(synced_by=user, **times)
        detail = {"workload": link.workload_id, "questions": done.done, "left": done.left, "conflicts": done.conflicts}
        number = len(done.done)
        told = "no answers" if not number else "1 answer" if number == 1 else f"{number} answers"
        way = "to" if verb == "pushed" else "from"
        note(link, user, verb, f"{told} {way} the Well-Architected Tool", detail=detail)


def note(link: ToolLink, user: User, verb: str, subject: str, *, detail: dict[str, Any]) -> None:
    """Tell the assessment's history; the caller's transaction holds the change."""
    assessment = link.assessment
    team = assessment.service.team
    record(chain_of(assessment), verb, subject, actor=user, detail=detail, team=team)
