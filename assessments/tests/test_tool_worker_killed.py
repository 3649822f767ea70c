"""A real worker takes a push from the database, is killed while AWS has its call, and another one brings it to its end."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from assessments.lease import later
from assessments.models import RunStatus, ToolSync
from assessments.operations.tool import start_push
from assessments.tests.tool_stage import Stage
from portal.sandbox.server import Sandbox
from portal.sandbox.well_architected import WellArchitected
from runbooks.tests.test_processes import ROOT, database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine, pytest.mark.xdist_group("processes")]
PATIENCE = 120.0


class HeldCall:
    """Stands in front of UpdateAnswer: the second call is held until `let_go`, then done all the same."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.is_held, self.let_go = threading.Event(), threading.Event()
        update = WellArchitected.update_answer

        def held(tool: WellArchitected, *given: Any) -> Any:
            self.calls += 1
            if self.calls == 2:
                self.is_held.set()
                self.let_go.wait(PATIENCE)
            return update(tool, *given)

        monkeypatch.setattr(WellArchitected, "update_answer", held)


def test_a_push_whose_worker_is_killed_in_a_call_is_finished_and_nothing_is_sent_twice(
    stage: Stage, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.connect()
    stage.push()
    stage.answer("backup", "tested")
    stage.answer("restore", "timed")
    held = HeldCall(monkeypatch)
    sync = start_push(user=stage.user, assessment=stage.assessment, seen=stage.compare())
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "work"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "VAR_DIR": str(tmp_path),
            "SECRET_KEY": settings.SECRET_KEY,
            "AWS_ENDPOINT_URL": sandbox.api_url,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert held.is_held.wait(PATIENCE)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(PATIENCE)
        held.let_go.set()
    sync.refresh_from_db()
    assert (sync.status, sync.result["done"]) == (RunStatus.IN_PROGRESS, ["How do you backup?"])
    until = time.monotonic() + PATIENCE
    while not stage.in_tool("restore")["SelectedChoices"] and time.monotonic() < until:
        time.sleep(0.05)
    ToolSync.objects.update(lease_until=later(-timedelta(seconds=1)))
    assert stage.carried(sync).status == RunStatus.SUCCESS
    assert (stage.in_tool("backup")["SelectedChoices"], held.calls) == (["tested"], 2)
    assert stage.in_tool("restore")["SelectedChoices"] == ["timed"]
    assert stage.preview().is_same
