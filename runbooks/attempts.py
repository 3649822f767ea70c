"""One attempt at a step: what it is given (inputs, context, class), and making it. Writes no rows: the runner does.

Here the doors of an action are joined to the world: `portal.aws`, outgoing HTTP, script credentials. This is the only place
with a broad `except`: whatever an action raises is the step's failure, never the worker's.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from portal.audit import log as audit
from portal.aws import probes, sessions
from portal.aws.caller import AwsCaller, with_token
from portal.aws.classification import ActionClass, classify
from portal.aws.errors import AwsError
from runbooks import masking, outgoing
from runbooks.actions import registry
from runbooks.actions.aws_api import parameters_of, region_of
from runbooks.actions.context import Action, ActionFailed, Context, Effect, HttpAnswer, OutcomeUnknown, SignalFact
from runbooks.automation.content import Document, Step, load
from runbooks.automation.references import Scope, resolve_inputs
from runbooks.automation.results import Failed, Result, Unknown
from runbooks.models import Execution, RunbookVersion, StepExecution

log = logging.getLogger(__name__)

# After this many starts without a recorded outcome a person is asked: a step that ends its worker must not end them all.
MOST_TAKEOVERS = 3


@lru_cache(maxsize=256)
def _document(version_id: int, sha256: str) -> Document:
    content = RunbookVersion.objects.values_list("content", flat=True).get(pk=version_id)
    if content is None:
        raise LookupError(f"version {version_id} is a draft that cannot be read; only published versions run")
    return load(content)


def document_of(execution: Execution) -> Document:
    """The document of an execution, parsed once per process; published content cannot change."""
    return _document(execution.version_id, execution.document_sha256)


def scope_of(execution: Execution, outputs: Mapping[str, Any]) -> Scope:
    """What references of this execution resolve to now. Dates are those of the moment the step runs."""
    now = datetime.now(UTC)
    return Scope(
        parameters=execution.parameters,
        outputs=outputs,
        variables=execution.variables,
        system={
            "global:ACCOUNT_ID": execution.account.account_id if execution.account else "",
            "global:REGION": execution.region,
            "global:AWS_PARTITION": "aws",
            "global:DATE": now.strftime("%Y-%m-%d"),
            "global:DATE_TIME": now.strftime("%Y-%m-%d_%H.%M.%S"),
            "automation:EXECUTION_ID": str(execution.id),
        },
    )


def token_for(execution: Execution, step_name: str, visit: int) -> uuid.UUID:
    """The idempotency token of one visit of a step: the same for each attempt, so AWS does the thing once."""
    return uuid.uuid5(execution.id, f"{step_name}:{visit}")


def resolved_inputs(step: Step, scope: Scope, token: uuid.UUID) -> dict[str, Any]:
    """The step's inputs with references in place and the idempotency token filled in where the operation takes one."""
    inputs = resolve_inputs(step.action, step.inputs, scope)
    action = registry.ACTIONS.get(step.action)
    if action is None or action.effect is not Effect.OPERATION:
        return inputs
    own = parameters_of(inputs)
    filled = with_token(str(inputs.get("Service", "")), str(inputs.get("Api", "")), own, str(token))
    return {**inputs, **{name: value for name, value in filled.items() if name not in own}}


