"""Starting and cancelling drills: permissions, every refusal at once, one transaction, events.

Not here: moving a drill (`drill_runner`), the executions of its parts (`parts`), what is measured (`measurement`).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from portal.audit import log as audit
from portal.catalogue.models import AwsAccount, EntryUrl, Scope, Service
from portal.people.models import User
from portal.people.permissions import Act, require, visible_teams
from runbooks import masking, parts, tasks
from runbooks.attempts import document_of
from runbooks.models import FINAL_STATUSES, Drill, Phase, Probe, RunbookVersion, SignalKind, Status, VersionStatus
from runbooks.operations.executions import refused_values
from runbooks.operations.signals import send_signal

SAMPLE_INTERVAL = timedelta(milliseconds=50)
HEARTBEAT_INTERVAL = timedelta(milliseconds=200)
REQUEST_TIMEOUT = timedelta(seconds=2)
LONGEST_TIMEOUT = timedelta(hours=5)

Problems = dict[str, list[str]]


@dataclass(frozen=True)
class DrillStart:
    """What a drill is started with; see `start_drill`. Lengths are those of the real AWS, before any time scale."""

    service: Service
    scope: str
    title: str
    injection: RunbookVersion
    recovery: RunbookVersion | None
    restoration: RunbookVersion | None
    rto: timedelta
    rpo: timedelta
    detection_timeout: timedelta
    recovery_timeout: timedelta
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    participants: Sequence[User] = ()
    account: AwsAccount | None = None
    start_key: str | None = None
    typed_name: str = ""


def start_drill(*, user: User, **said: Any) -> Drill:
    """Start a drill; keyword arguments are the fields of `DrillStart`. The same `start_key` returns the same drill.

    Parameters named EntryUrl, PrimaryRegion or RecoveryRegion that are not supplied are filled in from the catalogue.
    Raises `PermissionDenied`, or `ValidationError` with every problem under its field (parameters as "injection.Name").
    """
    start = DrillStart(**said)
    for team in {start.service.team_id, *([start.account.team_id] if start.account else [])}:
        require(user, Act.START, team)
    if start.start_key is not None:
        kept = Drill.objects.filter(start_key=start.start_key).first()
        if kept is not None:
            return _only_own(kept, user)
    entry = start.service.entry_urls.first()
    drill = _built(user, start)
    problems = _problems(user, start, drill, entry)
    if problems or entry is None:
        raise ValidationError(problems)
    try:
        with transaction.atomic():
            drill.save(force_insert=True)
            drill.participants.set(start.participants)
            _add_probe(drill, entry)
            _tell_start(user, drill)
    except IntegrityError as error:
        kept = Drill.objects.filter(start_key=drill.start_key).first()
        if kept is not None:
            return _only_own(kept, user)
        running = running_drill(start.service)
        if running is None:
            raise
        raise ValidationError({"service": [_running_refusal(running)]}) from error
    transaction.on_commit(lambda: tasks.wake(tasks.advance_drill, drill.pk), robust=True)
    return drill


def cancel_drill(*, user: User, drill: Drill, comment: str, is_restored: bool = True) -> Drill:
    """Cancel a drill: what runs is cancelled, the observation ends, and the restoration runs unless it is declined.

    Raises `PermissionDenied`, or `ValidationError` that says how the drill stands when it can no longer be cancelled.
    """
    require(user, Act.CONTROL, drill.team_id)
    if not comment.strip():
        raise ValidationError({"comment": ["Say why the drill is cancelled: it stays in the record."]})
    said = f"Cancelled by {user.shown_name}: {masking.text(comment.strip())}"
    changes: dict[str, Any] = {"is_cancelling": True, "status": Status.CANCELLING, "status_message": said}
    if not is_restored:
        changes["restoration"] = None
    with transaction.atomic():
        open_drill = Drill.objects.filter(pk=drill.pk, is_cancelling=False)
        open_drill = open_drill.exclude(status__in=FINAL_STATUSES).exclude(phase__in=(Phase.CLOSE, Phase.RESTORE))
        if open_drill.update(**changes, wake_at=Now(), revision=F("revision") + 1) != 1:
            drill.refresh_from_db()
            raise ValidationError(_cancel_refusal(drill))
        detail = {"comment": comment.strip(), "restoration": "runs" if is_restored else "declined"}
        audit.record(f"drill:{drill.pk}", "cancelled", drill.title, actor=user, detail=detail)
    _cancel_running(user, drill, comment)
    transaction.on_commit(lambda: tasks.wake(tasks.advance_drill, drill.pk), robust=True)
    drill.refresh_from_db()
    return drill


def running_drill(service: Service) -> Drill | None:
    """The drill that holds the service now, if any."""
    return Drill.objects.filter(service=service).exclude(status__in=FINAL_STATUSES).first()


def _only_own(kept: Drill, user: User) -> Drill:
    """A start key is no key to other people's drills."""
    if kept.started_by_id != user.pk:
        raise ValidationError({"start_key": ["This start key was used before. Use a fresh one."]})
    return kept


