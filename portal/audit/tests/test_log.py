"""The chain: it grows without gaps, says whose it is, and shows where it was edited."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from portal.audit.guard import lifted
from portal.audit.log import MOST_GUESSED_WRONG, Told, adding, broken_link, database_now, record, record_all
from portal.audit.models import Event
from portal.people.models import Team, User
from portal.statements import make_all


@pytest.mark.django_db
def test_events_of_a_chain_are_numbered_without_gaps_and_hold() -> None:
    for verb in ("created", "changed", "retired"):
        record("service:a", verb, "A")
    record("service:b", "created", "B")
    assert list(Event.objects.filter(chain="service:a").values_list("sequence", flat=True)) == [1, 2, 3]
    assert broken_link("service:a") is None


@pytest.mark.django_db
def test_an_event_inherits_the_team_of_its_chain(team: Team) -> None:
    record("service:a", "created", "A", team=team)
    assert record("service:a", "changed", "A").team == team


@pytest.mark.django_db
def test_details_that_json_does_not_know_are_kept_as_words(team: Team) -> None:
    event = record("service:a", "created", "A", detail={"team": team})
    event.refresh_from_db()
    assert event.detail == {"team": "Shop"}
    assert broken_link("service:a") is None


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError, match="inside the transaction"):
        record("service:a", "created", "A")
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["verb", "subject", "chain", "previous_hash", "hash"])
def test_an_edited_word_breaks_the_chain_where_it_was_edited(field: str) -> None:
    with transaction.atomic():
        for number in range(1, 5):
            record("service:a", f"changed {number}", "A")
    with lifted("default"):
        Event.objects.filter(sequence=3).update(**{field: "another"})
    broken = broken_link("service:a")
    assert broken is not None
    assert broken.sequence == (4 if field == "chain" else 3)


@pytest.mark.django_db(transaction=True)
def test_an_edited_team_or_actor_breaks_the_chain(team: Team, people: dict[str, User]) -> None:
    with transaction.atomic():
        record("service:a", "created", "A", actor=people["owner"], team=team)
    with lifted("default"):
        Event.objects.update(actor=people["viewer"])
    assert broken_link("service:a") is not None
    with lifted("default"):
        Event.objects.update(actor=people["owner"], team=None)
    assert broken_link("service:a") is not None


@pytest.mark.django_db(transaction=True)
def test_a_removed_event_breaks_the_chain() -> None:
    with transaction.atomic():
        for number in range(1, 4):
            record("service:a", f"changed {number}", "A")
    with lifted("default"):
        Event.objects.filter(sequence=2).delete()
    broken = broken_link("service:a")
    assert broken is not None
    assert broken.sequence == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.engine
@pytest.mark.parametrize("remembers", [False, True])
def test_writers_at_once_lose_no_event_and_keep_the_chain(remembers: bool) -> None:
    together = threading.Barrier(4, timeout=60)
    errors: list[BaseException] = []

    def write() -> None:
        try:
            together.wait()
            last = None
            for _ in range(10):
                with transaction.atomic():
                    known = {"after": last, "now": database_now()} if remembers else {}
                    last = record_all("service:a", "A", [Told("changed"), Told("changed again")], **known)[-1]
        except BaseException as error:  # noqa: BLE001 - a thread's failure is shown by the test
            errors.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert errors == []
    assert list(Event.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 81))
    assert broken_link("service:a") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.engine
def test_who_added_the_last_event_need_not_read_the_chain_again(team: Team, django_assert_num_queries: Any) -> None:
    with transaction.atomic():
        last = record("service:a", "created", "A", team=team)
        now = database_now()
        with django_assert_num_queries(1):
            added = record_all("service:a", "A", [Told("began"), Told("ended")], after=last, now=now)
    assert [(event.sequence, event.team_id, event.at) for event in added] == [(2, team.pk, now), (3, team.pk, now)]
    assert [event.pk for event in added] == list(Event.objects.order_by("sequence").values_list("pk", flat=True)[1:])
    assert broken_link("service:a") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.engine
def test_an_event_that_somebody_added_since_is_followed_and_not_overlooked() -> None:
    with transaction.atomic():
        last = record("service:a", "created", "A")
    with transaction.atomic():
        record("service:a", "changed by another", "A")
        record_all("service:a", "A", [Told("began"), Told("ended")], after=last, now=database_now())
    assert list(Event.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3, 4]
    assert broken_link("service:a") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.engine
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_chain_that_should_begin_here_does_or_is_gone_on_with(has_begun: bool) -> None:
    if has_begun:
        with transaction.atomic():
            record("service:a", "created", "A")
    with transaction.atomic():
        record_all("service:a", "A", [Told("changed")], now=database_now())
    assert list(Event.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2][: 1 + has_begun]
    assert broken_link("service:a") is None


@pytest.mark.django_db(transaction=True)
def test_events_added_with_other_changes_follow_the_chain_like_any() -> None:
    with transaction.atomic():
        last = record("service:a", "created", "A")
    for guess in (timedelta(0), -MOST_GUESSED_WRONG / 2, MOST_GUESSED_WRONG / 2):
        events, change = adding(
            "service:a", "A", [Told("began"), Told("ended")], after=last, now=database_now() + guess
        )
        assert make_all([change]) is not None
        last = events[-1]
    assert broken_link("service:a") is None
    assert Event.objects.filter(chain="service:a").count() == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wrong", [-2, 2])
def test_events_whose_time_is_guessed_wrong_are_not_added(wrong: int) -> None:
    with transaction.atomic():
        last = record("service:a", "created", "A")
    now = database_now() + wrong * MOST_GUESSED_WRONG
    assert make_all([adding("service:a", "A", [Told("began")], after=last, now=now)[1]]) is None
    assert Event.objects.filter(chain="service:a").count() == 1


@pytest.mark.django_db(transaction=True)
def test_events_are_not_added_where_the_chain_has_gone_on() -> None:
    with transaction.atomic():
        last = record("service:a", "created", "A")
        record("service:a", "changed", "A")
    assert make_all([adding("service:a", "A", [Told("began")], after=last, now=database_now())[1]]) is None
    assert broken_link("service:a") is None
