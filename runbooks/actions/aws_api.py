"""The three actions that call one AWS API: executeAwsApi, assertAwsResourceProperty, waitForAwsResourceProperty.

Our one extension: an input `bcdr:Region` names another Region for the call, because a failover talks to two. It is taken out
before the call is made. Not here: which operation may be repeated (the runner asks `portal.aws`).
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from runbooks.actions.context import Action, ActionFailed, Context, Effect
from runbooks.automation.document import ActionShape
from runbooks.automation.results import Failed, Result, Succeeded, Waiting
from runbooks.automation.selectors import MISSING, SelectorError, matches, property_value

REGION_INPUT = "bcdr:Region"
_OWN_INPUTS = {"Service", "Api", "PropertySelector", "DesiredValues", REGION_INPUT}
# No source states Systems Manager's poll interval; it grows so that a long wait costs little.
_POLL_FIRST, _POLL_LONGEST = timedelta(seconds=5), timedelta(seconds=30)
_GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-"


def parameters_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The API's own parameters: every input that is not the action's."""
    return {name: value for name, value in inputs.items() if name not in _OWN_INPUTS}


def region_of(inputs: Mapping[str, Any]) -> str | None:
    """The Region named by the step, or None for the execution's."""
    return str(inputs[REGION_INPUT]) if inputs.get(REGION_INPUT) else None


def _call(inputs: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return context.call_aws(str(inputs["Service"]), str(inputs["Api"]), parameters_of(inputs), region=region_of(inputs))


def execute_aws_api(inputs: Mapping[str, Any], context: Context) -> Result:
    """Make the call; the whole response is what the step's outputs select from."""
    return Succeeded(payload=_call(inputs, context))


def assert_property(inputs: Mapping[str, Any], context: Context) -> Result:
    """One call; the selected value is one of the desired ones, or the step has failed."""
    payload, found = _property(inputs, context)
    desired = [str(value) for value in inputs["DesiredValues"]]
    if matches(found, desired):
        return Succeeded(payload=payload)
    return Failed(_difference(inputs, found, desired), payload=payload)


def wait_for_property(inputs: Mapping[str, Any], context: Context) -> Result:
    """Poll until the selected value is one of the desired ones; the step's timeout ends it."""
    payload, found = _property(inputs, context)
    desired = [str(value) for value in inputs["DesiredValues"]]
    if matches(found, desired):
        return Succeeded(payload=payload)
    pause = min(_POLL_FIRST * (1 + context.polls / 4), _POLL_LONGEST)
    return Waiting(poll_after=pause, message=_difference(inputs, found, desired))


def _property(inputs: Mapping[str, Any], context: Context) -> tuple[dict[str, Any], Any]:
    payload = _call(inputs, context)
    selector = str(inputs["PropertySelector"])
    try:
        return payload, property_value(payload, selector)
    except SelectorError as error:
        raise ActionFailed(f"PropertySelector {selector!r} cannot be applied: {error}", payload=payload) from error


def _difference(inputs: Mapping[str, Any], found: Any, desired: list[str]) -> str:
    shown = "nothing" if found is MISSING else repr(found)
    return (
        f"{inputs['Service']}:{inputs['Api']} {inputs['PropertySelector']} is {shown}; "
        f"wanted {' or '.join(repr(value) for value in desired)}."
    )


def _check_desired(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    desired = inputs.get("DesiredValues")
    if desired is not None and not (isinstance(desired, str) or (isinstance(desired, list) and desired)):
        yield "DesiredValues", "DesiredValues must be a list with at least one value."


def _property_shape(timeout: timedelta | None) -> ActionShape:
    return ActionShape(
        required=frozenset({"Service", "Api", "PropertySelector", "DesiredValues"}),
        optional=None,
        may_cancel_into=True,
        default_timeout=timeout,
        maximum_timeout=None,
        check=_check_desired,
        outputs=frozenset(),
    )


EXECUTE = Action(
    name="aws:executeAwsApi",
    summary="Calls one AWS API operation and reads outputs from its answer.",
    run=execute_aws_api,
    shape=ActionShape(
        required=frozenset({"Service", "Api"}),
        optional=None,
        may_cancel_into=True,
        default_timeout=timedelta(seconds=25),
        maximum_timeout=None,
        outputs=frozenset(),
    ),
    effect=Effect.OPERATION,
    source=_GUIDE + "executeAwsApi.html",
)
ASSERT = Action(
    name="aws:assertAwsResourceProperty",
    summary="Calls one AWS API operation and fails unless a property has one of the desired values.",
    run=assert_property,
    shape=_property_shape(timedelta(seconds=25)),
    effect=Effect.OPERATION,
    source=_GUIDE + "assertAwsResourceProperty.html",
)
WAIT = Action(
    name="aws:waitForAwsResourceProperty",
    summary="Calls one AWS API operation again and again until a property has one of the desired values.",
    run=wait_for_property,
    shape=_property_shape(timedelta(hours=1)),
    effect=Effect.OPERATION,
    source=_GUIDE + "waitForAwsResourceProperty.html",
)
