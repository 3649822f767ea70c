"""Reading runbooks for lists and pages, in few queries, only of teams a person may see. Nothing is changed here."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT

from portal.people.models import Role, Team, User
from portal.people.permissions import PERMISSIONS, Act, visible_teams
from runbooks.models import Execution, Runbook, RunbookVersion, VersionStatus

STATES = {
    "published": "Published",
    "draft": "With a draft",
    "unpublished": "Never published",
    "archived": "Archived",
}


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to. `state` is one of STATES or empty, which leaves out only what is archived."""

    text: str = ""
    state: str = ""
    team: str = ""


def teams_where(user: User, act: Act) -> QuerySet[Team]:
    """The teams in which somebody may do this, for choosing one."""
    if user.is_superuser:
        return visible_teams(user)
    roles = [role for role in Role if act in PERMISSIONS[role]]
    return Team.objects.filter(memberships__user=user, memberships__role__in=roles).distinct()


def team_by_slug(user: User, slug: str) -> Team:
    """A team the person belongs to. Raises ValidationError for any other, without telling whether it exists."""
    team = visible_teams(user).filter(slug=slug).first()
    if team is None:
        raise ValidationError({"team": [f"You belong to no team {slug}. Ask an admin of the team for a role."]})
    return team


def visible_runbooks(user: User) -> QuerySet[Runbook]:
    """The runbooks somebody may see, with `published_number`, `draft_number` and the last run's id, status and time."""
    published = RunbookVersion.objects.filter(runbook=OuterRef("pk"), status=VersionStatus.PUBLISHED).order_by(
        "-number"
    )
    draft = RunbookVersion.objects.filter(runbook=OuterRef("pk"), status=VersionStatus.DRAFT)
    run = Execution.objects.filter(version__runbook=OuterRef("pk")).order_by("-created_at")
    return (
        Runbook.objects.filter(team__in=visible_teams(user))
        .select_related("team")
        .annotate(
            published_number=Subquery(published.values("number")[:1]),
            published_at=Subquery(published.values("published_at")[:1]),
            draft_number=Subquery(draft.values("number")[:1]),
            draft_author=Subquery(draft.values("author__username")[:1]),
            description=Subquery(published.annotate(said=KT("content__description")).values("said")[:1]),
            run_id=Subquery(run.values("pk")[:1]),
            run_status=Subquery(run.values("status")[:1]),
            run_at=Subquery(run.values("created_at")[:1]),
        )
        .order_by("name")
    )


def narrow(runbooks: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    """The runbooks that a filter and a search leave, of those that `visible_runbooks` gave."""
    runbooks = runbooks.filter(is_archived=wanted.state == "archived")
    if wanted.text:
        runbooks = runbooks.filter(Q(name__icontains=wanted.text) | Q(description__icontains=wanted.text))
    if wanted.team:
        runbooks = runbooks.filter(team__slug=wanted.team)
    if wanted.state == "published":
        runbooks = runbooks.filter(published_number__isnull=False)
    elif wanted.state == "draft":
        runbooks = runbooks.filter(draft_number__isnull=False)
    elif wanted.state == "unpublished":
        runbooks = runbooks.filter(published_number__isnull=True)
    return runbooks


def versions_of(runbook: Runbook) -> QuerySet[RunbookVersion]:
    """All versions, newest first, without their long texts."""
    return runbook.versions.select_related("author", "publisher").defer("text", "content").order_by("-number")


def recent_runs(runbook: Runbook, most: int = 10) -> QuerySet[Execution]:
    """The last executions of any version, newest first."""
    return (
        Execution.objects.filter(version__runbook=runbook)
        .select_related("service", "started_by", "drill", "incident")
        .annotate(version_number=F("version__number"))
        .order_by("-created_at")[:most]
    )


def newest_version(runbook: Runbook) -> RunbookVersion:
    """The version with the highest number: the draft where there is one."""
    return _whole(runbook).order_by("-number")[:1].get()


def shown_version(runbook: Runbook) -> RunbookVersion:
    """The newest published version; the draft of a runbook that was never published."""
    published = _whole(runbook).filter(status=VersionStatus.PUBLISHED).order_by("-number").first()
    return published or newest_version(runbook)


def published_before(version: RunbookVersion) -> RunbookVersion | None:
    """The newest published version with a lower number."""
    earlier = _whole(version.runbook).filter(status=VersionStatus.PUBLISHED, number__lt=version.number)
    return earlier.order_by("-number").first()


def _whole(runbook: Runbook) -> QuerySet[RunbookVersion]:
    return runbook.versions.select_related("author", "publisher", "runbook__team")
