"""Recorded answers of AWS for states that no scene shows, held to botocore's models so that they cannot drift.

Not here: the real sandbox (`world`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from assessments.checks.context import CheckUnavailable, Context, Hints, Promise, ServiceFacts
from assessments.checks.examination import examine
from assessments.checks.registry import CHECKS
from assessments.checks.results import Result
from portal.aws.models import typed_model

WEST, EAST = "us-west-2", "us-east-1"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROMISE = Promise(rto=timedelta(minutes=15), rpo=timedelta(minutes=1))
TABLE: dict[str, Any] = {"TableName": "orders", "TableArn": "arn:aws:dynamodb:us-west-2:123456789012:table/orders"}

Answer = Callable[[Mapping[str, Any], str], dict[str, Any]]
Answers = dict[str, dict[str, Any] | CheckUnavailable | Answer]


def context(answers: Answers | None = None, strategy: str = "", tier: int = 1, **names: tuple[str, ...]) -> Context:
    """A service found by name only; what has no answer is not implemented."""
    known: Answers = {"resourcegroupstaggingapi:GetResources": {}, **(answers or {})}

    def call_aws(service: str, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        answer = known.get(f"{service}:{api}", CheckUnavailable(f"{api} is not implemented.", code="NotImplemented"))
        if isinstance(answer, CheckUnavailable):
            raise answer
        return held(service, api, parameters, answer(parameters, region) if callable(answer) else answer)

    facts = ServiceFacts(
        slug="shop",
        primary_region=WEST,
        recovery_regions=(EAST,),
        account_id="123456789012",
        tier=tier,
        strategy=strategy,
        hints=Hints(names=names),
    )
    return Context(service=facts, call_aws=call_aws, now=NOW)


def said(name: str, facts: Context) -> Result:
    return examine(CHECKS[name], facts)


def held(service: str, api: str, parameters: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, when AWS would take the parameters and has a place for everything in the answer."""
    operation = typed_model(service).operation_model(api)
    report = ParamValidator().validate(dict(parameters), operation.input_shape)
    assert not report.has_errors(), f"{service}:{api}: {report.generate_report()}"
    strange = list(_strange(answer, operation.output_shape, api))
    assert not strange, f"{service}:{api} answers nothing like {', '.join(strange)}"
    return answer


def _strange(value: Any, shape: Shape | None, where: str) -> list[str]:
    """Paths in a recorded answer that the operation's output has no place for."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        unknown = [f"{where}.{name}" for name in value if name not in shape.members]
        known = [(name, part) for name, part in value.items() if name in shape.members]
        return [
            *unknown,
            *(each for name, part in known for each in _strange(part, shape.members[name], f"{where}.{name}")),
        ]
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [each for part in value for each in _strange(part, shape.member, f"{where}[]")]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return [each for part in value.values() for each in _strange(part, shape.value, f"{where}.*")]
    enum = getattr(shape, "enum", None) or []
    return [f"{where} {value!r}"] if isinstance(value, str) and enum and value not in enum else []
