"""The home page: what runs, what is open, what was proved; the way to the first drill; a fixed number of questions."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.audit.log import database_now
from portal.catalogue.models import Objective, Scope, Service
from portal.home import home_of
from portal.people.models import Team, User
from runbooks.models import Drill, Execution, Incident, Purpose, Runbook, RunbookVersion, Status, Verdict

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def version(team: Team, people: dict[str, User]) -> RunbookVersion:
    runbook = Runbook.objects.create(slug="failover", name="Failover", team=team)
    return RunbookVersion.objects.create(
        runbook=runbook,
        number=1,
        status="Published",
        text="x",
        sha256="0" * 64,
        content={},
        author=people["author"],
        publisher=people["approver"],
        published_at=timezone.now(),
    )


@pytest.fixture
def drilled(service: Service, version: RunbookVersion, people: dict[str, User]) -> Callable[..., Drill]:
    """Makes a drill of `service` that ended with a verdict, `days` ago."""

    def make(verdict: str = Verdict.MET, days: float = 0, **columns: Any) -> Drill:
        facts: dict[str, Any] = {
            "title": "Lose a Region",
            "service": service,
            "team": service.team,
            "scope": Scope.REGION,
            "injection": version,
            "rto": 15 * MINUTE,
            "rpo": MINUTE,
            "detection_timeout": MINUTE,
            "recovery_timeout": MINUTE,
            "started_by": people["responder"],
            "status": Status.SUCCESS,
            "verdict": verdict,
            "ended_at": database_now() - timedelta(days=days),
        }
        return Drill.objects.create(**{**facts, **columns})

    return make


def run(version: RunbookVersion, user: User, number: int, **columns: Any) -> Execution:
    return Execution.objects.create(
        version=version,
        document_sha256=version.sha256,
        purpose=Purpose.ALONE,
        team=version.runbook.team,
        region="us-east-1",
        started_by=user,
        exclusive_key=f"key {number} {uuid.uuid4()}",
        **columns,
    )


def test_a_fresh_installation_shows_three_steps(people: dict[str, User]) -> None:
    home = home_of(people["owner"])
    assert [step.is_done for step in home.first_steps] == [False, False, False]
    assert [step.is_possible for step in home.first_steps] == [True, False, False]


def test_steps_are_done_one_after_the_other(
    service: Service, version: RunbookVersion, drilled: Callable[..., Drill], people: dict[str, User]
) -> None:
    steps = home_of(people["responder"]).first_steps
    assert [step.is_done for step in steps] == [True, True, False]
    assert (steps[2].is_possible, steps[2].query) == (True, "?sample=1")
    drilled()
    assert home_of(people["responder"]).first_steps == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, None),
        ({"verdict": Verdict.NOT_MET}, "not met"),
        ({"verdict": Verdict.NOT_MEASURED}, "not measured"),
        ({"days": 366}, "last met over a year ago"),
        ({"rto": 30 * MINUTE}, "met a looser objective only"),
        ({"rpo": 2 * MINUTE}, "met a looser objective only"),
        ({"rto": 5 * MINUTE}, None),
        ({"scope": Scope.ZONE}, "never drilled"),
        ({"status": Status.IN_PROGRESS, "ended_at": None, "verdict": ""}, "never drilled"),
    ],
)
def test_an_objective_is_proved_by_its_newest_drill_only(
    service: Service, drilled: Callable[..., Drill], people: dict[str, User], facts: dict[str, Any], words: str | None
) -> None:
    drilled(**facts)
    home = home_of(people["viewer"])
    found = {scope: why for each in home.unproved for scope, why in each.scopes}
    assert found.get(Scope.REGION) == words
    assert (home.proved, home.promised) == (1 if words is None else 0, 1)


def test_a_later_failure_undoes_an_earlier_proof(
    service: Service, drilled: Callable[..., Drill], people: dict[str, User]
) -> None:
    drilled(days=10)
    drilled(verdict=Verdict.NOT_RECOVERED, days=1)
    assert home_of(people["viewer"]).unproved[0].scopes == [(Scope.REGION, "not recovered")]


def test_other_teams_and_the_retired_are_not_told_of(
    service: Service, version: RunbookVersion, drilled: Callable[..., Drill], people: dict[str, User], team: Team
) -> None:
    drilled()
    run(version, people["responder"], 1)
    Incident.objects.create(title="Fire", team=team, opened_by=people["responder"])
    home = home_of(people["outsider"])
    assert not (home.running or home.incidents or home.drills or home.unproved or home.promised)
    Service.objects.update(is_retired=True)
    assert home_of(people["viewer"]).promised == 0


def test_the_page_names_what_runs_and_what_is_open(
    service: Service, version: RunbookVersion, drilled: Callable[..., Drill], people: dict[str, User], team: Team
) -> None:
    run(version, people["responder"], 1, service=service, current_step="ShiftTraffic")
    drilled(status=Status.IN_PROGRESS, ended_at=None, verdict="", title="Lose a zone")
    Incident.objects.create(title="Fire in the cellar", team=team, opened_by=people["responder"])
    client = Client()
    client.force_login(people["viewer"])
    text = client.get("/").content.decode()
    for told in ("Failover", "ShiftTraffic", "Lose a zone", "Fire in the cellar", "never drilled"):
        assert told in text


def test_the_page_asks_a_fixed_number_of_questions(
    service: Service,
    version: RunbookVersion,
    drilled: Callable[..., Drill],
    people: dict[str, User],
    team: Team,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(12):
        other = Service.objects.create(
            slug=f"s{number}", name=f"S{number}", team=team, owner=people["owner"], primary_region="us-east-1"
        )
        Objective.objects.create(service=other, scope=Scope.ZONE, rto=MINUTE, rpo=MINUTE, mtd=MINUTE)
        drilled(service=other, scope=Scope.ZONE)
        run(version, people["responder"], number, service=other)
        incident = Incident.objects.create(title=f"I{number}", team=team, opened_by=people["responder"])
        incident.services.add(other)
    client = Client()
    client.force_login(people["viewer"])
    with django_assert_max_num_queries(22):
        answer = client.get("/")
    home = answer.context["home"]
    assert len(home.running) == len(home.incidents) == len(home.drills) == 8
    assert (home.running_count, home.incident_count) == (12, 12)


def test_the_page_of_somebody_without_a_team_is_empty_not_broken(people: dict[str, User]) -> None:
    client = Client()
    client.force_login(people["outsider"])
    assert client.get("/").status_code == 200


def test_the_process_answers_without_signing_in(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"
