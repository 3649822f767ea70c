"""The sandbox: an AWS that behaves, in one process on loopback, for development, tests and drills.

Here: Global Accelerator, replicating DynamoDB tables, ECS tasks that really listen, load balancers that really check and
route, faults that really hurt. Not here: anything of the product. This package imports no Django and no model; the
product talks to it through boto3 and plain HTTP only.
"""

import importlib.util
import os
import sys
from types import ModuleType

# moto reads these when it is first imported: answers for our own host only, and no catalogue of 900 machine images.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "1")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


class _Absent(ModuleType):
    """A library that moto imports for a service the sandbox has no use for; whoever calls it hears so."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith(("Error", "Exception")):
            return type(name, (Exception,), {})

        def absent(*args: object, **kwargs: object) -> None:
            raise NotImplementedError(f"the sandbox runs without the library {self.__name__}")

        return absent


# moto's CloudFormation imports every service it knows; API Gateway alone wants these.
if importlib.util.find_spec("openapi_spec_validator") is None:
    for _name in ("", ".validation", ".validation.exceptions"):
        _module = _Absent(f"openapi_spec_validator{_name}")
        _module.__path__ = []
        sys.modules[_module.__name__] = _module
