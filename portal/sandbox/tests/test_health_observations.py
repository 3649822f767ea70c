"""What Route 53's health checkers see in the sandbox: the endpoint as a client at the public entry does.

Not here: one call of every operation (test_contract.py).
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import WEST, Account, Estate, eventually


def observe(account: Account, name: str, **config: Any) -> set[str]:
    """What is said of the endpoint, without the details that follow a comma."""
    route53 = account.client("route53")
    wish = {"Type": "HTTP", "FullyQualifiedDomainName": name, "ResourcePath": "/", "Port": 80} | config
    check = route53.create_health_check(CallerReference=str(wish), HealthCheckConfig=wish)["HealthCheck"]["Id"]
    found = route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
    return {each["StatusReport"]["Status"].partition(",")[0] for each in found}


@pytest.fixture
def web(account: Account) -> Estate:
    return account.serving(WEST, count=1)


def test_an_endpoint_is_healthy_while_its_service_runs(account: Account, web: Estate) -> None:
    assert observe(account, web.balancer_name) == {"Success: HTTP Status Code 200"}
    account.scale(web, 0)
    eventually(lambda: observe(account, web.balancer_name) == {"Failure: HTTP Status Code 503"})


def test_a_region_without_network_has_no_healthy_endpoint(account: Account, web: Estate) -> None:
    account.sandbox.inject(WEST, "network")
    (said,) = observe(account, web.balancer_name)
    assert said.startswith("Failure")


def test_a_string_that_the_answer_has_to_hold_is_looked_for(account: Account, web: Estate) -> None:
    wish = {"Type": "HTTP_STR_MATCH", "SearchString": "plain:1"}
    assert observe(account, web.balancer_name, **wish) == {"Success: HTTP Status Code 200"}
    (said,) = observe(account, web.balancer_name, **wish | {"SearchString": "something else"})
    assert said.startswith("Failure")


def test_an_accelerator_is_an_endpoint_too(account: Account, web: Estate) -> None:
    assert observe(account, account.accelerate(web).dns_name) == {"Success: HTTP Status Code 200"}


def test_what_is_not_looked_at_is_not_called_healthy(account: Account) -> None:
    with pytest.raises(ClientError, match="RECOVERY_CONTROL") as caught:
        observe(account, "", Type="RECOVERY_CONTROL")
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    with pytest.raises(ClientError, match="NoSuchHealthCheck"):
        account.client("route53").get_health_check_status(HealthCheckId="none")
