"""What a measurement returns: figures with their goals, and what it is given to measure with. No measuring here."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """One measured number. `how` says in a few words how it came about, or why `value` is None (not measured here)."""

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    direction: Literal["at most", "at least"] = "at most"
    how: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or without a value."""
        if self.value is None or self.goal is None:
            return None
        return self.value <= self.goal if self.direction == "at most" else self.value >= self.goal

    def as_json(self) -> dict[str, Any]:
        """Every field and `is_met`, the value rounded to four significant digits."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        return {**asdict(self), "value": value, "is_met": self.is_met}


@dataclass(frozen=True)
class Options:
    """What a part is measured with.

    `scale` shrinks every size (1.0: the sizes of the goals); `repetitions` is how often what is noisy is measured; `folder`
    is the run's own and goes away with it; `broker` is a broker's URL that nobody else uses, or empty.
    """

    scale: float
    repetitions: int
    folder: Path
    broker: str = ""

    def sized(self, full: int, least: int = 1) -> int:
        """A size, shrunk by the scale."""
        return max(least, round(full * self.scale))
