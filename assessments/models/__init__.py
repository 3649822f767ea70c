"""The rows of the assessments half: lenses kept whole, and what people answered. Rules are in operations; risk is computed.

There is no table for pillar, question or choice: they are read from a version's content.
"""

from assessments.models.answer import Answer, ChoiceStatus, Comment, Evidence, EvidenceFile, EvidenceKind, Reason
from assessments.models.assessment import Assessment, Milestone
from assessments.models.check_run import CheckPlan, CheckResult, CheckRun
from assessments.models.improvement import ImprovementItem, ImprovementStatus, RiskTally
from assessments.models.leased import FINAL, RunStatus
from assessments.models.lens import Lens, LensVersion, VersionStatus
from assessments.models.tool import ToolLens, ToolLink, ToolMilestone
from assessments.models.tool_sync import SyncKind, ToolSync

__all__ = [
    "FINAL",
    "Answer",
    "Assessment",
    "CheckPlan",
    "CheckResult",
    "CheckRun",
    "ChoiceStatus",
    "Comment",
    "Evidence",
    "EvidenceFile",
    "EvidenceKind",
    "ImprovementItem",
    "ImprovementStatus",
    "Lens",
    "LensVersion",
    "Milestone",
    "Reason",
    "RiskTally",
    "RunStatus",
    "SyncKind",
    "ToolLens",
    "ToolLink",
    "ToolMilestone",
    "ToolSync",
    "VersionStatus",
]
