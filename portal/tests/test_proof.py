"""Whether a promise is proved, by the newest drill of its scope."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assessments.tests.lenses import small
from assessments.tests.rows import started
from portal import proof
from portal.catalogue.models import Objective, Service
from portal.people.models import User
from runbooks.models import Drill, Phase, Status
from runbooks.tests.rows import a_version, an_execution

pytestmark = pytest.mark.django_db


def a_drill(
    service: Service, people: dict[str, User], verdict: str, ended: timedelta = timedelta(0), **said: object
) -> Drill:
    now = timezone.now()
    return Drill.objects.create(
        title="Lose the Region",
        service=service,
        team=service.team,
        scope="region",
        injection=a_version(people, service.team),
        **{"rto": timedelta(minutes=15), "rpo": timedelta(minutes=1), **said},
        detection_timeout=timedelta(minutes=1),
        recovery_timeout=timedelta(minutes=1),
        started_by=people["responder"],
        start_key=str(uuid.uuid4()),
        status=Status.SUCCESS,
        phase=Phase.CLOSE,
        verdict=verdict,
        ended_at=now - ended,
    )


@pytest.mark.parametrize(
    ("verdict", "ended", "said", "why"),
    [
        ("Met", timedelta(days=1), {}, None),
        ("Not met", timedelta(days=1), {}, "not met"),
        ("Met", timedelta(days=400), {}, "last met over a year ago"),
        ("Met", timedelta(days=1), {"rto": timedelta(hours=2)}, "met a looser objective only"),
    ],
)
def test_a_promise_is_proved_by_a_recent_drill_that_met_it(
    service: Service, people: dict[str, User], verdict: str, ended: timedelta, said: dict[str, object], why: str | None
) -> None:
    a_drill(service, people, verdict, ended, **said)
    assert proof.of_service(service).scopes[0].why_unproved == why


def test_only_the_newest_drill_of_a_scope_counts(service: Service, people: dict[str, User]) -> None:
    a_drill(service, people, "Met", timedelta(days=2))
    a_drill(service, people, "Not recovered", timedelta(days=1))
    assert proof.of_service(service).scopes[0].why_unproved == "not recovered"


def test_scopes_stand_in_the_order_in_which_they_grow(service: Service) -> None:
    for scope in ("zone", "application", "infrastructure"):
        Objective.objects.create(service=service, scope=scope, rto=timedelta(1), rpo=timedelta(1), mtd=timedelta(1))
    shown = [each.objective.scope for each in proof.of_service(service).scopes]
    assert shown == ["application", "infrastructure", "zone", "region"]


def test_the_services_page_shows_what_was_proved(client: Client, service: Service, people: dict[str, User]) -> None:
    a_drill(service, people, "Met", timedelta(days=1))
    client.force_login(people["viewer"])
    page = client.get(f"/services/{service.slug}/").content.decode()
    assert "What drills proved" in page
    assert "Lose the Region" in page


def measured(service: Service, people: dict[str, User], verdict: str, rto: float | None, **said: Any) -> Drill:
    drill = a_drill(service, people, verdict, **said)
    drill.record = {"measured": {"rto_compared_seconds": rto, "rpo_compared_seconds": None}}
    drill.save()
    return drill


def test_checks_are_handed_the_newest_judged_drill_of_each_scope(service: Service, people: dict[str, User]) -> None:
    measured(service, people, "Not met", 4000.0, ended=timedelta(days=2))
    newest = measured(service, people, "Met", 300.0)
    a_drill(service, people, "")
    (fact,) = proof.SOURCE.drills_of(service)
    assert (fact.drill_id, fact.scope, fact.verdict) == (str(newest.pk), "region", "Met")
    assert (fact.rto, fact.rpo) == (timedelta(minutes=5), None)


def test_checks_are_handed_the_published_runbooks_that_ran_for_the_service(
    service: Service, people: dict[str, User]
) -> None:
    assert proof.SOURCE.runbooks_of(service) == ()
    execution = an_execution(people, service.team, service=service)
    (fact,) = proof.SOURCE.runbooks_of(service)
    assert (fact.name, fact.version) == (execution.version.runbook.name, execution.version.number)


def test_the_services_page_shows_its_assessments_and_leads_to_its_checks(
    client: Client, service: Service, people: dict[str, User]
) -> None:
    judged = started(people["owner"], service, small())
    client.force_login(people["viewer"])
    page = client.get(f"/services/{service.slug}/").content.decode()
    assert f"/assessments/{judged.pk}/results/" in page
    assert "0 high, 0 medium, 2 unanswered" in page
    assert f"/services/{service.slug}/checks/" in page


def test_what_ended_last_is_offered_as_evidence_first(service: Service, people: dict[str, User]) -> None:
    older, newer = (a_drill(service, people, "Met", timedelta(days=days)) for days in (2, 1))
    Drill.objects.filter(pk=a_drill(service, people, "").pk).update(ended_at=None, status=Status.IN_PROGRESS)
    assert [each.reference for each in proof.SOURCE.recent(service)] == [str(newer.pk), str(older.pk)]
