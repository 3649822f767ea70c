"""A push while AWS is still importing the lens, in a sandbox that imports for as long as the test wants."""

import threading

import pytest
from django.db.models.functions import Now

from assessments.models import RunStatus, ToolSync
from assessments.operations.tool import start_push
from assessments.tests.tool_stage import Stage
from portal.aws import sessions
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User
from portal.sandbox import well_architected_lenses
from portal.sandbox.server import Sandbox


@pytest.mark.django_db
def test_a_push_goes_on_when_the_lens_is_imported(
    people: dict[str, User], service: Service, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_imported = threading.Event()
    is_importing = property(lambda lens: lens.draft is not None and not is_imported.is_set())
    monkeypatch.setattr(well_architected_lenses.Lens, "is_importing", is_importing)
    with Sandbox(time_scale=0.1, transition_delay=0) as slow:
        monkeypatch.setenv("AWS_ENDPOINT_URL", slow.api_url)
        sessions.forget()
        stage = Stage(people["owner"], service, account)
        stage.connect()
        stage.answer("backup", "tested")
        sync = start_push(user=stage.user, assessment=stage.assessment, seen=stage.compare())
        for waits in (1, 2):
            ToolSync.objects.filter(pk=sync.pk).update(wake_at=Now())
            sync = stage.carried(sync)
            assert (sync.status, sync.waits) == (RunStatus.IN_PROGRESS, waits)
        is_imported.set()
        ToolSync.objects.filter(pk=sync.pk).update(wake_at=Now())
        assert stage.carried(sync).result["done"] == ["How do you backup?"]
        assert len(stage.aws("ListLenses", LensType="CUSTOM_SELF")["LensSummaries"]) == 1
    sessions.forget()
