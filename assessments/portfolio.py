"""The portfolio: every service with its counted risks, by lens or by the pillars of one lens, worst first. A few queries for all.

It reads the tallies that are kept beside assessments. Not here: how a cell looks, and what one assessment says.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from assessments.improvement import WEIGHTS
from assessments.models import Assessment, Lens
from assessments.operations.shelf import lens_of, newest_published, results_for, visible_lenses
from assessments.operations.tally import tallied
from assessments.risk import Risk
from portal.catalogue.models import Service, Tier
from portal.catalogue.visible import visible_services
from portal.people.models import User
from portal.people.permissions import visible_teams

Counts = Mapping[str, int]
_SHOWN = (Risk.HIGH, Risk.MEDIUM, Risk.UNANSWERED, Risk.NONE)
_WORDS = {
    Risk.HIGH: "high",
    Risk.MEDIUM: "medium",
    Risk.UNANSWERED: "unanswered",
    Risk.NONE: "no risk",
    Risk.NOT_APPLICABLE: "not applicable",
}


@dataclass(frozen=True)
class Wanted:
    """What narrows the portfolio. `lens` is a slug, or empty for all; `tier` 0 is all."""

    lens: str = ""
    team: str = ""
    tier: int = 0
    text: str = ""
    is_worst_first: bool = False


@dataclass(frozen=True)
class Heading:
    """A column: a lens, or a pillar of the chosen lens."""

    key: str
    name: str


@dataclass(frozen=True)
class Cell:
    """The counts of one service under one heading. `counts` is None where nobody has judged it."""

    counts: Counts | None
    assessment: UUID | None = None

    @property
    def worst(self) -> str:
        """The worst risk there is, HIGH before MEDIUM before UNANSWERED before NONE; empty without an assessment."""
        if self.counts is None:
            return ""
        return next((risk.value for risk in _SHOWN if self.counts.get(risk.value)), Risk.NOT_APPLICABLE.value)

    @property
    def number(self) -> int | None:
        """How many questions have that risk."""
        return self.counts.get(self.worst) if self.counts is not None else None

    @property
    def look(self) -> str:
        """The worst risk, and for HIGH the share of questions that have it in quarters: `HIGH heat-share-2`."""
        if self.worst != Risk.HIGH or self.counts is None:
            return self.worst
        return f"HIGH heat-share-{-(-4 * self.counts[Risk.HIGH] // sum(self.counts.values()))}"

    @property
    def words(self) -> str:
        """`3 high`; empty without an assessment."""
        return f"{self.number} {_WORDS[Risk(self.worst)]}" if self.counts is not None else ""


@dataclass(frozen=True)
class ServiceRow:
    """One service with a cell under each heading, and the sum of them."""

    slug: str
    name: str
    tier: int
    team: str
    owner: str
    cells: tuple[Cell, ...]
    counts: dict[str, int]
    is_assessed: bool

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Smallest first: the heaviest risk, then most unanswered, then by name. Nothing known is not nothing wrong."""
        weight = sum(WEIGHTS.get(risk, 0) * self.counts[risk.value] for risk in Risk)
        unknown = self.counts[Risk.UNANSWERED.value] if self.is_assessed else 1_000_000
        return -weight, -self.counts[Risk.HIGH.value], -unknown, self.name.lower()


@dataclass(frozen=True)
class TierRow:
    """One tier: how many services, how many are not assessed, and the sums under each heading."""

    tier: int
    name: str
    services: int
    unassessed: int
    cells: tuple[Cell, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class Portfolio:
    """Everything that was asked for; `lens` is None where all lenses stand side by side."""

    lens: Lens | None
    headings: tuple[Heading, ...]
    tiers: tuple[TierRow, ...]
    services: tuple[ServiceRow, ...]
    counts: dict[str, int]

    @property
    def unassessed(self) -> int:
        return sum(not each.is_assessed for each in self.services)


def portfolio_of(user: User, wanted: Wanted) -> Portfolio:
    """The services in use of one's teams that fit. Six queries, however many services."""
    lens = visible_lenses(user).filter(slug=wanted.lens).first() if wanted.lens else None
    services = list(
        _services(user, wanted).values_list(
            "pk", "slug", "name", "tier", "team__name", "owner__first_name", "owner__last_name", "owner__username"
        )
    )
    tallies = _tallies(user, {service[0] for service in services}, lens)
    headings = _pillars(lens, tallies) if lens else _lenses(tallies)
    by_service: dict[int, dict[str, Cell]] = defaultdict(dict)
    for tally in tallies:
        by_service[tally["service"]].update(_cells(tally, is_by_pillar=lens is not None))
    rows = [_row(service, headings, by_service.get(service[0], {})) for service in services]
    rows.sort(key=lambda row: row.rank if wanted.is_worst_first else (row.tier, *row.rank))
    return Portfolio(lens, headings, _by_tier(rows, headings), tuple(rows), _sum(row.counts for row in rows))


def _services(user: User, wanted: Wanted) -> QuerySet[Service]:
    found = visible_services(user).filter(is_retired=False).order_by()
    if wanted.team:
        found = found.filter(team__slug=wanted.team)
    if wanted.tier:
        found = found.filter(tier=wanted.tier)
    for word in wanted.text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(team__name__icontains=word) | Q(owner__last_name__icontains=word)
        )
    return found


