"""What a check is handed: facts of one service, proof from drills, and one door to AWS.

Not here: who fills it (a door above this floor does) and what a check concludes (`results`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

TAG_KEY = "service"
# Strategies of the AWS whitepaper on disaster recovery under which the recovery Region runs the service all the time.
RUNNING_STRATEGIES = frozenset({"warm-standby", "active-active"})


class CheckUnavailable(Exception):
    """AWS could not be asked or would not say: denied, not implemented, throttled, not reached. Never taken as failed.

    `code` is AWS's own error code. A check that knows what a code means (there is no such table) may read it as an answer.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class CallAws(Protocol):
    """One reading call of an AWS API: the answer without its metadata, as JSON values (times in ISO 8601).

    `service` is boto3's name (`elbv2`), `api` the operation's (`DescribeLoadBalancers`). Raises `CheckUnavailable` for
    every answer that is an error.
    """

    def __call__(self, service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Hints:
    """Which resources are the service's: those with the tag, and those named here.

    `tag_value` empty means the service's slug. `names` maps a kind of `resources.KINDS` to names or ARNs: a name is looked
    for in every Region of the service, an ARN in its own.
    """

    tag_key: str = TAG_KEY
    tag_value: str = ""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceFacts:
    """The service a check is about. `tier` 1 is the highest; `strategy` is one of the catalogue's words, or empty."""

    slug: str
    primary_region: str
    recovery_regions: tuple[str, ...]
    account_id: str
    tier: int
    strategy: str = ""
    hints: Hints = field(default_factory=Hints)

    @property
    def regions(self) -> tuple[str, ...]:
        return (self.primary_region, *self.recovery_regions)

    @property
    def is_running_in_recovery(self) -> bool:
        """Whether its strategy keeps it running in the recovery Region; a service without a strategy is not held to it."""
        return self.strategy in RUNNING_STRATEGIES


@dataclass(frozen=True)
class Promise:
    """The objectives of one disruption scope."""

    rto: timedelta
    rpo: timedelta


@dataclass(frozen=True)
class DrillFact:
    """The newest drill of a scope. `rto` and `rpo` are as compared with objectives (time scale taken out); None: not measured."""

    drill_id: str
    scope: str
    verdict: str
    ended_at: datetime
    rto: timedelta | None = None
    rpo: timedelta | None = None


@dataclass(frozen=True)
class RunbookFact:
    """A runbook of the service that has a published version."""

    name: str
    version: int
    published_at: datetime


@dataclass(frozen=True)
class Context:
    """All that a check may know. `now` has a time zone; `objectives` are by scope, `drills` the newest of each scope."""

    service: ServiceFacts
    call_aws: CallAws
    now: datetime
    objectives: Mapping[str, Promise] = field(default_factory=dict)
    drills: tuple[DrillFact, ...] = ()
    runbooks: tuple[RunbookFact, ...] = ()