def inputs_again(execution: Execution, attempt: StepExecution, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The noted inputs; what was masked in them is resolved anew, since a mask cannot be sent."""
    if not masking.has_mask(attempt.inputs):
        return dict(attempt.inputs)
    step = document_of(execution).step(attempt.step_name)
    return resolved_inputs(step, scope_of(execution, outputs), attempt.token)


def class_of(action: Action | None, inputs: Mapping[str, Any]) -> ActionClass:
    """May this attempt be repeated when its outcome was not recorded?"""
    if action is None or action.effect is Effect.NONE:
        return ActionClass.READ_ONLY
    if action.effect is Effect.ONCE:
        return ActionClass.ONCE
    return classify(str(inputs.get("Service", "")), str(inputs.get("Api", "")), parameters_of(inputs))


def timeout_of(action: Action, step: Step) -> timedelta | None:
    """How long an attempt may take by the worker's clock: scaled in the sandbox, except where people are waited for."""
    length = step.timeout or action.shape.default_timeout
    if length is None or action.waits_for_people:
        return length
    # A floor, because a scaled timeout of a second would measure this machine and not the service.
    return max(length * settings.TIME_SCALE, min(length, timedelta(seconds=5)))


def time_for(execution: Execution, attempt: StepExecution) -> timedelta | None:
    """How long an attempt that is there may take when it is made now."""
    action = registry.ACTIONS.get(attempt.action)
    return timeout_of(action, document_of(execution).step(attempt.step_name)) if action is not None else None


@dataclass(frozen=True)
class Planned:
    """The next attempt, decided before it is noted: the step, which visit and which try of it, and what is sent."""

    step: Step
    visit: int
    number: int
    token: uuid.UUID
    inputs: dict[str, Any]
    action_class: ActionClass
    timeout: timedelta | None


def planned(execution: Execution, step: Step, place: tuple[int, int], outputs: Mapping[str, Any]) -> Planned:
    """The attempt at the step that is next; `place` is its visit and number."""
    visit, number = place
    action = registry.ACTIONS.get(step.action)
    token = token_for(execution, step.name, visit)
    inputs = resolved_inputs(step, scope_of(execution, outputs), token)
    timeout = timeout_of(action, step) if action is not None else None
    return Planned(step, visit, number, token, inputs, class_of(action, inputs), timeout)


def read_back(execution: Execution, attempt: StepExecution) -> probes.Finding:
    """Look whether a call that must not happen twice has happened, by the operation's own read-back."""
    action = registry.ACTIONS.get(attempt.action)
    if action is None or action.effect is not Effect.OPERATION:
        return probes.Finding(None, f"There is no read-back for {attempt.action}; look at what it does.")
    caller = AwsCaller(execution.region, role_of(execution))
    inputs = attempt.inputs
    service, api = str(inputs.get("Service", "")), str(inputs.get("Api", ""))
    return probes.look(caller, service, api, parameters_of(inputs), region_of(inputs))


def act(
    execution: Execution,
    attempt: StepExecution,
    inputs: Mapping[str, Any],
    signals: tuple[SignalFact, ...],
    send_by: float,
    now: datetime | None = None,
) -> Result:
    """Do what the step says, once; no call leaves after the monotonic moment `send_by`. No transaction may be open.

    `now` is the database's clock where the caller has just read it.
    """
    action = registry.ACTIONS.get(attempt.action)
    if action is None:
        return Failed(
            f"{attempt.action} does not run on this version of the portal; run it in AWS or update the portal."
        )
    context = Context(
        execution_id=str(execution.id),
        step_name=attempt.step_name,
        attempt=attempt.attempt,
        token=str(attempt.token),
        now=now or audit.database_now(),
        started_at=attempt.started_at,
        time_scale=settings.TIME_SCALE,
        call_aws=_AwsDoor(execution, send_by),
        fetch=_HttpDoor(execution),
        environment=lambda: sessions.environment(role_of(execution), execution.region),
        state=attempt.state,
        polls=attempt.polls,
        signals=signals,
        are_scripts_allowed=settings.SCRIPTS_ALLOWED,
    )
    try:
        return action.run(inputs, context)
    except ActionFailed as error:
        return Failed(str(error), error_code=error.code, payload=error.payload)
    except OutcomeUnknown as error:
        return Unknown(str(error))
    except Exception as error:
        log.exception("step %s of execution %s raised", attempt.step_name, execution.id)
        return _raised(attempt, error)


def _raised(attempt: StepExecution, error: Exception) -> Result:
    """What an unforeseen error means: a failure, or, for what must not happen twice, an unknown outcome."""
    said = f"{attempt.action} of {attempt.step_name} failed in the portal itself: {type(error).__name__}: {error}"
    return Unknown(said) if attempt.action_class == ActionClass.ONCE else Failed(said, error_code="InternalError")


def role_of(execution: Execution) -> sessions.Role:
    """The role this execution acts as; its session name carries the execution's id into CloudTrail."""
    account = execution.account
    if account is None or not account.role_arn:
        return sessions.Role()
    return sessions.Role(account.role_arn, str(account.external_id), f"bcdr-{execution.id}")


class _AwsDoor:
    """`Context.call_aws`: portal.aws with its errors turned into an action's."""

    def __init__(self, execution: Execution, send_by: float) -> None:
        self.caller = AwsCaller(execution.region, role_of(execution))
        self.send_by = send_by

    def __call__(
        self, service: str, api: str, parameters: Mapping[str, Any], *, region: str | None = None
    ) -> dict[str, Any]:
        try:
            return self.caller.call(service, api, parameters, region, send_by=self.send_by)
        except AwsError as error:
            # What AWS answered with an error, and may be repeated, has failed: maxAttempts and onFailure decide. What got
            # no answer may still take effect, and what must not happen twice needs proof.
            action_class = classify(service, api, parameters)
            is_repeatable = action_class is not ActionClass.ONCE and error.has_answer
            if error.is_unknown and action_class is not ActionClass.READ_ONLY and not is_repeatable:
                raise OutcomeUnknown(str(error)) from error
            raise ActionFailed(str(error), code=error.code, payload=masking.storable(error.answer)) from error


class _HttpDoor:
    """`Context.fetch`: outgoing HTTP to the hosts this execution may call."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution

    def __call__(self, url: str, *, method: str, timeout: timedelta) -> HttpAnswer:
        try:
            target = outgoing.check(url, outgoing.allowed_hosts(self.execution))
        except outgoing.Refused as error:
            raise ActionFailed(str(error), code="AddressRefused") from error
        except OSError as error:
            return HttpAnswer(None, {}, "", timedelta(0), f"the name does not resolve: {error}")
        return outgoing.fetch(target, method=method, timeout=timeout)