def _tallies(user: User, keys: Collection[int], lens: Lens | None) -> list[dict[str, Any]]:
    """The tallies of open assessments; one that was never counted is counted here, and not kept."""
    opened = Assessment.objects.filter(closed_at__isnull=True, service__team__in=visible_teams(user))
    if lens is not None:
        opened = opened.filter(lens=lens)
    columns = ("high", "medium", "unanswered", "none", "not_applicable")
    names = [f"tally__{column}" for column in (*columns, *(("pillars",) if lens else ()))]
    rows = opened.order_by().values_list("pk", "service_id", "lens__slug", "lens__name", "tally__pk", *names)
    found: list[dict[str, Any]] = []
    for pk, service, slug, name, tally, *counted in rows:
        if service in keys:
            told = {"pk": pk, "service": service, "lens": slug, "name": name}
            values = dict(zip((*columns, "pillars"), counted, strict=False)) if tally else _counted(pk)
            found.append({**told, **values})
    return found


def _counted(pk: UUID) -> dict[str, Any]:
    assessment = Assessment.objects.select_related("lens_version").defer("lens_version__text").get(pk=pk)
    return tallied(results_for(assessment))


def _pillars(lens: Lens, tallies: Iterable[Mapping[str, Any]]) -> tuple[Heading, ...]:
    """The pillars of the newest version, and those that only older versions have, by their ids."""
    version = newest_published(lens)
    names = {pillar.id: pillar.name for pillar in lens_of(version).pillars} if version else {}
    for tally in tallies:
        for pillar in tally["pillars"]:
            names.setdefault(pillar, pillar)
    return tuple(Heading(key, name) for key, name in names.items())


def _lenses(tallies: Iterable[Mapping[str, Any]]) -> tuple[Heading, ...]:
    names = {tally["lens"]: tally["name"] for tally in tallies}
    return tuple(Heading(slug, name) for slug, name in sorted(names.items(), key=lambda pair: pair[1].lower()))


def _cells(tally: Mapping[str, Any], *, is_by_pillar: bool) -> dict[str, Cell]:
    if is_by_pillar:
        return {pillar: Cell(counts, tally["pk"]) for pillar, counts in tally["pillars"].items()}
    return {tally["lens"]: Cell({risk.value: tally[risk.value.lower()] for risk in Risk}, tally["pk"])}


def _row(service: tuple[Any, ...], headings: tuple[Heading, ...], cells: Mapping[str, Cell]) -> ServiceRow:
    _, slug, name, tier, team, first, last, username = service
    shown = tuple(cells.get(heading.key, _NOBODY) for heading in headings)
    counts = _sum(cell.counts for cell in shown if cell.counts is not None)
    return ServiceRow(slug, name, tier, team, f"{first} {last}".strip() or username, shown, counts, bool(cells))


_NOBODY = Cell(None)


def _by_tier(rows: Iterable[ServiceRow], headings: tuple[Heading, ...]) -> tuple[TierRow, ...]:
    grouped: dict[int, list[ServiceRow]] = defaultdict(list)
    for row in rows:
        grouped[row.tier].append(row)
    found: list[TierRow] = []
    for tier, members in sorted(grouped.items()):
        cells = tuple(_joined([row.cells[place] for row in members]) for place in range(len(headings)))
        unassessed = sum(not row.is_assessed for row in members)
        counts = _sum(row.counts for row in members)
        found.append(TierRow(tier, Tier(tier).label, len(members), unassessed, cells, counts))
    return tuple(found)


def _joined(cells: list[Cell]) -> Cell:
    known = [cell.counts for cell in cells if cell.counts is not None]
    return Cell(_sum(known)) if known else _NOBODY


def _sum(counts: Iterable[Counts]) -> dict[str, int]:
    total = {risk.value: 0 for risk in Risk}
    for each in counts:
        for risk, number in each.items():
            total[risk] += number
    return total
