"""A lens while it is imported, in a sandbox whose transitions take a second."""

import json

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account, eventually
from portal.sandbox.tests.well_architected_checks import Tool, small


def test_a_lens_is_published_only_when_it_is_imported() -> None:
    with Sandbox(time_scale=0.1, transition_delay=10) as slow:
        tool = Tool(Account(slow).client("wellarchitected"))
        made = tool.client.import_lens(JSONString=json.dumps(small("Slow")))
        assert made["Status"] == "IN_PROGRESS"
        with pytest.raises(ClientError, match="being imported"):
            tool.publish(made["LensArn"])
        assert tool.client.list_lenses(LensStatus="DRAFT")["LensSummaries"] == []
        eventually(lambda: tool.client.list_lenses(LensStatus="DRAFT")["LensSummaries"])
        tool.publish(made["LensArn"])
