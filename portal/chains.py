"""Following the audit log's chains for a bounded time: for a page, where somebody waits. All of it: `manage.py verify_audit`."""

import time
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Max

from portal.audit.guard import missing_triggers
from portal.audit.log import broken_link
from portal.audit.models import Event

PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True)
class Followed:
    """How far it came: `chains` of `total`, the first broken event of each that does not hold, triggers that are missing."""

    chains: int
    total: int
    events: int
    broken: list[Event]
    missing_triggers: list[str]
    took: timedelta

    @property
    def is_complete(self) -> bool:
        return self.chains == self.total

    @property
    def holds(self) -> bool:
        return not (self.broken or self.missing_triggers)


def follow_chains(patience: timedelta = PATIENCE) -> Followed:
    """Follow chains from the one that grew last until all are done or `patience` is over; at least one."""
    began = time.monotonic()
    known = Event.objects.order_by().values("chain").annotate(last=Max("pk"), length=Count("pk")).order_by("-last")
    chains = list(known.values_list("chain", "length"))
    broken: list[Event] = []
    done = events = 0
    for chain, length in chains:
        if done and time.monotonic() - began > patience.total_seconds():
            break
        event = broken_link(chain)
        if event is not None:
            broken.append(event)
        done, events = done + 1, events + length
    took = timedelta(seconds=time.monotonic() - began)
    return Followed(done, len(chains), events, broken, sorted(missing_triggers()), took)
