"""What people may do to the catalogue: create, change and retire services, save accounts. Both doors call these.

Each is one transaction with its permission, its rules and its audit event. Refusals are `PermissionDenied` or a
`ValidationError` whose keys are the fields of the API. Not here: the rules themselves (`rules.py`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from portal.audit import log
from portal.audit.models import Event
from portal.catalogue.drafts import ServiceDraft, differences, draft_of, picture
from portal.catalogue.models import AwsAccount, Dependency, EntryUrl, Kpi, Objective, Service
from portal.catalogue.rules import Problem, account_problems, problems_of
from portal.catalogue.surroundings import around
from portal.people.models import User
from portal.people.permissions import Act, require

_RESERVED_SLUGS = {"new", "edit", "accounts"}
_SLUG_LENGTH = 50


@transaction.atomic
def create_service(*, user: User, draft: ServiceDraft) -> Service:
    """Add a service to the catalogue. Its slug comes from its name and stays when the name changes."""
    require(user, Act.EDIT_SERVICE, draft.team)
    _one_editor_at_a_time()
    service = Service(slug=slugify(draft.name)[:_SLUG_LENGTH].strip("-"))
    _refuse([*_slug_problems(service.slug, draft.name), *problems_of(draft, around(draft, None))], service, draft)
    service.save(force_insert=True)
    _write_parts(service, draft)
    log.record(_chain(service), "created", service.name, actor=user, detail=picture(draft), team=service.team)
    return service


@transaction.atomic
def change_service(*, user: User, service: Service, draft: ServiceDraft, base: datetime) -> Service:
    """Make a service what the draft says.

    `base` is the `changed_at` the editor began from: when somebody saved meanwhile, the change is refused with code
    "stale" and says who changed what. A draft equal to what is there writes nothing.
    """
    _one_editor_at_a_time()
    service = Service.objects.select_related("team", "owner", "deputy").get(pk=service.pk)
    for team in {service.team, draft.team}:
        require(user, Act.EDIT_SERVICE, team)
    _refuse_retired(service)
    if service.changed_at != base:
        raise ValidationError(_meanwhile(service, base), code="stale")
    before = picture(draft_of(service))
    _refuse(problems_of(draft, around(draft, service)), service, draft)
    changed = differences(before, picture(draft))
    if not changed:
        return service
    service.save(force_update=True)
    _write_parts(service, draft)
    detail = {"changed": changed, "began_from": base.isoformat()}
    log.record(_chain(service), "changed", service.name, actor=user, detail=detail, team=service.team)
    return service


@transaction.atomic
def retire_service(*, user: User, service: Service, reason: str) -> Service:
    """Take a service out of use; its history stays. Refused while another service depends hard on it."""
    _one_editor_at_a_time()
    service = Service.objects.select_related("team").get(pk=service.pk)
    require(user, Act.EDIT_SERVICE, service.team)
    _refuse_retired(service)
    problems: dict[str, list[str]] = {}
    if not reason.strip():
        problems["reason"] = ["Say why it is retired; the audit log keeps it."]
    consumers = Dependency.objects.filter(provider=service, is_hard=True, consumer__is_retired=False)
    names = sorted(consumers.values_list("consumer__name", flat=True))
    if names:
        problems["__all__"] = [
            f"{', '.join(names)} cannot do without {service.name}. Remove those hard dependencies first."
        ]
    if problems:
        raise ValidationError(problems)
    service.is_retired = True
    service.save(update_fields=["is_retired", "changed_at"])
    log.record(
        _chain(service), "retired", service.name, actor=user, detail={"reason": reason.strip()}, team=service.team
    )
    return service


@transaction.atomic
def save_account(*, user: User, account: AwsAccount) -> AwsAccount:
    """Add or change an AWS account. The external id is made by the portal and never changes."""
    before = AwsAccount.objects.select_related("team").filter(pk=account.pk).select_for_update(of=("self",)).first()
    for team in {account.team, before.team if before else account.team}:
        require(user, Act.EDIT_ACCOUNT, team)
    problems = _field_problems(account, exclude={"team"})
    _raise([*problems, *(() if problems else account_problems(account)), *_account_in_use(before, account)])
    if before is not None:
        account.external_id = before.external_id
    account.save()
    changed = differences(_account_picture(before) if before else {}, _account_picture(account))
    if changed:
        verb = "changed" if before else "created"
        log.record(
            f"account:{account.pk}", verb, str(account), actor=user, detail={"changed": changed}, team=account.team
        )
    return account


def _account_in_use(before: AwsAccount | None, account: AwsAccount) -> Iterable[Problem]:
    if before is None or before.team_id == account.team_id:
        return
    names = sorted(before.services.filter(is_retired=False).values_list("name", flat=True))
    if names:
        yield Problem(
            "team", f"{', '.join(names)} of {before.team} use this account. Take it off them before it moves."
        )


def _account_picture(account: AwsAccount) -> dict[str, Any]:
    return {
        "name": account.name,
        "team": account.team.name,
        "account id": account.account_id,
        "role ARN": account.role_arn,
        "read-only role ARN": account.read_only_role_arn,
        "is production": account.is_production,
    }


def _chain(service: Service) -> str:
    return f"service:{service.slug}"


def _one_editor_at_a_time() -> None:
    """Rules compare services with each other: two edits at once could each be right and together make a cycle.

    Nobody else may lock a service's row until this transaction ends; executions that only refer to one go on.
    """
    list(Service.objects.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _refuse_retired(service: Service) -> None:
    if service.is_retired:
        raise ValidationError(f"{service.name} is retired. Its entry is kept for the record and no longer changes.")


def _meanwhile(service: Service, base: datetime) -> str:
    """Who changed what since the editor began: every change says in the log from which state it began."""
    changes = Event.objects.filter(chain=_chain(service), verb="changed").select_related("actor").order_by("sequence")
    told = [
        f"{event.actor.shown_name if event.actor else 'Somebody'} changed {', '.join(event.detail['changed'])} "
        f"at {event.at:%H:%M:%S} UTC"
        for event in changes
        if datetime.fromisoformat(event.detail["began_from"]) >= base
    ]
    return (
        f"{service.name} changed while you were editing: {'; '.join(told) or 'somebody saved it'}. Nothing of yours is "
        "lost. Compare, then save again to keep what the form shows now."
    )


def _slug_problems(slug: str, name: str) -> Iterable[Problem]:
    if not slug or slug in _RESERVED_SLUGS:
        yield Problem(
            "name", f"No address can be made from “{name}”. Use at least one letter a-z or digit, and not “new”."
        )
    elif (other := Service.objects.filter(slug=slug).first()) and other.name != name:
        yield Problem(
            "name", f"The address /services/{slug}/ is taken by {other.name}. Choose a name that differs more."
        )


def _field_problems(row: AwsAccount | Service | Any, exclude: set[str]) -> list[Problem]:
    """What the columns themselves refuse: empty, too long, not unique, not matching."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        return [Problem(field, message) for field, messages in error.message_dict.items() for message in messages]
    return []


