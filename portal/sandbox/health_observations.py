"""What Route 53's health checkers say of an endpoint: they ask the sandbox's public entry, as its clients do.

Here: one look at the moment somebody wants to know, told as that of each of the eight Regions of checkers. Not here:
checks in intervals with thresholds, health checks of alarms or of other health checks, and DNS: a record's answers do not
follow what is said here. Source:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

import http.client
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from portal.sandbox.pace import SHORTEST_ANSWER, Pace

REGIONS = (
    "us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1",
)  # fmt: skip
PATIENCE = 4.0
"""Seconds, unscaled, that a checker waits for a connection."""
_NOBODY = 421
"""With which the public entry answers a name that no accelerator and no load balancer has."""


def observations(check: Any, gateway_url: str, pace: Pace) -> list[dict[str, Any]]:
    """The answer of GetHealthCheckStatus about moto's health check."""
    if check.type_ not in {"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"} or not check.fqdn:
        raise NotImplementedError(f"the sandbox does not look at endpoints of health checks of type {check.type_}")
    report = {"Status": _look(check, gateway_url, pace), "CheckedTime": datetime.now(UTC)}
    return [{"Region": region, "IPAddress": "192.0.2.1", "StatusReport": report} for region in REGIONS]


def _look(check: Any, gateway_url: str, pace: Pace) -> str:
    timeout = max(SHORTEST_ANSWER, pace.scaled(PATIENCE))
    connection = http.client.HTTPConnection(urlsplit(gateway_url).netloc, timeout=timeout)
    try:
        connection.request("GET", check.resource_path or "/", headers={"Host": check.fqdn})
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return "Failure: The health checker could not establish a connection within the timeout limit."
    finally:
        connection.close()
    if response.status == _NOBODY:
        return "Failure: DNS resolution failed: Rcode NXDomain(3)"
    said = f"HTTP Status Code {response.status}, {response.reason}"
    is_right = check.type_ == "TCP" or 200 <= response.status < 400
    if is_right and "STR_MATCH" in check.type_ and check.search_string not in body:
        return f"Failure: {said}. The response body does not have the search string."
    return f"{'Success' if is_right else 'Failure'}: {said}"
