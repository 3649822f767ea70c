"""What the entries of a ledger say: how an attempt ended, how the next begins. Values and statements; nothing is written here.

Not here: in which transaction they are written (`ledger`), when (`runner`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal import statements
from portal.audit import log as audit
from portal.aws.classification import ActionClass
from portal.statements import Moment
from runbooks import attempts, masking
from runbooks.automation import flow
from runbooks.automation.results import Failed, Succeeded
from runbooks.automation.selectors import read_outputs
from runbooks.models import Execution, Status, StepExecution

# What every attempt is that is over. It has an end exactly when its status is final; the database itself sees to that.
OVER = {"waits_for": [], "is_outcome_unknown": False}


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: what its row keeps, and what is told of it. `outputs` are those of the step as they are stored."""

    fields: dict[str, Any]
    told: audit.Told

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.fields["outputs"])


def ended(execution: Execution, attempt: StepExecution, result: Succeeded | Failed) -> Ended:
    """What a result means for the attempt that brought it."""
    step = attempts.document_of(execution).step(attempt.step_name)
    has_failed = isinstance(result, Failed)
    fields = {
        **OVER,
        "status": Status.FAILED if has_failed else Status.SUCCESS,
        "outputs": masking.bounded(masking.storable(read_outputs(step, result))),
        "response": masking.shortened(masking.storable(result.payload)),
        "log": masking.text(result.log),
        "failure_message": masking.text(result.message) if isinstance(result, Failed) else "",
    }
    detail = {
        "attempt": attempt.attempt,
        "class": attempt.action_class,
        "started_at": attempt.started_at.isoformat(),
    }
    if isinstance(result, Failed):
        detail |= {"message": result.message[:500]}
    return Ended(fields, audit.Told(f"{'failed' if has_failed else 'finished'} step {attempt.step_name}", None, detail))


def new_attempt(
    execution: Execution, planned: attempts.Planned, sequence: int, fence: int
) -> tuple[StepExecution, dict[str, Moment]]:
    """The row of an attempt, not yet written, and its columns that the database's clock fills in."""
    attempt = StepExecution(
        execution=execution,
        sequence=sequence,
        step_name=planned.step.name,
        action=planned.step.action,
        visit=planned.visit,
        attempt=planned.number,
        action_class=planned.action_class,
        token=planned.token,
        fence=fence,
        is_critical=flow.is_critical(planned.step),
        inputs=masking.storable(planned.inputs),
    )
    deadline = {"deadline_at": Moment(planned.timeout)} if planned.timeout is not None else {}
    return attempt, {"started_at": Moment(), **deadline}


def closing(attempt: StepExecution, fields: Mapping[str, Any]) -> statements.Change:
    """Ending an attempt that has not ended yet, with these columns."""
    where = {"id": attempt.pk, "ended_at": None}
    return statements.updating(StepExecution, where, {**fields, "ended_at": Moment()})


def begun(planned: attempts.Planned) -> list[audit.Told]:
    """What changes something is in the log before it is sent; what only reads is told once it is over."""
    if planned.action_class == ActionClass.READ_ONLY:
        return []
    detail = {"attempt": planned.number, "class": planned.action_class}
    return [audit.Told(f"started step {planned.step.name}", None, detail)]


def put(row: Execution | StepExecution, fields: Mapping[str, Any]) -> None:
    """What was written, in the value at hand too."""
    for name, value in fields.items():
        setattr(row, name, value)


def moved(execution: Execution, to: flow.Next) -> dict[str, Any]:
    """The columns of an execution whose next step is decided."""
    return {
        "current_step": to.step,
        "worst_status": to.worst or "",
        "status": running_status(execution),
        "status_message": "",
    }


def running_status(execution: Execution) -> Status:
    """The status of an execution that moves: one that is being cancelled says so until it is over."""
    return Status.CANCELLING if execution.is_cancelling else Status.IN_PROGRESS
