"""Who may write to an execution or a drill now: claim, renew, write, release. The same for both, by conditional updates.

A lease is for liveness only; safety comes from the fence: each claim adds one, and every write says which fence it was made
under, so what a stale worker writes matches no row. Not here: what is done under a lease (`runner`, `drill_runner`).
"""

import logging
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection, models
from django.db.models import F, Q
from django.db.models.functions import Now

from portal import statements
from runbooks.models import ACTIVE_STATUSES

log = logging.getLogger(__name__)


class FencedOut(Exception):
    """Somebody else has claimed the row since: stop at once and touch nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to write to one row while `fence` is its newest."""

    model: type[models.Model]
    pk: uuid.UUID
    token: uuid.UUID
    fence: int

    def rows(self) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(pk=self.pk, fence=self.fence, lease_token=self.token)

    def write(self, **fields: Any) -> None:
        """Set columns under this fence, and count the change. Raises `FencedOut` when the fence is no longer ours."""
        if self.rows().update(revision=F("revision") + 1, **fields) != 1:
            raise FencedOut(f"{self.model.__name__} {self.pk} was claimed by another worker")

    def write_unless_changed(self, revision: int, **fields: Any) -> bool:
        """As `write`, but only on a row that still has this revision; False when it is changed since, or no longer ours.

        Whoever sends a signal counts the revision up, so True also says that none has come.
        """
        return statements.make(self.changing(revision, **fields)) == 1

    def changing(self, revision: int, **fields: Any) -> statements.Change:
        """What `write_unless_changed` does, as a change to be made together with others."""
        where = {"id": self.pk, "fence": self.fence, "lease_token": self.token, "revision": revision}
        return statements.updating(self.model, where, {**fields, "revision": revision + 1})

    def renew(self) -> bool:
        """Move the end of the lease; False when it is lost."""
        return self.rows().update(lease_until=later(settings.LEASE)) == 1

    def release(self, **fields: Any) -> None:
        """Give the row back, setting `fields` (usually `wake_at`). Losing the fence meanwhile is not an error here."""
        self.rows().update(lease_token=None, lease_until=None, **fields)


def later(length: timedelta) -> Any:
    """The database's clock plus a length, as an expression: hosts' clocks never enter a comparison."""
    return models.ExpressionWrapper(Now() + length, output_field=models.DateTimeField())


def claim(model: type[models.Model], pk: uuid.UUID) -> Lease | None:
    """Claim a due row by one conditional update; None when it is not due, final, or held by somebody alive."""
    token = uuid.uuid4()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    won = model._default_manager.filter(free, pk=pk, status__in=ACTIVE_STATUSES, wake_at__lte=Now()).update(
        lease_token=token, lease_until=later(settings.LEASE), fence=F("fence") + 1
    )
    if won != 1:
        return None
    fence = model._default_manager.filter(pk=pk, lease_token=token).values_list("fence", flat=True).first()
    return None if fence is None else Lease(model, pk, token, fence)


class Renewal:
    """Renews a lease from a thread while work under it goes on; a context manager.

    The thread sleeps first, so short work never costs a database write.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"renew {lease.pk}", daemon=True)

    def _run(self) -> None:
        try:
            while not self.is_over.wait(settings.LEASE.total_seconds() / 3):
                try:
                    if not self.lease.renew():
                        return
                except Error:
                    # The driver's own error for a connection that is gone is no `DatabaseError`; the next try takes a new one.
                    log.warning("could not renew the lease of %s; trying again", self.lease.pk, exc_info=True)
                    connection.close()
        finally:
            connection.close()

    def __enter__(self) -> "Renewal":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join(5)
