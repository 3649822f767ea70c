"""Connecting an assessment with the Well-Architected Tool: which account and Region, the lens there, the workload there.

Here: `connect`, `disconnect`, and `prepare`, which makes what a push needs and may be called again at any point: every call
carries a token of the row that it is for, and every result is stored before the next call. Not here: answers (tool_sync.py).
"""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.lens import export, export_problems
from assessments.models import Assessment, LensVersion, ToolLens, ToolLink, ToolSync
from assessments.operations.answers import chain_of, held
from assessments.operations.shelf import lens_of
from assessments.tool import FieldDifference
from assessments.tool_review import SERVICE, Review, pages
from assessments.tool_workload import facts_in, workload_changes
from portal.audit.log import record
from portal.aws.caller import AwsCaller
from portal.aws.errors import AwsError
from portal.aws.sessions import Role
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

CONFLICT, NOT_FOUND = "ConflictException", "ResourceNotFoundException"
# The Tool's bounds: API reference, CreateWorkload.
_NAME, _DESCRIPTION = 100, 250


class ToolRefused(ValidationError):
    """The Tool, or the way to it, refused; the sentence says what to do next."""


class StillImporting(Exception):
    """AWS is still importing the lens: the same call goes on from there a few seconds later."""


def refused(what: str, error: AwsError) -> ToolRefused:
    """What the user is told of a failed call."""
    hint = {
        "AccessDeniedException": "Give the account's role the permission wellarchitected:* and try again.",
        "ResourceNotFoundException": "It may have been deleted in AWS. Disconnect and connect again.",
        "ThrottlingException": "Wait a minute and try again.",
    }.get(error.code, "Nothing was lost. Try again; when it stays, show this sentence to whoever runs the portal.")
    return ToolRefused(f"{what}: {error} {hint}", code="tool")


def caller_of(link: ToolLink) -> AwsCaller:
    """Calls as the account's role; its session name carries the assessment's id into CloudTrail."""
    account = link.account
    if not account.role_arn:
        return AwsCaller(link.region)
    return AwsCaller(link.region, Role(account.role_arn, str(account.external_id), f"bcdr-{link.assessment_id}"))


def review_of(link: ToolLink) -> Review:
    return Review(caller_of(link), link.workload_id, link.review_alias)


def link_of(assessment: Assessment) -> ToolLink | None:
    """How an assessment is connected, or None."""
    related = ToolLink.objects.select_related("account", "tool_lens__version", "synced_by", "assessment__service")
    return related.filter(assessment=assessment).first()


def regions_of(service: Service) -> list[str]:
    """Where a service's workload may be kept: its Regions, and the portal's own."""
    return list(dict.fromkeys([*service.regions, settings.AWS_REGION]))


@transaction.atomic
def connect(
    *, user: User, assessment: Assessment, account: AwsAccount, region: str, workload_id: str = "", lens_alias: str = ""
) -> ToolLink:
    """Say where an assessment is kept. Nothing is sent: the first push makes what is missing, the first pull reads.

    `workload_id` names a workload that exists, `lens_alias` a lens in the account (an alias such as wellarchitected, or an
    ARN). ValidationError for an account or a Region that is not the service's.
    """
    assessment = held(user, assessment)
    service = assessment.service
    problems: dict[str, list[str]] = {}
    if not service.accounts.filter(pk=account.pk).exists():
        problems["account"] = [f"{account} is no account of {service.name}. Add it to the service first."]
    if region not in regions_of(service):
        problems["region"] = [f"{region} is no Region of {service.name}. Choose {' or '.join(regions_of(service))}."]
    if ToolLink.objects.filter(assessment=assessment).exists():
        problems["__all__"] = ["The assessment is connected already. Disconnect it first."]
    link = ToolLink(
        assessment=assessment,
        account=account,
        region=region,
        workload_id=workload_id.strip().lower(),
        lens_alias=lens_alias.strip(),
    )
    try:
        given = {"region", "workload_id", "lens_alias"}
        link.clean_fields(exclude=[field.name for field in ToolLink._meta.fields if field.name not in given])
    except ValidationError as error:
        problems |= {name: sentences for name, sentences in error.message_dict.items() if name not in problems}
    if problems:
        raise ValidationError(problems)
    if not link.lens_alias:
        link.tool_lens = ToolLens.objects.get_or_create(lens=assessment.lens, account=account, region=region)[0]
    link.save(force_insert=True)
    detail = {"account": str(account), "region": region, "workload": link.workload_id, "lens": link.lens_alias}
    _note(link, user, "connected", "the assessment with the Well-Architected Tool", detail=detail)
    return link


