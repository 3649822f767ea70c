"""Which resources are a service's, by tag and by name, on a real sandbox."""

from collections.abc import Iterator

import pytest

from assessments.checks.reading import Reading
from assessments.checks.registry import CHECKS
from assessments.checks.resources import KINDS, candidates, is_named
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.data import bucket
from assessments.tests.check_scenes.world import ACCOUNT_ID, World, running_sandbox
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import EAST, WEST, Account

pytestmark = pytest.mark.xdist_group("checks")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    sandbox.reset()
    return World(Account(sandbox))


def found(world: World, kind: str, region: str = WEST) -> list[str]:
    reading = Reading(world.context(), ["resourcegroupstaggingapi:GetResources"])
    return [resource.name for resource in candidates(reading, kind, region)]


def test_what_carries_the_tag_is_found_and_what_does_not_is_not(world: World) -> None:
    world.table("orders")
    world.account.table("of-others")
    assert found(world, "table") == ["orders"]


def test_a_resource_of_another_region_is_not_found_in_this_one(world: World) -> None:
    world.table("orders")
    assert found(world, "table", EAST) == []


def test_every_kind_that_carries_tags_is_found_by_its_name(world: World) -> None:
    world.instance("ledger")
    world.cluster("books")
    world.function("mailer")
    world.queue("parcels")
    bucket(world, "shop-pictures", WEST)
    world.aws("secretsmanager").create_secret(
        Name="shop/db-password", SecretString="x", Tags=[{"Key": "service", "Value": "shop"}]
    )
    world.ecs(world.balanced())
    kinds = ("db_instance", "db_cluster", "function", "queue", "bucket", "secret", "load_balancer", "ecs_service")
    assert [found(world, kind) for kind in kinds] == [
        ["ledger"], ["books"], ["mailer"], ["parcels"], ["shop-pictures"], ["shop/db-password"], ["front"], ["shop/web"],
    ]  # fmt: skip


def test_a_name_is_looked_for_in_each_region_and_an_arn_in_its_own(world: World) -> None:
    world.names["table"] = ("carts", f"arn:aws:dynamodb:{EAST}:{ACCOUNT_ID}:table/orders")
    assert found(world, "table", WEST) == ["carts"]
    assert found(world, "table", EAST) == ["carts", "orders"]


def test_what_is_both_tagged_and_named_is_looked_at_once(world: World) -> None:
    world.table("orders")
    world.names["table"] = ("orders",)
    assert found(world, "table") == ["orders"]


def test_a_named_resource_without_a_tag_is_checked(world: World) -> None:
    world.account.table("orders")
    world.names["table"] = ("orders",)
    result = world.examine("point_in_time_recovery_on")
    assert result.outcome is Outcome.FAILED
    assert [str(resource) for resource in result.resources] == ["orders in us-west-2"]


@pytest.mark.parametrize(
    ("kind", "name", "check"),
    [
        ("table", "ordres", "point_in_time_recovery_on"),
        ("db_instance", "leger", "multi_az"),
        ("db_cluster", "boks", "database_encrypted"),
        ("bucket", "shop-picture", "versioning_on"),
        ("secret", "shop/bd", "secrets_replicated"),
        ("queue", "parcel", "queue_has_dead_letter"),
        ("load_balancer", "frnt", "health_check_deep"),
        ("ecs_service", "shop/wbe", "images_in_own_region"),
        ("function", "maler", "tracing_on"),
        ("auto_scaling_group", "wbe", "multi_az"),
        ("log_group", "/shop/*", "log_retention_set"),
        ("alarm", "shop-errors", "alarm_actions_present"),
        ("certificate", f"arn:aws:acm:{WEST}:{ACCOUNT_ID}:certificate/1", "certificate_not_expiring"),
        ("accelerator", "entri", "traffic_has_two_regions"),
        ("backup_vault", "saef", "backup_vault_locked"),
    ],
)
def test_a_name_that_is_nowhere_makes_the_result_unavailable(world: World, kind: str, name: str, check: str) -> None:
    world.names[kind] = (name,)
    result = world.examine(check)
    assert result.outcome is Outcome.UNAVAILABLE
    assert "Correct the names" in result.sentence
    assert [row["kind"] for row in result.facts["not_found"]] == [kind]


def test_a_named_dashboard_that_is_nowhere_is_a_failure_that_says_so(world: World) -> None:
    world.names["dashboard"] = ("shop-*",)
    result = world.examine("dashboard_exists")
    assert result.outcome is Outcome.FAILED
    assert "found in none of its Regions: shop-* (dashboard)" in result.sentence


@pytest.mark.parametrize("name", sorted(name for name, check in CHECKS.items() if check.apis))
def test_an_empty_account_is_nothing_to_check_for_every_check(world: World, name: str) -> None:
    assert world.examine(name).outcome is Outcome.NOTHING


@pytest.mark.parametrize(
    ("kind", "arn", "name"),
    [
        ("table", "arn:aws:dynamodb:us-west-2:123456789012:table/orders", "orders"),
        ("db_instance", "arn:aws:rds:us-west-2:123456789012:db:ledger", "ledger"),
        ("db_cluster", "arn:aws-cn:rds:cn-north-1:123456789012:cluster:books", "books"),
        ("bucket", "arn:aws:s3:::shop-pictures", "shop-pictures"),
        ("secret", "arn:aws:secretsmanager:us-west-2:123456789012:secret:shop/db-1a2B3c", "shop/db"),
        ("queue", "arn:aws:sqs:us-west-2:123456789012:parcels", "parcels"),
        ("ecs_service", "arn:aws:ecs:us-west-2:123456789012:service/shop/web", "shop/web"),
        ("log_group", "arn:aws:logs:us-west-2:123456789012:log-group:/shop/core:*", "/shop/core"),
        ("log_group", "arn:aws:logs:us-west-2:123456789012:log-group:/shop/core", "/shop/core"),
    ],
)
def test_an_arn_holds_the_name(kind: str, arn: str, name: str) -> None:
    match = KINDS[kind].arn.search(arn)
    assert match is not None
    assert match[1] == name


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("table", "arn:aws:dynamodb:us-west-2:123456789012:table/orders/index/by-day"),
        ("db_instance", "arn:aws:rds:us-west-2:123456789012:snapshot:ledger"),
        ("function", "arn:aws:lambda:us-west-2:123456789012:function:mailer:live"),
    ],
)
def test_an_arn_of_something_else_is_passed_over(kind: str, arn: str) -> None:
    assert KINDS[kind].arn.search(arn) is None


def test_a_hint_names_exactly_or_by_prefix() -> None:
    assert is_named("/shop/core", ["/shop/*"])
    assert is_named("errors", ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:errors"])
    assert not is_named("/shop/core", ["/shop/"])
    assert not is_named("errors", ["more:errors"])


def test_a_name_that_is_only_in_the_recovery_region_is_not_taken_for_a_mistake(world: World) -> None:
    world.table("orders")
    world.account.table("archive", EAST)
    world.names["table"] = ("archive",)
    result = world.examine("point_in_time_recovery_on")  # which looks in the primary Region only
    assert result.facts["not_found"] == []
    assert [resource.name for resource in result.resources] == ["orders"]


def test_a_named_group_is_found_and_one_that_is_nowhere_is_told(world: World) -> None:
    world.auto_scaling_group([f"{WEST}a"], most=1)
    world.names["auto_scaling_group"] = ("web", "wbe")
    result = world.examine("multi_az")
    assert [resource.name for resource in result.resources] == ["web"]
    assert [row["name"] for row in result.facts["not_found"]] == ["wbe"]
