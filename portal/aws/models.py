"""botocore's service models as data: which services and operations exist, how their parameters are shaped.

Reading them makes no connection. Names are matched as documents spell them: services in any case, operations in
PascalCase, camelCase or snake_case.
"""

from functools import lru_cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel


@lru_cache(maxsize=1)
def _loader() -> Loader:
    return botocore.session.get_session().get_component("data_loader")


@lru_cache(maxsize=1)
def service_names() -> frozenset[str]:
    """The names boto3 knows services by, e.g. `dynamodb`."""
    return frozenset(_loader().list_available_services("service-2"))


@lru_cache(maxsize=64)
def service_model(service: str) -> dict[str, Any]:
    """The raw model of a service. Raises `UnknownServiceError`."""
    return _loader().load_service_model(service.lower(), "service-2")


@lru_cache(maxsize=64)
def typed_model(service: str) -> ServiceModel:
    return ServiceModel(service_model(service), service.lower())


@lru_cache(maxsize=256)
def _operations(service: str) -> dict[str, str]:
    """Every spelling of an operation, lower-cased without underscores, to its real name."""
    try:
        names = service_model(service)["operations"]
    except UnknownServiceError:
        return {}
    return {name.lower(): name for name in names} | {xform_name(name).replace("_", ""): name for name in names}


def operation_named(service: str, api: str) -> str | None:
    """The real name of an operation (`UpdateTable` for `update_table`), or None where the service has none such."""
    return _operations(service.lower()).get(api.replace("_", "").lower())


def method_name(operation: str) -> str:
    """The name of the client's method, e.g. `update_table`."""
    return xform_name(operation)
