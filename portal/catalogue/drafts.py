"""What somebody wants a service to be, before anything is decided: the one shape both doors hand to the operations.

Not here: what is allowed (`rules.py`) and how it is kept (`operations.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal.catalogue.durations import iso_duration
from portal.catalogue.models import AwsAccount, Scope, Service, Strategy, Tier
from portal.people.models import Team, User


@dataclass(frozen=True)
class ObjectiveDraft:
    """What is promised for one disruption scope."""

    scope: Scope
    rto: timedelta
    rpo: timedelta
    mtd: timedelta


@dataclass(frozen=True)
class DependencyDraft:
    """A service that this one needs."""

    provider: Service
    is_hard: bool = True
    note: str = ""


@dataclass(frozen=True)
class EntryUrlDraft:
    """A public address clients use. `region_header` names the Region that answered; empty where none does."""

    url: str
    name: str = "Public entry"
    expected_status: int = 200
    region_header: str = "X-Region"


@dataclass(frozen=True)
class KpiDraft:
    """A business indicator and the CloudWatch metric it is read from."""

    name: str
    namespace: str
    metric_name: str
    unit: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"


@dataclass(frozen=True)
class ServiceDraft:
    """A whole service with everything that belongs to it; what is left out is removed."""

    name: str
    team: Team
    owner: User
    primary_region: str
    description: str = ""
    deputy: User | None = None
    tier: Tier = Tier.IMPORTANT
    strategy: Strategy = Strategy.BACKUP_RESTORE
    recovery_regions: tuple[str, ...] = ()
    heartbeat_url: str = ""
    heartbeat_table: str = ""
    accounts: tuple[AwsAccount, ...] = ()
    objectives: tuple[ObjectiveDraft, ...] = ()
    dependencies: tuple[DependencyDraft, ...] = ()
    entry_urls: tuple[EntryUrlDraft, ...] = ()
    kpis: tuple[KpiDraft, ...] = ()

    def objective(self, scope: Scope) -> ObjectiveDraft | None:
        """What is promised for a scope, if anything."""
        return next((objective for objective in self.objectives if objective.scope == scope), None)


def draft_of(service: Service) -> ServiceDraft:
    """A service as it stands now; five queries where nothing was prefetched."""
    return ServiceDraft(
        name=service.name,
        team=service.team,
        owner=service.owner,
        primary_region=service.primary_region,
        description=service.description,
        deputy=service.deputy,
        tier=Tier(service.tier),
        strategy=Strategy(service.strategy),
        recovery_regions=tuple(service.recovery_regions),
        heartbeat_url=service.heartbeat_url,
        heartbeat_table=service.heartbeat_table,
        accounts=tuple(service.accounts.all()),
        objectives=tuple(
            ObjectiveDraft(Scope(row.scope), row.rto, row.rpo, row.mtd) for row in service.objectives.all()
        ),
        dependencies=tuple(
            DependencyDraft(row.provider, row.is_hard, row.note)
            for row in service.dependencies.select_related("provider").order_by("provider__name")
        ),
        entry_urls=tuple(
            EntryUrlDraft(row.url, row.name, row.expected_status, row.region_header) for row in service.entry_urls.all()
        ),
        kpis=tuple(
            KpiDraft(row.name, row.namespace, row.metric_name, row.unit, dict(row.dimensions), row.statistic)
            for row in service.kpis.all()
        ),
    )


def picture(draft: ServiceDraft) -> dict[str, Any]:
    """The draft as JSON for the audit log: one entry for each thing that can change, named as people name it."""
    shown: dict[str, Any] = {
        "name": draft.name,
        "description": draft.description,
        "team": draft.team.name,
        "owner": draft.owner.username,
        "deputy": draft.deputy.username if draft.deputy else None,
        "tier": draft.tier.label,
        "recovery strategy": draft.strategy.label,
        "primary Region": draft.primary_region,
        "recovery Regions": list(draft.recovery_regions),
        "heartbeat URL": draft.heartbeat_url,
        "heartbeat table": draft.heartbeat_table,
        "AWS accounts": sorted(str(account) for account in draft.accounts),
        "entry URLs": [
            {"name": entry.name, "url": entry.url, "status": entry.expected_status, "header": entry.region_header}
            for entry in draft.entry_urls
        ],
        "business KPIs": [
            {
                "name": kpi.name,
                "metric": f"{kpi.namespace} {kpi.metric_name} {kpi.statistic}",
                "unit": kpi.unit,
                "dimensions": dict(kpi.dimensions),
            }
            for kpi in draft.kpis
        ],
        "dependencies": sorted(
            f"{'hard' if need.is_hard else 'soft'}: {need.provider.name}" + (f" ({need.note})" if need.note else "")
            for need in draft.dependencies
        ),
    }
    for objective in sorted(draft.objectives, key=lambda each: each.scope):
        for word in ("rto", "rpo", "mtd"):
            shown[f"{objective.scope.label} {word.upper()}"] = iso_duration(getattr(objective, word))
    return shown


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What changed from one picture to another: {"tier": {"from": "Important", "to": "Critical"}}."""
    return {
        key: {"from": before.get(key), "to": after.get(key)}
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    }
