"""What a sync with the Well-Architected Tool does: compare, push, pull. A worker's work; people ask for it (operations/tool.py).

Nothing is written that was not seen: a push or a pull names the comparison that a person looked at and is refused whole where
either side has moved since. Then a push reads each answer of the Tool again right before it writes it, and a pull saves with the
revision that was compared. AWS is called outside transactions; what both sides agreed on is stored question by question, so
that whoever continues a dead worker's sync finds the rest. Not here: what differs (tool.py), calls (tool_review.py), lens and
workload (tool_connect.py), milestones (tool_milestones.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.models import Answer, ToolLink
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, save_answer
from assessments.operations.shelf import lens_of
from assessments.tool import (
    Decision,
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
from assessments.tool_comparison import Comparison, comparison_of, moved_since
from assessments.tool_connect import moved_facts, prepare, refused, review_of
from assessments.tool_errand import Errand, Synced, note
from assessments.tool_review import Review
from portal.audit.log import database_now
from portal.aws.errors import AwsError

Decisions = Mapping[str, Decision]
NO_REVIEW = "The Tool has no review of this assessment yet. Push first."


@dataclass(frozen=True)
class Look:
    """Both sides now: the plan with the answers themselves, and what is kept of it."""

    plan: Plan
    comparison: Comparison


def look(errand: Errand) -> Look:
    """Read both sides without changing anything. `ToolRefused` when the Tool cannot be read."""
    link = errand.link
    if not (link.workload_id and link.review_alias):
        return _unmade(link)
    review = review_of(link)
    try:
        facts, theirs = review.facts(), review.answers(tell=errand.tell)
        workload, milestones = moved_facts(link), review.milestones()
    except AwsError as error:
        if error.code == "ResourceNotFoundException" and link.tool_lens is not None and _has_workload(review):
            return _unmade(link)
        raise refused("The review could not be read", error) from error
    planned = plan_of(link, theirs)
    is_old = not link.lens_alias and facts.lens_version != link.assessment.lens_version.number
    needs = bool(workload) or is_old
    sha256, frozen = link.assessment.lens_version.sha256, tuple(milestones)
    told = comparison_of(planned, sha256, facts, needs_push=needs, workload=workload, milestones=frozen)
    return Look(planned, told)


def _unmade(link: ToolLink) -> Look:
    """Both sides while the Tool has no review: as a push will make it, all our questions and none answered."""
    questions = lens_of(link.assessment.lens_version).questions.values()
    planned = plan_of(link, [ToolAnswer(each.id, each.title, each.choice_ids, Picture()) for each in questions])
    return Look(planned, comparison_of(planned, link.assessment.lens_version.sha256, None))


def push(errand: Errand, seen: Comparison, decisions: Decisions) -> None:
    """Write to the Tool what changed here and not there, and the conflicts decided for ours.

    Makes the lens and the workload first when they are missing: StillImporting says to go on in a few seconds.
    """
    link, done, now = errand.link, errand.synced, look(errand)
    _refuse_moved(seen, now.comparison)
    planned = now.plan
    review = prepare(link, errand.user)
    if now.comparison.needs_push:
        # The review was made or brought to another version, which may have changed what it holds.
        planned = plan_of(link, read_answers(review, errand))
        _refuse_moved(seen, comparison_of(planned, seen.lens_sha256, None))
    done.conflicts = _undecided(planned, decisions)
    going = list(_going(planned, Verdict.PUSH, decisions, done))
    for number, each in enumerate(going, start=1):
        _push_one(errand, review, each)
        errand.tell(number, len(going))
    _agree_where_same(link, planned)
    _finish(errand, "pushed", pushed_at=database_now())


def pull(errand: Errand, seen: Comparison, decisions: Decisions) -> None:
    """Save here what changed in the Tool and not here, and the conflicts decided for theirs."""
    link, done = errand.link, errand.synced
    if not (link.workload_id and link.review_alias):
        raise ValidationError(NO_REVIEW)
    revisions = dict(link.assessment.answers.values_list("question_id", "revision"))
    now = look(errand)
    _refuse_moved(seen, now.comparison)
    done.conflicts = _undecided(now.plan, decisions)
    for each in _going(now.plan, Verdict.PULL, decisions, done):
        _pull_one(errand, each, revisions.get(each.question.id, 0))
    _agree_where_same(link, now.plan)
    _finish(errand, "pulled", pulled_at=database_now())


# -- inside


def _refuse_moved(seen: Comparison, now: Comparison) -> None:
    moved = moved_since(seen, now)
    if moved:
        shown = "; ".join(moved[:5]) + (f"; and {len(moved) - 5} more" if len(moved) > 5 else "")
        raise ValidationError(
            f"Nothing more was sent or taken: this is not as it was when you compared: {shown}. Compare again and look at it."
        )


def plan_of(link: ToolLink, theirs: Iterable[ToolAnswer]) -> Plan:
    """Our rows, the Tool's answers and the last agreement, compared."""
    lens = lens_of(link.assessment.lens_version)
    ours = {each.question_id: _picture(each) for each in link.assessment.answers.all()}
    agreed = {question_id: picture_of(**said) for question_id, said in link.agreed.items()}
    return plan(lens, ours, theirs, agreed)