def _built(user: User, start: DrillStart) -> Drill:
    return Drill(
        title=start.title.strip(),
        service=start.service,
        team_id=start.service.team_id,
        account=start.account or start.service.accounts.first(),
        scope=start.scope,
        injection=start.injection,
        recovery=start.recovery,
        restoration=start.restoration,
        rto=start.rto,
        rpo=start.rpo,
        detection_timeout=start.detection_timeout,
        recovery_timeout=start.recovery_timeout,
        started_by=user,
        start_key=start.start_key or str(uuid.uuid4()),
        time_scale=settings.TIME_SCALE,
    )


def _problems(user: User, start: DrillStart, drill: Drill, entry: EntryUrl | None) -> Problems:
    """Everything that forbids the start. Fills in the drill's parameters as it checks them."""
    problems: Problems = {}
    if not drill.title:
        problems["title"] = ["Give the drill a title: what is practised?"]
    elif len(drill.title) > 200:
        problems["title"] = [f"The title has {len(drill.title)} characters; at most 200 are kept."]
    if start.scope not in Scope.values:
        problems["scope"] = [f"{start.scope!r} is no disruption scope. Choose one of {', '.join(Scope.values)}."]
    problems |= _service_problems(start.service, drill, entry)
    problems |= _length_problems(start)
    if drill.account is not None and drill.account.is_production and start.typed_name.strip() != start.service.name:
        problems["typed_name"] = [
            f"{drill.account} is a production account, and the injection disrupts it. Type {start.service.name!r} to confirm."
        ]
    seen = set(visible_teams(user).values_list("pk", flat=True))
    outsiders = [one.username for one in start.participants if not one.memberships.filter(team__in=seen).exists()]
    if outsiders:
        problems["participants"] = [f"Not in any of your teams: {', '.join(outsiders)}."]
    for part in parts.PARTS:
        problems |= _part_problems(user, start, drill, part, entry)
    return problems


def _service_problems(service: Service, drill: Drill, entry: EntryUrl | None) -> Problems:
    said: list[str] = []
    if service.is_retired:
        said.append(f"{service.name} is retired.")
    if entry is None:
        said.append(f"{service.name} has no entry URL, so nothing can be sampled. Add one to the service first.")
    running = running_drill(service)
    if running is not None:
        said.append(_running_refusal(running))
    problems: Problems = {"service": said} if said else {}
    if drill.account is not None and not service.accounts.filter(pk=drill.account.pk).exists():
        problems["account"] = [f"{drill.account} is not an account of {service.name}."]
    return problems


def _running_refusal(running: Drill) -> str:
    where = reverse("drill_detail", args=[running.pk])
    return (
        f"The drill “{running.title}” is still running for {running.service.name} ({running.get_phase_display().lower()}): "
        f"{where} Wait for its end, or cancel it there."
    )


