"""The page `runbook_list`."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.models import Execution, Purpose, Status
from runbooks.operations import versions
from runbooks.tests.runbook_rows import a_draft, a_published, the_next_draft

pytestmark = pytest.mark.django_db
People = dict[str, User]
URL = "/runbooks/"


def page(client: Client, user: User, query: str = "") -> str:
    client.force_login(user)
    answer = client.get(f"{reverse('runbook_list')}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_somebody_who_did_not_sign_in_is_sent_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(URL)
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]


def test_a_row_tells_published_version_draft_and_last_run(client: Client, people: People, team: Team) -> None:
    version = a_published(people, team)
    the_next_draft(people, version)
    Execution.objects.create(
        version=version,
        document_sha256=version.sha256,
        purpose=Purpose.ALONE,
        team=team,
        region="us-east-1",
        started_by=people["responder"],
        exclusive_key=str(uuid.uuid4()),
        status=Status.WAITING,
    )
    html = page(client, people["viewer"])
    assert all(words in html for words in ("Restore-Shop", "version 1", "draft 2", "Waiting", "Brings the shop back."))


def test_runbooks_of_other_teams_are_not_listed(client: Client, people: People, team: Team) -> None:
    a_draft(people, team)
    assert "Restore-Shop" not in page(client, people["outsider"])


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ("", True),
        ("?q=restore", True),
        ("?q=bank", False),
        ("?state=draft", True),
        ("?state=unpublished", True),
        ("?state=published", False),
        ("?state=archived", False),
        ("?team=shop", True),
        ("?team=nothing", True),
        ("?state=nonsense&page=999", True),
        ("?q=" + "x" * 200, True),
    ],
)
def test_a_filter_narrows_and_nonsense_is_left_out(
    client: Client, people: People, team: Team, query: str, is_listed: bool
) -> None:
    a_draft(people, team)
    assert ("Restore-Shop" in page(client, people["viewer"], query)) is is_listed


def test_an_archived_runbook_is_listed_only_when_asked_for(client: Client, people: People, team: Team) -> None:
    versions.archive_runbook(user=people["approver"], runbook=a_draft(people, team).runbook)
    assert "Restore-Shop" not in page(client, people["viewer"])
    assert "Restore-Shop" in page(client, people["viewer"], "?state=archived")


def test_an_empty_list_offers_the_import_to_authors_only(client: Client, people: People, team: Team) -> None:
    assert reverse("runbook_import") in page(client, people["author"])
    assert reverse("runbook_import") not in page(client, people["viewer"])


def test_more_runbooks_need_no_more_queries(client: Client, people: People, team: Team) -> None:
    a_published(people, team, name="First")
    page(client, people["viewer"])
    with CaptureQueriesContext(connection) as few:
        page(client, people["viewer"])
    for number in range(5):
        a_published(people, team, name=f"Another-{number}")
    with CaptureQueriesContext(connection) as many:
        page(client, people["viewer"])
    assert len(many) == len(few)
