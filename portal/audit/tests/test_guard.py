"""The database refuses changes of the log; `flush` alone may empty it, and only in the sandbox."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from portal.audit.guard import lifted, missing_triggers
from portal.audit.log import record
from portal.audit.models import Event


@pytest.fixture
def event(db: None) -> Event:
    return record("service:a", "created", "A")


@pytest.mark.django_db
def test_changing_an_event_is_refused(event: Event) -> None:
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        Event.objects.update(verb="another")
    event.refresh_from_db()
    assert event.verb == "created"


@pytest.mark.django_db
def test_removing_an_event_is_refused(event: Event) -> None:
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        event.delete()
    assert Event.objects.filter(chain="service:a").exists()


@pytest.mark.django_db(transaction=True)
def test_emptying_the_table_by_plain_sql_is_refused() -> None:
    with transaction.atomic():
        record("service:a", "created", "A")
    statements = ["DELETE FROM audit_event"]
    if connection.vendor == "postgresql":
        statements.append("TRUNCATE audit_event CASCADE")
    for statement in statements:
        with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_log_in_the_sandbox_and_the_guard_stands_again() -> None:
    with transaction.atomic():
        record("service:a", "created", "A")
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    assert missing_triggers() == set()


@pytest.mark.django_db(transaction=True)
def test_flush_is_refused_outside_the_sandbox(settings: Settings) -> None:
    with transaction.atomic():
        record("service:a", "created", "A")
    settings.IS_SANDBOX = False
    with pytest.raises(CommandError, match="audit log"):
        call_command("flush", interactive=False, verbosity=0)
    assert Event.objects.count() == 1
    settings.IS_SANDBOX = True


@pytest.mark.django_db(transaction=True)
def test_the_guard_stands_again_after_a_failure_within() -> None:
    with pytest.raises(RuntimeError), lifted("default"):
        raise RuntimeError("in the middle")
    assert missing_triggers() == set()
