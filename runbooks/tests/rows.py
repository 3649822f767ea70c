"""Rows made by hand, for tests of pages and reads that must not depend on the runner's pace."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.people.models import Team, User
from runbooks.models import (
    FINAL_STATUSES,
    Execution,
    Incident,
    Purpose,
    Runbook,
    RunbookVersion,
    Signal,
    SignalKind,
    Status,
    StepExecution,
    VersionStatus,
)

CONTENT: dict[str, Any] = {
    "schemaVersion": "0.3",
    "description": "Moves **Checkout** to the recovery Region.",
    "parameters": {
        "Cluster": {
            "type": "String",
            "description": "The ECS cluster, see the *dashboard*.",
            "allowedPattern": "^[a-z-]{3,20}$",
        },
        "DesiredCount": {"type": "Integer", "description": "Tasks to run.", "default": 2},
        "Fence": {"type": "Boolean", "default": True},
        "Target": {"type": "String", "allowedValues": ["us-east-1", "eu-west-1"], "default": "us-east-1"},
        "Zones": {"type": "StringList", "default": ["a", "b"]},
        "Labels": {"type": "StringMap", "default": {}},
    },
    "mainSteps": [
        {
            "name": "CheckRecoverySide",
            "action": "aws:executeAwsApi",
            "description": "The recovery side must be healthy.",
            "inputs": {"Service": "ecs", "Api": "DescribeServices", "cluster": "{{ Cluster }}"},
        },
        {
            "name": "Approve",
            "action": "aws:approve",
            "description": "A person decides.",
            "inputs": {"Approvers": ["role:approver"], "MinRequiredApprovals": 1, "Message": "Fail over **Checkout**?"},
        },
        {
            "name": "ShiftTraffic",
            "action": "aws:executeAwsApi",
            "inputs": {"Service": "globalaccelerator", "Api": "UpdateEndpointGroup"},
        },
    ],
}


def a_version(
    people: dict[str, User], team: Team, content: dict[str, Any] | None = None, name: str = "Fail over"
) -> RunbookVersion:
    """A published version; the next number of the runbook with that name."""
    runbook, _ = Runbook.objects.get_or_create(
        name=name, defaults={"slug": name.lower().replace(" ", "-"), "team": team}
    )
    return RunbookVersion.objects.create(
        runbook=runbook,
        number=runbook.versions.count() + 1,
        status=VersionStatus.PUBLISHED,
        text="",
        sha256=hashlib.sha256(uuid.uuid4().bytes).hexdigest(),
        content=content or CONTENT,
        author=people["author"],
        publisher=people["approver"],
        published_at=timezone.now(),
    )


def an_incident(people: dict[str, User], team: Team, title: str = "Checkout is down") -> Incident:
    incident = Incident.objects.create(title=title, severity=2, team=team, opened_by=people["responder"])
    incident.refresh_from_db()
    return incident


def an_execution(people: dict[str, User], team: Team, **columns: Any) -> Execution:
    """An execution that is in progress, of its own version, unless `columns` say otherwise."""
    version = columns.pop("version", None) or a_version(people, team)
    status = columns.get("status", Status.IN_PROGRESS)
    incident = columns.get("incident")
    now = timezone.now()
    columns.setdefault("purpose", Purpose.INCIDENT if incident else Purpose.ALONE)
    columns.setdefault("started_at", now - timedelta(minutes=2))
    columns.setdefault("ended_at", now if status in FINAL_STATUSES else None)
    columns.setdefault("exclusive_key", str(uuid.uuid4()))
    made = Execution.objects.create(
        version=version,
        document_sha256=version.sha256,
        team=team,
        started_by=columns.pop("started_by", people["responder"]),
        region=columns.pop("region", "us-east-1"),
        **columns,
    )
    made.refresh_from_db()
    return made


def an_attempt(execution: Execution, step_name: str, status: Status = Status.SUCCESS, **columns: Any) -> StepExecution:
    """The next attempt of an execution, at a step of its document."""
    step = next(step for step in execution.version.content["mainSteps"] if step["name"] == step_name)
    ended_at: datetime | None = timezone.now() if status in FINAL_STATUSES else None
    made = StepExecution.objects.create(
        execution=execution,
        sequence=execution.steps.count() + 1,
        step_name=step_name,
        action=step["action"],
        status=status,
        action_class=columns.pop("action_class", "read-only"),
        token=uuid.uuid4(),
        fence=1,
        ended_at=ended_at,
        inputs=columns.pop("inputs", step["inputs"]),
        **columns,
    )
    made.refresh_from_db()
    return made


def a_waiting_approval(people: dict[str, User], team: Team, **columns: Any) -> tuple[Execution, StepExecution]:
    """An execution that waits for the step `Approve`."""
    execution = an_execution(people, team, status=Status.WAITING, current_step="Approve", **columns)
    an_attempt(execution, "CheckRecoverySide", outputs={"Running": "2"})
    step = an_attempt(
        execution,
        "Approve",
        Status.WAITING,
        action_class="no effect",
        waits_for=["Approve", "Reject"],
        waiting_message="Waits for 1 approval by role:approver.",
    )
    return execution, step


def a_signal(execution: Execution, kind: SignalKind, user: User, **columns: Any) -> Signal:
    made = Signal.objects.create(execution=execution, kind=kind, sent_by=user, **columns)
    made.refresh_from_db()
    return made


def a_deviation(parameter: str, before: Any, after: Any, before_step: str = "Approve") -> dict[str, Any]:
    """A parameter changed under way by the responder, as the runner keeps it in `Execution.deviations`."""
    return {
        "parameter": parameter,
        "from": before,
        "to": after,
        "by": "responder",
        "at": timezone.now().isoformat(),
        "reason": "It moved",
        "before_step": before_step,
    }
