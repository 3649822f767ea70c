"""One AWS call as documents make it: names in any spelling, parameters coerced to the API's shapes, JSON values back.

Not here: what a step does with the answer (actions), and whether a call may be repeated (`classification`).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import ResponseParserError

from portal.aws.classification import ActionClass, classify, token_member
from portal.aws.errors import AwsError, explain
from portal.aws.models import method_name, operation_named, service_names, typed_model
from portal.aws.sessions import Role, TooLate, TooLateToRepeat, client, sent_by

_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


@dataclass(frozen=True)
class AwsCaller:
    """Calls as one role, from one default Region."""

    region: str
    role: Role | None = None

    def call(
        self,
        service: str,
        api: str,
        parameters: Mapping[str, Any],
        region: str | None = None,
        *,
        send_by: float | None = None,
    ) -> dict[str, Any]:
        """The answer as JSON values, without its metadata. Raises `AwsError`.

        `send_by` is a monotonic moment: a call that has not left by then is not sent, and fails with code `NotSent`; one
        that has, and got no answer, is not repeated after it, and its outcome is unknown (`NotRepeated`).
        """
        service, where = service.lower(), region or self.region
        operation = _operation(service, api)
        is_sent_once = classify(service, operation, parameters) not in {ActionClass.READ_ONLY, ActionClass.TOKEN}
        try:
            made = client(service, where, self.role, is_sent_once=is_sent_once)
            with sent_by(send_by):
                answer = getattr(made, method_name(operation))(**coerce(service, operation, parameters))
        except TooLate as error:
            raise AwsError(f"{service}:{operation} in {where} {error}.", code="NotSent") from error
        except TooLateToRepeat as error:
            said = f"{service}:{operation} in {where} {error}."
            raise AwsError(said, code="NotRepeated", is_unknown=True) from error
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise explain(error, service, operation, where) from error
        answer.pop("ResponseMetadata", None)
        return {name: to_json(value) for name, value in answer.items()}


def _operation(service: str, api: str) -> str:
    try:
        operation = operation_named(service, api)
    except UnknownServiceError:
        operation = None
    if operation is None:
        known = "" if service in service_names() else " There is no AWS service of that name."
        raise AwsError(
            f"{service} has no operation {api}.{known} Check the spelling in the document.", code="UnknownOperation"
        )
    return operation


def with_token(service: str, api: str, parameters: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The parameters with the step's idempotency token filled in where the operation takes one and none is given."""
    member = token_member(service, api) if classify(service, api, parameters) is ActionClass.TOKEN else None
    if member is None or parameters.get(member):
        return dict(parameters)
    return {**parameters, member: token}


def coerce(service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in the shapes the API wants: documents give numbers and booleans as text, and one item for a list of one.

    Member names are matched without regard to case, as Systems Manager does. What fits no shape is left for botocore to refuse.
    """
    shape = typed_model(service).operation_model(operation).input_shape
    if shape is None:
        return dict(parameters)
    return _coerced(dict(parameters), shape)


def _coerced(value: Any, shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [_coerced(item, shape.member) for item in items]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # a list output fed to a single value, as published documents do
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {name.lower(): name for name in shape.members}
        return {
            names.get(str(key).lower(), str(key)): _coerced(item, shape.members[names[str(key).lower()]])
            if str(key).lower() in names
            else item
            for key, item in value.items()
        }
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): _coerced(item, shape.value) for key, item in value.items()}
    return _scalar(value, shape.type_name)


def _scalar(value: Any, type_name: str) -> Any:
    if type_name == "boolean" and isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if type_name in _NUMBERS and isinstance(value, str):
        try:
            return _NUMBERS[type_name](value)
        except ValueError:
            return value
    if type_name == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if type_name == "string" and isinstance(value, int | float):
        return str(value)
    return value


def to_json(value: Any) -> Any:
    """An answer as JSON values: times as ISO 8601, bytes as base64, a streamed body as a note that it was not read."""
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [to_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return "(a streamed body, not read)"
