"""How fast what a check saw loses its worth as evidence, by tier. Not here: the arithmetic of whoever keeps results.

The lengths are ours: what changes with every deployment ages in days, what changes by a decision in weeks, what only a drill
shows in months; the more depends on a service, the sooner it is looked at again.
"""

from collections.abc import Mapping
from datetime import timedelta


def _days(*days: int) -> Mapping[int, timedelta]:
    """One number of days a tier, from tier 1 on."""
    return {tier: timedelta(days=count) for tier, count in enumerate(days, start=1)}


STATE = _days(1, 2, 7, 14)
"""What may be otherwise tomorrow: the age of a backup, the health of an endpoint, what is deployed."""
SETTING = _days(7, 14, 30, 60)
"""What somebody has to change: a setting, a policy, a quota."""
PROOF = _days(45, 90, 180, 180)
"""What was shown by doing it: drills, restores."""
