"""moto's Service Quotas, of which it has two operations of one service, replaced by the sandbox's own.

Here: where its requests go. Not here: how operations are called (service_extension.py), the answers (quotas.py).
"""

from moto.core.responses import BaseResponse
from moto.servicequotas import urls

from portal.sandbox.quotas import OPERATIONS, check
from portal.sandbox.service_extension import add_operations


class QuotasResponse(BaseResponse):
    """Operations are added by `install`."""

    def __init__(self) -> None:
        super().__init__(service_name="service-quotas")
        self.automated_parameter_parsing = True


def install() -> None:
    """Takes the place of moto's answers; operations without one of ours are answered 501."""
    add_operations(QuotasResponse, "service-quotas", OPERATIONS, lambda world: world.quotas, check)
    urls.url_paths["{0}/$"] = QuotasResponse.dispatch
