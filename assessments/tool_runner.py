"""Carries syncs with the Well-Architected Tool to their end: claims one, does it as the person who asked, says how it ended.

A sync whose worker died is claimed again when its lease runs out, and goes on: what was sent or saved is the same on both sides
by then and is left alone. Not here: what a sync does (tool_sync.py, tool_milestones.py), asking for one (operations/tool.py),
looking for those that are due (`portal.lanes`).
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError

from assessments.lease import DIED_TOO_OFTEN, FencedOut, Interrupted, claim
from assessments.models import RunStatus, SyncKind, ToolSync
from assessments.operations.tool import decisions_in
from assessments.tool_comparison import Comparison, from_json
from assessments.tool_connect import StillImporting
from assessments.tool_errand import Errand, Synced
from assessments.tool_milestones import pull_milestone, push_milestone
from assessments.tool_sync import look, pull, push

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than a call that AWS answers late; renewed with each answer that is read or written. Two workers at once do no harm."""
WAIT = timedelta(seconds=3)
"""How long AWS is left alone while it imports a lens; `MOST_WAITS` times at most."""
MOST_WAITS = 100
STILL_IMPORTING = "AWS is still importing the lens. Nothing is lost. Push again in a few minutes."
# What reading an answer of an unforeseen shape raises.
_MISREAD = (LookupError, TypeError, AttributeError, ValueError)


def carry(pk: uuid.UUID) -> None:
    """Carry a sync to its end, or to a wait. Does nothing where it is not due: ended, or held by somebody alive."""
    lease = claim(ToolSync, pk, LEASE)
    if lease is None:
        return
    related = ("requested_by", "seen", "link__account", "link__tool_lens__version", "link__assessment__service__team")
    sync = ToolSync.objects.select_related(*related).get(pk=pk)
    if sync.requested_by is None:
        raise ValueError(f"sync {pk} names nobody who asked for it")
    errand = Errand(sync, sync.link, sync.requested_by, lease, Synced(done=list(sync.result.get("done", []))))
    try:
        if lease.is_deadly:
            lease.end(RunStatus.FAILED, DIED_TOO_OFTEN)
        else:
            _carry(errand)
    except FencedOut as stale:
        log.warning("%s; this one stops", stale)


def _carry(errand: Errand) -> None:
    """Do it and end it. Raises `FencedOut`."""
    try:
        errand.require_right()
        _do(errand)
        comparison = _afterwards(errand)
    except StillImporting:
        if errand.lease.waits >= MOST_WAITS:
            errand.lease.end(RunStatus.FAILED, STILL_IMPORTING)
        else:
            errand.lease.rest(WAIT)
    except Interrupted:
        errand.lease.rest(timedelta(0))
    except ValidationError as refusal:
        errand.lease.end(RunStatus.FAILED, " ".join(refusal.messages))
    except (PermissionDenied, ImproperlyConfigured) as refusal:
        errand.lease.end(RunStatus.FAILED, str(refusal))
    except _MISREAD as error:
        log.exception("sync %s could not read what it got", errand.sync.pk)
        told = f"The portal could not read what AWS answered ({type(error).__name__}: {error}). Report it with the portal's log."
        errand.lease.end(RunStatus.FAILED, told)
    else:
        errand.lease.end(RunStatus.SUCCESS, comparison=comparison)


def _do(errand: Errand) -> None:
    asked, seen = errand.sync.asked, _seen(errand.sync)
    match errand.sync.kind:
        case SyncKind.PUSH:
            push(errand, seen, decisions_in(asked))
        case SyncKind.PULL:
            pull(errand, seen, decisions_in(asked))
        case SyncKind.PUSH_MILESTONE:
            push_milestone(errand, seen, asked["name"])
        case SyncKind.PULL_MILESTONE:
            pull_milestone(errand, asked["number"])


def _seen(sync: ToolSync) -> Any:
    """The comparison that the person looked at; None where none is needed."""
    return from_json(sync.seen.comparison) if sync.seen is not None else None


def _afterwards(errand: Errand) -> Any:
    """Both sides as they are now. A comparison that cannot be made is what failed; after a push it is only missing."""
    kept: Comparison
    try:
        kept = look(errand).comparison
    except ValidationError:
        if errand.sync.kind == SyncKind.COMPARE:
            raise
        log.warning("sync %s was done; what both sides say now could not be read", errand.sync.pk, exc_info=True)
        return None
    return kept.to_json()
