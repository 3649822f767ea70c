"""What people may ask of the Well-Architected Tool: compare, push, pull, milestones. Each makes a sync, which a worker carries.

Here: who may, what they must have seen, one sync at a time. Not here: the work (`assessments.tool_runner`) and connecting
(`assessments.tool_connect`).
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from assessments.models import Assessment, Milestone, RunStatus, SyncKind, ToolLink, ToolSync
from assessments.operations.answers import held
from assessments.operations.milestones import LONGEST, SHORTEST
from assessments.operations.texts import one_line
from assessments.tool import Decision, Side
from assessments.tool_comparison import Comparison, from_json
from portal.people.models import User

LARGEST_NUMBER = 2**31 - 1
_NOT_CONNECTED = "The assessment is not connected with the Well-Architected Tool. Connect it first."
_UNSEEN = "Compare first, and look at what would change. Nothing is sent or taken that nobody has seen."


def start_comparison(*, user: User, assessment: Assessment) -> ToolSync:
    """Read both sides and keep what differs. While a comparison is under way, that one is answered."""
    return _start(user, assessment, SyncKind.COMPARE)


def start_push(
    *, user: User, assessment: Assessment, seen: ToolSync | None, decisions: Mapping[str, Decision] | None = None
) -> ToolSync:
    """Write to the Tool what changed here, as `seen` showed it; refused by the worker where either side has moved since."""
    return _start(user, assessment, SyncKind.PUSH, seen, decisions=_told(decisions))


def start_pull(
    *, user: User, assessment: Assessment, seen: ToolSync | None, decisions: Mapping[str, Decision] | None = None
) -> ToolSync:
    """Save here what changed in the Tool, as `seen` showed it; refused by the worker where either side has moved since."""
    return _start(user, assessment, SyncKind.PULL, seen, decisions=_told(decisions))


def start_milestone_push(*, user: User, assessment: Assessment, seen: ToolSync | None, name: str) -> ToolSync:
    """Freeze both sides under one name while they say the same."""
    line = one_line(name, "The milestone's name", least=SHORTEST, most=LONGEST)
    return _start(user, assessment, SyncKind.PUSH_MILESTONE, seen, name=line)


def start_milestone_pull(*, user: User, assessment: Assessment, number: int) -> ToolSync:
    """Record here what the Tool froze as `number`."""
    if not 0 < number <= LARGEST_NUMBER:
        raise ValidationError({"number": [f"{number} is the number of no milestone of the Tool."]})
    return _start(user, assessment, SyncKind.PULL_MILESTONE, number=number)


def syncs_of(assessment: Assessment) -> QuerySet[ToolSync]:
    """The syncs of an assessment, the newest first, without their long comparisons."""
    found = ToolSync.objects.filter(link__assessment=assessment).select_related("requested_by")
    return found.defer("comparison", "seen__comparison")


def newest_comparison(assessment: Assessment) -> tuple[ToolSync, Comparison] | None:
    """What both sides said when somebody looked last, and the sync that names it."""
    found = ToolSync.objects.filter(link__assessment=assessment, comparison__isnull=False)
    sync = found.select_related("requested_by").order_by("-ended_at").first()
    return None if sync is None else (sync, from_json(sync.comparison))


def is_passed(assessment: Assessment, seen: ToolSync) -> bool:
    """Whether something was synced, or answered here, after a comparison was made."""
    if seen.ended_at is None or assessment.changed_at > seen.ended_at:
        return True
    later = ToolSync.objects.filter(link=seen.link_id, created_at__gt=seen.created_at).exclude(kind=SyncKind.COMPARE)
    return later.exclude(started_at=None).exists()


def milestones_here(assessment: Assessment) -> dict[int, Milestone]:
    """Ours by the number that the Tool gave them."""
    links = ToolLink.objects.filter(assessment=assessment)
    rows = [each for link in links for each in link.milestones.select_related("milestone").defer("milestone__content")]
    return {each.number: each.milestone for each in rows}


def decisions_in(asked: Mapping[str, Any]) -> dict[str, Decision]:
    """A person's word on conflicts, from `ToolSync.asked`."""
    said = {question_id: word.partition(":") for question_id, word in asked.get("decisions", {}).items()}
    return {question_id: Decision(Side(side), fingerprint) for question_id, (side, _, fingerprint) in said.items()}


def _told(decisions: Mapping[str, Decision] | None) -> dict[str, str]:
    return {question_id: f"{each.side}:{each.fingerprint}" for question_id, each in sorted((decisions or {}).items())}


def _start(user: User, assessment: Assessment, kind: SyncKind, seen: ToolSync | None = None, **asked: Any) -> ToolSync:
    """The sync that does this. Asked twice it is made once: one that does exactly this, or has done it, is answered."""
    with transaction.atomic():
        current = held(user, assessment)
        link = ToolLink.objects.select_for_update(of=("self",)).filter(assessment=current).first()
        if link is None:
            raise ValidationError(_NOT_CONNECTED)
        if kind in (SyncKind.PUSH, SyncKind.PULL, SyncKind.PUSH_MILESTONE):
            _require_seen(link, seen)
        same = ToolSync.objects.filter(link=link, kind=kind, seen=seen, asked=asked).exclude(status=RunStatus.FAILED)
        under_way = ToolSync.objects.unended().filter(link=link).first()
        again = same.unended().first() or (same.first() if seen is not None else None)
        if again is not None:
            return again
        if under_way is not None:
            raise ValidationError(
                f"Another sync of this assessment is under way ({under_way.get_kind_display().lower()}). "
                "Wait until it has ended, then look again."
            )
        return ToolSync.objects.create(link=link, kind=kind, requested_by=user, seen=seen, asked=asked)


def _require_seen(link: ToolLink, seen: ToolSync | None) -> None:
    if seen is None or seen.link_id != link.pk or seen.comparison is None:
        raise ValidationError(_UNSEEN)
