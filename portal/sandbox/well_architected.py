"""The Well-Architected Tool: workloads, their reviews, answers and milestones.

Here: the operations that the emulated service has besides lenses (well_architected_lenses.py). Not here: shares, profiles,
review templates, reports, notifications, Jira and Trusted Advisor (501). Operations take a place, the API's parameters as
botocore's model allows them, and give the API's answer. Source:
https://docs.aws.amazon.com/wellarchitected/latest/APIReference/Welcome.html
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.pace import Pace
from portal.sandbox.service_requests import Answer, Parameters, Place
from portal.sandbox.well_architected_lenses import FRAMEWORK, Lenses
from portal.sandbox.well_architected_requests import Tokens, conflict, invalid, missing, over_quota, page
from portal.sandbox.well_architected_reviews import Review

MAXIMUM_MILESTONES, MAXIMUM_LENSES, MAXIMUM_PER_CALL = 100, 20, 10
_SETTINGS = (
    "WorkloadName", "Description", "Environment", "AccountIds", "AwsRegions", "NonAwsRegions", "PillarPriorities",
    "ArchitecturalDesign", "ReviewOwner", "IndustryType", "Industry", "Notes", "DiscoveryConfig", "Applications",
    "IsReviewOwnerUpdateAcknowledged", "ImprovementStatus",
)  # fmt: skip


@dataclass
class Milestone:
    number: int
    name: str
    recorded_at: datetime
    workload: "Workload"


@dataclass
class Workload:
    """`reviews` by the lens's ARN, in the order in which the lenses were associated."""

    id: str
    place: Place
    settings: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    milestones: list[Milestone] = field(default_factory=list)
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def frozen(self) -> "Workload":
        reviews = {arn: review.copied() for arn, review in self.reviews.items()}
        return replace(self, settings=dict(self.settings), reviews=reviews, milestones=[])

    @property
    def arn(self) -> str:
        account, region = self.place
        return f"arn:aws:wellarchitected:{region}:{account}:workload/{self.id}"

    def summary(self) -> Answer:
        counts: Counter[str] = sum((Counter(review.counts()) for review in self.reviews.values()), Counter())
        return {
            "WorkloadId": self.id, "WorkloadArn": self.arn, "WorkloadName": self.settings["WorkloadName"],
            "Owner": self.place[0], "UpdatedAt": self.updated_at, "RiskCounts": dict(counts),
            "Lenses": [review.alias for review in self.reviews.values()],
            "ImprovementStatus": self.settings["ImprovementStatus"],
        }  # fmt: skip

    def described(self) -> Answer:
        return self.settings | self.summary() | {"Tags": dict(self.tags)}

    def review(self, alias: str) -> Review:
        for review in self.reviews.values():
            if alias in (review.lens.arn, review.alias):
                review.follow_minor_versions()
                return review
        raise missing("LENS_REVIEW", alias)


