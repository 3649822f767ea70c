"""The pages of results, plan, differences, portfolio, reports and checks: who sees them, what they show, what they refuse."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from openpyxl import load_workbook
from pypdf import PdfReader

from assessments import tasks
from assessments.models import Assessment, CheckPlan, CheckResult, CheckRun, ImprovementItem
from assessments.operations.milestones import record_milestone
from assessments.reports.words import RISKS, shown_risk
from assessments.tests.lenses import lens, pillar, question
from assessments.tests.rows import answered, started
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]


@pytest.fixture
def enter() -> Enter:
    def entered(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return entered


@pytest.fixture
def judged(owner: User, assessment: Assessment) -> Assessment:
    """backup at HIGH in a milestone and at MEDIUM now, restore unanswered."""
    answered(owner, assessment, "backup", "backup_no")
    record_milestone(user=owner, assessment=assessment, name="Before")
    answered(owner, assessment, "backup", "tested", base=1)
    return assessment


def shown_counts(page: str) -> dict[str, int]:
    """The five numbers of a page, as a person reads them."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    return {risk: int(re.search(rf"(\d+) {shown_risk(risk)}", text).group(1)) for risk in RISKS}


NOW = {"HIGH": 0, "MEDIUM": 1, "UNANSWERED": 1, "NONE": 0, "NOT_APPLICABLE": 0}


@pytest.mark.parametrize("place", ["results", "improvements", "difference", "report"])
def test_viewers_read_every_page_and_other_teams_find_none(
    enter: Enter, people: dict[str, User], stranger: User, judged: Assessment, place: str
) -> None:
    address = f"/assessments/{judged.pk}/{place}/"
    assert enter(people["viewer"]).get(address).status_code == 200
    assert enter(stranger).get(address).status_code == 404