def _picture(answer: Answer) -> Picture:
    return picture_of(answer.choices, answer.is_applicable, answer.reason, answer.notes)


def _has_workload(review: Review) -> bool:
    try:
        review.milestones()
    except AwsError:
        return False
    return True


def read_answers(review: Review, errand: Errand, milestone: int | None = None) -> list[ToolAnswer]:
    """The Tool's answers, now or of a milestone. ToolRefused when they cannot be read."""
    try:
        return review.answers(milestone, errand.tell)
    except AwsError as error:
        raise refused("The Tool's answers could not be read", error) from error


def _decided(each: PlannedQuestion, decisions: Decisions) -> Side | None:
    """What a person said of exactly these two answers."""
    said = decisions.get(each.question.id)
    return said.side if said is not None and said.fingerprint == each.fingerprint else None


def _undecided(planned: Plan, decisions: Decisions) -> int:
    return sum(1 for each in planned.having(Verdict.CONFLICT) if _decided(each, decisions) is None)


def _going(planned: Plan, way: Verdict, decisions: Decisions, done: Synced) -> Iterator[PlannedQuestion]:
    for each in planned.questions:
        decided = _decided(each, decisions)
        obstacles = each.push_obstacles if way is Verdict.PUSH else each.pull_obstacles
        if each.goes(way, decided):
            yield each
        elif each.verdict is way and obstacles:
            done.left[each.question.title] = " ".join(obstacles)


def _push_one(errand: Errand, review: Review, each: PlannedQuestion) -> None:
    title, done = each.question.title, errand.synced
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
    done.done.append(title)
    with transaction.atomic():
        _agree(errand.link, {each.question.id: each.ours})
        errand.keep()


def _pull_one(errand: Errand, each: PlannedQuestion, revision: int) -> None:
    """The answer and what was agreed are stored together; somebody's save meanwhile is a refusal, nothing is overwritten."""
    result, assessment, title = merged(each.ours, each.theirs, each.shared), errand.link.assessment, each.question.title
    try:
        with transaction.atomic():
            row = assessment.answers.select_related("assignee").filter(question_id=each.question.id).first()
            save_answer(
                user=errand.user,
                assessment=assessment,
                question_id=each.question.id,
                draft=_draft(result, row),
                base_revision=revision,
            )
            _agree(errand.link, {each.question.id: result})
            errand.synced.done.append(title)
            errand.keep()
    except ValidationError as refusal:
        errand.synced.left[title] = " ".join(refusal.messages)


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


def _finish(errand: Errand, verb: str, **times: Any) -> None:
    done = errand.synced
    number = len(done.done)
    told = "no answers" if not number else "1 answer" if number == 1 else f"{number} answers"
    way = "to" if verb == "pushed" else "from"
    with transaction.atomic():
        ToolLink.objects.filter(pk=errand.link.pk).update(synced_by=errand.user, **times)
        errand.keep()
        detail = {"questions": done.done, "left": done.left, "conflicts": done.conflicts}
        note(errand, verb, f"{told} {way} the Well-Architected Tool", detail=detail)
