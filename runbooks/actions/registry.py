"""The one table of actions. An action that is not here does not run, and publishing a document that uses it is refused."""

from collections.abc import Mapping

from runbooks.actions import aws_api, control, measure, people, script
from runbooks.actions.context import Action
from runbooks.automation.document import ActionShape

ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        aws_api.EXECUTE,
        aws_api.ASSERT,
        aws_api.WAIT,
        control.BRANCH,
        control.SLEEP,
        people.APPROVE,
        people.PAUSE,
        people.MANUAL_TASK,
        script.EXECUTE,
        measure.WAIT_FOR_ENDPOINT,
    )
}


def shapes() -> Mapping[str, ActionShape]:
    """How each action's step is checked, for `automation.document.read`."""
    return {name: action.shape for name, action in ACTIONS.items()}
