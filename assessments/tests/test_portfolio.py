"""The portfolio: sums, order, what narrows it, what others may not see, and queries that do not grow."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from assessments.models import Assessment, RiskTally
from assessments.operations.assessments import close_assessment, start_assessment
from assessments.portfolio import Wanted, portfolio_of
from assessments.tests.lenses import small
from assessments.tests.rows import answered, published
from portal.catalogue.models import Service, Tier
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db
Make = Callable[..., Service]


@pytest.fixture
def make(owner: User, team: Team) -> Make:
    """Another service of the team, judged like the first one where an assessment is handed over."""

    def made(name: str, tier: int = Tier.CRITICAL, like: Assessment | None = None, *choices: str) -> Service:
        service = Service.objects.create(
            slug=name.lower(), name=name, team=team, owner=owner, tier=tier, primary_region="us-east-1"
        )
        if like is not None:
            begun = start_assessment(user=owner, service=service, lens=like.lens)
            if choices:
                answered(owner, begun, "backup", *choices)
        return service

    return made


def names(user: User, **wanted: object) -> list[str]:
    return [row.name for row in portfolio_of(user, Wanted(**wanted)).services]


def test_lenses_stand_side_by_side_with_the_counts_of_their_assessments(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    found = portfolio_of(owner, Wanted())
    assert [heading.name for heading in found.headings] == ["Recovery"]
    (row,) = found.services
    assert row.cells[0].counts == {"UNANSWERED": 1, "HIGH": 0, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 0}
    assert (row.cells[0].worst, row.cells[0].number, row.cells[0].assessment) == ("MEDIUM", 1, assessment.pk)
    assert found.counts == row.counts


def test_one_lens_shows_its_pillars_whose_sums_are_the_services(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    found = portfolio_of(owner, Wanted(lens=assessment.lens.slug))
    assert [heading.name for heading in found.headings] == ["Pillar reliability", "Pillar operations"]
    assert [cell.worst for cell in found.services[0].cells] == ["MEDIUM", "UNANSWERED"]
    assert found.counts == portfolio_of(owner, Wanted()).counts


def test_the_worst_of_each_tier_comes_first_and_nobody_judged_before_no_risk(
    owner: User, assessment: Assessment, make: Make
) -> None:
    answered(owner, assessment, "backup", "tested", "copied", "owned")
    make("Bad", Tier.CRITICAL, assessment, "backup_no")
    make("Unknown", Tier.CRITICAL)
    make("Vital", Tier.MISSION_CRITICAL)
    assert names(owner) == ["Vital", "Bad", "Unknown", "Checkout"]
    assert names(owner, is_worst_first=True) == ["Bad", "Unknown", "Vital", "Checkout"]


def test_tiers_are_summed_and_the_unassessed_counted(owner: User, assessment: Assessment, make: Make) -> None:
    make("Bad", Tier.CRITICAL, assessment, "backup_no")
    make("Unknown", Tier.CRITICAL)
    make("Vital", Tier.MISSION_CRITICAL)
    found = portfolio_of(owner, Wanted())
    assert [(row.tier, row.services, row.unassessed) for row in found.tiers] == [(1, 1, 1), (2, 3, 1)]
    assert found.tiers[1].counts["HIGH"] == 1
    assert found.tiers[1].cells[0].counts == found.tiers[1].counts
    assert found.unassessed == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({"tier": 4}, ["Small"]), ({"text": "check"}, ["Checkout"]), ({"team": "nobody"}, []), ({"text": "shop"}, 2)],
)
def test_it_is_narrowed_by_tier_team_and_words(
    owner: User, assessment: Assessment, make: Make, wanted: dict[str, object], found: object
) -> None:
    make("Small", Tier.SUPPORTING)
    shown = names(owner, **wanted)
    assert (len(shown) if isinstance(found, int) else shown) == found


def test_other_teams_services_retired_ones_and_closed_assessments_are_not_in_it(
    owner: User, stranger: User, assessment: Assessment, make: Make
) -> None:
    assert names(stranger) == []
    make("Gone")
    Service.objects.filter(name="Gone").update(is_retired=True)
    answered(owner, assessment, "backup", "backup_no")
    close_assessment(user=owner, assessment=assessment, milestone_name="The end")
    (row,) = portfolio_of(owner, Wanted()).services
    assert (row.name, row.is_assessed) == ("Checkout", False)


def test_an_assessment_that_was_never_counted_is_counted_on_the_way(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    kept = portfolio_of(owner, Wanted()).counts
    RiskTally.objects.all().delete()
    assert portfolio_of(owner, Wanted()).counts == kept
    assert portfolio_of(owner, Wanted(lens=assessment.lens.slug)).counts == kept


@pytest.mark.parametrize("is_by_pillar", [False, True])
def test_more_services_take_no_more_queries(
    owner: User,
    team: Team,
    make: Make,
    is_by_pillar: bool,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    lens = published(owner, team, small()).lens
    for number in range(6):
        start_assessment(user=owner, service=make(f"Service {number}".replace(" ", "-")), lens=lens)
    with django_assert_max_num_queries(5):
        assert len(portfolio_of(owner, Wanted(lens=lens.slug if is_by_pillar else "")).services) == 6
