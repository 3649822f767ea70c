"""A comparison with the Well-Architected Tool as it is kept and shown: what both sides said, and what a sync would do.

Pure: a plan in, a value with a JSON form out. It names the two answers of every question by a fingerprint, so that a push or a
pull can be refused when either side has moved since a person looked. Not here: how a plan is made (tool.py), reading AWS
(tool_review.py), rows (tool_sync.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from assessments.tool import FieldDifference, Plan, PlannedQuestion, Verdict


@dataclass(frozen=True)
class ReviewFacts:
    """What the Tool says of a whole review."""

    lens_name: str
    lens_version: str
    lens_status: str
    updated_at: datetime | None


@dataclass(frozen=True)
class MilestoneFacts:
    """A milestone in the Tool; `number` is the Tool's."""

    number: int
    name: str
    recorded_at: datetime | None


@dataclass(frozen=True)
class ComparedQuestion:
    """One question that both sides have. `differences` and obstacles are empty where both say the same.

    `obstacles` are those of the way that the verdict names; of both for a conflict.
    """

    id: str
    title: str
    pillar: str
    verdict: Verdict
    fingerprint: str
    differences: tuple[FieldDifference, ...] = ()
    obstacles: tuple[str, ...] = ()
    push_obstacles: tuple[str, ...] = ()
    pull_obstacles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Both sides at one moment. `review` is None while the Tool has none: a push makes it.

    `lens_sha256` names our version of the lens; `needs_push`: a push changes more in AWS than answers; `workload` are the
    service's facts that it would change; `only_ours` and `only_theirs` are titles of questions that the other side lacks.
    """

    lens_sha256: str
    review: ReviewFacts | None
    needs_push: bool
    workload: tuple[FieldDifference, ...]
    questions: tuple[ComparedQuestion, ...]
    only_ours: tuple[str, ...]
    only_theirs: tuple[str, ...]
    milestones: tuple[MilestoneFacts, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many questions have each verdict, by its name."""
        return {one.name: sum(each.verdict is one for each in self.questions) for one in Verdict}

    @property
    def changes(self) -> tuple[ComparedQuestion, ...]:
        """Everything that is not the same on both sides: conflicts first, then in the lens's order."""
        differing = [each for each in self.questions if each.verdict is not Verdict.SAME]
        return tuple(sorted(differing, key=lambda each: each.verdict is not Verdict.CONFLICT))

    @property
    def is_same(self) -> bool:
        return not self.changes

    def to_json(self) -> dict[str, Any]:
        """JSON values; `from_json` reads them."""
        told = asdict(self)
        if self.review is not None:
            told["review"]["updated_at"] = _told(self.review.updated_at)
        for each, one in zip(told["milestones"], self.milestones, strict=True):
            each["recorded_at"] = _told(one.recorded_at)
        return told


def comparison_of(
    planned: Plan,
    lens_sha256: str,
    review: ReviewFacts | None,
    *,
    needs_push: bool = True,
    workload: tuple[FieldDifference, ...] = (),
    milestones: tuple[MilestoneFacts, ...] = (),
) -> Comparison:
    """What is kept of a plan."""
    return Comparison(
        lens_sha256,
        review,
        needs_push,
        workload,
        tuple(_compared(each) for each in planned.questions),
        planned.only_ours,
        planned.only_theirs,
        milestones,
    )


def _compared(each: PlannedQuestion) -> ComparedQuestion:
    told = (each.question.id, each.question.title, each.pillar.name, each.verdict, each.fingerprint)
    if each.verdict is Verdict.SAME:
        return ComparedQuestion(*told)
    return ComparedQuestion(*told, each.differences, each.obstacles, each.push_obstacles, each.pull_obstacles)


def from_json(told: Mapping[str, Any]) -> Comparison:
    """A kept comparison."""
    review = told["review"]
    return Comparison(
        told["lens_sha256"],
        ReviewFacts(**{**review, "updated_at": _moment(review["updated_at"])}) if review else None,
        told["needs_push"],
        tuple(FieldDifference(**each) for each in told["workload"]),
        tuple(_question(each) for each in told["questions"]),
        tuple(told["only_ours"]),
        tuple(told["only_theirs"]),
        tuple(
            MilestoneFacts(each["number"], each["name"], _moment(each["recorded_at"])) for each in told["milestones"]
        ),
    )


def _question(told: Mapping[str, Any]) -> ComparedQuestion:
    return ComparedQuestion(
        told["id"],
        told["title"],
        told["pillar"],
        Verdict(told["verdict"]),
        told["fingerprint"],
        tuple(FieldDifference(**each) for each in told["differences"]),
        tuple(told["obstacles"]),
        tuple(told["push_obstacles"]),
        tuple(told["pull_obstacles"]),
    )


def moved_since(seen: Comparison, now: Comparison) -> tuple[str, ...]:
    """What a sync would touch that is not as it was seen, in words; empty where it may go on.

    What has become the same on both sides meanwhile needs nothing, so that a sync whose worker died can be continued.
    """
    if seen.lens_sha256 != now.lens_sha256:
        return ("the assessment's version of the lens",)
    known = {each.id: (each.verdict, each.fingerprint) for each in seen.questions}
    facts = [fact.label for fact in now.workload if fact not in seen.workload]
    return (*facts, *(each.title for each in now.changes if known.get(each.id) != (each.verdict, each.fingerprint)))


def is_as_seen(seen: Comparison, now: Comparison) -> bool:
    """Whether every answer of both sides is exactly the one that was seen."""
    return [(each.id, each.fingerprint) for each in seen.questions] == [
        (each.id, each.fingerprint) for each in now.questions
    ]


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
