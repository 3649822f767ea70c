"""Compares what the portal's rows say with what AWS's own log says. Each rule is a function that tells its violations.

`standing` may be asked at any moment: it reads the log first and the rows after, and looks again before it accuses.
`settled` is asked when everything has come to rest. Numbers are those of the invariants in docs/faults.md.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.audit import log as audit
from portal.audit.models import Event
from portal.aws.classification import ActionClass
from runbooks.models import FINAL_STATUSES, Execution, Signal, SignalKind, Status, StepExecution
from runbooks.tests.chaos.estate import CALLS, LAST, class_of, order_of

CLAIMS = "claims.jsonl"
"""Beside the log of effects: the claims that workers had won."""
LOOKS = 3
CLOCK_SLACK = timedelta(milliseconds=50)
"""One host, two ways to read its clock, and SQLite keeps milliseconds."""


@dataclass(frozen=True)
class Effect:
    """Something that really happened at AWS."""

    execution: str
    step: str
    token: str
    at: datetime


@dataclass(frozen=True)
class Claim:
    """A claim that a worker had won by this moment."""

    fence: int
    at: datetime


@dataclass(frozen=True)
class Run:
    """One execution with everything there is about it: its rows, its effects, and where workers told them their claims."""

    row: Execution
    attempts: list[StepExecution]
    signals: list[Signal]
    verbs: list[str]
    effects: list[Effect]
    claims: list[Claim] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.row.pk)


def read_effects(log: Path) -> dict[str, list[Effect]]:
    """The effects in the log by execution, in the order in which they happened. A line being written is left for later."""
    found: dict[str, list[Effect]] = defaultdict(list)
    for said in _lines(log):
        if said["outcome"] == "effect":
            at = datetime.fromtimestamp(said["at"], UTC)
            found[said["execution"]].append(Effect(said["execution"], said["step"], said["token"], at))
    return found


def read_claims(log: Path) -> dict[str, list[Claim]]:
    """The claims that were won, by execution."""
    found: dict[str, list[Claim]] = defaultdict(list)
    for said in _lines(log) if log.exists() else ():
        found[said["execution"]].append(Claim(said["fence"], datetime.fromtimestamp(said["at"], UTC)))
    return found


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    text = log.read_text()
    yield from map(json.loads, text[: text.rfind("\n") + 1].splitlines())


def runs(log: Path, skip: frozenset[str] = frozenset()) -> list[Run]:
    """Every execution with its rows and effects, except those named in `skip`."""
    effects, claims = read_effects(log), read_claims(log.with_name(CLAIMS))
    found = []
    for row in Execution.objects.prefetch_related("steps", "signals"):
        if str(row.pk) not in skip:
            verbs = (
                Event.objects.filter(chain=f"execution:{row.pk}").order_by("sequence").values_list("verb", flat=True)
            )
            attempts = sorted(row.steps.all(), key=lambda attempt: attempt.sequence)
            signals = sorted(row.signals.all(), key=lambda signal: signal.pk)
            found.append(Run(row, attempts, signals, list(verbs), effects.pop(str(row.pk), []), claims[str(row.pk)]))
    return found


def standing(log: Path, skip: frozenset[str] = frozenset()) -> list[str]:
    """Every violation of what must hold at each moment.

    Rows of one execution are read by several queries, so what one look finds counts only when further looks find it too.
    """
    found = _standing(log, skip)
    for _ in range(LOOKS - 1):
        if not found:
            break
        time.sleep(0.1)
        again = set(_standing(log, skip))
        found = [violation for violation in found if violation in again]
    return found


def _standing(log: Path, skip: frozenset[str]) -> list[str]:
    return [violation for run in runs(log, skip) for rule in STANDING for violation in rule(run)]


def settled(log: Path) -> list[str]:
    """Every violation once the faults have ended and everything had its time."""
    return [violation for run in runs(log) for rule in (*STANDING, *SETTLED) for violation in rule(run)]


# -- effects -------------------------------------------------------------------------------------------------------------


def one_effect(run: Run) -> Iterator[str]:
    """A step that must not happen twice, or goes by token, has at most one effect; the operator is truthful."""
    for step, times in Counter(effect.step for effect in run.effects).items():
        if times > 1 and class_of(step) in {"ONCE", "TOKEN"}:
            yield f"{'I1' if class_of(step) == 'ONCE' else 'I2'} {run.name} {step}: {times} effects"


def noted_before(run: Run) -> Iterator[str]:
    """Every effect has an attempt that was noted before it, with the token that went over the wire."""
    for effect in run.effects:
        tried = [attempt for attempt in run.attempts if attempt.step_name == effect.step]
        if not any(attempt.started_at <= effect.at + CLOCK_SLACK for attempt in tried):
            yield f"I3 {run.name} {effect.step}: an effect at {effect.at:%H:%M:%S.%f} without an attempt noted before it"
        elif effect.token and effect.token not in {str(attempt.token) for attempt in tried}:
            yield f"I3 {run.name} {effect.step}: an effect with a token that no attempt has"


def success_is_true(run: Run) -> Iterator[str]:
    """A step recorded as done has happened; one of which every attempt was refused or never left has not."""
    happened = {effect.step for effect in run.effects}
    for attempt in run.attempts:
        is_told = attempt.status == Status.SUCCESS and class_of(attempt.step_name) in set(CALLS) - {"READ"}
        if is_told and attempt.step_name not in happened:
            yield f"I4 {run.name} {attempt.step_name} is recorded as done and never happened"


def in_order(run: Run) -> Iterator[str]:
    """No effect of a step lands after an effect of a later step."""
    newest: Effect | None = None
    for effect in run.effects:
        if newest is not None and order_of(effect.step) < order_of(newest.step):
            yield f"I5 {run.name}: an effect of {effect.step} landed after one of {newest.step}"
        else:
            newest = effect


# -- rows ----------------------------------------------------------------------------------------------------------------


def one_open_attempt(run: Run) -> Iterator[str]:
    """At most one attempt is open, it is the newest, and none in a finished execution."""
    unfinished = [attempt for attempt in run.attempts if attempt.status not in FINAL_STATUSES]
    if len(unfinished) > 1 or (unfinished and unfinished[0] is not run.attempts[-1]):
        yield f"I6 {run.name}: open attempts {[attempt.sequence for attempt in unfinished]} of {len(run.attempts)}"
    if run.row.is_final and unfinished:
        yield f"I8 {run.name} is over and {unfinished[0].step_name} is open"


def fences_grow(run: Run) -> Iterator[str]:
    """No attempt is written under an older fence than the one before it, none under one that was never granted."""
    for before, after in zip(run.attempts, run.attempts[1:], strict=False):
        if after.fence < before.fence:
            yield f"I7 {run.name} {after.step_name}: noted under fence {after.fence} after {before.fence}"
    for attempt in run.attempts:
        granted = max((claim.fence for claim in run.claims if claim.at + CLOCK_SLACK < attempt.started_at), default=0)
        if attempt.fence < granted:
            yield f"I7 {run.name} {attempt.step_name}: noted under fence {attempt.fence} after {granted} was granted"
    if any(attempt.fence > run.row.fence for attempt in run.attempts):
        yield f"I7 {run.name}: an attempt has a fence above {run.row.fence}, the newest"


def over_is_over(run: Run) -> Iterator[str]:
    """What is over has no timer, no lease, and nothing happens in it any more."""
    if not run.row.is_final:
        return
    if run.row.wake_at is not None or run.row.lease_token is not None:
        yield f"I8 {run.name} is over and still has wake_at {run.row.wake_at} or a lease"
    last = next((index for index, verb in enumerate(run.verbs) if verb.startswith("ended as")), len(run.verbs))
    # People may be told no, and a late answer may be kept; neither is a move of the execution.
    moves = [verb for verb in run.verbs[last + 1 :] if verb.startswith(("started step", "finished", "failed", "ended"))]
    if moves:
        yield f"I8 {run.name} went on after its end: {moves}"


def sequence_is_whole(run: Run) -> Iterator[str]:
    """The history has no gap and follows the document's order."""
    if [attempt.sequence for attempt in run.attempts] != list(range(1, len(run.attempts) + 1)):
        yield f"I6 {run.name}: attempts {[attempt.sequence for attempt in run.attempts]} have gaps"
    places = [order_of(attempt.step_name) for attempt in run.attempts]
    if places != sorted(places):
        yield f"I5 {run.name}: steps were begun in the order {places}"


