"""A push while AWS is still importing the lens, in a sandbox whose transitions take a second."""

import time

import pytest

from assessments.tests.tool_stage import Stage
from assessments.tool_connect import StillImporting
from assessments.tool_sync import Synced
from portal.aws import sessions
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.sandbox.server import Sandbox


@pytest.mark.django_db
def test_a_push_goes_on_when_the_lens_is_imported(
    people: dict[str, User], service: Service, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(time_scale=0.1, transition_delay=10) as slow:
        monkeypatch.setenv("AWS_ENDPOINT_URL", slow.api_url)
        sessions.forget()
        stage = Stage(people["owner"], service, account)
        stage.connect()
        stage.answer("backup", "tested")
        with pytest.raises(StillImporting):
            stage.push()
        done = _pushed(stage)
        assert done.done == ["How do you backup?"]
        assert len(stage.aws("ListLenses", LensType="CUSTOM_SELF")["LensSummaries"]) == 1
    sessions.forget()


def _pushed(stage: Stage) -> Synced:
    for _ in range(50):
        try:
            return Synced(**vars(stage.push()))
        except StillImporting:
            time.sleep(0.1)
    raise AssertionError("the lens was not imported within five seconds")
