"""The actions that only steer: branch and sleep. They touch nothing outside."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runbooks.actions.context import Action, ActionFailed, Context, Effect
from runbooks.automation.conditions import ConditionError, choose
from runbooks.automation.document import ActionShape
from runbooks.automation.durations import parse_duration
from runbooks.automation.results import Result, Succeeded, Waiting

_LONGEST_SLEEP = timedelta(seconds=604_799)
_GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-"


def branch(inputs: Mapping[str, Any], context: Context) -> Result:
    """Go to the step of the first choice that is true, else to the default, else on."""
    try:
        target = choose(inputs["Choices"], inputs.get("Default"))
    except ConditionError as error:
        raise ActionFailed(f"The choices of {context.step_name} cannot be compared: {error}") from error
    return Succeeded(outputs={"NextStep": target} if target else {}, next_step=target)


def sleep(inputs: Mapping[str, Any], context: Context) -> Result:
    """Wait for a length or until a time, holding no worker. A time already past continues at once."""
    if context.state.get("has_slept"):
        return Succeeded()
    if inputs.get("Duration"):
        try:
            length = parse_duration(str(inputs["Duration"]), _LONGEST_SLEEP)
        except ValueError as error:
            raise ActionFailed(f"Duration {inputs['Duration']!r} of {context.step_name}: {error}") from error
    else:
        # The runner scales what it waits for in the sandbox; a moment on the clock must stay that moment.
        length = (_moment(str(inputs["Timestamp"])) - context.now) / context.time_scale
    if length <= timedelta(0):
        return Succeeded()
    return Waiting(poll_after=length, state={"has_slept": True}, message=f"Sleeping for {length}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ActionFailed(f"Timestamp {text!r} is not an ISO 8601 time like 2026-01-31T02:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_sleep(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if bool(inputs.get("Duration")) == bool(inputs.get("Timestamp")):
        yield "", "aws:sleep needs either Duration or Timestamp, and not both."
    duration = inputs.get("Duration")
    if isinstance(duration, str) and "{{" not in duration:
        try:
            parse_duration(duration, _LONGEST_SLEEP)
        except ValueError as error:
            yield "Duration", str(error)


BRANCH = Action(
    name="aws:branch",
    summary="Chooses the next step by comparing values.",
    run=branch,
    shape=ActionShape(
        required=frozenset({"Choices"}),
        optional=frozenset({"Default"}),
        may_cancel_into=True,
        default_timeout=None,
        maximum_timeout=None,
    ),
    effect=Effect.NONE,
    outputs={"NextStep": "The step that was chosen."},
    source=_GUIDE + "branch.html",
)
SLEEP = Action(
    name="aws:sleep",
    summary="Waits for a length of time or until a moment, at most seven days.",
    run=sleep,
    shape=ActionShape(
        required=frozenset(),
        optional=frozenset({"Duration", "Timestamp"}),
        may_cancel_into=False,
        default_timeout=None,
        maximum_timeout=None,
        check=_check_sleep,
    ),
    effect=Effect.NONE,
    source=_GUIDE + "sleep.html",
)
