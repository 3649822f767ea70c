"""Every chain begins with an event of its object's team: without it no auditor of the team could read the chain.

Here because it joins both halves; what else the events say is tested beside the operations that record them.
"""

from datetime import timedelta

import pytest
from django.core.management import call_command

from portal.audit.models import Event
from portal.catalogue.models import Scope, Service
from portal.people.models import Team, User
from runbooks.models import Purpose, Severity
from runbooks.operations.drills import start_drill
from runbooks.operations.executions import start_execution
from runbooks.operations.incidents import add_note, open_incident
from runbooks.operations.versions import create_runbook, publish_version

pytestmark = pytest.mark.django_db

NOTHING = """
schemaVersion: "0.3"
description: Sleeps for no time at all.
mainSteps:
  - {name: rest, action: "aws:sleep", inputs: {Duration: PT0S}}
"""
HOUR = timedelta(hours=1)


def test_everything_that_begins_says_whose_it_is() -> None:
    call_command("seed_demo", verbosity=0)
    team, service = Team.objects.get(), Service.objects.get(slug="mythical-mysfits")
    arthur, petra, rob = (User.objects.get(username=name) for name in ("arthur", "petra", "rob"))
    draft = create_runbook(user=arthur, team=team, name="Rest", text=NOTHING)
    version = publish_version(user=petra, version=draft, sha256=draft.sha256)
    incident = open_incident(
        user=rob, team=team, title="Fire", severity=Severity.SEV2, services=[service], disrupted_at=None
    )
    add_note(user=rob, incident=incident, text="seen")
    start_execution(
        user=rob, version=version, parameters={}, purpose=Purpose.ALONE, reason="To see it.", region="us-east-1"
    )
    start_drill(
        user=rob,
        service=service,
        scope=Scope.REGION,
        title="Lose a Region",
        injection=version,
        recovery=version,
        restoration=None,
        rto=HOUR,
        rpo=HOUR,
        detection_timeout=HOUR,
        recovery_timeout=HOUR,
        account=service.accounts.get(),
    )
    kinds = {chain.split(":")[0] for chain in Event.objects.values_list("chain", flat=True)}
    assert kinds == {"service", "account", "people", "runbook", "incident", "execution", "drill", "checks"}
    assert list(Event.objects.exclude(team=team).values_list("chain", "verb")) == []
