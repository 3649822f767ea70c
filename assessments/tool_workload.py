"""A service as a workload of the Well-Architected Tool: which facts a push would send.

Pure. The catalogue is where a service's facts are kept, so they are pushed and never pulled; and what somebody changed in AWS
since the last push stays as it is there. Not here: calls and rows (tool_connect.py).
"""

from collections.abc import Mapping
from typing import Any

from assessments.tool import FieldDifference

LABELS = {
    "WorkloadName": "Name",
    "Description": "Description",
    "Environment": "Environment",
    "AccountIds": "AWS accounts",
    "AwsRegions": "Regions",
    "ReviewOwner": "Review owner",
}
Facts = Mapping[str, Any]


def facts_in(said: Facts) -> dict[str, Any]:
    """The facts that are synced, of a request or of what the Tool describes; lists in one order."""
    return {name: sorted(said[name]) if isinstance(said[name], list) else said[name] for name in LABELS if name in said}


def workload_changes(ours: Facts, theirs: Facts, agreed: Facts) -> tuple[FieldDifference, ...]:
    """What a push would change: facts that moved here since the last push and did not move there."""
    return tuple(
        FieldDifference(name, label, told(ours[name]), told(theirs.get(name)))
        for name, label in LABELS.items()
        if name in agreed and ours[name] != agreed[name] == theirs.get(name)
    )


def told(value: Any) -> str:
    """A fact in words."""
    return ", ".join(value) if isinstance(value, list) else str(value or "").replace("PREPRODUCTION", "not production")
