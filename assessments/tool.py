"""What a sync with the Well-Architected Tool would do, question by question.

Pure: our answers, the Tool's and those both sides agreed on at the last sync in, a plan out. The Tool keeps no time of change
with an answer (API reference: Answer, AnswerSummary; only LensReview has UpdatedAt), so what is newer is told by comparing
three: the side that differs from the last agreement has changed, and where both have, a person decides. Not here: calls
(tool_review.py) and rows (tool_sync.py).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assessments.lens import Lens, Pillar, Question
from assessments.risk import answer_problems

SELECTED, NOT_APPLICABLE, UNSELECTED = "SELECTED", "NOT_APPLICABLE", "UNSELECTED"
# The Tool's bounds in characters: API reference, UpdateAnswer and ChoiceUpdate.
NOTES, CHOICE_NOTES = 2084, 250
_NO_REASON, _ANY_REASON = "NONE", "OTHER"


class Verdict(StrEnum):
    """What a sync would do with one question."""

    SAME = "Same"
    PUSH = "Push"
    PULL = "Pull"
    CONFLICT = "Conflict"


class Side(StrEnum):
    """Whose answer stays where both changed."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Decision:
    """A person's word on one conflict; `fingerprint` names the two answers that were looked at."""

    side: Side
    fingerprint: str


@dataclass(frozen=True)
class ChoiceSaid:
    """What is said of one choice; `reason` only where it is not applicable."""

    status: str = UNSELECTED
    reason: str = ""
    notes: str = ""


_UNSAID = ChoiceSaid()


@dataclass(frozen=True)
class Picture:
    """An answer as both sides can say it. A choice that is not in `choices` is not chosen and has no notes."""

    choices: Mapping[str, ChoiceSaid] = field(default_factory=dict)
    is_applicable: bool = True
    reason: str = ""
    notes: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Picture()

    def with_status(self, status: str) -> frozenset[str]:
        return frozenset(choice_id for choice_id, said in self.choices.items() if said.status == status)

    def only(self, choice_ids: Collection[str]) -> "Picture":
        """The picture without what is said of other choices."""
        kept = {choice_id: said for choice_id, said in self.choices.items() if choice_id in choice_ids}
        return Picture(kept, self.is_applicable, self.reason, self.notes)

    def to_json(self) -> dict[str, Any]:
        """JSON values, keys in order, so that equal pictures give equal text."""
        choices = {
            choice_id: {"status": said.status, "reason": said.reason, "notes": said.notes}
            for choice_id, said in sorted(self.choices.items())
        }
        return {
            "choices": choices,
            "is_applicable": self.is_applicable,
            "reason": self.reason,
            "notes": self.notes,
        }


def picture_of(
    choices: Mapping[str, Mapping[str, Any]], is_applicable: bool = True, reason: str = "", notes: str = ""
) -> Picture:
    """A picture from status, reason and notes of choices, blanks and meaningless parts left out.

    Something that is not applicable without a reason, which the Tool allows, has the reason OTHER.
    """
    kept: dict[str, ChoiceSaid] = {}
    for choice_id, said in choices.items():
        status = str(said.get("status") or UNSELECTED)
        why = _reason(str(said.get("reason") or ""), status == NOT_APPLICABLE)
        one = ChoiceSaid(status, why, _tidy(str(said.get("notes") or "")))
        if one != _UNSAID:
            kept[choice_id] = one
    return Picture(kept, is_applicable, _reason(reason, not is_applicable), _tidy(notes))


def _reason(reason: str, is_needed: bool) -> str:
    if not is_needed:
        return ""
    return _ANY_REASON if reason in ("", _NO_REASON) else reason


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


@dataclass(frozen=True)
class ToolAnswer:
    """One question in the Tool: which choices it has and what was answered."""

    question_id: str
    title: str
    choice_ids: tuple[str, ...]
    picture: Picture
    risk: str = ""


