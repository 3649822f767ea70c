"""What follows a step: the decisions, as values.

Here: the order of steps, retries, failure, cancellation and the final status, and the graph that pictures show. Not
here: waiting, clocks, rows and who is told. Rules: the Systems Manager user guide, page automation-actions
(onFailure, isCritical, isEnd, nextStep, maxAttempts, onCancel), and where it is silent, what published documents rely
on.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from runbooks.automation.content import CONTINUE, Document, Step, jump_target

OutcomeStatus = Literal["Success", "Failed", "TimedOut", "Cancelled"]
EdgeKind = Literal["next", "choice", "failure", "cancel", "end"]
BRANCH = "aws:branch"
RETRY_FIRST = timedelta(seconds=1)
RETRY_LONGEST = timedelta(seconds=30)


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a step ended; `next_step` is the jump of a branch."""

    status: OutcomeStatus
    next_step: str | None = None


@dataclass(frozen=True)
class Next:
    """Go on with `step`. `worst` is the status of the first critical step that failed, None while there is none."""

    step: str
    worst: str | None


@dataclass(frozen=True)
class Retry:
    """Try the same step again, as attempt number `attempt`, not before `after` has passed."""

    attempt: int
    after: timedelta


@dataclass(frozen=True)
class End:
    """The execution is over with `status`."""

    status: str


Decision = Next | Retry | End


@dataclass(frozen=True)
class Edge:
    """One arrow of the picture; `target` is empty for kind "end"."""

    source: str
    target: str
    kind: EdgeKind


def first_step(document: Document) -> str:
    """The name of the step an execution begins with."""
    return document.steps[0].name


def follow(document: Document, step_name: str, outcome: Outcome, attempt: int, worst: str | None) -> Decision:
    """Decide what comes after an attempt at a step.

    `attempt` counts from 1 and is the one that just ended. `worst` is what the last Next handed out: it sticks, so a
    compensation that succeeds does not turn a failed execution into a success. Raises KeyError for a step the document
    does not have.
    """
    step = document.step(step_name)
    if outcome.status == "Cancelled":
        return End("Cancelled")
    if outcome.status == "Success":
        if outcome.next_step:
            return Next(outcome.next_step, worst)
        return _onward(document, step, worst)
    if attempt < step.max_attempts:
        return Retry(attempt + 1, retry_delay(attempt))
    if worst is None and is_critical(step):
        worst = outcome.status
    target = jump_target(step.on_failure)
    if target:
        return Next(target, worst)
    if step.on_failure == CONTINUE:
        return _onward(document, step, worst)
    return End(worst or "Success")


def follow_cancel(document: Document, step_name: str) -> Next | End:
    """Decide what comes after the step that was running when the execution was cancelled.

    The chain that onCancel names goes on by `follow`; Cancelled travels with it as the worst status, so every end of
    that chain ends the execution as Cancelled.
    """
    target = jump_target(document.step(step_name).on_cancel)
    return Next(target, "Cancelled") if target else End("Cancelled")


def is_critical(step: Step) -> bool:
    """Whether a failure of the step decides the final status: as written, else unless onFailure is Continue."""
    return step.is_critical if step.is_critical is not None else step.on_failure != CONTINUE


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after failed attempt number `attempt`: 1 s, doubling up to 30 s."""
    doublings = min(max(attempt, 1) - 1, 10)
    return min(RETRY_FIRST * (1 << doublings), RETRY_LONGEST)


def edges(document: Document) -> tuple[Edge, ...]:
    """Every arrow between steps, in the document's order, each once."""
    found: dict[Edge, None] = {}
    for step in document.steps:
        targets = branch_targets(step)
        for target in targets:
            found[Edge(step.name, target, "choice")] = None
        onward = _onward_edge(document, step)
        if not (step.action == BRANCH and step.inputs.get("Default")):
            found[onward] = None
        elif step.on_failure == CONTINUE and onward.target:
            found[Edge(step.name, onward.target, "failure")] = None
        failure, cancel = jump_target(step.on_failure), jump_target(step.on_cancel)
        if failure:
            found[Edge(step.name, failure, "failure")] = None
        if cancel:
            found[Edge(step.name, cancel, "cancel")] = None
    return tuple(found)


def branch_targets(step: Step) -> tuple[str, ...]:
    """The steps a branch may jump to, its Default last; empty for any other action."""
    if step.action != BRANCH:
        return ()
    choices: Any = step.inputs.get("Choices") or ()
    targets = [choice.get("NextStep") for choice in choices] + [step.inputs.get("Default")]
    return tuple(target for target in targets if isinstance(target, str) and target)


def _onward(document: Document, step: Step, worst: str | None) -> Next | End:
    target = _onward_edge(document, step).target
    return Next(target, worst) if target else End(worst or "Success")


def _onward_edge(document: Document, step: Step) -> Edge:
    if step.is_end:
        return Edge(step.name, "", "end")
    if step.next_step:
        return Edge(step.name, step.next_step, "next")
    after = document.after(step.name)
    return Edge(step.name, after.name, "next") if after else Edge(step.name, "", "end")
