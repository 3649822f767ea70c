"""What people may do with a whole assessment: start it, take it to another version of its lens, close it."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from assessments.lens import DifferenceStatus, LensDifference, difference
from assessments.models import Assessment, Lens, LensVersion, Milestone, VersionStatus
from assessments.operations.answers import chain_of, held
from assessments.operations.milestones import freeze
from assessments.operations.shelf import lens_of, lenses_for, newest_published
from assessments.operations.tally import count_risks
from portal.audit.log import database_now, record
from portal.catalogue.models import Service
from portal.people.models import User
from portal.people.permissions import Act, require


@dataclass(frozen=True)
class UpgradePreview:
    """What an upgrade would do; the titles are those of questions that somebody answered, by question id."""

    difference: LensDifference
    dropped: dict[str, str]
    reworded: dict[str, str]
    added: dict[str, str]


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did."""

    assessment: Assessment
    milestone: Milestone
    dropped: dict[str, str]


def start_assessment(*, user: User, service: Service, lens: Lens, owner: User | None = None) -> Assessment:
    """Begin to judge a service by the newest published version of a lens. The owner is the service's where none is named.

    ValidationError where one is open already, the lens is not for the service's team, or the service is retired.
    """
    require(user, Act.EDIT_SERVICE, service.team)
    if service.is_retired:
        raise ValidationError(f"{service.name} is retired. Only services in use are assessed.")
    version = newest_published(lens)
    if version is None or not lenses_for(service.team, user).filter(pk=lens.pk).exists():
        raise ValidationError({"lens": [f"{lens.name} has no published version for the team {service.team.name}."]})
    running = Assessment.objects.filter(service=service, lens=lens, closed_at__isnull=True)
    already = {"lens": [f"{service.name} is being assessed by {lens.name} already. Open that assessment."]}
    if running.exists():
        raise ValidationError(already)
    try:
        with transaction.atomic():
            assessment = Assessment.objects.create(
                service=service, lens=lens, lens_version=version, owner=owner or service.owner, started_by=user
            )
            count_risks(assessment)
            detail = {"lens": lens.name, "version": version.number, "sha256": version.sha256}
            record(chain_of(assessment), "started", str(assessment), actor=user, detail=detail, team=service.team)
    except IntegrityError as error:
        raise ValidationError(already) from error
    return Assessment.objects.select_related("service__team", "lens", "lens_version").get(pk=assessment.pk)


def newer_version(assessment: Assessment) -> LensVersion | None:
    """The newest published version where it is newer than the assessment's; None while there is none."""
    newest = newest_published(assessment.lens)
    return newest if newest is not None and newest.pk != assessment.lens_version_id else None


def preview_upgrade(assessment: Assessment, version: LensVersion) -> UpgradePreview:
    """What would become of the answers if the assessment took another version."""
    old, new = lens_of(assessment.lens_version), lens_of(version)
    found = difference(old, new)
    answered = set(assessment.answers.filter(revision__gt=0).values_list("question_id", flat=True))
    changed = {
        question.id: question.title
        for pillar in found.pillars
        for question in pillar.questions
        if question.status is DifferenceStatus.UPDATED and question.id in answered
    }
    dropped = {
        question.id: question.title
        for question in old.questions.values()
        if question.id not in new.questions and question.id in answered
    }
    added = {question.id: question.title for question in new.questions.values() if question.id not in old.questions}
    return UpgradePreview(found, dropped, changed, added)


def upgrade_assessment(*, user: User, assessment: Assessment, version: LensVersion, milestone_name: str) -> Upgraded:
    """Take an assessment to a newer version of its lens: first a milestone, then the version; answers go along by question id.

    Answers to questions that are gone stay, readable, and count no more. ValidationError for another lens's, an older or an
    unpublished version.
    """
    with transaction.atomic():
        assessment = held(user, assessment)
        current = assessment.lens_version
        if version.lens_id != assessment.lens_id or version.status != VersionStatus.PUBLISHED:
            raise ValidationError(f"{version} is no published version of {assessment.lens.name}.")
        if (version.major or 0, version.minor or 0) <= (current.major or 0, current.minor or 0):
            raise ValidationError(
                f"The assessment uses version {current.number} already; {version.number} is not newer."
            )
        preview = preview_upgrade(assessment, version)
        milestone = freeze(user, assessment, milestone_name)
        Assessment.objects.filter(pk=assessment.pk).update(lens_version=version, changed_at=database_now())
        assessment.lens_version = version
        count_risks(assessment)
        detail = {
            "changed": {"version": {"from": current.number, "to": version.number}},
            "sha256": version.sha256,
            "milestone": milestone.number,
            "questions that are gone": list(preview.dropped.values()),
        }
        record(
            chain_of(assessment), "upgraded", str(assessment), actor=user, detail=detail, team=assessment.service.team
        )
    assessment = Assessment.objects.select_related("service__team", "lens", "lens_version").get(pk=assessment.pk)
    return Upgraded(assessment, milestone, preview.dropped)


def close_assessment(*, user: User, assessment: Assessment, milestone_name: str) -> Milestone:
    """Record the last milestone and let nothing change any more; another assessment of the same lens may then begin."""
    with transaction.atomic():
        assessment = held(user, assessment)
        milestone = freeze(user, assessment, milestone_name)
        Assessment.objects.filter(pk=assessment.pk).update(closed_by=user, closed_at=database_now())
        detail = {"milestone": milestone.number}
        record(chain_of(assessment), "closed", str(assessment), actor=user, detail=detail, team=assessment.service.team)
    return milestone