@dataclass(frozen=True)
class FieldDifference:
    """One field in which the sides differ, in words; `key` is `applies`, `notes` or `choice:ID`."""

    key: str
    label: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class PlannedQuestion:
    """One question that both sides have; `shared` are the choices that both have.

    `obstacles` say why it cannot go that way; a sync passes it over then.
    """

    question: Question
    pillar: Pillar
    tool_question_id: str
    shared: frozenset[str]
    verdict: Verdict
    ours: Picture
    theirs: Picture
    differences: tuple[FieldDifference, ...]
    push_obstacles: tuple[str, ...] = ()
    pull_obstacles: tuple[str, ...] = ()

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Those of the way that the verdict names; of both for a conflict."""
        ways = {Verdict.PUSH: self.push_obstacles, Verdict.PULL: self.pull_obstacles, Verdict.SAME: ()}
        return ways.get(self.verdict, (*self.push_obstacles, *self.pull_obstacles))

    @property
    def fingerprint(self) -> str:
        """Names exactly these two answers: a decision about a conflict is void when either side has moved on."""
        text = json.dumps([self.question.id, self.ours.to_json(), self.theirs.to_json()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def goes(self, way: Verdict, decided: Side | None = None) -> bool:
        """Whether a push (or pull) takes it: by its verdict, or by a person's decision about a conflict."""
        side = {Verdict.PUSH: Side.OURS, Verdict.PULL: Side.THEIRS}[way]
        if self.push_obstacles if way is Verdict.PUSH else self.pull_obstacles:
            return False
        return self.verdict is way or (self.verdict is Verdict.CONFLICT and decided is side)


@dataclass(frozen=True)
class Plan:
    """What a sync would do. `only_ours` and `only_theirs` are titles of questions that the other side does not have."""

    questions: tuple[PlannedQuestion, ...]
    only_ours: tuple[str, ...]
    only_theirs: tuple[str, ...]

    def having(self, verdict: Verdict) -> tuple[PlannedQuestion, ...]:
        return tuple(each for each in self.questions if each.verdict is verdict)

    @property
    def counts(self) -> dict[Verdict, int]:
        return {verdict: len(self.having(verdict)) for verdict in Verdict}

    @property
    def changes(self) -> tuple[PlannedQuestion, ...]:
        """Everything that is not the same on both sides: conflicts first, then in the lens's order."""
        differing = [each for each in self.questions if each.verdict is not Verdict.SAME]
        return tuple(sorted(differing, key=lambda each: each.verdict is not Verdict.CONFLICT))

    @property
    def is_same(self) -> bool:
        return not self.changes


def plan(lens: Lens, ours: Mapping[str, Picture], theirs: Iterable[ToolAnswer], agreed: Mapping[str, Picture]) -> Plan:
    """Compare every question. `ours` and `agreed` (as of the last sync) are by our question ids."""
    there = list(theirs)
    matches = match(lens, there)
    planned: list[PlannedQuestion] = []
    for pillar in lens.pillars:
        for question in pillar.questions:
            answer = matches.get(question.id)
            if answer is not None:
                mine = ours.get(question.id, Picture()).only(question.choice_ids)
                planned.append(_planned(question, pillar, mine, answer, agreed.get(question.id)))
    taken = {answer.question_id for answer in matches.values()}
    return Plan(
        tuple(planned),
        tuple(question.title for question in lens.questions.values() if question.id not in matches),
        tuple(answer.title for answer in there if answer.question_id not in taken),
    )


def match(lens: Lens, theirs: Iterable[ToolAnswer]) -> dict[str, ToolAnswer]:
    """The Tool's question for each of ours: the one of the same id, else the one that shares the most choices.

    AWS's own lens names its questions otherwise (`backing-up-data`) than a file may, but its choices by the same slugs.
    """
    there = {answer.question_id: answer for answer in theirs}
    found = {question_id: there[question_id] for question_id in lens.questions if question_id in there}
    free = [answer for answer in there.values() if answer.question_id not in found]
    for question in lens.questions.values():
        if question.id in found or not free:
            continue
        shared = {answer.question_id: len({*answer.choice_ids} & {*question.choice_ids}) for answer in free}
        best = max(free, key=lambda answer: shared[answer.question_id])
        if shared[best.question_id]:
            found[question.id] = best
            free.remove(best)
    return found


