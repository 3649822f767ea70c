"""One sync under way, as its worker sees it: whose, of which link, what is done so far. Every write is under the lease's fence.

Not here: what is done (tool_sync.py, tool_milestones.py) and the claiming (tool_runner.py).
"""

import time
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from assessments.claiming import require_claim
from assessments.lease import Lease
from assessments.models import ToolLink, ToolSync
from assessments.operations.answers import chain_of, held
from portal.audit.log import record
from portal.people.models import User

# A reading is told at most so often; each telling renews the lease.
_TELL_EVERY_SECONDS = 1.0


@dataclass
class Synced:
    """What a sync did, by question titles. `left` says of each that should have gone why it did not."""

    done: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    conflicts: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"done": self.done, "left": self.left, "conflicts": self.conflicts}


@dataclass
class Errand:
    """`synced` goes on from what a worker that died had noted."""

    sync: ToolSync
    link: ToolLink
    user: User
    lease: Lease
    synced: Synced = field(default_factory=Synced)
    _told_at: float = 0.0

    def tell(self, done: int, total: int) -> None:
        """How far it is, now and then. Raises `FencedOut`, and `Interrupted` where this process may not go on."""
        if done == total or time.monotonic() - self._told_at > _TELL_EVERY_SECONDS:
            self.lease.write(steps_done=done, steps_total=total)
            self._told_at = time.monotonic()
            require_claim()

    def keep(self, **more: Any) -> None:
        """Note what was done so far; inside a transaction it undoes that where the row is another worker's (`FencedOut`)."""
        self.lease.write(result=self.synced.to_json() | more)

    def require_right(self) -> None:
        """Who asked for it may still do it, and the assessment is open. Raises as operations do."""
        with transaction.atomic():
            self.link.assessment = held(self.user, self.link.assessment)


def note(errand: Errand, verb: str, subject: str, *, detail: dict[str, Any]) -> None:
    """Tell the assessment's history; the caller's transaction holds the change."""
    assessment = errand.link.assessment
    told = {"workload": errand.link.workload_id, **detail, "sync": str(errand.sync.pk)}
    record(chain_of(assessment), verb, subject, actor=errand.user, detail=told, team=assessment.service.team)
