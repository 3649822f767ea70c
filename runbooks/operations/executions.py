"""Starting an execution: permission, every refusal at once, one transaction, one event, one hint after the commit.

Not here: what is sent to a run that exists (`signals`).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from portal.audit import log as audit
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.people.permissions import Act, require
from runbooks import masking, tasks
from runbooks.attempts import document_of, scope_of
from runbooks.automation import parameters as document_parameters
from runbooks.automation.document import Document
from runbooks.automation.references import Scope, resolve
from runbooks.models import (
    FINAL_STATUSES,
    Drill,
    Execution,
    Incident,
    Purpose,
    RunbookVersion,
    VersionStatus,
)


@dataclass(frozen=True)
class Start:
    """What an execution is started with; see `start_execution`."""

    version: RunbookVersion
    parameters: Mapping[str, Any]
    purpose: Purpose
    reason: str = ""
    service: Service | None = None
    account: AwsAccount | None = None
    region: str = ""
    incident: Incident | None = None
    drill: Drill | None = None
    part: str = ""
    start_key: str | None = None
    typed_name: str = ""
    asks_on_failure: bool = False
    is_stepwise: bool = False


def start_execution(*, user: User, **said: Any) -> Execution:
    """Start a published version; keyword arguments are the fields of `Start`.

    The same `start_key` returns the same execution. Raises `PermissionDenied`, or `ValidationError` with every problem
    under the name of its field (parameters as `parameters.Name`).
    """
    start = Start(**said)
    for team in {start.version.runbook.team_id, *_teams_of(start)}:
        require(user, Act.START, team)
    if start.start_key is not None:
        kept = Execution.objects.filter(start_key=start.start_key, started_by=user).first()
        if kept is not None:
            return kept
    execution = _built(user, start)
    problems = _problems(user, start, execution)
    if problems:
        raise ValidationError(problems)
    try:
        with transaction.atomic():
            execution.save(force_insert=True)
            _tell_start(user, start, execution)
    except IntegrityError as error:
        return _kept_or_refused(start, execution, error)
    transaction.on_commit(lambda: tasks.wake(tasks.advance, execution.pk), robust=True)
    return execution


def _teams_of(start: Start) -> set[int]:
    """Whose things the execution touches: nobody starts something on another team's service or with its account."""
    touched = (start.service, start.account, start.incident, start.drill)
    return {each.team_id for each in touched if each is not None}


def _built(user: User, start: Start) -> Execution:
    version = start.version
    service, account = start.service, start.account
    if account is None and service is not None:
        account = service.accounts.first()
    about = service.slug if service is not None else ""
    return Execution(
        version=version,
        document_sha256=version.sha256,
        purpose=start.purpose,
        reason=masking.text(start.reason.strip()),
        drill=start.drill,
        incident=start.incident,
        part=start.part,
        service=service,
        account=account,
        team_id=version.runbook.team_id,
        region=start.region or (service.primary_region if service is not None else ""),
        started_by=user,
        asks_on_failure=start.asks_on_failure,
        is_stepwise=start.is_stepwise,
        start_key=start.start_key or str(uuid.uuid4()),
        exclusive_key=f"{version.runbook.slug}:{about}",
    )


def _problems(user: User, start: Start, execution: Execution) -> dict[str, list[str]]:
    """Everything that forbids the start. Fills in the execution's parameters as it checks them."""
    problems: dict[str, list[str]] = {}
    if start.version.status != VersionStatus.PUBLISHED:
        problems["version"] = [f"{start.version} is a draft. Publish it, or start a published version."]
        return problems
    if start.version.runbook.is_archived:
        problems["version"] = [f"{start.version.runbook} is archived. Restore it, or start another runbook."]
    if start.purpose == Purpose.ALONE and not execution.reason:
        problems["reason"] = ["Say why this is run: it stays in the history."]
    if start.purpose == Purpose.INCIDENT and (start.incident is None or not start.incident.is_open):
        problems["incident"] = ["Choose an open incident."]
    if not execution.region:
        problems["region"] = ["Choose the Region the runbook runs in."]
    if execution.account is not None and execution.account.is_production and start.drill is None:
        wanted = start.service.name if start.service is not None else execution.account.name
        if start.typed_name.strip() != wanted:
            problems["typed_name"] = [f"{execution.account} is a production account. Type {wanted!r} to confirm."]
    problems.update(_checked_parameters(start, execution))
    return problems


def _checked_parameters(start: Start, execution: Execution) -> dict[str, list[str]]:
    document = document_of(execution)
    checked = document_parameters.check(document, start.parameters)
    problems: dict[str, list[str]] = {}
    for problem in checked.errors:
        problems.setdefault(problem.path, []).append(problem.message)
    if not problems:
        values = document_parameters.resolve_defaults(
            document, checked.values, start.parameters, scope_of(execution, {})
        )
        execution.parameters = masking.storable(values)
        problems.update(refused_values(document, values, execution))
        execution.variables = {
            name: document_parameters.default_value(variable)
            for name, variable in document.variables.items()
            if variable.has_default
        }
    return problems


def refused_values(document: Document, values: Mapping[str, Any], execution: Execution) -> dict[str, list[str]]:
    """Values that are well-formed and still must not be used: secrets, and roles the portal would not act through."""
    problems = {
        f"parameters.{name}": [
            "This looks like a secret. Parameters are kept in the history: name a Secrets Manager secret instead, and let "
            "a step read it."
        ]
        for name in values
        if execution.parameters.get(name) != values[name] and masking.has_mask(execution.parameters.get(name))
    }
    wanted = str(resolve(document.assume_role, Scope(parameters=values)) or "")
    acts_as = execution.account.role_arn if execution.account is not None else ""
    if wanted and wanted != acts_as:
        problems["account"] = [
            f"The document asks to act as {wanted}, and the portal acts only through the role of the AWS account chosen "
            f"({acts_as or 'no role'}). Choose the account with that role, or leave the document's role empty."
        ]
    return problems


def _tell_start(user: User, start: Start, execution: Execution) -> None:
    detail = {
        "version": str(start.version),
        "sha256": execution.document_sha256,
        "purpose": execution.purpose,
        "reason": execution.reason,
        "parameters": execution.parameters,
        "region": execution.region,
    }
    chain, told = f"execution:{execution.pk}", [audit.Told("started", user, detail)]
    # A chain of its own that begins here, at the moment the row was given.
    team, now = start.version.runbook.team, execution.created_at
    audit.record_all(chain, str(start.version), told, team=team, now=now)


def _kept_or_refused(start: Start, execution: Execution, error: IntegrityError) -> Execution:
    """A unique index refused the row: the same start again, or another one running for the same service."""
    kept = Execution.objects.filter(start_key=execution.start_key, started_by=execution.started_by).first()
    if kept is not None:
        return kept
    running = Execution.objects.filter(exclusive_key=execution.exclusive_key).exclude(status__in=FINAL_STATUSES).first()
    if running is None:
        raise error
    about = f" for {start.service.name}" if start.service is not None else ""
    raise ValidationError(
        {
            "__all__": [
                f"{start.version.runbook.name} is already running{about}: execution {running.pk}, started by "
                f"{running.started_by.shown_name}, now {running.get_status_display()}. Open that one, or cancel it first."
            ]
        },
        code="already-running",
        params={"execution": str(running.pk)},
    ) from error
