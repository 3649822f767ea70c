"""moto's side of every service of the sandbox's own: its operations, called with a place and checked parameters.

Here: how an operation's answer or refusal goes back in moto's terms. Not here: the services, and under which paths each
is reached (well_architected_extension.py, backup_extension.py, quotas_extension.py).
"""

from collections.abc import Callable, Collection
from typing import Any, Protocol

import botocore.session
from botocore.model import Shape
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores

from portal.sandbox.seam import current
from portal.sandbox.service_requests import Act, Parameters, ServiceRefused
from portal.sandbox.world import World


class Service(Protocol):
    """A part of the world that answers operations by their names in snake case."""

    def operation(self, name: str) -> Act | None:
        """How to call it; None where the service emulated here has none such."""


class _Refusal(ServiceException):
    """moto looks for the model of an error by the module of its class: of one that is not moto's, in the service's own."""


def add_operations(
    response: type[BaseResponse],
    service: str,
    names: Collection[str],
    of: Callable[[World], Service],
    check: Callable[[Shape | None, Parameters], None],
) -> None:
    """Gives `response` the operations of these names; the rest stays unknown and is answered 501.

    `of` finds the service in the world that runs when it is called; `check` refuses what the operation's model does.
    """
    model = botocore.session.get_session().get_service_model(service)
    for api_name in model.operation_names:
        name = camelcase_to_underscores(api_name)
        if name in names:
            setattr(response, name, _operation(model.operation_model(api_name).input_shape, name, of, check))


def _operation(
    shape: Shape | None,
    name: str,
    of: Callable[[World], Service],
    check: Callable[[Shape | None, Parameters], None],
) -> Callable[[Any], ActionResult]:
    def call(self: Any) -> ActionResult:
        act = of(current()).operation(name)
        assert act is not None
        try:
            check(shape, self.params)
            result = act((self.current_account, self.region), dict(self.params))
        except ServiceRefused as refusal:
            error = _Refusal(refusal.code, refusal.message)
            for member, value in refusal.members.items():
                setattr(error, member, value)
            raise error from refusal
        return EmptyResult() if result is None else ActionResult(result)

    return call
