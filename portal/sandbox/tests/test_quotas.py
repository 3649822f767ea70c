"""Service Quotas in the sandbox: a request's way to approval, and what is refused.

Not here: one call of every operation (quota_checks.py, run by the contract test).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account, eventually
from portal.sandbox.tests.quota_checks import TABLES, approved, status, value


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(time_scale=0.02, transition_delay=20) as running:
        yield running


@pytest.fixture
def quotas(account: Account) -> Any:
    return account.client("service-quotas")


def refusal(act: Any, **wish: Any) -> str:
    with pytest.raises(ClientError) as caught:
        act(**wish)
    return str(caught.value.response["Error"]["Code"])


def test_a_request_waits_then_has_a_case_then_is_approved(quotas: Any) -> None:
    request = quotas.request_service_quota_increase(**TABLES, DesiredValue=3000)["RequestedQuota"]["Id"]
    seen = []

    def is_over() -> bool:
        seen.append((status(quotas, request), value(quotas)))
        return seen[-1][0] == "APPROVED"

    again = {"DesiredValue": 4000.0, **TABLES}
    assert refusal(quotas.request_service_quota_increase, **again) == "ResourceAlreadyExistsException"
    eventually(is_over)
    assert list(dict.fromkeys(each for each, _ in seen)) == ["PENDING", "CASE_OPENED", "APPROVED"]
    assert {number for each, number in seen[:-2] if each != "APPROVED"} == {2500}
    assert value(quotas) == 3000


def test_what_nobody_knows_is_refused(quotas: Any) -> None:
    unknown = [
        (quotas.list_service_quotas, {"ServiceCode": "unheard-of"}),
        (quotas.get_service_quota, {"ServiceCode": "dynamodb", "QuotaCode": "L-00000000"}),
        (quotas.get_requested_service_quota_change, {"RequestId": "none"}),
    ]
    assert {refusal(act, **wish) for act, wish in unknown} == {"NoSuchResourceException"}
    assert refusal(quotas.list_service_quotas, ServiceCode="ecs", NextToken="x") == "InvalidPaginationTokenException"


def test_no_more_than_there_is_and_what_cannot_be_adjusted_are_refused(quotas: Any) -> None:
    fixed = {"ServiceCode": "vpc", "QuotaCode": "L-3248932A"}
    ask = quotas.request_service_quota_increase
    codes = {refusal(ask, **TABLES, DesiredValue=2500.0), refusal(ask, **fixed, DesiredValue=10.0**6)}
    assert codes == {refusal(quotas.list_service_quotas, ServiceCode="no service")} == {"IllegalArgumentException"}


def test_a_new_sandbox_has_the_defaults(account: Account, quotas: Any) -> None:
    approved(quotas, 3000)
    account.sandbox.reset()
    assert value(quotas) == 2500
