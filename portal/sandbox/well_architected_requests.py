"""Checking what a request to the Well-Architected Tool asks for.

Here: refusals in AWS's words and idempotency tokens. Not here: the limits of botocore's model (service_requests.py), what is
done then.
Source: https://docs.aws.amazon.com/wellarchitected/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Callable

from botocore.model import Shape

from portal.sandbox.service_requests import Answer, Parameters, Place, ServiceRefused, problems_of
from portal.sandbox.service_requests import page as page_of


def invalid(message: str, *fields: tuple[str, str], reason: str = "FIELD_VALIDATION_FAILED") -> ServiceRefused:
    """ValidationException; `fields` are (name, what is wrong with it)."""
    named = [{"Name": name, "Message": wrong} for name, wrong in fields]
    return ServiceRefused("ValidationException", message, Reason=reason, Fields=named)


def conflict(message: str, resource_id: str, resource_type: str) -> ServiceRefused:
    return ServiceRefused("ConflictException", message, ResourceId=resource_id, ResourceType=resource_type)


def missing(resource_type: str, resource_id: str) -> ServiceRefused:
    message = f"{resource_type} {resource_id} does not exist"
    return ServiceRefused("ResourceNotFoundException", message, ResourceId=resource_id, ResourceType=resource_type)


def over_quota(message: str, quota: str) -> ServiceRefused:
    return ServiceRefused("ServiceQuotaExceededException", message, QuotaCode=quota, ServiceCode="wellarchitected")


def check(shape: Shape | None, parameters: Parameters) -> None:
    """Refuses what the service's model does not allow, every problem at once."""
    problems = problems_of(shape, parameters)
    if problems:
        text = "; ".join(f"{name} {wrong}" for name, wrong in problems)
        raise invalid(f"[Validation] {text}", *problems)


def page(name: str, items: list[Answer], p: Parameters) -> Answer:
    """One page of `items`, with a NextToken when more follow. A token that nobody gave out is refused."""

    def refused(token: str) -> ServiceRefused:
        return invalid(f"[Validation] NextToken {token} is not valid", ("NextToken", "is not one of ours"))

    return page_of(name, items, p, refused)


class Tokens:
    """What was answered to requests with a ClientRequestToken. Callers hold the service's lock."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Place, str, str], tuple[str, Answer | None]] = {}

    def once(self, place: Place, operation: str, p: Parameters, act: Callable[[], Answer | None]) -> Answer | None:
        """The answer of `act`, or that of the first request with this token; another request with it is a conflict."""
        token = str(p.get("ClientRequestToken") or "")
        if not token:
            return act()
        wish = json.dumps({n: v for n, v in p.items() if n != "ClientRequestToken"}, sort_keys=True, default=str)
        known = self._answers.get((place, operation, token))
        if known is not None:
            if known[0] != wish:
                raise conflict(f"ClientRequestToken {token} belongs to another {operation}", token, "CLIENT_TOKEN")
            return known[1]
        answer = act()
        self._answers[place, operation, token] = (wish, answer)
        return answer
