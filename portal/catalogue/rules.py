"""What makes a service or an account acceptable. All problems come together, each naming its field.

Pure decisions over a draft and what stands around it; loading that is `surroundings.py`. A problem's field is the API's
path: "name", "objectives.region.rto", "dependencies.0", "entry_urls.1.url". Not here: who may do it (`operations.py`).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from portal.catalogue.addresses import address_problem
from portal.catalogue.dependencies import cycle_through
from portal.catalogue.drafts import EntryUrlDraft, KpiDraft, ObjectiveDraft, ServiceDraft
from portal.catalogue.durations import spoken_duration
from portal.catalogue.models import AwsAccount, Scope, Strategy, Tier
from portal.catalogue.regions import REGIONS

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
_STATISTIC = re.compile(r"Sum|Average|Minimum|Maximum|SampleCount|IQM|p(100|\d{1,2}(\.\d{1,10})?)|tm\d{1,2}(\.\d+)?")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_DIMENSIONS = 30  # of one metric, see the page on statistics


class Problem(NamedTuple):
    """Where something is wrong and what to do about it."""

    field: str
    message: str


@dataclass(frozen=True)
class Standing:
    """What another service promises."""

    name: str
    tier: Tier
    objectives: Mapping[Scope, ObjectiveDraft]


@dataclass(frozen=True)
class Surroundings:
    """What stands around the service being judged.

    `needs` holds the hard dependencies of all services by primary key; `key` is this service's own, None before it has
    one. `consumers` depend on it hard. `members` are the active people of its team.
    """

    key: int | None = None
    names: Mapping[int, str] = field(default_factory=dict)
    needs: Mapping[int, Sequence[int]] = field(default_factory=dict)
    providers: Mapping[int, Standing] = field(default_factory=dict)
    consumers: Sequence[Standing] = ()
    members: Collection[int] = ()
    allowed_hosts: Collection[str] = ()


def problems_of(draft: ServiceDraft, around: Surroundings) -> list[Problem]:
    """Everything that is wrong with a service, in the order of the form."""
    return [
        *_people(draft, around),
        *_regions(draft),
        *_accounts(draft),
        *_objectives(draft),
        *_needs(draft, around),
        *_needed_by(draft, around),
        *_entries(draft.entry_urls, around.allowed_hosts),
        *_heartbeats(draft, around.allowed_hosts),
        *_kpis(draft.kpis),
    ]


def _people(draft: ServiceDraft, around: Surroundings) -> Iterator[Problem]:
    for word, person in (("owner", draft.owner), ("deputy", draft.deputy)):
        if person is not None and person.pk not in around.members:
            yield Problem(
                word,
                f"{person.shown_name} is no active member of {draft.team}. Choose a member or add the person there.",
            )
    if draft.deputy is not None and draft.deputy == draft.owner:
        yield Problem("deputy", f"{draft.deputy.shown_name} is the owner already. A deputy stands in for the owner.")


def _regions(draft: ServiceDraft) -> Iterator[Problem]:
    primary = REGIONS.get(draft.primary_region)
    if primary is None:
        yield Problem("primary_region", _no_region(draft.primary_region))
    for number, code in enumerate(draft.recovery_regions):
        region = REGIONS.get(code)
        if region is None:
            yield Problem("recovery_regions", _no_region(code))
        elif code == draft.primary_region:
            yield Problem("recovery_regions", f"{code} is the primary Region; recovering there survives no loss of it.")
        elif primary is not None and region.partition != primary.partition:
            yield Problem(
                "recovery_regions",
                f"{code} is in the partition {region.partition}, the primary Region {primary.code} in "
                f"{primary.partition}: nothing replicates between them.",
            )
        if code in draft.recovery_regions[:number]:
            yield Problem("recovery_regions", f"{code} is named twice.")
    if draft.recovery_regions:
        return
    if draft.strategy != Strategy.BACKUP_RESTORE:
        yield Problem(
            "recovery_regions", f"The strategy {draft.strategy.label.lower()} needs a recovery Region; none is named."
        )
    if draft.objective(Scope.REGION):
        yield Problem("recovery_regions", "There is an objective for the loss of a Region but no recovery Region.")


def _no_region(code: str) -> str:
    return f"There is no Region “{code}”. Use a code like us-west-2 or eu-central-1."


def _accounts(draft: ServiceDraft) -> Iterator[Problem]:
    for account in draft.accounts:
        if account.team_id != draft.team.pk:
            yield Problem("accounts", f"{account} belongs to another team than {draft.team}. Use the team's own.")


def _objectives(draft: ServiceDraft) -> Iterator[Problem]:
    for number, objective in enumerate(draft.objectives):
        path = f"objectives.{objective.scope}"
        if any(objective.scope == earlier.scope for earlier in draft.objectives[:number]):
            yield Problem(path, f"There are two objectives for the scope {objective.scope.label}. Keep one.")
        if objective.rto.total_seconds() <= 0:
            yield Problem(f"{path}.rto", "An RTO of 0 s cannot be met: recovery takes time. Name a length above 0.")
        if objective.rpo.total_seconds() < 0:
            yield Problem(f"{path}.rpo", "An RPO below 0 means nothing. 0 s says that no data may be lost.")
        if objective.rto > objective.mtd:
            yield Problem(
                f"{path}.rto",
                f"RTO {spoken_duration(objective.rto)} is above MTD {spoken_duration(objective.mtd)} for the scope "
                f"{objective.scope.label}: lower the RTO or raise the MTD.",
            )


def _needs(draft: ServiceDraft, around: Surroundings) -> Iterator[Problem]:
    hard: list[int] = []
    seen: set[int] = set()
    for number, need in enumerate(draft.dependencies):
        path, provider = f"dependencies.{number}", need.provider
        if provider.pk in seen:
            yield Problem(path, f"{provider.name} is named twice. Keep one of the two dependencies.")
            continue
        seen.add(provider.pk)
        if provider.pk == around.key:
            yield Problem(path, f"{draft.name} cannot depend on itself.")
            continue
        if provider.is_retired:
            yield Problem(path, f"{provider.name} is retired. Remove the dependency or name its successor.")
        if need.is_hard:
            hard.append(provider.pk)
            own = Standing(draft.name, draft.tier, {each.scope: each for each in draft.objectives})
            for message in _weaknesses(own, around.providers[provider.pk]):
                yield Problem(path, message)
    yield from _cycles(draft, hard, around)


def _cycles(draft: ServiceDraft, hard: Sequence[int], around: Surroundings) -> Iterator[Problem]:
    if around.key is None:
        return  # nobody can depend on a service that is not there yet
    for number, need in enumerate(draft.dependencies):
        if need.provider.pk not in hard or need.provider.pk == around.key:
            continue
        way = cycle_through(around.key, {**around.needs, around.key: [need.provider.pk]})
        if way:
            names = {**around.names, around.key: draft.name}
            yield Problem(
                f"dependencies.{number}",
                "A cycle of hard dependencies: "
                + " → ".join(names[key] for key in way)
                + ". None of them could be recovered first; make one of them soft or remove it.",
            )


def _weaknesses(consumer: Standing, provider: Standing) -> Iterator[str]:
    """Why a hard dependency promises less than its consumer: a chain is as strong as its weakest link."""
    if provider.tier > consumer.tier:
        yield (
            f"{consumer.name} has tier {consumer.tier.value}, its hard dependency {provider.name} only tier "
            f"{provider.tier.value}: raise the tier of {provider.name} or make the dependency soft."
        )
    for scope, wanted in consumer.objectives.items():
        offered = provider.objectives.get(scope)
        if offered is None:
            yield (
                f"{consumer.name} promises RTO {spoken_duration(wanted.rto)} for the scope {scope.label}, its hard "
                f"dependency {provider.name} promises nothing there: give it an objective or make the dependency soft."
            )
            continue
        for word in ("rto", "rpo"):
            ours, theirs = getattr(wanted, word), getattr(offered, word)
            if theirs > ours:
                yield (
                    f"{word.upper()} {spoken_duration(theirs)} of the hard dependency {provider.name} is weaker than "
                    f"{word.upper()} {spoken_duration(ours)} of {consumer.name} for the scope {scope.label}: change "
                    "one of the two or make the dependency soft."
                )


def _needed_by(draft: ServiceDraft, around: Surroundings) -> Iterator[Problem]:
    own = Standing(draft.name, draft.tier, {each.scope: each for each in draft.objectives})
    for consumer in around.consumers:
        for message in _weaknesses(consumer, own):
            yield Problem("consumers", message)


def _entries(entries: Sequence[EntryUrlDraft], allowed_hosts: Collection[str]) -> Iterator[Problem]:
    for number, entry in enumerate(entries):
        path = f"entry_urls.{number}"
        yield from _address(f"{path}.url", entry.url, 500, allowed_hosts)
        if any(entry.url == earlier.url for earlier in entries[:number]):
            yield Problem(f"{path}.url", f"{entry.url} is named twice.")
        if not 100 <= entry.expected_status <= 599:
            yield Problem(f"{path}.expected_status", f"{entry.expected_status} is no HTTP status; they are 100 to 599.")
        if entry.region_header and not _HEADER.fullmatch(entry.region_header):
            yield Problem(f"{path}.region_header", f"“{entry.region_header}” is no header's name, like X-Region.")


def _address(path: str, url: str, longest: int, allowed_hosts: Collection[str]) -> Iterator[Problem]:
    if len(url) > longest:
        yield Problem(path, f"The address has {len(url)} characters; at most {longest} are kept.")
    elif message := address_problem(url, allowed_hosts):
        yield Problem(path, message)


def _heartbeats(draft: ServiceDraft, allowed_hosts: Collection[str]) -> Iterator[Problem]:
    if draft.heartbeat_url:
        yield from _address("heartbeat_url", draft.heartbeat_url, 200, allowed_hosts)
    if draft.heartbeat_table and not _TABLE_NAME.fullmatch(draft.heartbeat_table):
        yield Problem(
            "heartbeat_table",
            f"“{draft.heartbeat_table}” is not a table's name: 3 to 255 of letters, digits, dot, dash and underscore.",
        )
    if bool(draft.heartbeat_url) != bool(draft.heartbeat_table):
        missing, given = ("table", "URL") if draft.heartbeat_url else ("URL", "table")
        yield Problem(
            f"heartbeat_{missing.lower()}",
            f"There is a heartbeat {given} but no heartbeat {missing}: RPO is measured with both or not at all.",
        )


def _kpis(kpis: Sequence[KpiDraft]) -> Iterator[Problem]:
    for number, kpi in enumerate(kpis):
        path = f"kpis.{number}"
        if any(kpi.name == earlier.name for earlier in kpis[:number]):
            yield Problem(f"{path}.name", f"Two KPIs are called {kpi.name}.")
        if not _STATISTIC.fullmatch(kpi.statistic):
            yield Problem(
                f"{path}.statistic",
                f"“{kpi.statistic}” is no statistic of CloudWatch. Use Sum, Average, Minimum, Maximum or p99.",
            )
        if len(kpi.dimensions) > _DIMENSIONS:
            yield Problem(
                f"{path}.dimensions", f"{len(kpi.dimensions)} dimensions are too many: at most {_DIMENSIONS}."
            )
        for name, value in kpi.dimensions.items():
            if not name.strip() or not value.strip():
                yield Problem(f"{path}.dimensions", f"“{name}={value}” needs a name and a value.")


def account_problems(account: AwsAccount) -> list[Problem]:
    """What is wrong with an account beyond the form of its fields."""
    found: list[Problem] = []
    for name, arn in (("role_arn", account.role_arn), ("read_only_role_arn", account.read_only_role_arn)):
        in_role = arn.split(":")[4] if arn else account.account_id
        if in_role != account.account_id:
            told = f"The role is in account {in_role}, the account id is {account.account_id}. They must agree."
            found.append(Problem(name, told))
    if account.role_arn and account.role_arn == account.read_only_role_arn:
        told = "Executions may change things with this role. Give checks one of their own that only reads."
        found.append(Problem("read_only_role_arn", told))
    return found