def _length_problems(start: DrillStart) -> Problems:
    problems: Problems = {}
    for name, length in (("rto", start.rto), ("rpo", start.rpo)):
        if length <= timedelta(0):
            problems[name] = [f"The {name.upper()} objective must be longer than nothing."]
    for name, length in (("detection_timeout", start.detection_timeout), ("recovery_timeout", start.recovery_timeout)):
        if not timedelta(0) < length <= LONGEST_TIMEOUT:
            problems[name] = ["Give a length between 1 second and 5 hours."]
    return problems


def _part_problems(user: User, start: DrillStart, drill: Drill, part: str, entry: EntryUrl | None) -> Problems:
    """Whether a part's version may run with these parameters. Keeps the checked input with the drill."""
    version = parts.version_of(drill, part)
    supplied = dict(start.parameters.get(part, {}))
    if version is None:
        return {part: [f"There are parameters for the {part}, but no runbook is chosen for it."]} if supplied else {}
    if not visible_teams(user).filter(pk=version.runbook.team_id).exists():
        return {part: ["There is no such runbook version."]}
    if version.status != VersionStatus.PUBLISHED:
        return {part: [f"{version} is a draft. Publish it, or choose a published version."]}
    if version.runbook.is_archived:
        return {part: [f"{version.runbook} is archived. Restore it, or choose another runbook."]}
    require(user, Act.START, version.runbook.team_id)
    names = (version.content or {}).get("parameters", {})
    supplied = {**parts.known_parameters(start.service, names, entry.url if entry else ""), **supplied}
    execution = parts.built(drill, part, version)
    values, found = parts.checked_parameters(execution, supplied)
    execution.parameters = masking.storable(values)
    drill.parameters = {**drill.parameters, part: masking.storable(supplied)}
    problems: Problems = {}
    for problem in found:
        problems.setdefault(problem.path, []).append(problem.message)
    if not found:
        problems = refused_values(document_of(execution), values, execution)
    return {path.replace("parameters.", f"{part}.", 1): sentences for path, sentences in problems.items()}


def _add_probe(drill: Drill, entry: EntryUrl) -> None:
    Probe.objects.create(
        drill=drill,
        url=entry.url,
        expected_status=entry.expected_status,
        region_header=entry.region_header,
        interval=SAMPLE_INTERVAL,
        timeout=REQUEST_TIMEOUT,
        heartbeat_url=drill.service.heartbeat_url if drill.service.heartbeat_table else "",
        heartbeat_interval=HEARTBEAT_INTERVAL,
        heartbeat_table=drill.service.heartbeat_table,
    )


def _tell_start(user: User, drill: Drill) -> None:
    versions = {part: parts.version_of(drill, part) for part in parts.PARTS}
    detail = {
        "service": drill.service.slug,
        "scope": drill.scope,
        "versions": {part: f"{version} {version.sha256}" for part, version in versions.items() if version},
        "parameters": drill.parameters,
        "rto_seconds": drill.rto.total_seconds(),
        "rpo_seconds": drill.rpo.total_seconds(),
    }
    audit.record(f"drill:{drill.pk}", "started", drill.title, actor=user, detail=detail, team=drill.team)


def _cancel_refusal(drill: Drill) -> str:
    if drill.is_final:
        return f"This drill is over ({drill.get_status_display()}); there is nothing left to cancel."
    if drill.is_cancelling:
        return "This drill is being cancelled already."
    return (
        "The observation is over; what runs now is the clean-up. Cancel the restoration's execution itself if you must."
    )


def _cancel_running(user: User, drill: Drill, comment: str) -> None:
    """Send the cancel in the person's name; what starts in this very moment is cancelled by the drill itself."""
    for execution in drill.executions.exclude(status__in=FINAL_STATUSES).exclude(part=parts.RESTORATION):
        try:
            send_signal(user=user, execution=execution, kind=SignalKind.CANCEL, comment=comment)
        except ValidationError:
            continue
