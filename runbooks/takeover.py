"""A call whose outcome was not noted: may it still be on its way, may it be repeated, what can be found out. Writes nothing.

Source of the rule: what was sent can take effect until its signature has run out (SigV4: five minutes), so nothing that could
be overtaken by it begins before `settings.QUARANTINE` is over. Not here: the classes (`portal.aws.classification`) and the
writing (`runner`, `ledger`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from portal.aws.classification import ActionClass
from runbooks import masking
from runbooks.attempts import MOST_TAKEOVERS, document_of, read_back
from runbooks.automation.results import Succeeded, Unknown
from runbooks.models import Execution, Status, StepExecution

# No model says how long a service remembers a token; those used in a recovery document longer lives.
TOKEN_LIFE = timedelta(minutes=5)
UNANSWERED = "unanswered"  # in an attempt's state: the message of a repeatable call that got no answer
SENT_AT = "sent_at"  # in an attempt's state: when its call was last made, if not at its start
STOPPED = "The worker that made this attempt stopped before it noted an outcome."


@dataclass(frozen=True)
class Ask:
    """Only evidence or a person can tell."""


@dataclass(frozen=True)
class Hold:
    """Not before this much time has passed."""

    left: timedelta


@dataclass(frozen=True)
class Repeat:
    """Make the call again, with the same token; `takeovers` counts how often that was necessary."""

    takeovers: int


def is_orphaned(attempt: StepExecution, fence: int) -> bool:
    """Whether a worker died with this attempt in its hands."""
    return attempt.status == Status.IN_PROGRESS and attempt.fence != fence


def may_be_out(attempt: StepExecution, fence: int) -> bool:
    """Whether a call that changes something was sent and has no noted outcome."""
    if attempt.action_class == ActionClass.READ_ONLY:
        return False
    return is_orphaned(attempt, fence) or attempt.is_outcome_unknown or UNANSWERED in attempt.state


def quarantine_left(attempt: StepExecution, now: datetime) -> timedelta:
    """How long the newest call of an attempt may still take effect; zero when it no longer can."""
    sent_at = attempt.started_at
    if attempt.state.get(SENT_AT):
        sent_at = max(sent_at, datetime.fromisoformat(attempt.state[SENT_AT]))
    return max(sent_at + settings.QUARANTINE - now, timedelta(0))


def decide(attempt: StepExecution, now: datetime) -> Ask | Hold | Repeat:
    """What to do about an orphaned attempt, by its class and age."""
    takeovers = int(attempt.state.get("takeovers", 0)) + 1
    action_class = ActionClass(attempt.action_class)
    is_stale_token = action_class is ActionClass.TOKEN and now - attempt.started_at > TOKEN_LIFE
    if action_class is ActionClass.ONCE or is_stale_token or takeovers > MOST_TAKEOVERS:
        return Ask()
    left = quarantine_left(attempt, now)
    if action_class in {ActionClass.DECLARATIVE, ActionClass.CONVERGING} and left > timedelta(0):
        return Hold(left)
    return Repeat(takeovers)


def settled(execution: Execution, attempt: StepExecution) -> Succeeded | Unknown:
    """What can be found out: a late answer or a read-back proves it, anything else leaves it unknown. Calls AWS."""
    late = attempt.late_results.exclude(outcome="Unknown").last()
    if late is not None and late.outcome == "Succeeded" and not masking.is_shortened(late.response):
        return Succeeded(payload=late.response, log="The answer was noted late.")
    said = STOPPED if late is None else f"{STOPPED} It saw afterwards: {late.outcome}. {late.message}"
    finding = read_back(execution, attempt)
    if finding.has_happened and not document_of(execution).step(attempt.step_name).outputs:
        return Succeeded(log=f"{said} {finding.said}")
    return Unknown(f"{said} {finding.said}")
