"""How findings add up to a result, and how a reading notes, pages, shares and bounds its calls. AWS is a function here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from assessments.checks import reading as readings
from assessments.checks.context import CheckUnavailable, Context, Hints, ServiceFacts
from assessments.checks.examination import Check, TriedOn, examine, examine_all
from assessments.checks.half_lives import SETTING
from assessments.checks.reading import Reading, UndeclaredCall
from assessments.checks.registry import CHECKS
from assessments.checks.results import Finding, Outcome, Resource

DESCRIBE = "dynamodb:DescribeTable"
ORDERS, CARTS = Resource("table", "orders", "us-west-2"), Resource("table", "carts", "us-west-2")
Look = Callable[[Reading], Iterator[Finding]]


def answering(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    return {"asked": [service, api, region]}


def refusing(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    raise CheckUnavailable(
        f"{service}:{api} in {region} answered AccessDenied. Allow it.", code="AccessDeniedException"
    )


def context(call_aws: Any = answering, **names: tuple[str, ...]) -> Context:
    facts = ServiceFacts(
        slug="shop",
        primary_region="us-west-2",
        recovery_regions=("us-east-1",),
        account_id="123456789012",
        tier=1,
        hints=Hints(names=names),
    )
    return Context(service=facts, call_aws=call_aws, now=datetime(2026, 3, 1, tzinfo=UTC))


def check(look: Look, *apis: str) -> Check:
    return Check(
        name="sample",
        title="Title",
        reads="Reads.",
        look=look,
        apis=apis or (DESCRIBE,),
        remediation="Mend.",
        practices=("REL09-BP01",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    )


def finding(resource: Resource, is_met: bool) -> Finding:
    return Finding(resource, is_met, "is on" if is_met else "is off", {"on": is_met})


def test_findings_that_are_all_met_are_a_pass() -> None:
    def look(reading: Reading) -> Iterator[Finding]:
        yield finding(ORDERS, True)
        yield finding(CARTS, True)

    result = examine(check(look), context())
    assert result.outcome is Outcome.PASSED
    assert result.sentence == "orders in us-west-2: is on; carts in us-west-2: is on."
    assert result.resources == (ORDERS, CARTS)


def test_one_finding_against_it_is_a_failure_that_names_the_resource() -> None:
    def look(reading: Reading) -> Iterator[Finding]:
        yield finding(ORDERS, True)
        yield finding(CARTS, False)

    result = examine(check(look), context())
    assert result.outcome is Outcome.FAILED
    assert result.sentence == "1 of 2 not as they should be: carts in us-west-2: is off."


def test_nothing_found_is_its_own_result_and_no_pass() -> None:
    result = examine(CHECKS["versioning_on"], context(lambda *asked: {"ResourceTagMappingList": []}))
    assert result.outcome is Outcome.NOTHING
    assert "no S3 bucket in us-west-2 or us-east-1" in result.sentence
    assert "tag service=shop" in result.sentence


def test_a_service_without_a_recovery_region_is_told_so() -> None:
    lone = context(lambda *asked: {"ResourceTagMappingList": []})
    result = examine(CHECKS["secrets_replicated"], replace(lone, service=replace(lone.service, recovery_regions=())))
    assert result.outcome is Outcome.NOTHING
    assert result.sentence.endswith("The service has no recovery Region.")


def test_a_check_that_does_not_apply_says_so_without_looking() -> None:
    result = examine(CHECKS["recovery_capacity_running"], context())
    assert (result.outcome, result.calls) == (Outcome.NOTHING, ())
    assert "does not apply" in result.sentence


@pytest.mark.parametrize("name", sorted(name for name, each in CHECKS.items() if each.apis))
def test_a_refusal_of_aws_is_never_a_failure(name: str) -> None:
    lone = context(refusing)
    result = examine(CHECKS[name], replace(lone, service=replace(lone.service, strategy="warm-standby")))
    assert result.outcome is Outcome.UNAVAILABLE
    assert "answered AccessDenied" in result.sentence
    assert {call.error for call in result.calls} == {"AccessDeniedException"}


def test_what_is_known_to_be_wrong_stays_a_failure_when_the_rest_cannot_be_seen() -> None:
    def look(reading: Reading) -> Iterator[Finding]:
        yield finding(ORDERS, False)
        reading.call(DESCRIBE, {}, "us-west-2")

    result = examine(check(look), context(refusing))
    assert result.outcome is Outcome.FAILED
    assert "orders in us-west-2: is off." in result.sentence
    assert "answered AccessDenied" in result.facts["obstacle"]


def test_what_is_well_is_no_pass_when_the_rest_cannot_be_seen() -> None:
    def look(reading: Reading) -> Iterator[Finding]:
        yield finding(ORDERS, True)
        reading.call(DESCRIBE, {}, "us-west-2")

    assert examine(check(look), context(refusing)).outcome is Outcome.UNAVAILABLE


def test_a_call_that_the_check_does_not_list_is_a_mistake_and_is_not_sent() -> None:
    sent: list[str] = []

    def noting(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        sent.append(api)
        return {}

    def look(reading: Reading) -> Iterator[Finding]:
        reading.call("dynamodb:Scan", {}, "us-west-2")
        yield finding(ORDERS, True)

    with pytest.raises(UndeclaredCall, match="dynamodb:Scan is not among"):
        examine(check(look), context(noting))
    assert sent == []


def test_a_code_that_means_absent_is_an_answer_and_another_is_not() -> None:
    reading = Reading(context(refusing), [DESCRIBE])
    assert reading.call_if_there(DESCRIBE, {}, "us-west-2", {"AccessDeniedException"}) is None
    with pytest.raises(CheckUnavailable):
        reading.call_if_there(DESCRIBE, {}, "us-west-2", {"ResourceNotFoundException"})


def paged(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    page = int(parameters.get("NextToken", "0"))
    return {"Policies": [], "ScalingPolicies": [page], "NextToken": str(page + 1) if page < 3 else ""}


def test_all_pages_of_a_listing_are_read() -> None:
    reading = Reading(context(paged), ["autoscaling:DescribePolicies"])
    assert reading.items("autoscaling:DescribePolicies", {}, "us-west-2") == [0, 1, 2, 3]
    assert len(reading.calls) == 4


def test_a_listing_without_end_is_given_up_and_not_taken_for_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_PAGES", 3)
    with pytest.raises(CheckUnavailable, match="more than 3 pages"):
        Reading(context(paged), ["autoscaling:DescribePolicies"]).items("autoscaling:DescribePolicies", {}, "us-west-2")


def test_checks_of_one_run_ask_the_same_once_and_each_notes_it() -> None:
    sent: list[str] = []

    def noting(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        sent.append(f"{api} {region} {sorted(parameters)}")
        return {}

    def look(reading: Reading) -> Iterator[Finding]:
        reading.call(DESCRIBE, {"TableName": "orders"}, "us-west-2")
        yield finding(ORDERS, True)

    first, second = examine_all([check(look), check(look)], context(noting))
    assert len(sent) == 1
    assert [call.api for call in (*first.calls, *second.calls)] == [DESCRIBE, DESCRIBE]


def test_a_tier_the_table_does_not_know_gets_the_longest_half_life() -> None:
    assert CHECKS["multi_az"].half_life(9) == max(CHECKS["multi_az"].half_lives.values())
