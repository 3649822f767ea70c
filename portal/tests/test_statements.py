"""Rows written by plain statements are the same as rows that Django writes, on either database."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from portal import statements
from portal.audit.log import database_now
from portal.people.models import Team, User
from portal.statements import Change, Guard, Moment, StandingQuery, inserting, updating
from runbooks.models import Execution, Status, StepExecution
from runbooks.tests.rows import an_execution

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

TEXT = 'it\'s 100% "sure", \\ and ü\n'


@pytest.fixture
def execution(people: dict[str, User], team: Team) -> Execution:
    return an_execution(people, team)


def columns(execution: Execution, sequence: int) -> dict[str, Any]:
    return {
        "execution": execution,
        "sequence": sequence,
        "step_name": "Look",
        "action": "aws:sleep",
        "action_class": "read-only",
        "token": uuid.UUID(int=7),
        "fence": 2**40,
        "is_critical": False,
        "inputs": {"Say": [TEXT, 1.5, None, True]},
        "waits_for": ["Approve"],
        "log": TEXT,
        "status": Status.SUCCESS,
        "ended_at": execution.created_at,
    }


def stored(attempt: StepExecution) -> dict[str, Any]:
    own = {"id", "sequence", "started_at", "deadline_at"}
    row = StepExecution.objects.values().get(pk=attempt.pk)
    return {name: value for name, value in row.items() if name not in own}


def test_an_inserted_row_is_the_one_django_would_have_written(execution: Execution) -> None:
    attempt = StepExecution(**columns(execution, 1))
    statements.insert([attempt], {"started_at": Moment(), "deadline_at": Moment(timedelta(minutes=5))})
    assert stored(attempt) == stored(StepExecution.objects.create(**columns(execution, 2)))


def test_several_rows_get_their_own_keys(execution: Execution) -> None:
    rows = [StepExecution(**columns(execution, sequence)) for sequence in (1, 2, 3)]
    statements.insert(rows, {"started_at": Moment()})
    assert [StepExecution.objects.get(pk=row.pk).sequence for row in rows] == [1, 2, 3]


def test_times_are_those_of_the_databases_clock_and_as_stored(execution: Execution) -> None:
    before = database_now()
    attempt = StepExecution(**columns(execution, 1))
    statements.insert([attempt], {"started_at": Moment(), "deadline_at": Moment(timedelta(minutes=5))})
    row = StepExecution.objects.get(pk=attempt.pk)
    assert (attempt.started_at, attempt.deadline_at) == (row.started_at, row.deadline_at)
    assert before <= row.started_at <= database_now()
    assert row.deadline_at is not None
    assert abs(row.deadline_at - row.started_at - timedelta(minutes=5)) <= timedelta(milliseconds=2)


def test_only_rows_that_are_as_asked_are_updated_and_counted(execution: Execution) -> None:
    """As a querysets's update does, with None asking for columns that are null."""
    values = {"status_message": TEXT, "outputs": {"a": TEXT}, "question": None, "is_paused": True, "ended_at": Moment()}
    values |= {"status": Status.FAILED}
    asked = {"id": execution.pk, "revision": execution.revision, "ended_at": None}
    assert statements.make(updating(Execution, {**asked, "revision": execution.revision + 1}, values)) == 0
    assert statements.make(updating(Execution, {**asked, "lease_token": uuid.uuid4()}, values)) == 0
    assert statements.make(updating(Execution, asked, values)) == 1
    execution.refresh_from_db()
    assert (execution.status_message, execution.outputs, execution.is_paused) == (TEXT, {"a": TEXT}, True)
    assert execution.status == "Failed"
    assert statements.make(updating(Execution, asked, values)) == 0


@pytest.mark.parametrize("holds", [True, False])
def test_a_guarded_row_is_added_where_the_guard_holds_and_is_the_same(execution: Execution, holds: bool) -> None:
    asked = execution.pk if holds else uuid.uuid4()
    test = "(SELECT COUNT(*) FROM runbooks_execution WHERE id = %s) = 1"
    value = Execution._meta.pk.get_db_prep_save(asked, connection)
    rows = [StepExecution(**columns(execution, sequence)) for sequence in (1, 2)]
    assert statements.insert(rows, {"started_at": Moment()}, guard=Guard(test, [value])) is holds
    assert StepExecution.objects.count() == (2 if holds else 0)
    if holds:
        assert [StepExecution.objects.get(pk=row.pk).sequence for row in rows] == [1, 2]
        assert stored(rows[1]) == stored(StepExecution.objects.create(**columns(execution, 3)))


def test_a_statement_that_failed_is_none_the_worse_for_it(execution: Execution) -> None:
    """PostgreSQL keeps statements for the next time: the failed first use of one must not be in the way of the second."""
    statements.insert([StepExecution(**columns(execution, 1))], {"started_at": Moment()})
    connection.close()
    with pytest.raises(IntegrityError):
        statements.insert([StepExecution(**columns(execution, 1))], {"started_at": Moment()})
    statements.insert([StepExecution(**columns(execution, 2))], {"started_at": Moment()})
    assert StepExecution.objects.count() == 2


def test_statements_are_kept_for_one_connection_and_not_for_the_next(execution: Execution) -> None:
    for number in range(1, 10):
        if number % 3 == 0:
            connection.close()
        asked = {"id": execution.pk, "revision": execution.revision}
        assert statements.make(updating(Execution, asked, {"status_message": str(number)})) == 1


def test_a_standing_query_reads_what_its_queryset_reads_now(execution: Execution) -> None:
    due = Execution.objects.due().order_by("wake_at")[:3]
    query = StandingQuery(due, "id", "status")
    assert query.rows() == list(due.values_list("id", "status")) != []
    Execution.objects.update(wake_at=None)
    assert query.rows() == []


def a_change(execution: Execution, message: str, revision: int) -> Change:
    return updating(Execution, {"id": execution.pk, "revision": revision}, {"status_message": message})


def test_changes_that_belong_together_are_all_made_and_the_last_says_what_it_returned(execution: Execution) -> None:
    attempt = StepExecution(**columns(execution, 1))
    moments = {"started_at": Moment()}
    changes = [a_change(execution, TEXT, execution.revision), inserting([attempt], moments)]
    found = statements.make_all(changes)
    assert found is not None
    statements.are_added([attempt], found, moments)
    assert stored(attempt) == stored(StepExecution.objects.create(**columns(execution, 2)))
    execution.refresh_from_db()
    assert execution.status_message == TEXT


@pytest.mark.parametrize("is_stale", [(True, False), (False, True)])
def test_of_changes_that_belong_together_none_is_made_where_one_finds_no_row(
    execution: Execution, is_stale: tuple[bool, bool]
) -> None:
    stale = [a_change(execution, "changed", execution.revision + is_it) for is_it in is_stale]
    row = StepExecution(**columns(execution, 1))
    for _ in range(2):
        assert statements.make_all([*stale, inserting([row], {"started_at": Moment()})]) is None
    execution.refresh_from_db()
    assert (execution.status_message, execution.steps.count()) == ("", 0)
    assert statements.make_all([inserting([row], {"started_at": Moment()})])


def test_an_error_of_a_change_among_others_stays_that_error(execution: Execution) -> None:
    rows = [StepExecution(**columns(execution, 1)) for _ in range(2)]
    changes = [a_change(execution, "changed", execution.revision), inserting(rows, {"started_at": Moment()})]
    with pytest.raises(IntegrityError):
        statements.make_all(changes)
    execution.refresh_from_db()
    assert execution.status_message == ""
