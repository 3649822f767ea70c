"""The command that makes a portfolio to look at: counted rightly, the same twice, never outside the sandbox."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from assessments.models import Assessment, RiskTally
from assessments.operations.shelf import results_for
from assessments.operations.tally import is_true
from portal.catalogue.models import Service
from portal.people.models import User

pytestmark = pytest.mark.django_db


def seed(number: int) -> str:
    said = StringIO()
    call_command("seed_portfolio", services=number, stdout=said)
    return said.getvalue()


def test_services_are_made_once_and_counted_as_they_answer(people: dict[str, User]) -> None:
    assert "6 services added" in seed(6)
    assert "2 services added, 8 in all" in seed(8)
    judged = Assessment.objects.select_related("lens_version")
    assert judged.count() >= 6
    assert all(is_true(RiskTally.objects.get(assessment=each), results_for(each)) for each in judged)
    assert set(Service.objects.values_list("owner__username", flat=True)) == {"admin"}


def test_outside_the_sandbox_nothing_is_made(people: dict[str, User], settings: Settings) -> None:
    settings.IS_SANDBOX = False
    with pytest.raises(CommandError, match="sandbox mode only"):
        seed(1)
    assert not Service.objects.exists()


def test_without_anybody_to_own_them_it_says_what_to_do_first(db: None) -> None:
    with pytest.raises(CommandError, match="Run seed_demo first"):
        seed(1)
