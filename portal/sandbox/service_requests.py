"""What every service of the sandbox's own asks of a request: the limits of botocore's model, times, pages.

Here: finding what is wrong, and the refusal that carries AWS's error code. Not here: the codes, which differ from service
to service, and what is done with a request that is right.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
Place = tuple[str, str]
"""(account, Region)"""
Act = Callable[[Place, Parameters], Answer | None]

REQUIRED = "is required"
_PAGE = 50
_CHARACTER_CLASSES = {r"\p{L}\p{N}\p{Z}": r"\w\s"}


class ServiceRefused(Exception):
    """A request AWS would refuse: its error code, its message and the other members that the model gives the error."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.members = code, message, members


def problems_of(shape: Shape | None, parameters: Parameters) -> list[tuple[str, str]]:
    """(name, what is wrong) of everything the service's model does not allow: boto3 itself looks at few of the limits."""
    return [] if shape is None else list(_problems(shape, dict(parameters), ""))


def _problems(shape: Shape, value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, StructureShape):
        for member in shape.required_members:
            if value.get(member) is None:
                yield f"{name}.{member}".lstrip("."), REQUIRED
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
    is_number = shape.type_name in ("integer", "long", "double")
    size = value if is_number else len(value) if hasattr(value, "__len__") else None
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


def page(name: str, items: list[Answer], p: Parameters, refused: Callable[[str], ServiceRefused]) -> Answer:
    """One page of `items`, with a NextToken when more follow. `refused` makes the error for a token nobody gave out."""
    token = str(p.get("NextToken") or "0")
    if not token.isdigit() or int(token) > len(items):
        raise refused(token)
    start = int(token)
    end = start + int(p.get("MaxResults") or _PAGE)
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})


def moment(value: Any) -> datetime:
    """A time of a request, aware of its zone; moto hands over text or a time without one."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return read if read.tzinfo else read.replace(tzinfo=UTC)
