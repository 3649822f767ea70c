"""The words of reports for people: risks, statuses and reasons as the pages say them. One table for every format."""

from assessments.forms.assessments import RISKS as SHOWN_RISKS
from assessments.models import ImprovementStatus, Reason
from assessments.risk import Risk

# In the order of reports: what needs somebody first.
RISKS = ("HIGH", "MEDIUM", "UNANSWERED", "NONE", "NOT_APPLICABLE")
_STATUSES = {"SELECTED": "Chosen", "NOT_APPLICABLE": "Not applicable", **dict(ImprovementStatus.choices)}


def shown_risk(risk: str) -> str:
    """`HIGH` -> `High risk`."""
    return SHOWN_RISKS[Risk(risk)]


def shown_status(status: str) -> str:
    """The status of a choice or of an improvement in words; another word as it is."""
    return str(_STATUSES.get(status, status))


def shown_reason(reason: str) -> str:
    """Why something is not applicable, in words; another word as it is."""
    return Reason(reason).label if reason in Reason.values else reason
