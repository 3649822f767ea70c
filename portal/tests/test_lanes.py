"""What a worker looks for: both halves, with nothing but the database."""

from datetime import timedelta

import pytest

from assessments import check_runner, tool_runner
from assessments.models import CheckPlan, CheckRun
from portal.catalogue.models import Service
from portal.lanes import every_lane
from portal.people.models import Team, User
from runbooks import drill_runner, runner
from runbooks.lease import later
from runbooks.models import Execution
from runbooks.tests.rows import an_execution

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def test_executions_drills_checks_and_syncs_have_their_own_lanes() -> None:
    carried = [lane.carry for lane in every_lane()]
    assert carried == [runner.advance, drill_runner.advance_drill, check_runner.run_checks, tool_runner.carry]


def test_the_execution_that_waited_longest_comes_first(people: dict[str, User], team: Team) -> None:
    new, old = an_execution(people, team), an_execution(people, team)
    Execution.objects.filter(pk=old.pk).update(wake_at=later(timedelta(minutes=-1)))
    assert every_lane()[0].due() == [old.pk, new.pk]


def test_a_plan_whose_time_has_come_is_a_due_run_at_the_first_look(service: Service) -> None:
    CheckPlan.objects.create(service=service, interval=timedelta(days=1), wake_at=later(timedelta(minutes=-1)))
    assert every_lane()[2].due() == [CheckRun.objects.get().pk]
