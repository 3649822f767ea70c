"""How fast the sandbox lives: every length of time in it passes through here.

Here: the time scale and the delays it shortens. Not here: clocks (callers use time.monotonic).
"""

from dataclasses import dataclass

CONNECT_TIMEOUT = 10.0
"""Seconds, unscaled, that a load balancer waits for a target's connection before it answers 504.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"""

EDGE_SAMPLING = 10.0
"""Seconds, unscaled, between two looks of Global Accelerator at a load balancer's health. AWS does not publish it."""

IDLE_TIMEOUT = 60.0
"""Seconds, unscaled, that a load balancer waits for a target's answer before it answers 504 (AWS's default)."""

SHORTEST_ANSWER = 2.0
"""Real seconds every HTTP exchange with a stand-in is given at least: computing does not get faster with the scale."""


@dataclass(frozen=True)
class Pace:
    """Delays in seconds before scaling; `time_scale` 0.1 makes ten seconds last one."""

    time_scale: float = 0.1
    replication_lag: float = 8.0
    transition_delay: float = 10.0

    def __post_init__(self) -> None:
        problems = []
        if not 0 < self.time_scale <= 10:
            problems.append(f"time scale is {self.time_scale}; it must be above 0 and at most 10")
        if self.replication_lag < 0:
            problems.append(f"replication lag is {self.replication_lag} s; it must not be negative")
        if self.transition_delay < 0:
            problems.append(f"transition delay is {self.transition_delay} s; it must not be negative")
        if problems:
            raise ValueError("; ".join(problems))

    def scaled(self, seconds: float) -> float:
        """Real seconds that `seconds` of AWS last here."""
        return seconds * self.time_scale

    @property
    def transition(self) -> float:
        """Real seconds a resource spends in CREATING, PENDING, IN_PROGRESS and the like."""
        return self.scaled(self.transition_delay)

    @property
    def lag(self) -> float:
        """Real seconds between an acknowledged write and its arrival in another Region."""
        return self.scaled(self.replication_lag)

    @property
    def propagation(self) -> float:
        """Real seconds until a changed dial or weight is known at the edge: half a transition."""
        return self.transition / 2

    @property
    def tick(self) -> float:
        """Real seconds between two passes of a reconciler: a second of AWS, within what a small machine can do."""
        return min(0.2, max(0.02, self.scaled(1.0)))
