"""Reading lenses and assessments for pages, in few queries, only what a person may see. Nothing is changed here."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from assessments.lens import Lens as LensContent
from assessments.lens import load
from assessments.linter import Finding, lint
from assessments.models import Answer, Assessment, Lens, LensVersion, VersionStatus
from assessments.results import Results, results_of
from portal.people.models import Role, Team, User
from portal.people.permissions import PERMISSIONS, Act, visible_teams

_LONG = ("text", "content")
# Parsed lenses that a process keeps: an installation uses a handful, the largest takes some megabytes.
_KEPT_LENSES = 64


@lru_cache(maxsize=_KEPT_LENSES)
def _loaded(pk: int, sha256: str) -> LensContent:
    content = LensVersion.objects.values_list("content", flat=True).get(pk=pk, sha256=sha256)
    return load(content)


def lens_of(version: LensVersion) -> LensContent:
    """What a version says. Parsed once in a process: the fingerprint tells one content from another."""
    return _loaded(version.pk, version.sha256)


@lru_cache(maxsize=_KEPT_LENSES)
def _linted(pk: int, sha256: str) -> tuple[Finding, ...]:
    return lint(_loaded(pk, sha256))


def findings_of(version: LensVersion) -> tuple[Finding, ...]:
    """Remarks about the rules of a version, searched once in a process."""
    return _linted(version.pk, version.sha256)


def visible_lenses(user: User) -> QuerySet[Lens]:
    """The lenses of everybody and of one's teams."""
    return Lens.objects.filter(Q(team__isnull=True) | Q(team__in=visible_teams(user))).select_related("team")


def listed_lenses(user: User) -> QuerySet[Lens]:
    """`visible_lenses` with the newest published number, the draft's key and how many open assessments use each."""
    published = LensVersion.objects.filter(lens=OuterRef("pk"), status=VersionStatus.PUBLISHED)
    newest = published.order_by("-major", "-minor")
    seen = visible_assessments(user).filter(lens=OuterRef("pk"), closed_at__isnull=True).order_by()
    return (
        visible_lenses(user)
        .annotate(
            major=Subquery(newest.values("major")[:1]),
            minor=Subquery(newest.values("minor")[:1]),
            published_at=Subquery(newest.values("published_at")[:1]),
            draft_id=Subquery(
                LensVersion.objects.filter(lens=OuterRef("pk"), status=VersionStatus.DRAFT).values("pk")[:1]
            ),
            open_assessments=Subquery(seen.values("lens").annotate(number=Count("pk")).values("number")),
        )
        .order_by("name", "slug")
    )


def versions_of(lens: Lens) -> list[LensVersion]:
    """All versions without their long texts: the draft first, then the newest."""
    found = lens.versions.select_related("author", "publisher").defer(*_LONG)
    return sorted(found, key=lambda each: (each.is_draft, each.major or 0, each.minor or 0), reverse=True)


def find_lens(user: User, slug: str) -> Lens:
    """A lens that the person may see; any other does not exist."""
    lens = visible_lenses(user).filter(slug=slug).first()
    if lens is None:
        raise Http404("There is no lens of this name for your teams.")
    return lens


def find_version(lens: Lens, number: str) -> LensVersion:
    """The version `draft` or like `2.1`."""
    for version in versions_of(lens):
        if version.number == number:
            return version
    raise Http404(f"{lens.name} has no version {number}.")


def newest_published(lens: Lens) -> LensVersion | None:
    """What a new assessment uses."""
    return next((version for version in versions_of(lens) if not version.is_draft), None)


def lenses_for(team: Team | int, user: User) -> QuerySet[Lens]:
    """The published lenses that services of a team may be judged by: everybody's and the team's own."""
    key = team.pk if isinstance(team, Team) else team
    own = visible_lenses(user).filter(Q(team__isnull=True) | Q(team=key))
    return own.filter(versions__status=VersionStatus.PUBLISHED).distinct()


def visible_assessments(user: User) -> QuerySet[Assessment]:
    """The assessments of services of one's teams."""
    return (
        Assessment.objects.filter(service__team__in=visible_teams(user))
        .select_related("service__team", "lens", "lens_version", "owner")
        .defer(*(f"lens_version__{name}" for name in _LONG))
    )


def find_assessment(user: User, key: UUID) -> Assessment:
    """An assessment that the person may see; any other does not exist."""
    found = visible_assessments(user).filter(pk=key).first()
    if found is None:
        raise Http404("There is no such assessment in your teams.")
    return found


def results_for(assessment: Assessment, answers: Sequence[Answer] | None = None) -> Results:
    """The results as the rows are now; hand over the answers where they are at hand."""
    rows = list(assessment.answers.all()) if answers is None else answers
    return results_of(lens_of(assessment.lens_version), rows)


def dropped_answers(assessment: Assessment) -> list[Answer]:
    """Answers to questions that the lens's version of the assessment does not have any more."""
    known = lens_of(assessment.lens_version).questions
    rows = assessment.answers.select_related("changed_by").filter(revision__gt=0)
    return [answer for answer in rows if answer.question_id not in known]


def possible_assignees(team_id: int) -> QuerySet[User]:
    """Active members of a team who may answer."""
    able: list[Role] = [role for role, acts in PERMISSIONS.items() if Act.EDIT_SERVICE in acts]
    members = User.objects.filter(memberships__team=team_id, memberships__role__in=able, is_active=True).distinct()
    return members.order_by("first_name", "last_name", "username")
