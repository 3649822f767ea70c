"""What a check answers: findings about single resources, and the one result they add up to.

Not here: how long a result counts as evidence (`registry` names a half-life; whoever keeps results uses it).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SHOWN = 3


class Outcome(StrEnum):
    """What a result says. Only `PASSED` speaks for a best practice, only `FAILED` against it."""

    PASSED = "Passed"
    FAILED = "Failed"
    NOTHING = "Nothing to check"  # no resource of the kind was found; this is not a pass
    UNAVAILABLE = "Unavailable"  # AWS could not be asked, or something named was not found


@dataclass(frozen=True)
class Resource:
    """One thing that was looked at: `kind` is one of `resources.KINDS`, or `drill`, `objective`, `runbook`."""

    kind: str
    name: str
    region: str = ""
    arn: str = ""
    is_hinted: bool = False

    def __str__(self) -> str:
        return f"{self.name} in {self.region}" if self.region else self.name

    def described(self) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name, "region": self.region, "arn": self.arn}


@dataclass(frozen=True)
class Finding:
    """What was seen of one resource: `says` is a clause without a full stop, `facts` are JSON values."""

    resource: Resource
    is_met: bool
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        return {**self.resource.described(), "is_met": self.is_met, "says": self.says, "facts": dict(self.facts)}


@dataclass(frozen=True)
class CallMade:
    """One call a check made: `api` as in `dynamodb:DescribeTable`; `error` is AWS's code, empty where it answered."""

    api: str
    region: str
    error: str = ""


@dataclass(frozen=True)
class Result:
    """The answer of one check about one service. `facts` are JSON values: findings, what was not found, what was in the way."""

    check: str
    outcome: Outcome
    sentence: str
    facts: Mapping[str, Any]
    resources: tuple[Resource, ...]
    calls: tuple[CallMade, ...]


def listed(clauses: list[str]) -> str:
    """The first clauses as one sentence; the rest is counted."""
    shown = "; ".join(clauses[:SHOWN])
    more = len(clauses) - SHOWN
    return f"{shown}; and {more} more." if more > 0 else f"{shown}."
