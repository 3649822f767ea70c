"""moto, extended by the Well-Architected Tool, a whole service that it lacks.

Here: its paths, its requests and its refusals in moto's terms. Not here: the answers (well_architected*.py).
"""

import re
import sys
import types
from collections.abc import Callable
from typing import Any

import botocore.session
from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores

from portal.sandbox.pace import Pace
from portal.sandbox.seam import current
from portal.sandbox.well_architected import WellArchitected
from portal.sandbox.well_architected_requests import ToolRefused, check

_URL = r"https?://wellarchitected\.(.+)\.amazonaws\.com"
_MODEL = botocore.session.get_session().get_service_model("wellarchitected")


class WellArchitectedBackend(BaseBackend):
    """Keeps nothing: the world's own part does."""

    url_bases = [_URL]

    @property
    def _url_module(self) -> Any:
        return types.SimpleNamespace(url_bases=self.url_bases, url_paths={"{0}/.*$": WellArchitectedResponse.dispatch})


class WellArchitectedResponse(BaseResponse):
    """Operations are added by `install`."""

    def __init__(self) -> None:
        super().__init__(service_name="wellarchitected")
        self.automated_parameter_parsing = True

    def _get_action(self) -> str:
        # By path only: moto would first look for "Action=" in anything that people wrote in a body.
        return self._get_action_from_method_and_request_uri(self.normalized_request)


class _Refusal(ServiceException):
    """moto looks for the model of an error by the module of its class: of one that is not moto's, in the service's own."""


def _operation(api_name: str, name: str) -> Callable[[Any], ActionResult]:
    shape = _MODEL.operation_model(api_name).input_shape

    def call(self: Any) -> ActionResult:
        act = current().well_architected.operation(name)
        assert act is not None
        try:
            check(shape, self.params)
            result = act((self.current_account, self.region), dict(self.params))
        except ToolRefused as refusal:
            error = _Refusal(refusal.code, refusal.message)
            for member, value in refusal.members.items():
                setattr(error, member, value)
            raise error from refusal
        return EmptyResult() if result is None else ActionResult(result)

    return call


def install() -> None:
    """Registers the service; operations without an answer stay unknown and are answered 501."""
    known = WellArchitected(Pace())
    for api_name in _MODEL.operation_names:
        name = camelcase_to_underscores(api_name)
        if known.operation(name) is not None:
            setattr(WellArchitectedResponse, name, _operation(api_name, name))
    module: Any = types.ModuleType("moto.wellarchitected")
    module.wellarchitected_backends = BackendDict(WellArchitectedBackend, "wellarchitected")
    sys.modules["moto.wellarchitected"] = module
    backend_index.backend_url_patterns.append(("wellarchitected", re.compile(_URL)))
