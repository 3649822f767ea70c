"""The history of one execution as both sides tell it, in the order of time: what a person reads to understand a violation."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from portal.audit.models import Event
from runbooks.models import Execution

NAMED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def story(violation: str, log: Path) -> list[str]:
    """Events, signals and arrivals of the execution that a violation names; empty where it names none."""
    found = NAMED.search(violation)
    execution = Execution.objects.filter(pk=found[0]).first() if found else None
    if execution is None:
        return []
    told: list[tuple[datetime, str]] = []
    for event in Event.objects.filter(chain=f"execution:{execution.pk}"):
        told.append((event.at, f"portal: {event.verb} {event.detail.get('message', '')[:80]}"))
    for attempt in execution.steps.all():
        told.append((attempt.started_at, f"row: {attempt} fence {attempt.fence} noted"))
        for late in attempt.late_results.all():
            told.append(
                (late.noted_at, f"row: late answer to {attempt.step_name} under fence {late.fence}: {late.outcome}")
            )
    for signal in execution.signals.all():
        told.append((signal.sent_at, f"person: {signal.kind}, {signal.refusal or 'applied ' + str(signal.applied_at)}"))
    for line in log.read_text().splitlines():
        if str(execution.pk) in line:
            said = json.loads(line)
            signed = f"signed {said['signed_at'][9:15]}, {said['outcome']}"
            told.append((datetime.fromtimestamp(said["at"], UTC), f"AWS: {said['step']} {said['operation']}, {signed}"))
    return [f"{at:%H:%M:%S.%f} {text}" for at, text in sorted(told)]
