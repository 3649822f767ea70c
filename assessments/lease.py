"""Who may write to a run of checks or a sync now: claim, write, end. The same for both, by conditional updates.

A lease is for liveness; safety comes from the fence: each claim adds one, and every write names the one it was made under. Not
here: what is done under a lease (`check_runner`, `tool_runner`).
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from assessments.models.leased import Leased, LeasedQuerySet, RunStatus

MOST_DEATHS = 3
"""A row that ended this many workers does not get another."""
DIED_TOO_OFTEN = "Its workers died too often. Look at their logs, then ask for it again."


class FencedOut(Exception):
    """Somebody else has claimed the row since: stop at once and touch nothing."""


class Interrupted(Exception):
    """This process may not go on: it was asked to end, or the portal stands still. Give the row back."""


@dataclass(frozen=True)
class Lease:
    """The right to write to one row while `fence` is its newest."""

    model: type[Leased]
    pk: uuid.UUID
    token: uuid.UUID
    fence: int
    length: timedelta
    waits: int = 0

    @property
    def is_deadly(self) -> bool:
        """Whether the row has ended so many workers that it should end itself."""
        return self.fence - self.waits > MOST_DEATHS

    def write(self, **fields: Any) -> None:
        """Set columns under the fence and renew the lease. Raises `FencedOut` when another worker has the row."""
        self._update(**{"lease_until": later(self.length), **fields})

    def rest(self, length: timedelta, **fields: Any) -> None:
        """Give the row back; it is due again after that long."""
        self._update(wake_at=later(length), waits=F("waits") + 1, lease_token=None, lease_until=None, **fields)

    def end(self, status: RunStatus, message: str = "", **fields: Any) -> None:
        """Write the final status."""
        over = {"ended_at": Now(), "lease_token": None, "lease_until": None}
        self._update(status=status, status_message=message, **over, **fields)

    def _update(self, **fields: Any) -> None:
        rows = self.model._default_manager.filter(pk=self.pk, lease_token=self.token, fence=self.fence)
        if rows.update(**fields) != 1:
            raise FencedOut(f"{self.model.__name__} {self.pk} was claimed by another worker")


def claim(model: type[Leased], pk: uuid.UUID, length: timedelta) -> Lease | None:
    """Claim a due row by one conditional update; None when it is not due, ended, or held by somebody alive."""
    token = uuid.uuid4()
    due: LeasedQuerySet[Leased] = LeasedQuerySet(model).due().filter(pk=pk)
    won = due.update(
        status=RunStatus.IN_PROGRESS,
        started_at=Coalesce("started_at", Now()),
        lease_token=token,
        lease_until=later(length),
        fence=F("fence") + 1,
    )
    if won != 1:
        return None
    found = model._default_manager.filter(pk=pk, lease_token=token).values_list("fence", "waits").first()
    return None if found is None else Lease(model, pk, token, found[0], length, found[1])


def later(length: timedelta) -> Any:
    """The database's clock plus a length, as an expression: hosts' clocks never enter a comparison."""
    return models.ExpressionWrapper(Now() + length, output_field=models.DateTimeField())