@transaction.atomic
def disconnect(*, user: User, assessment: Assessment) -> None:
    """Forget where an assessment is kept. Nothing is deleted in AWS; answers here stay as they are.

    ValidationError while a sync is under way.
    """
    assessment = held(user, assessment)
    link = link_of(assessment)
    if link is None:
        return
    if ToolSync.objects.unended().filter(link=link).exists():
        raise ValidationError("A sync with the Tool is under way. Disconnect when it has ended.")
    _note(
        link,
        user,
        "disconnected",
        "the assessment from the Well-Architected Tool",
        detail={"workload": link.workload_id},
    )
    link.delete()


def prepare(link: ToolLink, user: User) -> Review:
    """Make what a push needs: the lens imported and published, the workload, the lens on it, the review upgraded.

    StillImporting when AWS needs a moment; ToolRefused when it refuses.
    """
    if link.tool_lens is not None:
        try:
            _publish(link.tool_lens, link, user)
        except AwsError as error:
            raise refused(f"The lens {link.assessment.lens.name} could not be imported", error) from error
    try:
        _ensure_workload(link, user)
        _upgrade(link)
    except AwsError as error:
        raise refused("The workload could not be made ready", error) from error
    return review_of(link)


# -- the lens


def _publish(there: ToolLens, link: ToolLink, user: User) -> None:
    """Import and publish our version, unless the account has it or a newer one."""
    version = link.assessment.lens_version
    if there.version is not None and _order(there.version) >= _order(version):
        return
    content = lens_of(version)
    problems = [f"{each.path}: {each.message}" for each in export_problems(content.raw) if each.severity == "error"]
    if problems:
        raise ToolRefused([f"AWS would not import the lens {content.name}. {each}" for each in problems])
    caller, token = caller_of(link), f"{there.key}-{version.sha256[:16]}"
    if not there.arn and _adopt(there, version, caller):
        return
    if there.imported_sha256 != version.sha256:
        asked = {"JSONString": export(content), "ClientRequestToken": token}
        made = caller.call(SERVICE, "ImportLens", asked | ({"LensAlias": there.arn} if there.arn else {}))
        _store(there, arn=made["LensArn"], imported_sha256=version.sha256)
    wish = {"LensAlias": there.arn, "LensVersion": version.number, "IsMajorVersion": version.minor == 0}
    try:
        caller.call(SERVICE, "CreateLensVersion", {**wish, "ClientRequestToken": token})
    except AwsError as error:
        if error.code not in (CONFLICT, NOT_FOUND):
            raise
        if not _is_published(caller, there.arn, version.number):
            raise StillImporting from error
    _store(there, version=version)
    _note(link, user, "published", f"version {version.number} of the lens in AWS", detail={"lens": there.arn})


def _order(version: LensVersion) -> tuple[int, int]:
    return version.major or 0, version.minor or 0


def _adopt(there: ToolLens, version: LensVersion, caller: AwsCaller) -> bool:
    """Take a lens of our name that the account has already when it says the same; ToolRefused when it says otherwise."""
    name = lens_of(version).name
    asked = {"LensName": name, "LensType": "CUSTOM_SELF", "LensStatus": "PUBLISHED"}
    for found in pages(caller, "ListLenses", asked, "LensSummaries"):
        if found["LensName"] != name:
            continue
        text = caller.call(SERVICE, "ExportLens", {"LensAlias": found["LensArn"]})["LensJSON"]
        if json.loads(text) != lens_of(version).raw:
            raise ToolRefused(
                f"The account has another lens named {name} ({found['LensArn']}). Delete or rename it there, or disconnect "
                "and connect again with that ARN as the lens."
            )
        _store(there, arn=found["LensArn"], version=version, imported_sha256=version.sha256)
        return True
    return False


def _is_published(caller: AwsCaller, arn: str, number: str) -> bool:
    try:
        caller.call(SERVICE, "GetLens", {"LensAlias": arn, "LensVersion": number})
    except AwsError as error:
        if error.code != NOT_FOUND:
            raise
        return False
    return True


# -- the workload


