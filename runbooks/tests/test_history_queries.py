"""Long histories: a page far down is entered by an index, not walked to, and a day ends where it ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.boards import page_after, visible_executions
from runbooks.models import Execution
from runbooks.tests.rows import a_version, an_execution

pytestmark = pytest.mark.django_db
People = dict[str, User]


def executions_at(people: People, team: Team, moments: list[datetime]) -> list[Execution]:
    version = a_version(people, team)
    made = [an_execution(people, team, version=version) for _ in moments]
    for execution, moment in zip(made, moments, strict=True):
        Execution.objects.filter(pk=execution.pk).update(created_at=moment)
    return made


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL plans by what a table holds, and here it holds nothing"
)
def test_a_page_far_down_is_entered_by_the_index(people: People, team: Team) -> None:
    (last,) = executions_at(people, team, [datetime(2026, 1, 1, tzinfo=UTC)])
    with CaptureQueriesContext(connection) as asked:
        page_after(Execution.objects.all(), last.pk, 25)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
        plan = [row[-1] for row in cursor.fetchall()]
    assert any("INDEX execution_newest_first (created_at<?)" in line for line in plan), plan


def test_pages_one_after_the_other_show_every_execution_once_also_those_of_one_moment(
    people: People, team: Team
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = executions_at(people, team, [at, at, at, at + timedelta(hours=1), at - timedelta(hours=1)])
    shown: list[Execution] = []
    last = None
    while True:
        page, last = page_after(visible_executions(people["viewer"]), last, 2)
        shown += page
        if last is None:
            break
    assert len(shown) == 5
    assert {execution.pk for execution in shown} == {execution.pk for execution in made}
    assert (shown[0], shown[-1]) == (made[3], made[4])


def test_a_day_holds_its_first_and_its_last_moment_and_not_the_next_midnight(
    client: Client, people: People, team: Team
) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    moments = [
        first - timedelta(microseconds=1),
        first,
        first + timedelta(days=1, microseconds=-1),
        first + timedelta(days=1),
    ]
    made = executions_at(people, team, moments)
    client.force_login(people["viewer"])
    shown = client.get(reverse("execution_list"), {"since": "2026-03-01", "until": "2026-03-01"}).context["executions"]
    assert {execution.pk for execution in shown} == {made[1].pk, made[2].pk}


def test_the_last_day_of_all_is_a_day_like_any_other(client: Client, people: People, team: Team) -> None:
    made = an_execution(people, team)
    client.force_login(people["viewer"])
    answer = client.get(reverse("execution_list"), {"since": "0001-01-01", "until": str(date.max)})
    assert [execution.pk for execution in answer.context["executions"]] == [made.pk]