def questions_are_whole(run: Run) -> Iterator[str]:
    """An unknown outcome names the attempt, the reason and the answers, and stands on the execution."""
    for attempt in run.attempts:
        if attempt.is_outcome_unknown and not (attempt.waits_for and attempt.waiting_message):
            yield f"I14 {run.name} {attempt.step_name}: a question without reason or answers"


def cancelled_stays_cancelled(run: Run) -> Iterator[str]:
    """After a cancel was applied only the steps for cancelling begin; while paused none does."""
    applied = [signal for signal in run.signals if signal.applied_at and not signal.refusal]
    for signal in applied:
        if signal.kind == SignalKind.CANCEL:
            late = [a for a in run.attempts if a.started_at > signal.applied_at and a.step_name != LAST]
            if late:
                yield f"I15 {run.name}: {late[0].step_name} began after the cancel was applied"
    held: datetime | None = None
    for signal in sorted(applied, key=lambda signal: (signal.applied_at, signal.pk)):
        ends_pause = signal.kind == SignalKind.CANCEL or (signal.kind, signal.step_execution_id) == (
            SignalKind.RESUME,
            None,
        )
        if signal.kind == SignalKind.PAUSE:
            held = signal.applied_at
        elif held is not None and ends_pause:
            began = [a for a in run.attempts if held < a.started_at < signal.applied_at]
            if began:
                yield f"I15 {run.name}: {began[0].step_name} began while paused"
            held = None


