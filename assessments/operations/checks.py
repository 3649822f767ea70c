"""What people may do with automated checks: look at a service now, say how often and at which resources.

Not here: the looking (`assessments.check_runner`) and what results are worth (`assessments.evidence_age`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments import tasks
from assessments.check_runner import only_account, why_not_looked_at
from assessments.checks.context import TAG_KEY
from assessments.checks.resources import KINDS
from assessments.models import CheckPlan, CheckRun
from assessments.operations.texts import text_problems
from portal.audit.log import database_now, record
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.people.permissions import Act, require

SHORTEST = timedelta(hours=1)
LONGEST = timedelta(days=90)
MOST_NAMES = 50
_NAME = 300


@dataclass(frozen=True)
class CheckPlanDraft:
    """What somebody wants a plan to be, whole. `interval` None: on demand only. `names` as in `checks.context.Hints`."""

    account: AwsAccount | None = None
    interval: timedelta | None = None
    tag_key: str = TAG_KEY
    tag_value: str = ""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@transaction.atomic
def start_check_run(*, user: User, service: Service) -> CheckRun:
    """Have a service looked at now. While a run is under way, that one is answered.

    ValidationError where the service is retired, or where no read-only role of one of its accounts can be chosen.
    """
    require(user, Act.EDIT_SERVICE, service.team)
    service = Service.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=service.pk)
    if service.is_retired:
        raise ValidationError(f"{service.name} is retired. Only services in use are looked at.")
    running = CheckRun.objects.unended().filter(service=service).first()
    if running is not None:
        return running
    plan = plan_of(service)
    account = plan.account or only_account(service)
    refusal = why_not_looked_at(service, account)
    if refusal:
        raise ValidationError(refusal)
    run = CheckRun.objects.create(service=service, account=account, requested_by=user)
    detail = {"account": str(account), "run": str(run.pk)}
    record(chain_of(service), "started the checks of", service.name, actor=user, detail=detail, team=service.team)
    transaction.on_commit(lambda: tasks.wake(tasks.run_checks, run.pk))
    return run


@transaction.atomic
def save_check_plan(*, user: User, service: Service, draft: CheckPlanDraft) -> CheckPlan:
    """Say how a service is looked at. A repeating plan that changes begins at once. ValidationError by field."""
    require(user, Act.EDIT_SERVICE, service.team)
    service = Service.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=service.pk)
    _refuse(draft, service)
    plan = plan_of(service)
    before, after = told(draft_of(plan)), told(draft)
    if plan.pk is not None and before == after:
        return plan
    now = database_now()
    plan.account, plan.interval = draft.account, draft.interval
    plan.tag_key, plan.tag_value = draft.tag_key.strip(), draft.tag_value.strip()
    plan.names = {kind: list(names) for kind, names in draft.names.items() if names}
    plan.wake_at = now if draft.interval else None
    plan.changed_by, plan.changed_at = user, now
    plan.save()
    changed = {name: {"from": before[name], "to": said} for name, said in after.items() if before[name] != said}
    detail = {"changed": changed}
    record(chain_of(service), "planned the checks of", service.name, actor=user, detail=detail, team=service.team)
    return plan


def plan_of(service: Service) -> CheckPlan:
    """The plan of a service; an unsaved one that says "on demand, by tag" where nobody made one."""
    found = CheckPlan.objects.select_related("account").filter(service=service).first()
    return found or CheckPlan(service=service, tag_key=TAG_KEY)


def draft_of(plan: CheckPlan) -> CheckPlanDraft:
    """A plan as a draft."""
    names = {kind: tuple(listed) for kind, listed in plan.names.items()}
    return CheckPlanDraft(plan.account, plan.interval, plan.tag_key, plan.tag_value, names)


def chain_of(service: Service) -> str:
    """The chain of the audit log that tells how a service was looked at."""
    return f"checks:{service.slug}"


def told(draft: CheckPlanDraft) -> dict[str, str]:
    """A draft in words, field by field."""
    names = "; ".join(f"{kind}: {', '.join(listed)}" for kind, listed in sorted(draft.names.items()) if listed)
    return {
        "account": str(draft.account) if draft.account else "the service's only one",
        "how often": f"every {draft.interval.total_seconds() / 3600:g} h" if draft.interval else "on demand",
        "tag": f"{draft.tag_key.strip()}={draft.tag_value.strip() or 'the service’s slug'}",
        "names": names or "none",
    }


def _refuse(draft: CheckPlanDraft, service: Service) -> None:
    problems: dict[str, list[str]] = {}
    if draft.account and not service.accounts.filter(pk=draft.account.pk).exists():
        problems["account"] = [f"{draft.account} is no account of {service.name}. Choose one of its own."]
    if draft.interval is not None and not SHORTEST <= draft.interval <= LONGEST:
        problems["interval"] = ["Look every hour at the most often, every 90 days at the least."]
    if not draft.tag_key.strip():
        problems["tag_key"] = [f"The tag's key is missing. Write the one your resources carry, for example {TAG_KEY}."]
    unknown = sorted(set(draft.names) - set(KINDS))
    found = [f"{kind} is no kind of resource. Use {', '.join(sorted(KINDS))}." for kind in unknown]
    for kind, names in draft.names.items():
        if len(names) > MOST_NAMES:
            found.append(f"{kind} has {len(names)} names; {MOST_NAMES} are looked for. Tag the resources instead.")
        for name in names:
            found += text_problems(name, f"A name of {kind}", _NAME)
    if found:
        problems["names"] = found
    if problems:
        raise ValidationError(problems)
