"""Checking what a request to the Well-Architected Tool asks for.

Here: refusals in AWS's words, the limits of botocore's model, pages, idempotency tokens. Not here: what is done then.
Source: https://docs.aws.amazon.com/wellarchitected/latest/APIReference/Welcome.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
Place = tuple[str, str]
"""(account, Region)"""

_PAGE = 50
_CHARACTER_CLASSES = {r"\p{L}\p{N}\p{Z}": r"\w\s"}


class ToolRefused(Exception):
    """A request AWS would refuse: its error code, its message and the other members that the model gives the error."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.members = code, message, members


def invalid(message: str, *fields: tuple[str, str], reason: str = "FIELD_VALIDATION_FAILED") -> ToolRefused:
    """ValidationException; `fields` are (name, what is wrong with it)."""
    named = [{"Name": name, "Message": wrong} for name, wrong in fields]
    return ToolRefused("ValidationException", message, Reason=reason, Fields=named)


def conflict(message: str, resource_id: str, resource_type: str) -> ToolRefused:
    return ToolRefused("ConflictException", message, ResourceId=resource_id, ResourceType=resource_type)


def missing(resource_type: str, resource_id: str) -> ToolRefused:
    message = f"{resource_type} {resource_id} does not exist"
    return ToolRefused("ResourceNotFoundException", message, ResourceId=resource_id, ResourceType=resource_type)


def over_quota(message: str, quota: str) -> ToolRefused:
    return ToolRefused("ServiceQuotaExceededException", message, QuotaCode=quota, ServiceCode="wellarchitected")


def check(shape: Shape | None, parameters: Parameters) -> None:
    """Refuses what the service's model does not allow, every problem at once: boto3 itself looks at few of the limits."""
    if shape is None:
        return
    problems = list(_problems(shape, dict(parameters), ""))
    if problems:
        text = "; ".join(f"{name} {wrong}" for name, wrong in problems)
        raise invalid(f"[Validation] {text}", *problems)


def _problems(shape: Shape, value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, StructureShape):
        for member in shape.required_members:
            if value.get(member) is None:
                yield f"{name}.{member}".lstrip("."), "is required"
        for member, its_shape in shape.members.items():
            if value.get(member) is not None:
                yield from _problems(its_shape, value[member], f"{name}.{member}".lstrip("."))
        return
    yield from _limit_problems(shape, value, name)
    if isinstance(shape, ListShape):
        for number, item in enumerate(value):
            yield from _problems(shape.member, item, f"{name}[{number}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{name}.{key}")
            yield from _problems(shape.value, item, f"{name}.{key}")


def _limit_problems(shape: Shape, value: Any, name: str) -> Iterator[tuple[str, str]]:
    limits = shape.metadata
    size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    if size is not None and size < limits.get("min", size):
        yield name, f"must be at least {limits['min']} (it is {size})"
    if size is not None and size > limits.get("max", size):
        yield name, f"must be at most {limits['max']} (it is {size})"
    if limits.get("enum") and value not in limits["enum"]:
        yield name, f"must be one of {', '.join(limits['enum'])}"
    if limits.get("pattern") and not re.fullmatch(_python_of(limits["pattern"]), value):
        yield name, f"must match {limits['pattern']}"


def _python_of(pattern: str) -> str:
    for theirs, ours in _CHARACTER_CLASSES.items():
        pattern = pattern.replace(theirs, ours)
    return pattern


def page(name: str, items: list[Answer], p: Parameters) -> Answer:
    """One page of `items`, with a NextToken when more follow. A token that nobody gave out is refused."""
    token = str(p.get("NextToken") or "0")
    if not token.isdigit() or int(token) > len(items):
        raise invalid(f"[Validation] NextToken {token} is not valid", ("NextToken", "is not one of ours"))
    start = int(token)
    end = start + int(p.get("MaxResults") or _PAGE)
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})


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
