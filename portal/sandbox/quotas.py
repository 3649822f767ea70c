"""Service Quotas: what an account may have in a Region, and asking for more.

Here: the applied and the default values, requests and their way to approval. Not here: the defaults (default_quotas.py),
and being refused: nothing in the sandbox is limited by a quota. Templates, utilisation reports and the usage of a quota
are not emulated. A request is approved whatever it asks for, our assumption; AWS decides on some by hand.
Source: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html
"""

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.model import Shape

from portal.sandbox.default_quotas import QUOTAS, Quota
from portal.sandbox.pace import Pace
from portal.sandbox.service_requests import Act, Answer, Parameters, Place, ServiceRefused, page, problems_of

OPERATIONS = frozenset({
    "list_service_quotas", "get_service_quota", "list_aws_default_service_quotas", "get_aws_default_service_quota",
    "request_service_quota_increase", "get_requested_service_quota_change",
    "list_requested_service_quota_change_history",
})  # fmt: skip


def illegal(message: str) -> ServiceRefused:
    return ServiceRefused("IllegalArgumentException", message)


def check(shape: Shape | None, parameters: Parameters) -> None:
    """Refuses what the service's model does not allow, every problem at once."""
    problems = problems_of(shape, parameters)
    if problems:
        raise illegal("; ".join(f"{name} {wrong}" for name, wrong in problems))


@dataclass
class Increase:
    """A request for more; it is PENDING for half a transition, CASE_OPENED for the other half, then APPROVED."""

    place: Place
    quota: Quota
    desired: float
    lasts: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)

    @property
    def status(self) -> str:
        passed = time.monotonic() - self.started
        if passed >= self.lasts:
            return "APPROVED"
        return "CASE_OPENED" if passed >= self.lasts / 2 else "PENDING"

    def described(self) -> Answer:
        case = {} if self.status == "PENDING" else {"CaseId": self.id[:10]}
        return _named(self.place, self.quota) | case | {
            "Id": self.id, "DesiredValue": self.desired, "Status": self.status, "Created": self.created_at,
            "LastUpdated": self.created_at, "QuotaRequestedAtLevel": "ACCOUNT",
        }  # fmt: skip


class Quotas:
    """Safe to use from any thread. Public operations are named as in the API, in snake case."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._increases: list[Increase] = []

    def operation(self, name: str) -> Act | None:
        """How to call an operation by its name in snake case; None where the service emulated here has none such."""
        if name not in OPERATIONS:
            return None

        def call(place: Place, p: Parameters) -> Answer | None:
            with self._lock:
                answer: Answer | None = getattr(self, name)(place, p)
                return answer

        return call

    def list_service_quotas(self, place: Place, p: Parameters) -> Answer:
        wanted = p.get("QuotaCode")
        rows = [self._applied(place, quota) for quota in _of(p["ServiceCode"]) if wanted in (None, quota.code)]
        return page("Quotas", rows, p, _bad_token)

    def get_service_quota(self, place: Place, p: Parameters) -> Answer:
        return {"Quota": self._applied(place, _one(p))}

    def list_aws_default_service_quotas(self, place: Place, p: Parameters) -> Answer:
        return page("Quotas", [_default(place, quota) for quota in _of(p["ServiceCode"])], p, _bad_token)

    def get_aws_default_service_quota(self, place: Place, p: Parameters) -> Answer:
        return {"Quota": _default(place, _one(p))}

    def request_service_quota_increase(self, place: Place, p: Parameters) -> Answer:
        quota = _one(p)
        if not quota.is_adjustable:
            raise illegal(f"{quota.name} cannot be adjusted")
        if p["DesiredValue"] <= self._value(place, quota):
            raise illegal(f"DesiredValue must be greater than the applied value {self._value(place, quota)}")
        if any(one.status != "APPROVED" for one in self._of(place, quota)):
            raise ServiceRefused(
                "ResourceAlreadyExistsException", f"a request for {quota.name} is open already; there can be only one"
            )
        made = Increase(place, quota, float(p["DesiredValue"]), self._pace.transition)
        self._increases.append(made)
        return {"RequestedQuota": made.described()}

    def get_requested_service_quota_change(self, place: Place, p: Parameters) -> Answer:
        found = next((one for one in self._increases if (one.place, one.id) == (place, p["RequestId"])), None)
        if found is None:
            raise missing(f"there is no request {p['RequestId']}")
        return {"RequestedQuota": found.described()}

    def list_requested_service_quota_change_history(self, place: Place, p: Parameters) -> Answer:
        own = [one.described() for one in self._increases if one.place == place]
        for parameter in ("ServiceCode", "Status"):
            own = [row for row in own if p.get(parameter) in (None, row[parameter])]
        return page("RequestedQuotas", own, p, _bad_token)

    # -- inside

    def _of(self, place: Place, quota: Quota) -> list[Increase]:
        return [one for one in self._increases if one.place == place and one.quota is quota]

    def _value(self, place: Place, quota: Quota) -> float:
        approved = [one.desired for one in self._of(place, quota) if one.status == "APPROVED"]
        return max([quota.value, *approved])

    def _applied(self, place: Place, quota: Quota) -> Answer:
        return _default(place, quota) | {"Value": self._value(place, quota), "QuotaAppliedAtLevel": "ACCOUNT"}


def missing(message: str) -> ServiceRefused:
    return ServiceRefused("NoSuchResourceException", message)


def _bad_token(token: str) -> ServiceRefused:
    return ServiceRefused("InvalidPaginationTokenException", f"NextToken {token} is not valid")


def _of(service: str) -> list[Quota]:
    found = [quota for quota in QUOTAS if quota.service == service]
    if not found:
        raise missing(f"the sandbox knows no quotas of a service {service}")
    return found


def _one(p: Parameters) -> Quota:
    found = next((quota for quota in _of(p["ServiceCode"]) if quota.code == p["QuotaCode"]), None)
    if found is None:
        raise missing(f"{p['ServiceCode']} has no quota {p['QuotaCode']}")
    return found


def _named(place: Place, quota: Quota) -> Answer:
    account, region = place
    return {
        "ServiceCode": quota.service, "ServiceName": quota.service_name, "QuotaCode": quota.code,
        "QuotaName": quota.name, "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{quota.service}/{quota.code}",
        "GlobalQuota": False, "Unit": "None",
    }  # fmt: skip


def _default(place: Place, quota: Quota) -> Answer:
    return _named(place, quota) | {"Value": quota.value, "Adjustable": quota.is_adjustable}