def _planned(
    question: Question, pillar: Pillar, mine: Picture, answer: ToolAnswer, agreed: Picture | None
) -> PlannedQuestion:
    shared = frozenset(question.choice_ids) & {*answer.choice_ids}
    ours, theirs = mine.only(shared), answer.picture.only(shared)
    base = agreed.only(shared) if agreed is not None else Picture()
    return PlannedQuestion(
        question,
        pillar,
        answer.question_id,
        shared,
        _verdict(ours, theirs, base),
        mine,
        answer.picture,
        differences(question, ours, theirs),
        _push_obstacles(question, mine, shared),
        _pull_obstacles(question, merged(mine, answer.picture, shared), answer, shared),
    )


def _verdict(ours: Picture, theirs: Picture, base: Picture) -> Verdict:
    """Before the first sync the base is an empty answer: whoever answered is the one who changed."""
    if ours == theirs:
        return Verdict.SAME
    if theirs == base:
        return Verdict.PUSH
    return Verdict.PULL if ours == base else Verdict.CONFLICT


def merged(kept: Picture, taken: Picture, shared: Collection[str]) -> Picture:
    """`taken`, with what `kept` says of choices that the other side does not have."""
    own = {choice_id: said for choice_id, said in kept.choices.items() if choice_id not in shared}
    return Picture({**own, **taken.only(shared).choices}, taken.is_applicable, taken.reason, taken.notes)


def _push_obstacles(question: Question, ours: Picture, shared: Collection[str]) -> tuple[str, ...]:
    found = [
        f"The Tool's question has no choice “{_title(question, choice_id)}”."
        for choice_id in ours.choices
        if choice_id not in shared
    ]
    if len(ours.notes) > NOTES:
        found.append(f"The notes have {len(ours.notes):,} characters; the Tool takes {NOTES:,}. Shorten them.")
    for choice_id, said in ours.choices.items():
        if len(said.notes) > CHOICE_NOTES:
            title = _title(question, choice_id)
            found.append(f"The notes on “{title}” have {len(said.notes)} characters; the Tool takes {CHOICE_NOTES}.")
    return tuple(found)


def _pull_obstacles(
    question: Question, result: Picture, answer: ToolAnswer, shared: Collection[str]
) -> tuple[str, ...]:
    found = [
        f"{choice_id} of the Tool is no choice of this version of the lens."
        for choice_id in answer.picture.choices
        if choice_id not in shared
    ]
    return (*found, *answer_problems(question, result.with_status(SELECTED), result.with_status(NOT_APPLICABLE)))


def differences(question: Question, ours: Picture, theirs: Picture) -> tuple[FieldDifference, ...]:
    """The fields in which two pictures differ, in the question's order."""
    rows = [("applies", "Whether the question applies", _applies(ours), _applies(theirs))]
    for choice in question.choices:
        mine, their = (_told(each.choices.get(choice.id, _UNSAID)) for each in (ours, theirs))
        rows.append((f"choice:{choice.id}", choice.title, mine, their))
    rows.append(("notes", "Notes", ours.notes, theirs.notes))
    return tuple(FieldDifference(*row) for row in rows if row[2] != row[3])


_WORDS = {SELECTED: "chosen", NOT_APPLICABLE: "not applicable", UNSELECTED: "not chosen"}


def _applies(picture: Picture) -> str:
    return "applies" if picture.is_applicable else f"does not apply: {_worded(picture.reason)}"


def _told(said: ChoiceSaid) -> str:
    words = _WORDS.get(said.status, said.status)
    words = f"{words}: {_worded(said.reason)}" if said.reason else words
    return f"{words}; {said.notes}" if said.notes else words


def _worded(reason: str) -> str:
    return reason.replace("_", " ").lower()


def _title(question: Question, choice_id: str) -> str:
    return next((choice.title for choice in question.choices if choice.id == choice_id), choice_id)