def _refuse(problems: Iterable[Problem], service: Service, draft: ServiceDraft) -> None:
    """Put the draft's columns into the row and raise every problem of columns, parts and rules at once."""
    for name in (
        "name",
        "description",
        "team",
        "owner",
        "deputy",
        "primary_region",
        "heartbeat_url",
        "heartbeat_table",
    ):
        setattr(service, name, getattr(draft, name))
    service.tier, service.strategy = draft.tier, draft.strategy
    service.recovery_regions = list(draft.recovery_regions)
    own = _field_problems(service, exclude={"slug", "team", "owner", "deputy", "heartbeat_url"})
    parts: list[Problem] = []
    for path, rows in (("entry_urls", _entry_rows(service, draft)), ("kpis", _kpi_rows(service, draft))):
        for number, row in enumerate(rows):
            found = _field_problems(row, exclude={"service", "url", "dimensions"})
            parts += [Problem(f"{path}.{number}.{problem.field}", problem.message) for problem in found]
    for number, row in enumerate(_dependency_rows(service, draft)):
        found = _field_problems(row, exclude={"consumer", "provider"})
        parts += [Problem(f"dependencies.{number}.{problem.field}", problem.message) for problem in found]
    _raise([*own, *parts, *problems])


def _raise(problems: Iterable[Problem]) -> None:
    found: dict[str, list[str]] = {}
    for problem in problems:
        messages = found.setdefault(problem.field, [])
        if problem.message not in messages:
            messages.append(problem.message)
    if found:
        raise ValidationError(found)


def _entry_rows(service: Service, draft: ServiceDraft) -> list[EntryUrl]:
    return [
        EntryUrl(
            service=service,
            name=entry.name,
            url=entry.url,
            expected_status=entry.expected_status,
            region_header=entry.region_header,
        )
        for entry in draft.entry_urls
    ]


def _kpi_rows(service: Service, draft: ServiceDraft) -> list[Kpi]:
    return [
        Kpi(
            service=service,
            name=kpi.name,
            unit=kpi.unit,
            namespace=kpi.namespace,
            metric_name=kpi.metric_name,
            dimensions=dict(kpi.dimensions),
            statistic=kpi.statistic,
        )
        for kpi in draft.kpis
    ]


def _dependency_rows(service: Service, draft: ServiceDraft) -> list[Dependency]:
    return [
        Dependency(consumer=service, provider=need.provider, is_hard=need.is_hard, note=need.note)
        for need in draft.dependencies
    ]


def _write_parts(service: Service, draft: ServiceDraft) -> None:
    """Replace everything that belongs to the service by what the draft says. Nothing else refers to these rows."""
    service.accounts.set(draft.accounts)
    for rows in (service.objectives, service.dependencies, service.entry_urls, service.kpis):
        rows.all().delete()
    Objective.objects.bulk_create(
        Objective(service=service, scope=each.scope, rto=each.rto, rpo=each.rpo, mtd=each.mtd)
        for each in draft.objectives
    )
    Dependency.objects.bulk_create(_dependency_rows(service, draft))
    EntryUrl.objects.bulk_create(_entry_rows(service, draft))
    Kpi.objects.bulk_create(_kpi_rows(service, draft))
