"""What the report over many services says: plain values, the same numbers as the portfolio's page. Not here: how it looks."""

from dataclasses import asdict, dataclass
from typing import Any

from assessments.portfolio import Cell, Portfolio, Wanted, portfolio_of
from portal.audit.log import database_now
from portal.people.models import User

SCHEMA = "bcdr-consolidated-report/1"


@dataclass(frozen=True)
class ConsolidatedCell:
    """One service or tier under one heading. `counts` is None where nobody has judged it."""

    heading: str
    worst: str
    counts: dict[str, int] | None


@dataclass(frozen=True)
class ConsolidatedTier:
    """The sums of one tier."""

    tier: int
    name: str
    services: int
    unassessed: int
    counts: dict[str, int]
    cells: tuple[ConsolidatedCell, ...]


@dataclass(frozen=True)
class ConsolidatedService:
    """One service; all of its open assessments are in `counts`."""

    slug: str
    name: str
    tier: int
    team: str
    owner: str
    is_assessed: bool
    counts: dict[str, int]
    cells: tuple[ConsolidatedCell, ...]


@dataclass(frozen=True)
class ConsolidatedReport:
    """The whole. `lens` is empty where all lenses stand side by side; `narrowed_by` says what left services out."""

    schema: str
    made_at: str
    lens: str
    narrowed_by: dict[str, Any]
    headings: tuple[str, ...]
    services_total: int
    unassessed: int
    counts: dict[str, int]
    tiers: tuple[ConsolidatedTier, ...]
    services: tuple[ConsolidatedService, ...]

    def told(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)


def consolidated_of(user: User, wanted: Wanted) -> ConsolidatedReport:
    """The report over the services of one's teams that fit."""
    found = portfolio_of(user, wanted)
    narrowed = {"team": wanted.team, "tier": wanted.tier, "text": wanted.text}
    return ConsolidatedReport(
        schema=SCHEMA,
        made_at=database_now().isoformat(timespec="seconds"),
        lens=found.lens.name if found.lens else "",
        narrowed_by={name: value for name, value in narrowed.items() if value},
        headings=tuple(heading.name for heading in found.headings),
        services_total=len(found.services),
        unassessed=found.unassessed,
        counts=found.counts,
        tiers=tuple(
            ConsolidatedTier(row.tier, row.name, row.services, row.unassessed, row.counts, _cells(found, row.cells))
            for row in found.tiers
        ),
        services=tuple(
            ConsolidatedService(
                row.slug, row.name, row.tier, row.team, row.owner, row.is_assessed, row.counts, _cells(found, row.cells)
            )
            for row in found.services
        ),
    )


def _cells(found: Portfolio, cells: tuple[Cell, ...]) -> tuple[ConsolidatedCell, ...]:
    return tuple(
        ConsolidatedCell(heading.name, cell.worst, dict(cell.counts) if cell.counts is not None else None)
        for heading, cell in zip(found.headings, cells, strict=True)
    )
