"""The counted risks of an assessment, kept beside it: written with every answer, in its transaction, and compared by a command.

A cache, so it may always be thrown away: `results_for` is the truth. Not here: who reads it (`assessments.portfolio`).
"""

from collections.abc import Mapping
from typing import Any

from assessments.models import Assessment, RiskTally
from assessments.operations.shelf import results_for
from assessments.results import Results
from assessments.risk import Risk


def count_risks(assessment: Assessment) -> None:
    """Write the tally as the rows are now. Call it in the transaction of the change, while the assessment is held."""
    RiskTally.objects.update_or_create(assessment=assessment, defaults=tallied(results_for(assessment)))


def tallied(results: Results) -> dict[str, Any]:
    """The columns of a tally."""
    pillars = {each.pillar.id: _counts(each.counts) for each in results.pillars}
    return {risk.value.lower(): results.counts[risk] for risk in Risk} | {"pillars": pillars}


def is_true(tally: RiskTally, results: Results) -> bool:
    """Whether a tally says what the answers say."""
    return all(getattr(tally, name) == value for name, value in tallied(results).items())


def _counts(counts: Mapping[Risk, int]) -> dict[str, int]:
    return {risk.value: counts[risk] for risk in Risk}
