"""The rules, one by one: what is refused, at which field, and with which two values."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.catalogue.drafts import DependencyDraft, EntryUrlDraft, KpiDraft, ObjectiveDraft, ServiceDraft
from portal.catalogue.models import AwsAccount, Scope, Service, Strategy, Tier
from portal.catalogue.rules import Problem, Standing, Surroundings, account_problems, problems_of
from portal.catalogue.tests.conftest import HOUR, MINUTE, with_region_objective
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db

REGION_OBJECTIVE = ObjectiveDraft(Scope.REGION, HOUR, 5 * MINUTE, 4 * HOUR)


def judged(draft: ServiceDraft, **facts: object) -> dict[str, list[str]]:
    """Problems by field; everybody named in the draft is a member of its team unless said otherwise."""
    members = {person.pk for person in (draft.owner, draft.deputy) if person is not None}
    found: dict[str, list[str]] = {}
    for problem in problems_of(draft, Surroundings(**{"members": members, **facts})):  # type: ignore[arg-type]
        found.setdefault(problem.field, []).append(problem.message)
    return found


def test_a_right_draft_has_no_problems(draft: ServiceDraft) -> None:
    assert judged(draft) == {}


def test_an_rto_above_the_mtd_names_both_values(draft: ServiceDraft) -> None:
    problems = judged(with_region_objective(draft, 4 * HOUR, MINUTE, HOUR))
    assert problems == {
        "objectives.region.rto": [
            "RTO 4 h is above MTD 1 h for the scope Region: lower the RTO or raise the MTD.",
        ]
    }


def test_an_rto_equal_to_the_mtd_is_accepted(draft: ServiceDraft) -> None:
    assert judged(with_region_objective(draft, HOUR, MINUTE, HOUR)) == {}


def test_an_rto_of_nothing_is_refused_and_an_rpo_of_nothing_is_not(draft: ServiceDraft) -> None:
    nothing = timedelta(0)
    assert list(judged(with_region_objective(draft, nothing, nothing, HOUR))) == ["objectives.region.rto"]


def test_a_negative_rpo_is_refused(draft: ServiceDraft) -> None:
    assert list(judged(with_region_objective(draft, MINUTE, -MINUTE, HOUR))) == ["objectives.region.rpo"]


def test_two_objectives_for_one_scope_are_refused(draft: ServiceDraft) -> None:
    twice = replace(draft, objectives=(REGION_OBJECTIVE, REGION_OBJECTIVE))
    assert "two objectives" in judged(twice)["objectives.region"][0]


def test_regions_that_do_not_exist_are_all_named(draft: ServiceDraft) -> None:
    problems = judged(replace(draft, primary_region="moon-1", recovery_regions=("mars-2", "us-east-1")))
    assert "“moon-1”" in problems["primary_region"][0]
    assert "“mars-2”" in problems["recovery_regions"][0]


def test_recovering_in_the_primary_region_is_refused(draft: ServiceDraft) -> None:
    assert "us-west-2 is the primary" in judged(replace(draft, recovery_regions=("us-west-2",)))["recovery_regions"][0]


def test_a_region_named_twice_is_refused(draft: ServiceDraft) -> None:
    problems = judged(replace(draft, recovery_regions=("us-east-1", "us-east-1")))
    assert problems == {"recovery_regions": ["us-east-1 is named twice."]}


def test_recovery_in_another_partition_is_refused(draft: ServiceDraft) -> None:
    told = judged(replace(draft, recovery_regions=("cn-north-1",)))["recovery_regions"][0]
    assert "aws-cn" in told
    assert "us-west-2" in told


@pytest.mark.parametrize("strategy", [Strategy.PILOT_LIGHT, Strategy.WARM_STANDBY, Strategy.ACTIVE_ACTIVE])
def test_a_strategy_across_regions_needs_a_recovery_region(draft: ServiceDraft, strategy: Strategy) -> None:
    bare = replace(draft, strategy=strategy, recovery_regions=(), objectives=())
    assert strategy.label.lower() in judged(bare)["recovery_regions"][0]


def test_backup_and_restore_within_one_region_is_accepted(draft: ServiceDraft) -> None:
    assert judged(replace(draft, strategy=Strategy.BACKUP_RESTORE, recovery_regions=(), objectives=())) == {}


def test_an_objective_for_the_loss_of_a_region_needs_a_recovery_region(draft: ServiceDraft) -> None:
    bare = replace(draft, strategy=Strategy.BACKUP_RESTORE, recovery_regions=(), objectives=(REGION_OBJECTIVE,))
    assert "no recovery Region" in judged(bare)["recovery_regions"][0]


def test_owner_and_deputy_are_members_of_the_team(draft: ServiceDraft) -> None:
    assert set(judged(draft, members=set())) == {"owner", "deputy"}


def test_the_deputy_is_somebody_else(draft: ServiceDraft) -> None:
    assert "owner already" in judged(replace(draft, deputy=draft.owner))["deputy"][0]


def test_an_account_of_another_team_is_refused(draft: ServiceDraft, other_team: Team) -> None:
    foreign = AwsAccount.objects.create(name="Foreign", team=other_team, account_id="210987654321")
    assert "another team" in judged(replace(draft, accounts=(foreign,)))["accounts"][0]


def needs(draft: ServiceDraft, provider: Service, is_hard: bool = True) -> ServiceDraft:
    return replace(draft, dependencies=(DependencyDraft(provider, is_hard),))


def standing(name: str, tier: Tier = Tier.CRITICAL, *objectives: ObjectiveDraft) -> Standing:
    return Standing(name, tier, {objective.scope: objective for objective in objectives})


def test_a_hard_dependency_with_a_longer_rto_names_both_values(draft: ServiceDraft, payments: Service) -> None:
    weak = standing("Payments", Tier.CRITICAL, ObjectiveDraft(Scope.REGION, 2 * HOUR, MINUTE, 4 * HOUR))
    wanted = with_region_objective(draft, HOUR, 5 * MINUTE, 4 * HOUR)
    problems = judged(needs(wanted, payments), providers={payments.pk: weak})
    assert list(problems) == ["dependencies.0"]
    assert problems["dependencies.0"] == [
        "RTO 2 h of the hard dependency Payments is weaker than RTO 1 h of Delivery for the scope Region: change one of "
        "the two or make the dependency soft."
    ]


def test_a_hard_dependency_with_a_longer_rpo_is_weaker(draft: ServiceDraft, payments: Service) -> None:
    weak = standing("Payments", Tier.CRITICAL, ObjectiveDraft(Scope.REGION, HOUR, HOUR, 4 * HOUR))
    wanted = with_region_objective(draft, HOUR, 5 * MINUTE, 4 * HOUR)
    assert "RPO 1 h" in judged(needs(wanted, payments), providers={payments.pk: weak})["dependencies.0"][0]


def test_a_hard_dependency_without_the_objective_is_weaker(draft: ServiceDraft, payments: Service) -> None:
    wanted = with_region_objective(draft, HOUR, 5 * MINUTE, 4 * HOUR)
    problems = judged(needs(wanted, payments), providers={payments.pk: standing("Payments")})
    assert "promises nothing there" in problems["dependencies.0"][0]


def test_a_hard_dependency_of_lower_tier_is_weaker(draft: ServiceDraft, payments: Service) -> None:
    bare = replace(draft, objectives=())
    problems = judged(needs(bare, payments), providers={payments.pk: standing("Payments", Tier.SUPPORTING)})
    assert "tier 2" in problems["dependencies.0"][0]
    assert "tier 4" in problems["dependencies.0"][0]


def test_a_hard_dependency_as_strong_as_its_consumer_is_accepted(draft: ServiceDraft, payments: Service) -> None:
    wanted = with_region_objective(draft, HOUR, 5 * MINUTE, 4 * HOUR)
    equal = standing("Payments", Tier.CRITICAL, *wanted.objectives)
    assert judged(needs(wanted, payments), providers={payments.pk: equal}) == {}


def test_a_soft_dependency_may_be_weaker(draft: ServiceDraft, payments: Service) -> None:
    assert judged(needs(draft, payments, is_hard=False), providers={payments.pk: standing("Payments")}) == {}


def test_becoming_weaker_than_a_consumer_is_refused(draft: ServiceDraft) -> None:
    consumer = standing("Checkout", Tier.CRITICAL, ObjectiveDraft(Scope.REGION, 30 * MINUTE, 5 * MINUTE, HOUR))
    problems = judged(with_region_objective(draft, HOUR, 5 * MINUTE, 4 * HOUR), consumers=[consumer])
    assert "RTO 1 h of the hard dependency Delivery is weaker than RTO 30 min of Checkout" in problems["consumers"][0]


def test_a_cycle_is_named_in_full(draft: ServiceDraft, payments: Service) -> None:
    problems = judged(
        needs(replace(draft, objectives=()), payments),
        key=900,
        names={901: "Ledger", payments.pk: "Payments"},
        needs={payments.pk: [901], 901: [900]},
        providers={payments.pk: standing("Payments")},
    )
    assert "Delivery → Payments → Ledger → Delivery" in problems["dependencies.0"][0]


def test_a_soft_dependency_closes_no_cycle(draft: ServiceDraft, payments: Service) -> None:
    around = {"key": 900, "needs": {payments.pk: [900]}, "providers": {payments.pk: standing("Payments")}}
    assert judged(needs(draft, payments, is_hard=False), **around) == {}


def test_a_service_cannot_depend_on_itself(draft: ServiceDraft, payments: Service) -> None:
    assert "itself" in judged(needs(draft, payments), key=payments.pk)["dependencies.0"][0]


def test_a_provider_named_twice_or_retired_is_refused(draft: ServiceDraft, payments: Service) -> None:
    payments.is_retired = True
    twice = (DependencyDraft(payments, is_hard=False), DependencyDraft(payments, is_hard=False))
    problems = judged(replace(draft, dependencies=twice))
    assert "retired" in problems["dependencies.0"][0]
    assert "twice" in problems["dependencies.1"][0]


def test_entry_urls_are_checked_one_by_one(draft: ServiceDraft) -> None:
    entries = (
        EntryUrlDraft("http://169.254.169.254/"),
        EntryUrlDraft("https://a.example.com/", expected_status=99),
        EntryUrlDraft("https://a.example.com/", region_header="X Region"),
    )
    assert set(judged(replace(draft, entry_urls=entries))) == {
        "entry_urls.0.url",
        "entry_urls.1.expected_status",
        "entry_urls.2.url",
        "entry_urls.2.region_header",
    }


def test_heartbeats_need_both_an_address_and_a_table(draft: ServiceDraft) -> None:
    assert set(judged(replace(draft, heartbeat_table=""))) == {"heartbeat_table"}
    assert set(judged(replace(draft, heartbeat_url=""))) == {"heartbeat_url"}
    assert judged(replace(draft, heartbeat_url="", heartbeat_table="")) == {}


def test_a_table_name_dynamodb_would_refuse_is_refused(draft: ServiceDraft) -> None:
    assert set(judged(replace(draft, heartbeat_table="a b"))) == {"heartbeat_table"}


@pytest.mark.parametrize("statistic", ["Sum", "Average", "p99", "p99.9", "SampleCount", "tm90"])
def test_statistics_of_cloudwatch_are_accepted(draft: ServiceDraft, statistic: str) -> None:
    assert judged(replace(draft, kpis=(KpiDraft("K", "N", "M", statistic=statistic),))) == {}


def test_kpis_are_checked_one_by_one(draft: ServiceDraft) -> None:
    kpis = (
        KpiDraft("K", "N", "M", statistic="Most"),
        KpiDraft("K", "N", "M", dimensions={"Stage": " "}),
        KpiDraft("L", "N", "M", dimensions={f"d{number}": "x" for number in range(31)}),
    )
    assert set(judged(replace(draft, kpis=kpis))) == {
        "kpis.0.statistic",
        "kpis.1.name",
        "kpis.1.dimensions",
        "kpis.2.dimensions",
    }


def test_all_problems_come_together(draft: ServiceDraft) -> None:
    wrong = replace(
        with_region_objective(draft, 4 * HOUR, MINUTE, HOUR),
        primary_region="moon-1",
        heartbeat_table="",
        deputy=draft.owner,
    )
    assert set(judged(wrong)) == {"objectives.region.rto", "primary_region", "heartbeat_table", "deputy"}


def test_the_role_of_an_account_is_in_that_account(team: Team, people: dict[str, User]) -> None:
    account = AwsAccount(
        name="A", team=team, account_id="123456789012", role_arn="arn:aws:iam::210987654321:role/bcdr-execution"
    )
    (problem,) = account_problems(account)
    assert problem.field == "role_arn"
    assert "210987654321" in problem.message
    account.role_arn = "arn:aws:iam::123456789012:role/bcdr-execution"
    assert account_problems(account) == list[Problem]()


def test_the_read_only_role_is_in_the_account_and_not_the_role_of_executions(team: Team) -> None:
    acting, foreign = "arn:aws:iam::123456789012:role/bcdr-execution", "arn:aws:iam::210987654321:role/bcdr-reader"
    account = AwsAccount(name="A", team=team, account_id="123456789012", role_arn=acting, read_only_role_arn=foreign)
    assert [problem.field for problem in account_problems(account)] == ["read_only_role_arn"]
    account.read_only_role_arn = acting
    assert "only reads" in account_problems(account)[0].message
    account.read_only_role_arn = "arn:aws:iam::123456789012:role/bcdr-reader"
    assert account_problems(account) == list[Problem]()
