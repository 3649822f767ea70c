"""The contract's rows of Service Quotas, each called over boto3; test_contract.py runs them.

What was approved stays, so every check asks for one more than there is. Not here: refusals
(test_quotas.py) and the way to approval (test_transitions.py).
"""

from collections.abc import Callable
from typing import Any

from portal.sandbox.tests.account import EAST, WEST, eventually

Client = Callable[[str], Any]
"""boto3's client of Service Quotas in a Region."""

TABLES = {"ServiceCode": "dynamodb", "QuotaCode": "L-F98FE922"}


def value(client: Any) -> float:
    return float(client.get_service_quota(**TABLES)["Quota"]["Value"])


def approved(client: Any, desired: float) -> str:
    """A request that was granted."""
    request = client.request_service_quota_increase(**TABLES, DesiredValue=desired)["RequestedQuota"]["Id"]
    eventually(lambda: status(client, request) == "APPROVED")
    return str(request)


def status(client: Any, request: str) -> str:
    return str(client.get_requested_service_quota_change(RequestId=request)["RequestedQuota"]["Status"])


def list_service_quotas(client: Client) -> None:
    first = client(WEST).list_service_quotas(ServiceCode="elasticloadbalancing", MaxResults=2)
    rest = client(WEST).list_service_quotas(ServiceCode="elasticloadbalancing", NextToken=first["NextToken"])
    named = {each["QuotaName"]: each["Value"] for each in first["Quotas"] + rest["Quotas"]}
    assert len(named) == 3
    assert named["Application Load Balancers per Region"] == 50


def increase(client: Client) -> None:
    west, east = value(client(WEST)), value(client(EAST))
    approved(client(WEST), west + 1)
    assert (value(client(WEST)), value(client(EAST))) == (west + 1, east)


def defaults(client: Client) -> None:
    approved(client(WEST), value(client(WEST)) + 1)
    (listed,) = client(WEST).list_aws_default_service_quotas(ServiceCode="dynamodb")["Quotas"]
    found = client(WEST).get_aws_default_service_quota(**TABLES)["Quota"]
    assert listed["Value"] == found["Value"] == 2500 < value(client(WEST))


def history(client: Client) -> None:
    wished = value(client(WEST)) + 1
    request = approved(client(WEST), wished)
    ask = client(WEST).list_requested_service_quota_change_history
    found = {each["Id"]: each for each in ask(ServiceCode="dynamodb", Status="APPROVED")["RequestedQuotas"]}
    assert found[request]["DesiredValue"] == wished
    assert ask(ServiceCode="dynamodb", Status="DENIED")["RequestedQuotas"] == []


_ALL: dict[str, Callable[[Client], None]] = {
    "ListServiceQuotas": list_service_quotas,
    "GetServiceQuota": increase,
    "ListAWSDefaultServiceQuotas": defaults,
    "GetAWSDefaultServiceQuota": defaults,
    "RequestServiceQuotaIncrease": increase,
    "GetRequestedServiceQuotaChange": increase,
    "ListRequestedServiceQuotaChangeHistory": history,
}


def checks(client: Callable[[Any, str], Any]) -> dict[str, Callable[[Any], None]]:
    """By the name of the contract's row; `client` makes a boto3 client from what test_contract.py hands to a check."""

    def of(check: Callable[[Client], None]) -> Callable[[Any], None]:
        return lambda stage: check(lambda region: client(stage, region))

    return {f"service-quotas:{name}": of(check) for name, check in _ALL.items()}
