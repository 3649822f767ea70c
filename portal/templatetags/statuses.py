"""The one table that says how a status or a verdict looks: a colour and an icon for each word.

Not here: what the words mean (`docs/glossary.md`) and when they change (the runner and the operations).
"""

from typing import NamedTuple


class Look(NamedTuple):
    """A tone of `portal.css` and an icon of `vendor/icons.txt`. The word itself is always shown beside both."""

    tone: str
    icon: str


QUIET = Look("quiet", "circle-dashed")
GOOD = Look("good", "circle-check")
ATTENTION = Look("attention", "hourglass")
BAD = Look("bad", "circle-x")

# The execution statuses are Systems Manager's own words:
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AutomationExecution.html
LOOKS: dict[str, Look] = {
    "Pending": Look("quiet", "circle-dashed"),
    "InProgress": Look("active", "loader-2"),
    "Waiting": ATTENTION,
    "Success": GOOD,
    "TimedOut": Look("bad", "clock-x"),
    "Cancelling": Look("quiet", "player-stop"),
    "Cancelled": Look("quiet", "ban"),
    "Failed": BAD,
    "PendingApproval": ATTENTION,
    "Approved": GOOD,
    "Rejected": Look("attention", "circle-x"),
    "Scheduled": Look("quiet", "calendar-event"),
    "CompletedWithSuccess": GOOD,
    "CompletedWithFailure": BAD,
    "Exited": Look("quiet", "circle-minus"),
    # verdicts of a drill
    "Met": GOOD,
    "Not met": BAD,
    "Not recovered": Look("bad", "alert-octagon"),
    "Not measured": Look("quiet", "circle-dashed"),
    # states of our own rows
    "Planned": Look("quiet", "calendar-event"),
    "Running": Look("active", "loader-2"),
    "Closed": Look("quiet", "circle-check"),
    "Abandoned": Look("quiet", "circle-minus"),
    "Open": Look("attention", "urgent"),
    "Resolved": GOOD,
    "Draft": Look("quiet", "pencil"),
    "Published": GOOD,
    "Retired": Look("quiet", "archive"),
    # the words of Well-Architected
    "UNANSWERED": QUIET,
    "HIGH": Look("bad", "alert-triangle"),
    "MEDIUM": Look("attention", "alert-triangle"),
    "NONE": GOOD,
    "NOT_APPLICABLE": Look("quiet", "circle-minus"),
    # what an answer rests on, what a check saw, how far an improvement is
    "proved": GOOD,
    "stale": ATTENTION,
    "claimed": Look("quiet", "message"),
    "contradicted": Look("bad", "alert-octagon"),
    "Passed": GOOD,
    "Nothing to check": QUIET,
    "Unavailable": Look("attention", "cloud-off"),
    "Not started": QUIET,
    "In progress": Look("quiet", "tool"),
    "Complete": Look("good", "check"),
    "Risk acknowledged": Look("quiet", "certificate"),
}

# The Well-Architected risks are codes; people read words. Every other status is a word already.
_SPOKEN = {
    "UNANSWERED": "Unanswered",
    "HIGH": "High risk",
    "MEDIUM": "Medium risk",
    "NONE": "No risk",
    "NOT_APPLICABLE": "Not applicable",
}


def spoken(word: str) -> str:
    """What people read for a status: the words of a risk, anything else as it is."""
    return _SPOKEN.get(word, word)


def look_of(word: str) -> Look:
    """How a word looks; a word nobody described is shown quietly, never hidden."""
    return LOOKS.get(word, QUIET)
