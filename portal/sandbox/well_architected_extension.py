"""moto, extended by the Well-Architected Tool, a whole service that it lacks.

Here: its paths. Not here: how operations are called (service_extension.py), the answers (well_architected*.py).
"""

import re
import sys
import types
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse

from portal.sandbox.service_extension import add_operations
from portal.sandbox.well_architected import OPERATIONS
from portal.sandbox.well_architected_requests import check

_URL = r"https?://wellarchitected\.(.+)\.amazonaws\.com"


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


def install() -> None:
    """Registers the service; operations without an answer stay unknown and are answered 501."""
    add_operations(WellArchitectedResponse, "wellarchitected", OPERATIONS, lambda world: world.well_architected, check)
    module: Any = types.ModuleType("moto.wellarchitected")
    module.wellarchitected_backends = BackendDict(WellArchitectedBackend, "wellarchitected")
    sys.modules["moto.wellarchitected"] = module
    backend_index.backend_url_patterns.append(("wellarchitected", re.compile(_URL)))
