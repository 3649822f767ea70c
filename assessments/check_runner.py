"""Looks at services by automated checks: makes a run of every plan whose time has come, and carries runs to their end.

A run is claimed by a conditional update and continued check by check; each result is written under the fence of the claim. No
transaction is open while AWS is asked. Everything here only reads AWS, with the account's read-only role, so what a dead
worker left is done again. Not here: the checks (`assessments.checks`), Celery (`assessments.tasks`), asking for a run
(`assessments.operations.checks`).
"""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from assessments.checks.context import CheckUnavailable, Context, Hints, Promise, ServiceFacts
from assessments.checks.examination import Check, examine
from assessments.checks.reading import Answers
from assessments.checks.registry import CHECKS
from assessments.checks.results import Outcome, Result
from assessments.claiming import require_claim
from assessments.lease import DIED_TOO_OFTEN, FencedOut, Interrupted, Lease, claim, later
from assessments.models import CheckPlan, CheckResult, CheckRun, RunStatus
from assessments.proof_source import proof_source
from portal.audit.log import database_now
from portal.aws.caller import AwsCaller
from portal.aws.classification import ActionClass, classify
from portal.aws.errors import AwsError
from portal.aws.sessions import Role
from portal.catalogue.models import AwsAccount, Service

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""Longer than the slowest check with every call answered late; renewed with each result."""
# What reading an answer of an unforeseen shape raises; and UndeclaredCall, a mistake in a check.
_MISREAD = (LookupError, TypeError, ValueError, AttributeError, RuntimeError)


def begin_due() -> list[uuid.UUID]:
    """Make a run of every plan whose time has come, unless one is under way, and say when it is next."""
    begun = [_begin(plan) for plan in CheckPlan.objects.filter(wake_at__lte=Now()).select_related("account")[:50]]
    return [pk for pk in begun if pk is not None]


def _begin(plan: CheckPlan) -> uuid.UUID | None:
    """Whoever moves `wake_at` makes the run; missed times are not made up for."""
    with transaction.atomic():
        next_at = later(plan.interval or timedelta(days=1))
        if not CheckPlan.objects.filter(pk=plan.pk, wake_at__lte=Now()).update(wake_at=next_at):
            return None
        service = Service.objects.select_for_update(no_key=True).get(pk=plan.service_id)
        is_running = CheckRun.objects.unended().filter(service=service).exists()
        if service.is_retired or is_running:
            return None
        return CheckRun.objects.create(service=service, account=plan.account or only_account(service)).pk


def only_account(service: Service) -> AwsAccount | None:
    """The service's account where it has exactly one."""
    accounts = list(service.accounts.all()[:2])
    return accounts[0] if len(accounts) == 1 else None


def why_not_looked_at(service: Service, account: AwsAccount | None) -> str:
    """Why checks may not read this account for the service, and what to do; empty where they may.

    They act as a role that can only read, never with the portal's own credentials, which may belong to another account.
    """
    if account is None:
        if service.accounts.exists():
            return f"{service.name} lives in several AWS accounts. Choose in its plan which one checks read."
        return f"{service.name} has no AWS account. Add the account that its resources are in to the service."
    if not account.read_only_role_arn:
        return f"The AWS account {account.name} has no read-only role. Enter its ARN on the page of AWS accounts."
    return ""


def run_checks(pk: uuid.UUID) -> None:
    """Carry a run to its end, or give it back. Does nothing where it is not due: ended, or held by somebody alive."""
    lease = claim(CheckRun, pk, LEASE)
    if lease is None:
        return
    run = CheckRun.objects.select_related("service", "account").get(pk=pk)
    refusal = DIED_TOO_OFTEN if lease.is_deadly else why_not_looked_at(run.service, run.account)
    try:
        if refusal:
            lease.end(RunStatus.FAILED, refusal)
            return
        _look(lease, run)
        lease.end(RunStatus.SUCCESS)
    except Interrupted:
        lease.rest(timedelta(0))
    except FencedOut as stale:
        log.warning("%s; this one stops", stale)


def _look(lease: Lease, run: CheckRun) -> None:
    context, answers = context_of(run), Answers()
    seen = set(run.results.values_list("check_name", flat=True))
    for check in CHECKS.values():
        if check.name not in seen:
            require_claim()
            _keep(lease, run, _result(check, context, answers))


def _result(check: Check, context: Context, answers: Answers) -> Result:
    try:
        return examine(check, context, answers)
    except _MISREAD as error:
        log.exception("check %s of %s could not read what it got", check.name, context.service.slug)
        told = f"The check could not read what AWS answered ({type(error).__name__}: {error}). Report it with the portal's log."
        return Result(check.name, Outcome.UNAVAILABLE, told, {}, (), ())


def _keep(lease: Lease, run: CheckRun, result: Result) -> None:
    """Write a result under the fence and renew the lease. Raises `FencedOut`."""
    with transaction.atomic():
        lease.write()
        CheckResult.objects.create(
            run=run,
            service=run.service,
            check_name=result.check,
            outcome=result.outcome.value,
            is_conclusive=result.outcome in (Outcome.PASSED, Outcome.FAILED),
            sentence=result.sentence,
            facts=dict(result.facts),
            resources=[resource.described() for resource in result.resources],
            calls=[{"api": call.api, "region": call.region, "error": call.error} for call in result.calls],
        )


def context_of(run: CheckRun) -> Context:
    """All that the checks of a run may know, as it is now."""
    service, source = run.service, proof_source()
    objectives = {each.scope: Promise(each.rto, each.rpo) for each in service.objectives.all()}
    return Context(
        service=_facts(run),
        call_aws=_Door(run),
        now=database_now(),
        objectives=objectives,
        drills=source.drills_of(service),
        runbooks=source.runbooks_of(service),
    )


def _facts(run: CheckRun) -> ServiceFacts:
    service, plan = run.service, CheckPlan.objects.filter(service=run.service).first()
    names = {kind: tuple(listed) for kind, listed in plan.names.items()} if plan else {}
    return ServiceFacts(
        slug=service.slug,
        primary_region=service.primary_region,
        recovery_regions=tuple(service.recovery_regions),
        account_id=run.account.account_id if run.account else "",
        tier=service.tier,
        strategy=service.strategy,
        hints=Hints(plan.tag_key, plan.tag_value, names) if plan else Hints(),
    )


class _Door:
    """`Context.call_aws`: portal.aws as the account's read-only role, for calls that read; anything else is not sent."""

    def __init__(self, run: CheckRun) -> None:
        if run.account is None or not run.account.read_only_role_arn:
            raise ValueError(f"check run {run.pk} has no read-only role to act as")
        role = Role(run.account.read_only_role_arn, str(run.account.external_id), f"bcdr-checks-{run.pk}")
        self.caller = AwsCaller(run.service.primary_region, role)

    def __call__(self, service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        try:
            if classify(service, api, parameters) is not ActionClass.READ_ONLY:
                told = f"{service}:{api} may change something, so no check may call it. Report it as a mistake in the check."
                raise CheckUnavailable(told, code="NotReadOnly")
            return self.caller.call(service, api, parameters, region)
        except AwsError as error:
            raise CheckUnavailable(str(error), code=error.code) from error
