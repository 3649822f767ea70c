"""Two people who save at the same moment, in two threads on a real database: one wins, the other is told, nothing is lost."""

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from assessments.models import Answer, Assessment
from assessments.operations.answers import StaleAnswer, save_answer
from assessments.operations.assessments import start_assessment
from assessments.tests.rows import chosen
from portal.audit.log import broken_link
from portal.people.models import User

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


def at_once(*calls: Any) -> list[Any]:
    """What each call answered or raised, all begun together."""
    gate = threading.Barrier(len(calls), timeout=60)
    found: list[Any] = [None] * len(calls)

    def run(place: int) -> None:
        try:
            gate.wait()
            found[place] = calls[place]()
        except (StaleAnswer, ValueError) as error:
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return found


def test_of_saves_from_one_revision_one_wins_and_the_others_are_told(
    owner: User, colleague: User, assessment: Assessment
) -> None:
    def saving(user: User, note: str) -> Any:
        return lambda: save_answer(
            user=user,
            assessment=assessment,
            question_id="backup",
            draft=chosen("tested", notes=note),
            base_revision=0,
        )

    found = at_once(*(saving(user, f"{user.username} {n}") for n in range(3) for user in (owner, colleague)))
    won = [each for each in found if isinstance(each, Answer)]
    told = [each for each in found if isinstance(each, StaleAnswer)]
    assert (len(won), len(told)) == (1, 5)
    stored = Answer.objects.get()
    assert (stored.notes, stored.revision) == (won[0].notes, 1)
    assert {error.differences[0].stored for error in told} == {stored.notes}
    assert broken_link(f"assessment:{assessment.pk}") is None


def test_answers_to_different_questions_do_not_hinder_each_other(owner: User, assessment: Assessment) -> None:
    def saving(question_id: str, choice: str) -> Any:
        return lambda: save_answer(
            user=owner, assessment=assessment, question_id=question_id, draft=chosen(choice), base_revision=0
        )

    found = at_once(saving("backup", "tested"), saving("restore", "timed"))
    assert [each.revision for each in found] == [1, 1]


def test_an_assessment_started_twice_at_once_is_one(owner: User, assessment: Assessment) -> None:
    Assessment.objects.update(closed_at=assessment.started_at, closed_by=owner)

    def start() -> Any:
        return start_assessment(user=owner, service=assessment.service, lens=assessment.lens)

    def told() -> Any:
        try:
            return start()
        except ValidationError as error:
            return error

    found = at_once(told, told, told)
    assert sum(isinstance(each, Assessment) for each in found) == 1
    assert Assessment.objects.filter(closed_at__isnull=True).count() == 1
    assert all("is being assessed" in str(each) for each in found if not isinstance(each, Assessment))