class WellArchitected:
    """Safe to use from any thread. Public operations are named as in the API, in snake case."""

    def __init__(self, pace: Pace) -> None:
        self._lock = threading.RLock()
        self.lenses = Lenses(pace, self._lock)
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.lenses.clear()
            self._workloads: dict[tuple[Place, str], Workload] = {}
            self._tokens = Tokens()

    def operation(self, name: str) -> Callable[[Place, Parameters], Answer | None] | None:
        """How to call an operation by its name in snake case; None where the service emulated here has none such."""
        owner = next((one for one in (self, self.lenses) if name in OPERATIONS and hasattr(one, name)), None)
        if owner is None:
            return None

        def call(place: Place, p: Parameters) -> Answer | None:
            with self._lock:
                return self._tokens.once(place, name, p, lambda: getattr(owner, name)(place, p))

        return call

    # -- workloads

    def create_workload(self, place: Place, p: Parameters) -> Answer:
        problems = []
        if not p.get("AwsRegions") and not p.get("NonAwsRegions"):
            problems.append(("AwsRegions", "AwsRegions, NonAwsRegions or both are required"))
        if not p.get("ReviewOwner"):
            problems.append(("ReviewOwner", "is required"))
        if not p["Lenses"]:
            problems.append(("Lenses", "must name a lens"))
        if problems:
            raise invalid("[Validation] " + "; ".join(f"{name} {what}" for name, what in problems), *problems)
        self._refuse_taken(place, p["WorkloadName"])
        settings = {name: p[name] for name in _SETTINGS if p.get(name) is not None}
        settings.setdefault("ImprovementStatus", "NOT_APPLICABLE")
        made = Workload(uuid.uuid4().hex, place, settings, dict(p.get("Tags") or {}))
        self._associate(made, p["Lenses"])
        self._workloads[place, made.id] = made
        return {"WorkloadId": made.id, "WorkloadArn": made.arn}

    def get_workload(self, place: Place, p: Parameters) -> Answer:
        return {"Workload": self._workload(place, p).described()}

    def list_workloads(self, place: Place, p: Parameters) -> Answer:
        prefix = str(p.get("WorkloadNamePrefix") or "")
        own = [w for (where, _), w in self._workloads.items() if where == place]
        found = [w.summary() for w in own if w.settings["WorkloadName"].startswith(prefix)]
        return page("WorkloadSummaries", found, p)

    def update_workload(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        if p.get("WorkloadName"):
            self._refuse_taken(place, p["WorkloadName"], workload)
        workload.settings |= {name: p[name] for name in _SETTINGS if p.get(name) is not None}
        workload.updated_at = datetime.now(UTC)
        return {"Workload": workload.described()}

    def delete_workload(self, place: Place, p: Parameters) -> None:
        del self._workloads[place, self._workload(place, p).id]

    # -- lenses of a workload

    def associate_lenses(self, place: Place, p: Parameters) -> None:
        self._associate(self._workload(place, p), p["LensAliases"])

    def disassociate_lenses(self, place: Place, p: Parameters) -> None:
        workload = self._workload(place, p)
        self._refuse_many(p["LensAliases"])
        reviews = [workload.review(alias) for alias in p["LensAliases"]]
        if any(review.alias == FRAMEWORK for review in reviews):
            raise invalid(f"[Validation] {FRAMEWORK} cannot be removed from a workload", ("LensAliases", FRAMEWORK))
        for review in reviews:
            del workload.reviews[review.lens.arn]
        workload.updated_at = datetime.now(UTC)

    def list_lens_reviews(self, place: Place, p: Parameters) -> Answer:
        workload, number = self._at(place, p)
        return number | page("LensReviewSummaries", [r.summary() for r in workload.reviews.values()], p)

    def get_lens_review(self, place: Place, p: Parameters) -> Answer:
        workload, number = self._at(place, p)
        return number | {"LensReview": workload.review(p["LensAlias"]).described()}

    def update_lens_review(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        review = workload.review(p["LensAlias"])
        unknown = sorted(set(p.get("PillarNotes") or {}) - {identifier for identifier, _ in review.content.pillars})
        if unknown:
            raise invalid(f"[Validation] {', '.join(unknown)}: no such pillar", ("PillarNotes", unknown[0]))
        review.notes = p.get("LensNotes", review.notes)
        review.pillar_notes |= p.get("PillarNotes") or {}
        review.updated_at = workload.updated_at = datetime.now(UTC)
        return {"WorkloadId": workload.id, "LensReview": review.described()}

    def upgrade_lens_review(self, place: Place, p: Parameters) -> None:
        """Records a milestone first; answers are carried over by the ids of questions and choices."""
        workload = self._workload(place, p)
        review = workload.review(p["LensAlias"])
        latest = review.lens.latest
        if latest is None or latest is review.version:
            raise conflict(f"{review.alias} is up to date in {workload.id}", review.alias, "LENS_REVIEW")
        self._record(workload, p["MilestoneName"])
        review.move_to(latest)
        review.updated_at = workload.updated_at = datetime.now(UTC)

    # -- answers

    def list_answers(self, place: Place, p: Parameters) -> Answer:
        workload, number = self._at(place, p)
        review = workload.review(p["LensAlias"])
        pillar = p.get("PillarId")
        found = [review.answer_summary(q) for q in review.content.questions if pillar in (None, q.pillar_id)]
        return number | self._named(review) | page("AnswerSummaries", found, p)

    def get_answer(self, place: Place, p: Parameters) -> Answer:
        workload, number = self._at(place, p)
        review = workload.review(p["LensAlias"])
        return number | self._named(review) | {"Answer": review.answer(review.question(p["QuestionId"]))}

    def update_answer(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        review = workload.review(p["LensAlias"])
        question = review.update_answer(p["QuestionId"], p)
        workload.updated_at = review.updated_at
        return {"WorkloadId": workload.id} | self._named(review) | {"Answer": review.answer(question)}

    def list_lens_review_improvements(self, place: Place, p: Parameters) -> Answer:
        workload, number = self._at(place, p)
        review = workload.review(p["LensAlias"])
        found = review.improvements(workload.settings.get("PillarPriorities") or [])
        found = [one for one in found if p.get("PillarId") in (None, one["PillarId"])]
        return number | self._named(review) | page("ImprovementSummaries", found, p)

    # -- milestones

    def create_milestone(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        return {"WorkloadId": workload.id, "MilestoneNumber": self._record(workload, p["MilestoneName"]).number}

    def get_milestone(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        found = self._milestone(workload, p["MilestoneNumber"])
        return {"WorkloadId": workload.id, "Milestone": _named(found) | {"Workload": found.workload.described()}}

    def list_milestones(self, place: Place, p: Parameters) -> Answer:
        workload = self._workload(place, p)
        found = [_named(one) | {"WorkloadSummary": one.workload.summary()} for one in workload.milestones]
        return {"WorkloadId": workload.id} | page("MilestoneSummaries", found, p)

    # -- inside

    def _workload(self, place: Place, p: Parameters) -> Workload:
        found = self._workloads.get((place, p["WorkloadId"]))
        if found is None:
            raise missing("WORKLOAD", p["WorkloadId"])
        return found

    def _at(self, place: Place, p: Parameters) -> tuple[Workload, Answer]:
        """The workload now, or as the wished milestone froze it, and how the answer names both."""
        workload = self._workload(place, p)
        number = p.get("MilestoneNumber")
        if number is None:
            return workload, {"WorkloadId": workload.id}
        frozen = self._milestone(workload, number).workload
        return frozen, {"WorkloadId": workload.id, "MilestoneNumber": number}

    def _milestone(self, workload: Workload, number: int) -> Milestone:
        found = next((one for one in workload.milestones if one.number == number), None)
        if found is None:
            raise missing("MILESTONE", str(number))
        return found

    def _record(self, workload: Workload, name: str) -> Milestone:
        if any(one.name == name for one in workload.milestones):
            raise conflict(f"{workload.id} has a milestone named {name} already", workload.id, "MILESTONE")
        if len(workload.milestones) >= MAXIMUM_MILESTONES:
            raise over_quota(f"a workload has at most {MAXIMUM_MILESTONES} milestones", "milestones")
        made = Milestone(len(workload.milestones) + 1, name, datetime.now(UTC), workload.frozen())
        workload.milestones.append(made)
        return made

    def _associate(self, workload: Workload, aliases: list[str]) -> None:
        self._refuse_many(aliases)
        lenses = [self.lenses.named(workload.place, alias) for alias in aliases]
        drafts = [lens.arn for lens in lenses if lens.latest is None]
        if drafts:
            raise invalid(f"[Validation] {', '.join(drafts)} is not published", ("Lenses", drafts[0]))
        reviews = workload.reviews | {
            lens.arn: Review(lens, lens.latest) for lens in lenses if lens.latest and lens.arn not in workload.reviews
        }
        if len(reviews) > MAXIMUM_LENSES:
            raise over_quota(f"a workload has at most {MAXIMUM_LENSES} lenses", "lenses")
        workload.reviews, workload.updated_at = reviews, datetime.now(UTC)

    def _refuse_many(self, aliases: list[str]) -> None:
        if len(aliases) > MAXIMUM_PER_CALL:
            raise invalid(f"[Validation] at most {MAXIMUM_PER_CALL} lenses in a call", ("LensAliases", "too many"))

    def _refuse_taken(self, place: Place, name: str, but: Workload | None = None) -> None:
        """Names are unique in an account and Region; spaces and capitals do not count."""
        wished = "".join(name.lower().split())
        for (where, _), other in self._workloads.items():
            if (
                where == place
                and other is not but
                and "".join(other.settings["WorkloadName"].lower().split()) == wished
            ):
                raise conflict(f"a workload named {name} exists already", other.id, "WORKLOAD")

    @staticmethod
    def _named(review: Review) -> Answer:
        return {"LensAlias": review.alias, "LensArn": review.lens.arn}


def _named(milestone: Milestone) -> Answer:
    return {
        "MilestoneNumber": milestone.number, "MilestoneName": milestone.name, "RecordedAt": milestone.recorded_at,
    }  # fmt: skip


OPERATIONS = frozenset(
    name
    for owner in (WellArchitected, Lenses)
    for name in vars(owner)
    if name.startswith(("create_", "get_", "list_", "update_", "delete_", "associate_", "disassociate_", "upgrade_"))
    or name in ("import_lens", "export_lens")
)