def test_the_same_numbers_stand_on_page_json_spreadsheet_and_pdf(enter: Enter, owner: User, judged: Assessment) -> None:
    client, address = enter(owner), f"/assessments/{judged.pk}/report"
    assert shown_counts(client.get(f"{address}/").content.decode()) == NOW
    assert shown_counts(client.get(f"/assessments/{judged.pk}/results/").content.decode()) == NOW
    told = client.get(f"{address}.json").json()
    assert told["counts"] == NOW
    rows = load_workbook(BytesIO(client.get(f"{address}.xlsx").content))["Summary"].iter_rows(values_only=True)
    summary = dict(rows)
    assert {risk: summary[shown_risk(risk)] for risk in RISKS} == NOW
    pages = PdfReader(BytesIO(client.get(f"{address}.pdf").content)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert " ".join(f"{NOW[risk]} {shown_risk(risk)}" for risk in RISKS) in text
    (line,) = told["trend"][:1]
    assert (line["name"], line["counts"]["HIGH"]) == ("Before", 1)


@pytest.mark.parametrize("form", ["json", "xlsx", "pdf"])
def test_files_are_handed_over_as_attachments(enter: Enter, owner: User, judged: Assessment, form: str) -> None:
    for address in (f"/assessments/{judged.pk}/report.{form}?milestone=1", f"/assessments/portfolio/report.{form}"):
        answer = enter(owner).get(address)
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_what_is_no_report_is_not_found(enter: Enter, owner: User, stranger: User, judged: Assessment) -> None:
    client = enter(owner)
    for address in ("report.docx", "report.json?milestone=7", "report/?milestone=x"):
        assert client.get(f"/assessments/{judged.pk}/{address}").status_code == 404
    assert enter(stranger).get(f"/assessments/{judged.pk}/report.json").status_code == 404


def test_a_milestones_report_shows_its_own_numbers(enter: Enter, owner: User, judged: Assessment) -> None:
    page = enter(owner).get(f"/assessments/{judged.pk}/report/?milestone=1").content.decode()
    assert shown_counts(page) == {**NOW, "HIGH": 1, "MEDIUM": 0}
    assert judged.milestones.get().sha256 in page


def test_the_difference_shows_what_changed_between_two_states(enter: Enter, owner: User, judged: Assessment) -> None:
    page = enter(owner).get(f"/assessments/{judged.pk}/difference/").content.decode()
    assert "1 of 2 questions differ: 1 better, 0 worse" in page
    assert "We do tested" in page
    same = enter(owner).get(f"/assessments/{judged.pk}/difference/?before=1&after=1").content.decode()
    assert "The same state twice" in same
    odd = enter(owner).get(f"/assessments/{judged.pk}/difference/?before=99&after=x")
    assert odd.status_code == 200


def test_without_a_milestone_the_difference_says_what_to_do(enter: Enter, owner: User, assessment: Assessment) -> None:
    assert b"No milestone yet" in enter(owner).get(f"/assessments/{assessment.pk}/difference/").content


def test_a_plan_of_nothing_answered_asks_for_answers_instead_of_praising(
    enter: Enter, owner: User, assessment: Assessment
) -> None:
    client = enter(owner)
    plan_page = client.get(f"/assessments/{assessment.pk}/improvements/").content.decode()
    results_page = client.get(f"/assessments/{assessment.pk}/results/").content.decode()
    assert "No plan yet" in plan_page
    assert "Nothing is known yet" in results_page
    for page in (plan_page, results_page):
        assert f"/assessments/{assessment.pk}/questions/next/" in page
        assert not re.search("Nothing to improve|No known risk", page)


def test_the_difference_names_both_states(enter: Enter, owner: User, judged: Assessment) -> None:
    page = enter(owner).get(f"/assessments/{judged.pk}/difference/").content.decode()
    assert re.findall(r'<th scope="row">(.*?)</th>', page) == ["1. Before", "Now"]


def plan(status: str = "IN_PROGRESS", **said: str) -> dict[str, str]:
    return {"status": status, "owner": "owner", "due_on": "2027-01-31", "note": "Nightly", "base_revision": "0", **said}


def test_a_decision_is_saved_from_the_plan(enter: Enter, owner: User, judged: Assessment) -> None:
    client = enter(owner)
    answer = client.post(f"/assessments/{judged.pk}/improvements/backup", plan(), follow=True)
    assert answer.redirect_chain
    page = answer.content.decode()
    assert "In progress" in page
    assert 'value="2027-01-31"' in page
    assert ImprovementItem.objects.get().owner == owner


def test_a_refused_decision_shows_everything_typed_again(enter: Enter, owner: User, judged: Assessment) -> None:
    sent = plan("RISK_ACKNOWLEDGED", note="", due_on="2027-02-28")
    answer = enter(owner).post(f"/assessments/{judged.pk}/improvements/backup", sent)
    assert answer.status_code == 422
    assert b"Say why the risk is accepted" in answer.content
    assert b'value="2027-02-28"' in answer.content
    assert not ImprovementItem.objects.filter(revision__gt=0).exists()


def test_two_people_who_decide_at_once_both_see_it(
    enter: Enter, owner: User, colleague: User, judged: Assessment
) -> None:
    address = f"/assessments/{judged.pk}/improvements/backup"
    enter(colleague).post(address, plan(note="Theirs"))
    answer = enter(owner).post(address, plan(note="Mine"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Theirs" in page
    assert "Mine" in page
    revision = re.search(r'name="base_revision" value="(\d+)"', page).group(1)
    assert enter(owner).post(address, plan(note="Mine", base_revision=revision)).status_code == 302
    assert ImprovementItem.objects.get().note == "Mine"


def test_viewers_see_the_plan_but_decide_nothing(enter: Enter, people: dict[str, User], judged: Assessment) -> None:
    client = enter(people["viewer"])
    assert b"base_revision" not in client.get(f"/assessments/{judged.pk}/improvements/").content
    assert client.post(f"/assessments/{judged.pk}/improvements/backup", plan()).status_code == 403


def test_the_portfolio_shows_ones_services_and_is_narrowed(
    enter: Enter, owner: User, stranger: User, judged: Assessment
) -> None:
    page = enter(owner).get("/assessments/portfolio/").content.decode()
    assert "Checkout" in page
    assert "1 medium" in page
    assert shown_counts(page) == NOW
    by_pillar = enter(owner).get(f"/assessments/portfolio/?lens={judged.lens.slug}").content.decode()
    assert "Pillar reliability" in by_pillar
    assert "No service fits" in enter(owner).get("/assessments/portfolio/?tier=4").content.decode()
    assert "Checkout" not in enter(stranger).get("/assessments/portfolio/").content.decode()


def test_what_nobody_offers_narrows_nothing(enter: Enter, owner: User, judged: Assessment) -> None:
    answer = enter(owner).get("/assessments/portfolio/?tier=x&lens=no&team=no&order=no&page=99")
    assert b"Checkout" in answer.content


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_checks, "delay", sent.append)
    return sent


def saw(service: Service, name: str, outcome: str, sentence: str) -> None:
    run = CheckRun.objects.create(service=service, status="Success", ended_at="2026-11-23T10:00Z")
    CheckResult.objects.create(
        run=run,
        service=service,
        check_name=name,
        outcome=outcome,
        is_conclusive=outcome in ("Passed", "Failed"),
        sentence=sentence,
        facts={"findings": [{"kind": "table", "name": "Orders", "region": "", "is_met": False, "says": "no copy"}]},
    )


def test_the_checks_page_shows_what_each_saw_and_what_mends_it(
    enter: Enter, people: dict[str, User], stranger: User, service: Service
) -> None:
    saw(service, "backups_exist", "Failed", "Orders: <b>no copy</b>.")
    page = enter(people["viewer"]).get("/services/checkout/checks/").content.decode()
    assert "Orders: &lt;b&gt;no copy&lt;/b&gt;." in page
    assert "How to mend it." in page
    assert "1 failed" in page
    assert "Look now" not in page
    assert enter(stranger).get("/services/checkout/checks/").status_code == 404


def test_owners_have_a_service_looked_at_and_the_page_waits_for_it(
    enter: Enter, owner: User, people: dict[str, User], service: Service, hints: list[str]
) -> None:
    answer = enter(owner).post("/services/checkout/checks/run/", follow=True)
    assert b"0 of" in answer.content
    assert b'hx-trigger="every 2s"' in answer.content
    assert b'<noscript><meta http-equiv="refresh"' in answer.content
    assert CheckRun.objects.get().requested_by == owner
    assert enter(people["viewer"]).post("/services/checkout/checks/run/").status_code == 403
    assert enter(owner).get("/services/checkout/checks/run/").status_code == 405


def test_the_live_part_of_the_checks_page_stops_asking_when_the_run_is_over(
    enter: Enter, owner: User, people: dict[str, User], service: Service, hints: list[str]
) -> None:
    enter(owner).post("/services/checkout/checks/run/")
    part = enter(owner).get("/services/checkout/checks/fragment/").content
    assert b"every 2s" in part
    assert b"<html" not in part
    CheckRun.objects.update(status="Success", ended_at=Now())
    assert b"every 2s" not in enter(owner).get("/services/checkout/checks/fragment/").content
    assert b"checks-start" not in enter(people["viewer"]).get("/services/checkout/checks/fragment/").content
    assert enter(people["outsider"]).get("/services/checkout/checks/fragment/").status_code == 404


def test_a_refused_run_says_what_to_do(enter: Enter, owner: User, service: Service) -> None:
    service.accounts.add(AwsAccount.objects.create(name="Second", team=service.team, account_id="210987654321"))
    answer = enter(owner).post("/services/checkout/checks/run/", follow=True)
    assert b"Choose in its plan which one checks read" in answer.content


def test_the_plan_of_checks_is_saved_and_shown_again(enter: Enter, owner: User, service: Service) -> None:
    sent = {"interval": "24", "tag_key": "app", "tag_value": "", "names": "table: Orders, Customers\nqueue: Jobs"}
    page = enter(owner).post("/services/checkout/checks/plan/", sent, follow=True).content.decode()
    plan = CheckPlan.objects.get()
    assert (plan.interval, plan.names) == (timedelta(days=1), {"table": ["Orders", "Customers"], "queue": ["Jobs"]})
    assert "table: Orders, Customers" in page


@pytest.mark.parametrize("names", ["Orders", "table:", "spaceship: x"])
def test_a_refused_plan_keeps_what_was_typed(enter: Enter, owner: User, service: Service, names: str) -> None:
    sent = {"interval": "", "tag_key": "app", "tag_value": "", "names": names}
    answer = enter(owner).post("/services/checkout/checks/plan/", sent)
    assert answer.status_code == 422
    assert f"{names}</textarea>" in answer.content.decode()
    assert not CheckPlan.objects.exists()


def bound() -> dict[str, Any]:
    asked = question("backup", "tested copied", [("tested", "NO_RISK"), ("default", "HIGH_RISK")])
    asked["choices"][0]["_check"] = ["backups_exist"]
    return lens(pillar("ppp", asked))


def test_the_question_shows_beside_the_answer_what_speaks_against_it(
    enter: Enter, owner: User, service: Service
) -> None:
    judged = started(owner, service, bound())
    address = f"/assessments/{judged.pk}/question/backup"
    client = enter(owner)
    assert 'data-status="claimed"' not in client.get(address).content.decode()
    answered(owner, judged, "backup", "tested")
    assert 'data-status="claimed"' in client.get(address).content.decode()
    saw(service, "backups_exist", "Failed", "Orders: no copy.")
    page = client.get(address).content.decode()
    assert 'data-status="contradicted"' in page
    assert "Orders: no copy." in page
    assert 'data-status="contradicted"' in client.get(f"/assessments/{judged.pk}/results/").content.decode()
    told = json.loads(client.get(f"/assessments/{judged.pk}/report.json").content)
    assert told["questions"][0]["standing"] == "contradicted"
    assert told["questions"][0]["proofs"][0]["says"] == "Orders: no copy."


def test_a_save_of_the_page_brings_the_standing_along(enter: Enter, owner: User, service: Service) -> None:
    judged = started(owner, service, bound())
    saw(service, "backups_exist", "Failed", "Orders: no copy.")
    sent = {"choice": "tested", "base_revision": "0", "notes": "", "applies": "", "assignee": ""}
    answer = enter(owner).post(f"/assessments/{judged.pk}/question/backup", sent, headers={"X-Autosave": "1"})
    assert answer.status_code == 200
    assert b'data-slot="standing"' in answer.content
    assert b'data-status="contradicted"' in answer.content
