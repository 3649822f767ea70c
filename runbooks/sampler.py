"""Watches services as a client does: claims running probes and samples each until its drill closes.

A process of its own (`manage.py sample`), so that neither the runner's work nor its death is seen in the samples. One
probe is sampled by one process, which holds a short lease on it; when that process dies another takes over, and the gap
stays a gap. Here: claiming and giving back. Not here: the sending (`watch.py`), what samples mean (`outages.py`).
"""

import logging
import threading
import uuid
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from runbooks.installation import reason_to_stand_still
from runbooks.lease import later
from runbooks.models import FINAL_STATUSES, Probe
from runbooks.watch import LEASE, Watch

log = logging.getLogger(__name__)

LOOK_EVERY = 0.2
MOST_PROBES = 20
"""Probes one process samples at once: at 25 requests a second each, about what one core sends."""
LONGEST_PROBE = timedelta(hours=6)


def sample_until(is_over: threading.Event) -> None:
    """Sample every probe that needs it until `is_over` is set; then finish what is under way, give the probes back."""
    watches: list[Watch] = []
    while not is_over.is_set():
        try:
            watches = [watch for watch in watches if watch.is_alive()]
            if len(watches) < MOST_PROBES:
                watches += [started for started in (_claim_next(),) if started]
        except DatabaseError:
            log.warning("the database does not answer; probes under way go on", exc_info=True)
            connection.close()
        is_over.wait(LOOK_EVERY)
    for watch in watches:
        watch.stop()
    for watch in watches:
        watch.join(watch.timeout.total_seconds() + 5)


def _claim_next() -> Watch | None:
    """Claim the oldest probe nobody samples, by one conditional update; None where there is none."""
    stop_forgotten_probes()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    pk = Probe.objects.filter(free, is_running=True).order_by("created_at").values_list("pk", flat=True).first()
    if pk is None or reason_to_stand_still():
        return None
    token = uuid.uuid4()
    won = Probe.objects.filter(free, pk=pk, is_running=True).update(
        lease_token=token, lease_until=later(LEASE), started_at=Coalesce("started_at", Now())
    )
    if won != 1:
        return None
    watch = Watch(Probe.objects.select_related("drill__service").get(pk=pk), token)
    watch.start()
    log.info("sampling %s every %s for drill %s", watch.url, watch.interval, watch.drill_id)
    return watch


def stop_forgotten_probes() -> int:
    """Stop probes whose drill is over or that have run longer than any drill lasts."""
    forgotten = Q(drill__status__in=FINAL_STATUSES) | Q(created_at__lt=later(-LONGEST_PROBE))
    pks = list(Probe.objects.filter(forgotten, is_running=True).values_list("pk", flat=True))
    if not pks:
        return 0
    return Probe.objects.filter(pk__in=pks, is_running=True).update(is_running=False, stopped_at=Now())
