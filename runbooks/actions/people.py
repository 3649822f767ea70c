"""The actions that wait for people: approve, pause, and our manual task. What may be sent is checked by the operations.

Statuses and outputs of approve and pause are Systems Manager's; `bcdr:manualTask` is ours: instructions for a person, what
evidence is expected, and values the person fills in that later steps use.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from runbooks.actions.context import Action, Context, Effect
from runbooks.automation.document import ActionShape
from runbooks.automation.results import Failed, Result, Succeeded, Waiting

APPROVER_ROLE_PREFIX = "role:"
VALUE_TYPES = ("String", "Integer", "Boolean")
_WEEK, _MONTH = timedelta(days=7), timedelta(days=30)
_GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-"


def approve(inputs: Mapping[str, Any], context: Context) -> Result:
    """Wait until enough people approved; one rejection fails the step."""
    decisions = [
        {
            "Approver": signal.sent_by,
            "Decision": "Approved" if signal.kind == "Approve" else "Rejected",
            "Time": signal.sent_at.isoformat(),
            "Comment": signal.comment,
        }
        for signal in context.signals
        if signal.kind in {"Approve", "Reject"}
    ]
    rejected = next((decision for decision in decisions if decision["Decision"] == "Rejected"), None)
    if rejected is not None:
        why = f": {rejected['Comment']}" if rejected["Comment"] else ", without a comment"
        return Failed(
            f"{rejected['Approver']} rejected {context.step_name}{why}.",
            outputs={"ApprovalStatus": "Rejected", "ApproverDecisions": decisions},
        )
    wanted = int(inputs.get("MinRequiredApprovals") or 1)
    given = len({decision["Approver"] for decision in decisions})
    if given >= wanted:
        return Succeeded(outputs={"ApprovalStatus": "Approved", "ApproverDecisions": decisions})
    message = str(inputs.get("Message") or "Approval is wanted before this execution goes on.")
    return Waiting(
        for_signals=frozenset({"Approve", "Reject"}),
        state={"given": given, "wanted": wanted},
        message=message,
    )


def pause(inputs: Mapping[str, Any], context: Context) -> Result:
    """Wait until somebody resumes."""
    if any(signal.kind == "Resume" for signal in context.signals):
        return Succeeded()
    return Waiting(
        for_signals=frozenset({"Resume"}), message=str(inputs.get("Message") or "Paused until somebody resumes.")
    )


def manual_task(inputs: Mapping[str, Any], context: Context) -> Result:
    """Wait until a person says the task is done, with the values asked for, or that it cannot be done."""
    for signal in context.signals:
        if signal.kind == "Complete":
            values = dict(signal.payload.get("values", {}))
            outputs = {**values, "CompletedBy": signal.sent_by, "Evidence": signal.comment}
            return Succeeded(outputs=outputs, payload={"Values": values})
        if signal.kind == "Reject":
            why = signal.comment or "no reason was given"
            return Failed(f"{signal.sent_by} could not do {context.step_name}: {why}.")
    return Waiting(for_signals=frozenset({"Complete", "Reject"}), message=str(inputs["Instructions"]))


def _check_approve(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    approvers = inputs.get("Approvers")
    if isinstance(approvers, list) and not 1 <= len(approvers) <= 10:
        yield "Approvers", "Name one to ten approvers."
    wanted = inputs.get("MinRequiredApprovals")
    if isinstance(wanted, int) and wanted < 1:
        yield "MinRequiredApprovals", "At least one approval must be wanted."
    if isinstance(wanted, int) and isinstance(approvers, list) and wanted > len(approvers):
        names = [item for item in approvers if isinstance(item, str)]
        if not any(name.startswith(APPROVER_ROLE_PREFIX) or "{{" in name for name in names):
            yield (
                "MinRequiredApprovals",
                f"{wanted} approvals are wanted but only {len(approvers)} approvers are named.",
            )


def _check_task(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    values = inputs.get("Values", {})
    if not isinstance(values, Mapping):
        yield "Values", "Values must map a name to its type and description."
        return
    for name, asked in values.items():
        if not isinstance(asked, Mapping) or asked.get("type", "String") not in VALUE_TYPES:
            yield f"Values.{name}", f"A value needs a type: one of {', '.join(VALUE_TYPES)}."


APPROVE = Action(
    name="aws:approve",
    summary="Waits until enough people approved; one rejection fails the step.",
    run=approve,
    shape=ActionShape(
        required=frozenset({"Approvers"}),
        optional=frozenset({"MinRequiredApprovals", "Message", "NotificationArn", "EnhancedApprovals"}),
        may_cancel_into=False,
        default_timeout=_WEEK,
        maximum_timeout=_MONTH,
        check=_check_approve,
    ),
    effect=Effect.NONE,
    outputs={
        "ApprovalStatus": "Approved or Rejected.",
        "ApproverDecisions": "Who decided what, when, with which comment.",
    },
    waits_for_people=True,
    source=_GUIDE + "approve.html",
)
PAUSE = Action(
    name="aws:pause",
    summary="Waits until somebody resumes the execution.",
    run=pause,
    shape=ActionShape(
        required=frozenset(),
        optional=frozenset({"Message"}),
        may_cancel_into=False,
        default_timeout=None,
        maximum_timeout=None,
    ),
    effect=Effect.NONE,
    waits_for_people=True,
    source=_GUIDE + "pause.html",
)
MANUAL_TASK = Action(
    name="bcdr:manualTask",
    summary="Shows instructions to a person and waits until the task is done, with the values asked for.",
    run=manual_task,
    shape=ActionShape(
        required=frozenset({"Instructions"}),
        optional=frozenset({"Assignee", "ExpectedEvidence", "Values"}),
        may_cancel_into=False,
        default_timeout=_WEEK,
        maximum_timeout=_MONTH,
        check=_check_task,
    ),
    effect=Effect.NONE,
    outputs={
        "CompletedBy": "The user name of who did it.",
        "Evidence": "What was written as evidence.",
        "(each name under Values)": "What the person filled in.",
    },
    waits_for_people=True,
)
