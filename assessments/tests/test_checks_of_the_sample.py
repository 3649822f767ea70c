"""All checks about the sample estate, found by name: what they say of it is true of its template."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from assessments.checks.examination import examine_all
from assessments.checks.registry import CHECKS
from assessments.checks.results import Outcome, Result
from assessments.tests.check_scenes.world import SCALE, World, running_sandbox
from portal.sandbox.sample import estate, names
from portal.sandbox.tests.account import Account

HINTS = {
    "table": names.TABLES,
    "load_balancer": (names.LOAD_BALANCER,),
    "ecs_service": (f"{names.CLUSTER}/{names.CORE_SERVICE}", f"{names.CLUSTER}/{names.LIKE_SERVICE}"),
    "accelerator": (names.ACCELERATOR,),
    "log_group": ("/mysfits/*",),
}
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("checks")]


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Result]]:
    with running_sandbox() as sandbox:
        estate.deploy(sandbox.api_url, SCALE)
        context = World(Account(sandbox), names=HINTS).context()
        context = replace(context, service=replace(context.service, slug="mysfits"))
        yield {result.check: result for result in examine_all(CHECKS.values(), context)}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("replica_in_recovery_region", Outcome.PASSED),
        ("traffic_has_two_regions", Outcome.PASSED),
        ("health_check_deep", Outcome.PASSED),
        ("multi_az", Outcome.PASSED),
        ("recovery_capacity_running", Outcome.PASSED),
        ("images_in_own_region", Outcome.PASSED),
        ("log_retention_set", Outcome.PASSED),
        ("dashboard_exists", Outcome.PASSED),
        ("alarms_present", Outcome.FAILED),
        ("autoscaling_configured", Outcome.FAILED),
        ("deletion_protection_on", Outcome.FAILED),
        ("point_in_time_recovery_on", Outcome.FAILED),
        ("tracing_on", Outcome.FAILED),
        ("image_digest_parity", Outcome.FAILED),  # the stand-ins' images are in no registry
        ("backups_exist", Outcome.FAILED),
        ("backups_recent", Outcome.FAILED),
        ("restore_tested", Outcome.FAILED),
        ("recovery_region_quotas", Outcome.PASSED),
        ("versioning_on", Outcome.NOTHING),
        ("queue_has_dead_letter", Outcome.NOTHING),
        ("secrets_replicated", Outcome.NOTHING),
    ],
)
def test_a_check_says_what_is_true_of_the_sample(results: dict[str, Result], name: str, outcome: Outcome) -> None:
    assert results[name].outcome is outcome, results[name].sentence


def test_the_sentence_about_the_tables_names_both_and_what_is_wrong(results: dict[str, Result]) -> None:
    sentence = results["point_in_time_recovery_on"].sentence
    assert sentence == (
        "2 of 2 not as they should be: mysfits in us-west-2: point-in-time recovery is off; "
        "mysfits-heartbeats in us-west-2: point-in-time recovery is off."
    )


def test_a_standby_of_weight_zero_is_told_as_a_fact(results: dict[str, Result]) -> None:
    endpoints = results["traffic_has_two_regions"].facts["findings"][0]["facts"]["endpoints"]
    assert {each["region"]: each["weight"] for each in endpoints} == {"us-west-2": 128, "us-east-1": 0}
