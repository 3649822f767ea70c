"""Carries out a check: collects its findings and adds them up to one result.

The rules: one finding against it is a failure, whatever else could not be seen; without such, anything that could not be seen
is "Unavailable"; without any finding there was nothing to check; only then it has passed. Not here: the checks, and keeping
results.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from assessments.checks.context import CheckUnavailable, Context
from assessments.checks.permissions import actions_of
from assessments.checks.reading import Answers, Reading
from assessments.checks.results import Finding, Outcome, Resource, Result, listed


class TriedOn(StrEnum):
    """What the tests of a check run it against, in both directions."""

    SANDBOX = "sandbox"
    OWN_FACTS = "the portal's own facts"


@dataclass(frozen=True)
class Check:
    """One check and the facts about it. `apis` are boto3's names, `dynamodb:DescribeTable`; `half_lives` are by tier.

    A half-life is how long it takes until a result is worth half of what it was as evidence.
    """

    name: str
    title: str
    reads: str
    look: Callable[[Reading], Iterator[Finding]]
    apis: tuple[str, ...]
    remediation: str
    practices: tuple[str, ...]
    half_lives: Mapping[int, timedelta]
    tried_on: TriedOn

    @property
    def permissions(self) -> tuple[str, ...]:
        """The IAM actions its reader's role needs, in order."""
        return actions_of(self.apis)

    def half_life(self, tier: int) -> timedelta:
        """For a tier the table does not know, the longest."""
        return self.half_lives.get(tier, max(self.half_lives.values()))


def examine(check: Check, context: Context, answers: Answers | None = None) -> Result:
    """The check's result about the service of the context. What AWS does not answer never raises, it is in the result."""
    reading, findings, obstacle = Reading(context, check.apis, answers), [], ""
    try:
        for finding in check.look(reading):
            findings.append(finding)  # one by one: what was found before an obstacle is kept
    except CheckUnavailable as unavailable:
        obstacle = str(unavailable)
    outcome = _outcome(findings, bool(obstacle or reading.not_found))
    facts: dict[str, Any] = {
        "findings": [finding.described() for finding in findings],
        "not_found": [resource.described() for resource in reading.not_found],
        "obstacle": obstacle,
    }
    return Result(
        check=check.name,
        outcome=outcome,
        sentence=_nothing(check, reading)
        if outcome is Outcome.NOTHING
        else _sentence(outcome, findings, reading, obstacle),
        facts=facts,
        resources=tuple(dict.fromkeys(finding.resource for finding in findings)),
        calls=tuple(reading.calls),
    )


def examine_all(checks: Iterable[Check], context: Context) -> list[Result]:
    """The results of several checks about one service; what two of them ask AWS is asked once."""
    answers: Answers = {}
    return [examine(check, context, answers) for check in checks]


def _outcome(findings: list[Finding], is_hindered: bool) -> Outcome:
    if any(not finding.is_met for finding in findings):
        return Outcome.FAILED
    if is_hindered:
        return Outcome.UNAVAILABLE
    return Outcome.PASSED if findings else Outcome.NOTHING


def _sentence(outcome: Outcome, findings: list[Finding], reading: Reading, obstacle: str) -> str:
    if outcome is Outcome.UNAVAILABLE:
        return " ".join(part for part in (obstacle, _missing(reading.not_found)) if part)
    told = [finding for finding in findings if outcome is Outcome.PASSED or not finding.is_met]
    said = listed([f"{finding.resource}: {finding.says}" for finding in told])
    if outcome is Outcome.PASSED:
        return said
    count = f"{len(told)} of {len(findings)} not as they should be: " if len(findings) > 1 else ""
    return " ".join(part for part in (count + said, obstacle, _missing(reading.not_found)) if part)


def _nothing(check: Check, reading: Reading) -> str:
    """Why there is no finding: the check does not apply, nothing was found, or nothing among it that the check judges."""
    looked_for = ", ".join(" or ".join(words) + where for where, words in reading.looked_for.items())
    lonely = "" if reading.service.recovery_regions else " The service has no recovery Region."
    if not looked_for and not reading.calls:
        return f"The check does not apply to the service's strategy or Regions. It reads: {check.reads}{lonely}"
    if not looked_for:
        return f"Resources were found, but nothing that this check judges. It reads: {check.reads}{lonely}"
    hints = reading.service.hints
    tag = f"tag {hints.tag_key}={hints.tag_value or reading.service.slug} or name given for the service"
    by = "" if not reading.calls else f", by {tag}"
    return f"Nothing was found to look at{by}: no {looked_for}.{lonely}"


def _missing(resources: list[Resource]) -> str:
    if not resources:
        return ""
    names = listed([f"{resource.name} ({resource.kind})" for resource in resources])
    return (
        f"Named for the service but found in none of its Regions: {names} Correct the names, or create what is missing."
    )
