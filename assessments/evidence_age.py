"""How much an answer is worth as a proof: what speaks for or against it, how old that is, and what it adds up to.

Pure. Not here: where proofs come from (rows of checks, drills of the other half) and what people answered. Nothing here
changes an answer or its risk: an answer is flagged, never overruled.

A proof loses half of its worth in its half-life, which is shorter for higher tiers. Until then it proves, afterwards it is stale.
What speaks against an answer never grows old: it counts until something newer of the same name speaks for it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# SOC 2 A1.3, DORA Art. 24.6 and ISO 22301 8.5 ask for a test at least yearly; what many depend on changes faster than that.
DRILL_HALF_LIVES = {1: timedelta(days=90), 2: timedelta(days=180), 3: timedelta(days=365), 4: timedelta(days=365)}


class Standing(StrEnum):
    """What an answer rests on, the best last."""

    CONTRADICTED = "contradicted"
    CLAIMED = "claimed"
    STALE = "stale"
    PROVED = "proved"


_WORST_FIRST = tuple(Standing)


@dataclass(frozen=True)
class Proof:
    """One thing that speaks for (`is_met`) or against an answer: a check's result or a drill's verdict.

    `name` is the check's or the drill's id; of proofs with one name only the newest counts.
    """

    kind: str
    name: str
    title: str
    says: str
    at: datetime
    half_life: timedelta
    is_met: bool

    def worth(self, now: datetime) -> float:
        """1 when it was made, 0.5 after its half-life; never 0. A proof from the future is worth 1."""
        return float(0.5 ** (max(now - self.at, timedelta(0)) / self.half_life))

    def percent(self, now: datetime) -> int:
        """The worth in whole percent, for people."""
        return round(100 * self.worth(now))

    def standing(self, now: datetime) -> Standing:
        if not self.is_met:
            return Standing.CONTRADICTED
        return Standing.PROVED if now - self.at <= self.half_life else Standing.STALE


@dataclass(frozen=True)
class ChoiceStanding:
    """One chosen choice: its standing, what was seen, and the bound checks that never came to a result (`missing`)."""

    choice_id: str
    standing: Standing
    proofs: tuple[Proof, ...] = ()
    missing: tuple[str, ...] = ()
    is_bound: bool = False


@dataclass(frozen=True)
class AnswerStanding:
    """One answered question: the worst of what can be proved about it. Choices without a check only count when nothing else can.

    `drills` are those that people named as evidence of the answer.
    """

    standing: Standing
    choices: Mapping[str, ChoiceStanding]
    drills: tuple[Proof, ...] = ()

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """Everything that was seen, each once."""
        found = [proof for choice in self.choices.values() for proof in choice.proofs]
        return tuple(dict.fromkeys([*found, *self.drills]))


def worst(standings: Iterable[Standing]) -> Standing:
    """The worst of several; nothing at all is a claim."""
    return min(standings, key=_WORST_FIRST.index, default=Standing.CLAIMED)


def choice_standing(
    choice_id: str, checks: Collection[str], newest: Mapping[str, Proof], now: datetime
) -> ChoiceStanding:
    """What the checks bound to a chosen choice say of it. `newest` holds, by check, the newest result that says anything.

    Proved needs every bound check to have spoken: a check that never came to a result leaves a claim.
    """
    proofs = tuple(newest[name] for name in checks if name in newest)
    missing = tuple(name for name in checks if name not in newest)
    standings = [proof.standing(now) for proof in proofs] + [Standing.CLAIMED for _ in missing]
    return ChoiceStanding(choice_id, worst(standings), proofs, missing, is_bound=bool(checks))


def answer_standing(choices: Iterable[ChoiceStanding], drills: Collection[Proof], now: datetime) -> AnswerStanding:
    """What the chosen choices of one answer and the drills named for it add up to."""
    by_id = {choice.choice_id: choice for choice in choices}
    standings = [choice.standing for choice in by_id.values() if choice.is_bound]
    standings += [drill.standing(now) for drill in drills]
    return AnswerStanding(worst(standings), by_id, tuple(drills))


def counts_of(standings: Iterable[Standing]) -> dict[Standing, int]:
    """How many there are of each; every standing is a key, the worst first."""
    found = list(standings)
    return {standing: found.count(standing) for standing in Standing}


def drill_half_life(tier: int) -> timedelta:
    """For a tier nobody knows, the longest."""
    return DRILL_HALF_LIVES.get(tier, max(DRILL_HALF_LIVES.values()))
