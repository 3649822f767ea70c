"""The sample catalogue (`sample.json`) as drafts. The sandbox imports nothing of the product but this data.

`manage.py seed_demo` gives the drafts to the same operations people use, so that the sample obeys every rule.
"""

import json
from pathlib import Path
from typing import Any

from portal.catalogue.drafts import DependencyDraft, EntryUrlDraft, KpiDraft, ObjectiveDraft, ServiceDraft
from portal.catalogue.durations import parse_duration
from portal.catalogue.models import AwsAccount, Scope, Service, Strategy, Tier
from portal.people.models import Team, User

SAMPLE: dict[str, Any] = json.loads(Path(__file__).with_name("sample.json").read_text())
HEARTBEAT_TABLE = "mysfits-heartbeats"


def sample_account(team: Team) -> AwsAccount:
    """The account of the sandbox, not saved: executions act with the portal's own credentials, checks as a role that reads."""
    return AwsAccount(team=team, **SAMPLE["account"])


def sample_draft(told: dict[str, Any], *, team: Team, account: AwsAccount, entry: str) -> ServiceDraft:
    """One service of the sample. `entry` is the address of the sandbox's gateway, ending in a slash.

    The people and providers it names must be in the database already.
    """
    watched = bool(told.get("has_entry"))
    return ServiceDraft(
        name=told["name"],
        description=told["description"],
        team=team,
        owner=User.objects.get(username=told["owner"]),
        deputy=User.objects.filter(username=told.get("deputy", "")).first(),
        tier=Tier(told["tier"]),
        strategy=Strategy(told["strategy"]),
        primary_region=told["primary_region"],
        recovery_regions=tuple(told["recovery_regions"]),
        accounts=(account,),
        heartbeat_url=f"{entry}heartbeats" if watched else "",
        heartbeat_table=HEARTBEAT_TABLE if watched else "",
        entry_urls=(EntryUrlDraft(entry),) if watched else (),
        objectives=tuple(
            ObjectiveDraft(Scope(scope), *(parse_duration(lengths[word]) for word in ("rto", "rpo", "mtd")))
            for scope, lengths in told["objectives"].items()
        ),
        dependencies=tuple(
            DependencyDraft(Service.objects.get(name=need["provider"]), need["is_hard"], need["note"])
            for need in told.get("dependencies", [])
        ),
        kpis=tuple(KpiDraft(**kpi) for kpi in told.get("kpis", [])),
    )
