"""What is deployed, in states that the scenes do not show: digests, tags, strategies."""

from collections.abc import Mapping
from typing import Any

import pytest

from assessments.checks.context import CheckUnavailable, Context
from assessments.checks.results import Outcome
from assessments.tests.check_scenes.recorded import EAST, WEST, Answers, context, said


def deployed(west: str, east: str | None, strategy: str = "", digests: Mapping[str, str] | None = None) -> Context:
    """An ECS service with one image in each Region; None: none in the recovery Region."""
    images = {WEST: west, EAST: east}

    def services(parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        row = {"status": "ACTIVE", "taskDefinition": "web:1", "runningCount": 1, "desiredCount": 1}
        return {"services": [row] if images[region] else []}

    def definition(parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": [{"name": "app", "image": images[region]}]}}

    def described(parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        found = (digests or {}).get(region)
        if found is None:
            raise CheckUnavailable("There is no such image.", code="ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": found}]}

    answers: Answers = {
        "ecs:DescribeServices": services,
        "ecs:DescribeTaskDefinition": definition,
        "ecr:DescribeImages": described,
    }
    return context(answers, strategy=strategy, ecs_service=("shop/web",))


PINNED = "public.ecr.aws/shop/web@sha256:" + "a" * 64
OTHER = "public.ecr.aws/shop/web@sha256:" + "b" * 64


def ecr(region: str) -> str:
    return f"123456789012.dkr.ecr.{region}.amazonaws.com/web:7"


@pytest.mark.parametrize(("east", "outcome"), [(PINNED, Outcome.PASSED), (OTHER, Outcome.FAILED)])
def test_images_named_by_digest_are_compared_by_it(east: str, outcome: Outcome) -> None:
    assert said("image_digest_parity", deployed(PINNED, east)).outcome is outcome


def test_the_same_tag_with_another_image_behind_it_is_a_difference() -> None:
    digests = {WEST: "sha256:1", EAST: "sha256:2"}
    result = said("image_digest_parity", deployed(ecr(WEST), ecr(EAST), digests=digests))
    assert result.outcome is Outcome.FAILED
    assert "differs from the primary Region in app" in result.sentence


def test_an_image_that_the_recovery_regions_registry_lacks_is_a_failure() -> None:
    result = said("image_digest_parity", deployed(ecr(WEST), ecr(EAST), digests={WEST: "sha256:1"}))
    assert result.outcome is Outcome.FAILED
    assert "the image of app is not in its registry" in result.sentence


def test_a_tag_of_a_foreign_registry_is_not_guessed_at() -> None:
    result = said("image_digest_parity", deployed("nginx:1.27", "nginx:1.27"))
    assert result.outcome is Outcome.UNAVAILABLE
    assert "Name it by digest" in result.sentence


@pytest.mark.parametrize(
    ("strategy", "outcome"),
    [("warm-standby", Outcome.FAILED), ("active-active", Outcome.FAILED), ("backup-restore", Outcome.NOTHING)],
)
def test_a_service_missing_in_the_recovery_region_counts_where_the_strategy_keeps_it_running(
    strategy: str, outcome: Outcome
) -> None:
    assert said("image_digest_parity", deployed(PINNED, None, strategy)).outcome is outcome


@pytest.mark.parametrize(("strategy", "outcome"), [("active-active", Outcome.FAILED), ("pilot-light", Outcome.NOTHING)])
def test_a_pilot_light_need_not_run(strategy: str, outcome: Outcome) -> None:
    assert said("recovery_capacity_running", deployed(PINNED, None, strategy)).outcome is outcome


@pytest.mark.parametrize(
    ("wish", "outcome"),
    [({"taskSets": [{"status": "PRIMARY", "taskDefinition": "web:1"}]}, Outcome.PASSED), ({}, Outcome.UNAVAILABLE)],
)
def test_a_service_that_codedeploy_deploys_names_its_definition_in_its_task_set(
    wish: dict[str, Any], outcome: Outcome
) -> None:
    container = {"name": "app", "image": ecr(WEST)}
    answers: Answers = {
        "ecs:DescribeServices": lambda parameters, region: {
            "services": [{"status": "ACTIVE", **wish}] if region == WEST else []
        },
        "ecs:DescribeTaskDefinition": {"taskDefinition": {"containerDefinitions": [container]}},
    }
    assert said("images_in_own_region", context(answers, ecs_service=("shop/web",))).outcome is outcome


def test_images_of_other_registries_are_nothing_to_check_and_that_is_said() -> None:
    result = said("images_in_own_region", deployed(PINNED, PINNED))
    assert result.outcome is Outcome.NOTHING
    assert result.sentence.startswith("Resources were found, but nothing that this check judges.")
