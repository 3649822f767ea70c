"""The three parts of a drill, injection, recovery and restoration: each is one execution, started exactly once.

The start key of a part is made of the drill's id and the part's name, so that a worker that dies between starting and
noting it finds the same execution again. Here: building and starting them. Not here: people starting executions
(`operations.executions`), when a part is due (`drill_runner.py`).
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from portal.audit import log as audit
from portal.catalogue.models import Scope, Service
from runbooks import masking
from runbooks.attempts import document_of, scope_of
from runbooks.automation import parameters as document_parameters
from runbooks.automation.problems import Problem
from runbooks.models import Drill, Execution, Purpose, RunbookVersion

INJECTION, RECOVERY, RESTORATION = "injection", "recovery", "restoration"
PARTS = (INJECTION, RECOVERY, RESTORATION)


def version_of(drill: Drill, part: str) -> RunbookVersion | None:
    """The runbook version of a part; None where the drill goes without it."""
    versions: dict[str, RunbookVersion | None] = {
        INJECTION: drill.injection,
        RECOVERY: drill.recovery,
        RESTORATION: drill.restoration,
    }
    return versions[part]


def execution_of(drill: Drill, part: str) -> Execution | None:
    """The execution of a part; None before it was started."""
    return Execution.objects.filter(start_key=start_key(drill, part)).first()


def start_key(drill: Drill, part: str) -> str:
    return f"{drill.pk}:{part}"


def region_of(service: Service, scope: str, part: str) -> str:
    """Where a part runs: the recovery of a lost Region must not depend on that Region, everything else is at home."""
    if part == RECOVERY and scope == Scope.REGION and service.recovery_regions:
        return str(service.recovery_regions[0])
    return service.primary_region


def known_parameters(service: Service, names: Mapping[str, Any], entry_url: str) -> dict[str, str]:
    """What the catalogue knows for parameters that go by these names: nobody should have to type it again."""
    known = {"EntryUrl": entry_url, "PrimaryRegion": service.primary_region}
    if service.recovery_regions:
        known["RecoveryRegion"] = str(service.recovery_regions[0])
    return {name: value for name, value in known.items() if name in names and value}


def checked_parameters(execution: Execution, supplied: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The values an execution would run with, not masked yet, and every problem of what was supplied."""
    document = document_of(execution)
    checked = document_parameters.check(document, supplied)
    if checked.errors:
        return {}, checked.errors
    scope = scope_of(execution, {})
    values = document_parameters.resolve_defaults(document, checked.values, supplied, scope)
    return values, ()


def built(drill: Drill, part: str, version: RunbookVersion) -> Execution:
    """The execution of a part, not yet saved and without its parameters."""
    return Execution(
        version=version,
        document_sha256=version.sha256,
        purpose=Purpose.DRILL,
        reason=drill.title,
        drill=drill,
        part=part,
        service=drill.service,
        account=drill.account,
        team_id=version.runbook.team_id,
        region=region_of(drill.service, drill.scope, part),
        started_by=drill.started_by,
        start_key=start_key(drill, part),
        exclusive_key=f"{version.runbook.slug}:{drill.service.slug}",
        id=uuid.uuid5(drill.pk, part),
    )


def begin(drill: Drill, part: str) -> str:
    """Start a part unless it is started. Empty, or why it cannot start now; call it inside the phase's transaction.

    What was checked when the drill was started is not checked again: a published version cannot change.
    """
    version = version_of(drill, part)
    if version is None or execution_of(drill, part) is not None:
        return ""
    execution = built(drill, part, version)
    values, problems = checked_parameters(execution, drill.parameters.get(part, {}))
    execution.parameters = masking.storable(values)
    if problems:
        return f"The {part} cannot start: {'; '.join(problem.message for problem in problems)}"
    execution.variables = {
        name: document_parameters.default_value(variable)
        for name, variable in document_of(execution).variables.items()
        if variable.has_default
    }
    try:
        with transaction.atomic():
            execution.save(force_insert=True)
            _tell(drill, part, execution)
    except IntegrityError:
        return f"{version.runbook.name} is running for this service already; the {part} starts when that has ended."
    return ""


def _tell(drill: Drill, part: str, execution: Execution) -> None:
    detail = {
        "version": str(execution.version),
        "sha256": execution.document_sha256,
        "purpose": execution.purpose,
        "reason": execution.reason,
        "parameters": execution.parameters,
        "region": execution.region,
    }
    chain, told = f"execution:{execution.pk}", str(execution.version)
    audit.record(chain, "started", told, actor=drill.started_by, detail=detail, team=execution.team)
    audit.record(f"drill:{drill.pk}", f"started the {part}", drill.title, detail={"execution": str(execution.pk)})
