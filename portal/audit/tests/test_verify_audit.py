"""`manage.py verify_audit`: what it says of a whole log, of an edited one, and of one without its guard."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from portal.audit.guard import lifted
from portal.audit.log import record
from portal.audit.models import Event


@pytest.mark.django_db
def test_a_whole_log_holds() -> None:
    record("service:a", "created", "A")
    record("service:b", "created", "B")
    said = StringIO()
    call_command("verify_audit", stdout=said)
    assert "2 chains, 2 events" in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_first_broken_link_is_named_for_each_chain() -> None:
    with transaction.atomic():
        for chain in ("service:a", "service:b", "service:c"):
            for number in (1, 2, 3):
                record(chain, f"changed {number}", "A")
    with lifted("default"):
        Event.objects.filter(chain__in=["service:a", "service:c"], sequence=2).update(verb="edited")
    with pytest.raises(CommandError) as refusal:
        call_command("verify_audit")
    assert "service:a is broken at event 2" in str(refusal.value)
    assert "service:c is broken at event 2" in str(refusal.value)
    assert "service:b" not in str(refusal.value)


@pytest.mark.django_db
def test_an_unknown_chain_is_named() -> None:
    with pytest.raises(CommandError, match="service:none"):
        call_command("verify_audit", "service:none")


@pytest.mark.django_db
def test_a_missing_trigger_is_named() -> None:
    name = "audit_event_refuses_update" if connection.vendor == "sqlite" else "audit_event_refuses_changes"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else " ON audit_event"))
    with pytest.raises(CommandError, match=name):
        call_command("verify_audit")
