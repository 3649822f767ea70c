"""Checks of the way in: a switch between two Regions, health checks that mean something, certificates that last.

Not here: whether clients are served; a probe says that during a drill.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from assessments.checks.context import CheckUnavailable
from assessments.checks.entrances import ACCELERATOR_REGION, ACCELERATORS, LOAD_BALANCERS, accelerators, load_balancers
from assessments.checks.reading import Reading
from assessments.checks.resources import candidates, note
from assessments.checks.results import Finding, Resource

SWITCHES = (
    *ACCELERATORS,
    "globalaccelerator:ListListeners",
    "globalaccelerator:ListEndpointGroups",
    "route53:ListResourceRecordSets",
    "route53:GetHealthCheckStatus",
)
HEALTH_CHECKS = (*LOAD_BALANCERS, "elbv2:DescribeTargetGroups")
CERTIFICATES = (*LOAD_BALANCERS, "elbv2:DescribeListeners", "acm:DescribeCertificate")
# Route 53 has one API for the world; its home is this Region.
DNS_REGION = "us-east-1"
# Route 53 calls an endpoint healthy when more than this share of its checkers does:
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
HEALTHY_SHARE = 0.18
# ACM tries to renew 60 days before the end; where four weeks are left, something has kept it from doing so.
# https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
CERTIFICATE_MARGIN = timedelta(days=28)
_SHALLOW_PATHS = {"", "/", "/index.html", "/favicon.ico", "/robots.txt"}
_REGION_IN_NAME = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:elb|amazonaws)\.")


def traffic_has_two_regions(reading: Reading) -> Iterator[Finding]:
    """Each listener of an accelerator, and each named DNS record, has healthy endpoints in two Regions of the service.

    Weight and dial are facts, not conditions: a standby that gets no client yet is a place to go to.
    """
    for accelerator, _ in accelerators(reading):
        wanted = {"AcceleratorArn": accelerator.arn}
        for listener in reading.items("globalaccelerator:ListListeners", wanted, ACCELERATOR_REGION):
            groups = reading.items(
                "globalaccelerator:ListEndpointGroups", {"ListenerArn": listener["ListenerArn"]}, ACCELERATOR_REGION
            )
            yield _two_regions(reading, accelerator, _endpoints(groups))
    for record in candidates(reading, "dns_record", DNS_REGION):
        rows = _rows(reading, record)
        if rows:
            yield _two_regions(
                reading, record, [_record(reading, record, row) for row in rows if "SetIdentifier" in row]
            )
        else:
            reading.not_found.append(record)
    note(reading, "dns_record", [DNS_REGION])


def _two_regions(reading: Reading, switch: Resource, endpoints: list[dict[str, Any]]) -> Finding:
    healthy = sorted({each["region"] for each in endpoints if each["is_healthy"]} & set(reading.service.regions))
    says = f"healthy endpoints in {' and '.join(healthy) or 'no Region of the service'}"
    return Finding(switch, len(healthy) > 1, says, {"endpoints": endpoints, "healthy_regions": healthy})


def _endpoints(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "region": group["EndpointGroupRegion"],
            "dial": group.get("TrafficDialPercentage"),
            "endpoint": endpoint.get("EndpointId"),
            "weight": endpoint.get("Weight"),
            "health": endpoint.get("HealthState"),
            "is_healthy": endpoint.get("HealthState") == "HEALTHY",
        }
        for group in groups
        for endpoint in group.get("EndpointDescriptions") or []
    ]


def _rows(reading: Reading, record: Resource) -> list[dict[str, Any]]:
    """The record sets of one name."""
    zone, _, name = record.name.partition("/")
    wanted = {"HostedZoneId": zone, "StartRecordName": name}
    answer = reading.call("route53:ListResourceRecordSets", wanted, DNS_REGION)
    full = name.rstrip(".") + "."
    return [row for row in answer["ResourceRecordSets"] if row["Name"] == full]


def _record(reading: Reading, record: Resource, row: dict[str, Any]) -> dict[str, Any]:
    """One record set of several, with its Region and its health."""
    targets = [each["Value"] for each in row.get("ResourceRecords") or []]
    alias = row.get("AliasTarget") or {}
    targets += [alias["DNSName"]] if alias else []
    named = next((match[1] for target in targets if (match := _REGION_IN_NAME.search(target))), None)
    check = row.get("HealthCheckId")
    if check is None and alias.get("EvaluateTargetHealth"):
        raise CheckUnavailable(
            f"{record.name} ({row['SetIdentifier']}) follows the health of its target, which Route 53 does not tell. Give it a "
            "health check of its own to have it read here."
        )
    is_healthy = check is not None and _is_healthy(reading, check)
    identifier = row["SetIdentifier"]
    region = row.get("Region") or named
    return {"set": identifier, "region": region, "targets": targets, "health_check": check, "is_healthy": is_healthy}


def _is_healthy(reading: Reading, check: str) -> bool:
    answer = reading.call("route53:GetHealthCheckStatus", {"HealthCheckId": check}, DNS_REGION)
    said = [row["StatusReport"]["Status"] for row in answer["HealthCheckObservations"]]
    return bool(said) and sum(status.startswith("Success") for status in said) > HEALTHY_SHARE * len(said)


def health_check_deep(reading: Reading) -> Iterator[Finding]:
    """Target groups behind the service's load balancers are checked by HTTP on a path made for it.

    What that path looks at is for people to say; a check of a port or of `/` is known to look at nothing.
    """
    for balancer, row in load_balancers(reading):
        wanted = {"LoadBalancerArn": row["LoadBalancerArn"]}
        for group in reading.items("elbv2:DescribeTargetGroups", wanted, balancer.region):
            protocol, path = group.get("HealthCheckProtocol", ""), group.get("HealthCheckPath") or ""
            is_deep = protocol in {"HTTP", "HTTPS"} and path.partition("?")[0] not in _SHALLOW_PATHS
            says = f"{group['TargetGroupName']} is checked by {protocol} {path}".rstrip()
            keys = ("HealthCheckProtocol", "HealthCheckPath", "HealthCheckIntervalSeconds", "UnhealthyThresholdCount")
            facts = {"target_group": group["TargetGroupArn"], **{key: group.get(key) for key in keys}}
            yield Finding(balancer, is_deep, says, facts)


def certificate_not_expiring(reading: Reading) -> Iterator[Finding]:
    """Certificates that carry the tag, are hinted, or serve a listener of the service are issued and last four more weeks."""
    arns: dict[str, str] = {}
    for region in reading.service.regions:
        arns |= {each.arn: region for each in candidates(reading, "certificate", region) if each.arn}
    for balancer, row in load_balancers(reading):
        for listener in reading.items(
            "elbv2:DescribeListeners", {"LoadBalancerArn": row["LoadBalancerArn"]}, balancer.region
        ):
            for each in listener.get("Certificates") or []:
                if ":acm:" in each.get("CertificateArn", ""):
                    arns[each["CertificateArn"]] = balancer.region
    note(reading, "certificate", reading.service.regions)
    for arn, region in arns.items():
        answer = reading.call_if_there(
            "acm:DescribeCertificate", {"CertificateArn": arn}, region, {"ResourceNotFoundException"}
        )
        name = Resource("certificate", arn.rpartition("/")[2], region, arn)
        if answer is not None:
            yield _lasting(reading.context.now, name, answer["Certificate"])
        else:
            reading.not_found.append(name)


def _lasting(now: datetime, resource: Resource, certificate: dict[str, Any]) -> Finding:
    status, end = certificate.get("Status", ""), certificate.get("NotAfter")
    domain = certificate.get("DomainName", resource.name)
    facts = {"Status": status, "NotAfter": end, "DomainName": domain, "Type": certificate.get("Type")}
    facts["RenewalStatus"] = (certificate.get("RenewalSummary") or {}).get("RenewalStatus")
    if status != "ISSUED" or end is None:
        return Finding(resource, False, f"the certificate of {domain} is {status or 'without a status'}", facts)
    left = datetime.fromisoformat(end) - now
    says = f"the certificate of {domain} ends in {left.days} days" if left.days >= 0 else f"that of {domain} has ended"
    return Finding(resource, left >= CERTIFICATE_MARGIN, says, facts)