def signals_in_order(run: Run) -> Iterator[str]:
    """Signals to the execution are applied in the order in which they were sent, each with one event."""
    own = [signal for signal in run.signals if signal.step_execution_id is None and signal.applied_at]
    times = [signal.applied_at for signal in own]
    if times != sorted(times):
        yield f"I16 {run.name}: signals were applied out of order"
    for kind in (SignalKind.CANCEL, SignalKind.PAUSE):
        applied = sum(1 for signal in own if signal.kind == kind and not signal.refusal)
        told = run.verbs.count(f"applied {kind.label.lower()}")
        if applied != told:
            yield f"I16 {run.name}: {kind} was applied {applied} times and told {told} times"


def told_once(run: Run) -> Iterator[str]:
    """The chain of events holds, and each change of state has exactly one event."""
    broken = audit.broken_link(f"execution:{run.name}")
    if broken is not None:
        yield f"I21 {run.name}: event {broken.sequence} does not follow from the one before it"
    counted = Counter(run.verbs)
    for verb in ("started", "began"):
        if counted[verb] > 1:
            yield f"I21 {run.name}: {counted[verb]} events say {verb}"
    # What only reads is told once, when it is over.
    changing = [attempt for attempt in run.attempts if attempt.action_class != ActionClass.READ_ONLY]
    for step, times in Counter(attempt.step_name for attempt in changing).items():
        if counted[f"started step {step}"] != times:
            yield f"I21 {run.name}: {times} attempts, {counted[f'started step {step}']} events say that {step} was started"
    for step, times in Counter(
        attempt.step_name for attempt in run.attempts if attempt.status in FINAL_STATUSES
    ).items():
        told = sum(counted[f"{verb} step {step}"] for verb in ("finished", "failed", "timed out"))
        if told > times:
            yield f"I21 {run.name}: {times} attempts at {step} are over, {told} events say so"
    ends = sum(times for verb, times in counted.items() if verb.startswith("ended as"))
    if ends != int(run.row.is_final):
        yield f"I21 {run.name} is {run.row.status} and {ends} events say how it ended"


def nothing_is_lost(run: Run) -> Iterator[str]:
    """Everything is over, or waits visibly for a person."""
    row = run.row
    if not row.is_final and not (row.status == Status.WAITING and row.status_message):
        yield (
            f"I12 {run.name} is {row.status} ({row.status_message or 'nothing said'}), wake_at {row.wake_at}, lease until "
            f"{row.lease_until}, fence {row.fence}"
        )


def signals_are_answered(run: Run) -> Iterator[str]:
    """Every signal was applied or refused, unless the execution ended first."""
    if not run.row.is_final:
        for signal in run.signals:
            if signal.applied_at is None:
                yield f"I16 {run.name}: {signal.kind} was never applied"


Rule = Callable[[Run], Iterator[str]]
STANDING: tuple[Rule, ...] = (
    one_effect,
    noted_before,
    success_is_true,
    in_order,
    one_open_attempt,
    fences_grow,
    over_is_over,
    sequence_is_whole,
    questions_are_whole,
    cancelled_stays_cancelled,
    signals_in_order,
    told_once,
)
SETTLED: tuple[Rule, ...] = (nothing_is_lost, signals_are_answered)
