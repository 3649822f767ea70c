"""The pages `runbook_create` and `runbook_check`."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.models import Runbook, RunbookVersion
from runbooks.tests.runbook_rows import BROKEN, GOOD, UNKNOWN_ACTION

pytestmark = pytest.mark.django_db
People = dict[str, User]


def typed(team: Team, **other: str) -> dict[str, str]:
    return {"team": str(team.pk), "name": "Restore-Shop", "text": GOOD, "note": ""} | other


def test_a_good_document_becomes_a_draft(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    answer = client.post(reverse("runbook_create"), typed(team))
    assert answer["Location"] == reverse("version_detail", args=["restore-shop", 1])
    assert RunbookVersion.objects.get().author == people["author"]


def test_line_ends_of_a_browser_become_plain(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    client.post(reverse("runbook_create"), typed(team, text=GOOD.replace("\n", "\r\n")))
    assert RunbookVersion.objects.get().text == GOOD


def test_a_document_with_problems_is_kept_and_leads_to_the_editor(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    answer = client.post(reverse("runbook_create"), typed(team, text=UNKNOWN_ACTION), follow=True)
    assert answer.redirect_chain == [(reverse("runbook_edit", args=["restore-shop"]), 302)]
    html = answer.content.decode()
    assert "1 problem to mend" in html
    assert "aws:teleport" in html


def test_a_refused_name_keeps_what_was_typed(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    answer = client.post(reverse("runbook_create"), typed(team, name="bad name", note="For the night"))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert all(words in html for words in ("bad name", "For the night", "Duration: PT5S", "3 to 128"))
    assert not Runbook.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "approver", "responder", "outsider"])
def test_others_may_not(client: Client, people: People, team: Team, role: str) -> None:
    client.force_login(people[role])
    assert client.get(reverse("runbook_create")).status_code == 403
    assert client.post(reverse("runbook_create"), typed(team)).status_code == 403
    assert not Runbook.objects.exists()


def test_the_form_offers_only_teams_one_writes_for(client: Client, people: People, team: Team) -> None:
    other = Team.objects.create(slug="other", name="Other")
    client.force_login(people["author"])
    answer = client.post(reverse("runbook_create"), typed(other))
    assert answer.status_code == 422
    assert not Runbook.objects.exists()


def test_checking_without_scripts_shows_problems_and_keeps_nothing(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    answer = client.post(reverse("runbook_create"), typed(team, text=UNKNOWN_ACTION, check="yes"))
    html = answer.content.decode()
    assert "aws:teleport, which this portal does not run" in html
    assert "Duration: PT5S" in html
    assert not Runbook.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [(GOOD, "No problems: 2 steps"), (UNKNOWN_ACTION, "line 13"), (BROKEN, "to mend"), ("", "empty"), ("\x00", "NUL")],
)
def test_the_check_fragment_tells_what_a_text_is_worth(client: Client, people: People, text: str, words: str) -> None:
    client.force_login(people["viewer"])
    html = client.post(reverse("runbook_check"), {"text": text}).content.decode()
    assert words in html
    assert '<script id="document-problems" type="application/json">' in html
    assert "<html" not in html
