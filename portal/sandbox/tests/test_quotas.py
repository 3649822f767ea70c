"""Service Quotas in the sandbox: what is refused, and where the values begin.

Not here: one call of every operation (quota_checks.py, run by the contract test), a request's way to approval
(test_transitions.py).
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import Account
from portal.sandbox.tests.quota_checks import TABLES, approved, value


@pytest.fixture
def quotas(account: Account) -> Any:
    return account.client("service-quotas")


def refusal(act: Any, **wish: Any) -> str:
    with pytest.raises(ClientError) as caught:
        act(**wish)
    return str(caught.value.response["Error"]["Code"])


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
