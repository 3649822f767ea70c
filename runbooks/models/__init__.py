"""The rows of the runbooks half: what people and AWS did with a document. Rules are in operations and the runner."""

from runbooks.models.drill import Drill, Phase, Verdict
from runbooks.models.execution import (
    ACTIVE_STATUSES,
    FINAL_STATUSES,
    Execution,
    LateResult,
    Purpose,
    Signal,
    SignalKind,
    Status,
    StepExecution,
)
from runbooks.models.incident import Incident, IncidentNote, Severity
from runbooks.models.probe import Heartbeat, Probe, Sample
from runbooks.models.runbook import Runbook, RunbookVersion, VersionStatus
from runbooks.models.worker import Installation, Worker

__all__ = [
    "ACTIVE_STATUSES",
    "FINAL_STATUSES",
    "Drill",
    "Execution",
    "Heartbeat",
    "Incident",
    "IncidentNote",
    "Installation",
    "LateResult",
    "Phase",
    "Probe",
    "Purpose",
    "Runbook",
    "RunbookVersion",
    "Sample",
    "Severity",
    "Signal",
    "SignalKind",
    "Status",
    "StepExecution",
    "Verdict",
    "VersionStatus",
    "Worker",
]