def _ensure_workload(link: ToolLink, user: User) -> None:
    caller = caller_of(link)
    if not link.workload_id:
        other = _workload_of_another(link)
        made = {"workload_id": other or _create_workload(link, caller)}
        _store(link, **made | ({} if other else {"workload_agreed": facts_in(_workload(link))}))
        _note(link, user, "joined" if other else "made", "the workload in AWS", detail={"workload": link.workload_id})
    found = caller.call(SERVICE, "GetWorkload", {"WorkloadId": link.workload_id})["Workload"]
    ours = facts_in(_workload(link))
    changed = {each.key: ours[each.key] for each in workload_changes(ours, facts_in(found), link.workload_agreed)}
    if changed:
        caller.call(SERVICE, "UpdateWorkload", {"WorkloadId": link.workload_id, **changed})
        _store(link, workload_agreed=link.workload_agreed | changed)
        _note(link, user, "changed", "the workload in AWS", detail={"workload": link.workload_id, **changed})
    alias = link.review_alias
    if not any(name == alias or alias.endswith(f":lens/{name}") for name in found.get("Lenses", [])):
        caller.call(SERVICE, "AssociateLenses", {"WorkloadId": link.workload_id, "LensAliases": [alias]})


def moved_facts(link: ToolLink) -> tuple[FieldDifference, ...]:
    """The service's facts that a push would change in the workload. Raises `AwsError`."""
    found = caller_of(link).call(SERVICE, "GetWorkload", {"WorkloadId": link.workload_id})["Workload"]
    return workload_changes(facts_in(_workload(link)), facts_in(found), link.workload_agreed)


def _workload_of_another(link: ToolLink) -> str:
    """The workload of the same service, made for its assessment by another lens."""
    others = ToolLink.objects.filter(
        assessment__service=link.assessment.service_id, account=link.account_id, region=link.region
    )
    found = others.exclude(pk=link.pk).exclude(workload_id="").values_list("workload_id", flat=True).first()
    return found or ""


def _create_workload(link: ToolLink, caller: AwsCaller) -> str:
    asked = _workload(link)
    try:
        return str(caller.call(SERVICE, "CreateWorkload", asked)["WorkloadId"])
    except AwsError as error:
        if error.code != CONFLICT:
            raise
        name = asked["WorkloadName"]
        wished = {"WorkloadNamePrefix": name}
        known = [each["WorkloadId"] for each in pages(caller, "ListWorkloads", wished, "WorkloadSummaries")]
        which = f" Its id is {known[0]}." if len(known) == 1 else ""
        raise ToolRefused(
            f"The account has a workload named {name} already.{which} Disconnect, and connect again with its id to use it."
        ) from error


def _workload(link: ToolLink) -> dict[str, Any]:
    """The service in the Tool's words, within the Tool's bounds."""
    assessment, service = link.assessment, link.assessment.service
    accounts = sorted({link.account.account_id, *service.accounts.values_list("account_id", flat=True)})
    description = " ".join(service.description.split()) or f"The service {service.name}."
    return {
        "WorkloadName": service.name[:_NAME].ljust(3, "."),
        "Description": description[:_DESCRIPTION].ljust(3, "."),
        "Environment": "PRODUCTION" if link.account.is_production else "PREPRODUCTION",
        "AccountIds": accounts,
        "AwsRegions": service.regions,
        "ReviewOwner": (assessment.owner.email or assessment.owner.username).ljust(3, "."),
        "Lenses": [link.review_alias],
        "Tags": {"service": service.slug},
        "ClientRequestToken": str(link.key),
    }


def _upgrade(link: ToolLink) -> None:
    """Take the review to our major version when the account has it; the Tool records a milestone of its own before."""
    version = link.assessment.lens_version
    if link.tool_lens is None or link.tool_lens.version_id != version.pk:
        return
    facts = review_of(link).facts()
    if facts.lens_status != "NOT_CURRENT" or facts.lens_version == version.number:
        return
    caller_of(link).call(
        SERVICE,
        "UpgradeLensReview",
        {
            "WorkloadId": link.workload_id,
            "LensAlias": link.review_alias,
            "MilestoneName": f"{link.assessment.lens.name} before {version.number}"[:100],
            "ClientRequestToken": f"{link.key}-{version.sha256[:16]}",
        },
    )


# -- rows


def _store(row: ToolLens | ToolLink, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)


def _note(link: ToolLink, user: User, verb: str, subject: str, *, detail: dict[str, Any]) -> None:
    assessment = link.assessment
    with transaction.atomic():
        team = assessment.service.team
        record(chain_of(assessment), verb, subject, actor=user, detail=detail, team=team)
