"""One sandbox per test module, twenty milliseconds to the second, on real sockets."""

from collections.abc import Iterator

import pytest

from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(time_scale=0.02, transition_delay=0, replication_lag=8) as running:
        yield running


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Account]:
    """boto3 on an empty AWS without faults."""
    sandbox.reset()
    yield Account(sandbox)
    sandbox.end_fault()
