"""Results by the JSON door: the same numbers and refusals as the pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from assessments import tasks
from assessments.models import Assessment, ImprovementItem
from assessments.operations.milestones import record_milestone
from assessments.reports.content import report_of
from assessments.tests.rows import answered
from portal.catalogue.models import Service
from portal.people.models import User

pytestmark = pytest.mark.django_db
Call = Callable[..., Any]


@pytest.fixture
def call() -> Call:
    def called(user: User, method: str, path: str, body: Any = None) -> Any:
        client = Client()
        client.force_login(user)
        return client.generic(method, f"/api/{path}", _json(body), content_type="application/json")

    return called


def _json(body: Any) -> str:
    return "" if body is None else json.dumps(body)


@pytest.fixture
def judged(owner: User, assessment: Assessment) -> Assessment:
    answered(owner, assessment, "backup", "backup_no")
    record_milestone(user=owner, assessment=assessment, name="Before")
    answered(owner, assessment, "backup", "tested", base=1)
    return assessment


def test_the_report_says_what_the_page_says(call: Call, owner: User, judged: Assessment) -> None:
    told = call(owner, "GET", f"assessments/{judged.pk}/report/").json()
    assert told["counts"] == report_of(judged).counts
    assert call(owner, "GET", f"assessments/{judged.pk}/report/?milestone=1").json()["counts"]["HIGH"] == 1
    assert call(owner, "GET", f"assessments/{judged.pk}/report/?milestone=9").status_code == 404


def test_the_difference_tells_each_question_that_changed(call: Call, owner: User, judged: Assessment) -> None:
    told = call(owner, "GET", f"assessments/{judged.pk}/difference/?before=1&after=now").json()
    assert (told["better"], told["worse"]) == (1, 0)
    (change,) = told["questions"]
    assert (change["question_id"], change["before"], change["after"], change["direction"]) == (
        "backup",
        "HIGH",
        "MEDIUM",
        "better",
    )


def test_a_decision_is_read_changed_in_part_and_refused_when_stale(call: Call, owner: User, judged: Assessment) -> None:
    plan = f"assessments/{judged.pk}/improvements/"
    (line,) = call(owner, "GET", plan).json()
    assert (line["question_id"], line["revision"], line["choices"]) == ("backup", 0, ["We do copied", "We do owned"])
    sent = {"status": "IN_PROGRESS", "owner": "owner", "due_on": "2027-01-31", "base_revision": 0}
    assert call(owner, "PATCH", f"{plan}backup/", sent).json()["revision"] == 1
    assert (
        call(owner, "PATCH", f"{plan}backup/", {"note": "Nightly", "base_revision": 1}).json()["status"]
        == "IN_PROGRESS"
    )
    stale = call(owner, "PATCH", f"{plan}backup/", {"note": "Weekly", "base_revision": 1})
    assert stale.status_code == 400
    assert "Nightly" in stale.json()["detail"]
    assert ImprovementItem.objects.get().note == "Nightly"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"status": "DONE", "base_revision": 0}, "status"),
        ({"owner": "outsider", "base_revision": 0}, "owner"),
        ({"status": "RISK_ACKNOWLEDGED", "base_revision": 0}, "note"),
        ({"note": "x"}, "base_revision"),
        ({"note": "x", "base_revision": 0, "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    call: Call, owner: User, judged: Assessment, sent: dict[str, Any], field: str
) -> None:
    answer = call(owner, "PATCH", f"assessments/{judged.pk}/improvements/backup/", sent)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_viewers_read_and_decide_nothing_and_other_teams_find_nothing(
    call: Call, people: dict[str, User], stranger: User, judged: Assessment
) -> None:
    plan = f"assessments/{judged.pk}/improvements/"
    assert call(people["viewer"], "GET", plan).status_code == 200
    assert call(people["viewer"], "PATCH", f"{plan}backup/", {"note": "x", "base_revision": 0}).status_code == 403
    for path in (plan, f"assessments/{judged.pk}/report/", f"assessments/{judged.pk}/difference/"):
        assert call(stranger, "GET", path).status_code == 404


def test_the_portfolio_is_the_consolidated_report(call: Call, owner: User, judged: Assessment) -> None:
    told = call(owner, "GET", "portfolio/").json()
    assert told["counts"] == report_of(judged).counts
    assert [each["slug"] for each in told["services"]] == ["checkout"]
    assert call(owner, "GET", "portfolio/?tier=4").json()["services"] == []
    assert call(owner, "GET", "portfolio/?tier=nine").status_code == 400


def test_a_run_of_checks_is_asked_for_and_read(
    call: Call,
    owner: User,
    people: dict[str, User],
    stranger: User,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.run_checks, "delay", lambda _: None)
    begun = call(owner, "POST", "check-runs/", {"service": "checkout"})
    assert begun.status_code == 201
    assert (begun.json()["status"], begun.json()["requested_by"]) == ("Pending", "owner")
    read = f"check-runs/{begun.json()['id']}/"
    assert call(people["viewer"], "GET", read).json()["results"] == []
    assert call(people["viewer"], "POST", "check-runs/", {"service": "checkout"}).status_code == 403
    assert call(stranger, "GET", read).status_code == 404
    assert call(stranger, "POST", "check-runs/", {"service": "checkout"}).status_code == 404
    assert call(owner, "GET", "check-runs/?service=checkout").json()["count"] == 1
