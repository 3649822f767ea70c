"""What each phase of a drill waits for, and what follows it: reads rows, returns a move, writes nothing of the drill.

Baseline (somebody watches and everything is good) -> Inject -> Detect -> Recover -> Verify -> Close (the observation ends,
the recovery side is read back, the record is made) -> Restore (clean-up, then another reading for records that came back).
Whatever goes wrong, a drill that began to inject goes through Close and Restore, so that nothing is left broken. Not here:
writing a move (`drill_runner.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal.audit.log import database_now
from runbooks import drill_readback, drill_record, parts
from runbooks.drill_cancel import is_quiet
from runbooks.models import FINAL_STATUSES, Drill, Execution, Phase, Probe, Status
from runbooks.outages import ALARM_RUN, Observation, alarm_at, stable_since

BASELINE_RUN = 40
"""Good samples in a row before anything is disrupted: two seconds at twenty a second."""
BASELINE_RECORDS = 5
BASELINE_TIMEOUT = timedelta(seconds=60)
HOLD = timedelta(seconds=30)
"""How long everything must stay good, before scaling, until a recovery is believed."""
SHORTEST_HOLD = timedelta(seconds=3)
SHORTEST_TIMEOUT = timedelta(seconds=5)
SILENCE = timedelta(seconds=3)
"""Samples older than this are no news."""
DRAIN_TIMEOUT = timedelta(seconds=15)
READ_BACK_TIMEOUT = timedelta(seconds=60)
REAPPEAR_TIMEOUT = timedelta(seconds=60)


TITLES: dict[Phase, str] = {
    Phase.BASELINE: "Baseline",
    Phase.INJECT: "Injection",
    Phase.DETECT: "Detection",
    Phase.RECOVER: "Recovery",
    Phase.VERIFY: "Verification",
    Phase.CLOSE: "Measuring",
    Phase.RESTORE: "Restoration",
}
"""The phases in the order a drill goes through them, as pages and the terminal name them."""


@dataclass(frozen=True)
class Stay:
    """Look again in a moment. `start` names a part to start, `stop_at` ends the observation at that time."""

    message: str
    start: str = ""
    stop_at: datetime | None = None
    is_waiting_for_people: bool = False


@dataclass(frozen=True)
class Go:
    """On to a phase. `note` is kept with the new phase, `fields` are columns of the drill."""

    phase: Phase
    happened: str
    note: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Close:
    """It is over. `restoration_problem` is said in the record."""

    status: Status
    message: str
    happened: str
    restoration_problem: str = ""


Move = Stay | Go | Close


def next_move(drill: Drill) -> Move:
    """What this drill does now."""
    if drill.is_cancelling and drill.phase not in (Phase.CLOSE, Phase.RESTORE):
        return _cancelling(drill)
    return _PHASES[Phase(drill.phase)](drill)


def _cancelling(drill: Drill) -> Move:
    if not is_quiet(drill):
        return Stay("Waits for the running execution to be cancelled.")
    return _to_close(drill.status_message or "Cancelled.", Status.CANCELLED, drill.status_message)


def _to_close(happened: str, status: Status, obstacle: str = "", *, closed_at: datetime | None = None) -> Go:
    """End the observation: how the drill will end and what keeps it from proving anything is kept with the phase."""
    moment = (closed_at or database_now()).isoformat()
    return Go(Phase.CLOSE, happened, {"status": status.value, "obstacle": obstacle, "closed_at": moment})


# --- before anything is disrupted ------------------------------------------------------------------------------------


def _baseline(drill: Drill) -> Move:
    probe = drill.probe
    newest = drill_record.observations(probe, newest=BASELINE_RUN)
    problem = _baseline_problem(drill, probe, newest)
    if not problem:
        return Go(Phase.INJECT, f"{BASELINE_RUN} good samples in a row, records arrive on the recovery side.")
    if _waited(drill) > BASELINE_TIMEOUT:
        return _to_close(problem, Status.FAILED, f"Nothing was disrupted, because the baseline was not good. {problem}")
    return Stay(problem)


def _baseline_problem(drill: Drill, probe: Probe, newest: list[Observation]) -> str:
    """What is not yet good, with what was asked and what it answered; empty when the disruption may begin."""
    if not newest:
        return "No sampler has begun. One must run beside the portal: manage.py sample."
    if database_now() - newest[-1].sent_at > SILENCE:
        return (
            f"The sampler has been silent since {newest[-1].sent_at:%H:%M:%S} UTC. Is manage.py sample still running?"
        )
    if not newest[-1].is_good:
        return f"{probe.url} is not good before the drill: {newest[-1].error or 'no answer'}. Make it answer first."
    if len(newest) < BASELINE_RUN or stable_since(newest, probe.interval, BASELINE_RUN) is None:
        return f"Waits for {BASELINE_RUN} good samples of {probe.url} in a row."
    return _record_problem(drill, probe) if probe.heartbeat_url else ""


def _record_problem(drill: Drill, probe: Probe) -> str:
    records = probe.heartbeats.order_by("-sequence")
    if records.filter(is_acknowledged=True).count() < BASELINE_RECORDS:
        last = records.first()
        said = f" The last answer: {last.error}." if last and last.error else ""
        return f"Waits for {BASELINE_RECORDS} acknowledged heartbeat records at {probe.heartbeat_url}.{said}"
    try:
        kept = drill_readback.sequences_kept(drill, probe)
    except drill_readback.ReadBackFailed as error:
        return str(error)
    if not kept:
        return f"Waits for the first heartbeat record to arrive in {drill_readback.recovery_region(drill)}."
    return ""


# --- the disruption --------------------------------------------------------------------------------------------------


def _inject(drill: Drill) -> Move:
    injection = parts.execution_of(drill, parts.INJECTION)
    if injection is None:
        return Stay("Starts the injection.", start=parts.INJECTION)
    if injection.status not in FINAL_STATUSES:
        return _waits_for(injection, "The injection")
    if injection.status != Status.SUCCESS:
        said = f"The injection ended as {injection.get_status_display()}: {injection.status_message}"
        return _to_close(said, Status.FAILED, said)
    return Go(Phase.DETECT, "The injection succeeded.")


def _detect(drill: Drill) -> Move:
    alarm = alarm_at(_since_injection(drill))
    if alarm is not None:
        return Go(Phase.RECOVER, f"{ALARM_RUN} failed samples in a row, known at {alarm:%H:%M:%S.%f}"[:-3] + " UTC.")
    if _waited(drill) > _scaled(drill, drill.detection_timeout):
        return _to_close(
            "No disruption was seen in time.",
            Status.TIMED_OUT,
            f"Never did {ALARM_RUN} samples in a row fail before the detection timeout: a client saw no disruption.",
        )
    return Stay(f"Waits for {ALARM_RUN} failed samples in a row.")


def _recover(drill: Drill) -> Move:
    if drill.recovery is None:
        return Go(Phase.VERIFY, "There is no recovery runbook: whether the service recovers by itself is watched.")
    recovery = parts.execution_of(drill, parts.RECOVERY)
    if recovery is None:
        return Stay("Starts the recovery.", start=parts.RECOVERY)
    if recovery.status not in FINAL_STATUSES:
        return _waits_for(recovery, "The recovery")
    if recovery.status != Status.SUCCESS:
        said = f"The recovery ended as {recovery.get_status_display()}: {recovery.status_message}"
        return Go(Phase.VERIFY, said, {"status": Status.FAILED.value})
    return Go(Phase.VERIFY, "The recovery succeeded.")


def _verify(drill: Drill) -> Move:
    hold = max(SHORTEST_HOLD, HOLD * drill.time_scale)
    probe, now = drill.probe, database_now()
    # Twice the hold: the beginning of a stable run must be seen, also where a few samples are missing.
    recent = drill_record.observations(probe, since=now - 2 * hold - SILENCE)
    since = stable_since(recent, probe.interval)
    failed = drill.phases[-1].get("status")
    if since is not None and recent[-1].sent_at - since >= hold and now - recent[-1].sent_at < SILENCE:
        status = Status(failed) if failed else Status.SUCCESS
        return _to_close(f"Good since {since:%H:%M:%S} UTC.", status, closed_at=recent[-1].sent_at)
    began = drill_record.began_at(drill, Phase.RECOVER) or now
    is_too_late = now - began > _scaled(drill, drill.recovery_timeout) and _waited(drill) > hold
    if is_too_late or (failed and _waited(drill) > hold * 2):
        status = Status(failed) if failed else Status.TIMED_OUT
        return _to_close("The service did not answer steadily in time.", status)
    if since is None:
        return Stay("Waits for the service to answer steadily.")
    return Stay(f"Good since {since:%H:%M:%S} UTC; watches whether it stays so for {hold.total_seconds():g} s.")


# --- the end ---------------------------------------------------------------------------------------------------------


def _close(drill: Drill) -> Move:
    """Stop watching, wait for the last answers, read the recovery side, conclude."""
    probe, note = drill.probe, drill.phases[-1]
    closed_at = datetime.fromisoformat(note["closed_at"])
    if probe.is_running:
        return Stay("Ends the observation.", stop_at=closed_at)
    is_sampled = probe.lease_until is not None and probe.lease_until > database_now()
    if is_sampled and _waited(drill) < DRAIN_TIMEOUT:
        return Stay("Waits for the last answers.")
    if probe.heartbeat_url and probe.heartbeats.filter(has_survived__isnull=True, is_acknowledged=True).exists():
        try:
            drill_readback.note_survivors(drill, probe)
        except drill_readback.ReadBackFailed as error:
            if _waited(drill) < READ_BACK_TIMEOUT:
                return Stay(str(error))
    found = drill_record.measured(drill, probe, closed_at, note["obstacle"])
    record = drill_record.record_of(drill, probe, found, closed_at)
    said = f"{found.verdict}: {found.reason}"
    return Go(
        Phase.RESTORE,
        said,
        {"status": note["status"]},
        {"verdict": found.verdict, "record": record, "status_message": said},
    )


def _restore(drill: Drill) -> Move:
    """Clean up where something was injected. What happens here changes no verdict, but it is said."""
    status = Status(drill.phases[-1]["status"])
    verdict = f"{drill.verdict}: {(drill.record or {}).get('verdict', {}).get('reason', '')}"
    if drill.restoration is None or parts.execution_of(drill, parts.INJECTION) is None:
        return Close(status, verdict, "Nothing to restore.")
    restoration = parts.execution_of(drill, parts.RESTORATION)
    if restoration is None:
        return Stay("Starts the restoration.", start=parts.RESTORATION)
    if restoration.status not in FINAL_STATUSES:
        return _waits_for(restoration, "The restoration")
    problem = ""
    if restoration.status != Status.SUCCESS:
        problem = f"The restoration ended as {restoration.get_status_display()}: {restoration.status_message}"
    elif not _have_reappeared(drill, restoration):
        return Stay("Looks whether lost records have come back.")
    message = f"{verdict} {problem} Look at what is left to clean up." if problem else verdict
    return Close(status, message, problem or "The restoration succeeded.", problem)


def _have_reappeared(drill: Drill, restoration: Execution) -> bool:
    """Whether looking for lost records is over: all are back, or enough time has passed since the restoration."""
    try:
        is_complete = drill_readback.note_reappeared(drill, drill.probe)
    except drill_readback.ReadBackFailed:
        is_complete = False
    patience = max(SHORTEST_TIMEOUT, REAPPEAR_TIMEOUT * drill.time_scale)
    return is_complete or (restoration.ended_at is not None and database_now() - restoration.ended_at > patience)


def final_record(drill: Drill, move: Close) -> dict[str, Any]:
    """The record as it stays."""
    return drill_record.with_restoration(drill, drill.probe, drill.record or {}, move.restoration_problem)


_PHASES: dict[Phase, Callable[[Drill], Move]] = {
    Phase.BASELINE: _baseline,
    Phase.INJECT: _inject,
    Phase.DETECT: _detect,
    Phase.RECOVER: _recover,
    Phase.VERIFY: _verify,
    Phase.CLOSE: _close,
    Phase.RESTORE: _restore,
}


def _waits_for(execution: Execution, name: str) -> Stay:
    is_waiting = execution.status == Status.WAITING
    said = f": {execution.status_message}" if execution.status_message else ""
    return Stay(f"{name} is at step {execution.current_step or 'one'}{said}", is_waiting_for_people=is_waiting)


def _since_injection(drill: Drill) -> list[Observation]:
    return drill_record.observations(drill.probe, since=drill_record.began_at(drill, Phase.INJECT))


def _waited(drill: Drill) -> timedelta:
    return database_now() - drill.phase_started_at if drill.phase_started_at else timedelta(0)


def _scaled(drill: Drill, length: timedelta) -> timedelta:
    return max(SHORTEST_TIMEOUT, length * drill.time_scale)
