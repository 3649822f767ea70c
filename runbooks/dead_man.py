"""The dead-man ping: a worker calls an address outside while work gets done, so that somebody there notices silence.

One worker calls at a time, by a conditional update. Not here: the alarm, which belongs to whoever is called.
"""

import logging
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from runbooks import outgoing
from runbooks.installation import present
from runbooks.lease import later
from runbooks.models import Drill, Execution, Installation

log = logging.getLogger(__name__)

STUCK_AFTER = timedelta(seconds=60)
"""Work that was due for this long without anybody taking it means that work does not get done."""
TIMEOUT = timedelta(seconds=10)


def ping_if_due() -> bool:
    """Call the address unless somebody did lately or there is a reason for silence. True when it answered with 2xx.

    Raises `DatabaseError`. What the other side does never raises; it is noted in `Installation.ping_error`.
    """
    present()
    due = Q(pinged_at__isnull=True) | Q(pinged_at__lt=later(-settings.DEAD_MAN_INTERVAL))
    if Installation.objects.filter(due, pk=1).update(pinged_at=later(timedelta(0))) != 1:
        return False
    problem = reason_for_silence() or _call(settings.DEAD_MAN_URL)
    if problem:
        log.warning("no dead-man ping: %s", problem)
    Installation.objects.filter(pk=1).update(ping_error=problem[:200])
    return not problem


def reason_for_silence() -> str:
    """Why the outside must not be told that all is well; empty while work gets done."""
    row = present()
    if row.is_quiesced:
        return f"the portal stands still: {row.quiesce_reason}"
    stuck = later(-STUCK_AFTER)
    count = sum(model.objects.due().filter(wake_at__lt=stuck).count() for model in (Execution, Drill))
    return f"{count} due for more than a minute and taken by nobody" if count else ""


def _call(url: str) -> str:
    """What went wrong, or nothing."""
    try:
        target = outgoing.check(url, [urlsplit(url).hostname or ""])
    except outgoing.Refused as refusal:
        return str(refusal)
    except OSError as error:
        return f"the name of DEAD_MAN_URL does not resolve: {error}"
    answer = outgoing.fetch(target, timeout=TIMEOUT)
    if answer.status is None:
        return f"DEAD_MAN_URL did not answer: {answer.error}"
    return "" if 200 <= answer.status < 300 else f"DEAD_MAN_URL answered {answer.status}"
