"""Whether this process may take work now, and what standing still does to this half's rows.

A restored copy of the portal stands still, and a worker whose clock is wrong claims nothing; the rules are not this half's, so
the site names who answers (`settings.MAY_CLAIM`). Not here: the lease of one row (`lease.py`).
"""

from typing import cast

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from assessments.lease import Interrupted
from assessments.models import CheckRun, RunStatus, ToolSync

HELD_BACK = (
    "The portal was restored before this was done, so it was not done. Look at how things stand, then ask for it again."
)


def may_claim() -> bool:
    """The site's answer, asked before each claim. Raises `DatabaseError`."""
    return cast(bool, import_string(settings.MAY_CLAIM)())


def require_claim() -> None:
    """Raise `Interrupted` where this process may not go on; asked between two calls of longer work."""
    if not may_claim():
        raise Interrupted


def hold_back(reason: str) -> int:
    """End what is waiting or under way, over any lease; how many rows. Call it inside the transaction that stands still.

    The copy may be older than what was really done, and whoever asked for it is not waiting any more.
    """
    over = {"status": RunStatus.FAILED, "ended_at": Now(), "status_message": f"{HELD_BACK} {reason}"}
    given_up = {"fence": F("fence") + 1, "lease_token": None, "lease_until": None}
    return sum(model.objects.unended().update(**over, **given_up) for model in (CheckRun, ToolSync))
