"""The page `runbook_detail`, and archiving from it."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.models import Execution, Purpose
from runbooks.operations import versions
from runbooks.tests.runbook_rows import BROKEN, GOOD, UNKNOWN_ACTION, a_draft, a_published, the_next_draft

pytestmark = pytest.mark.django_db
People = dict[str, User]


def page(client: Client, user: User, slug: str = "restore-shop") -> str:
    client.force_login(user)
    answer = client.get(reverse("runbook_detail", args=[slug]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_published_version_is_shown_while_a_draft_waits(client: Client, people: People, team: Team) -> None:
    the_next_draft(people, a_published(people, team))
    html = page(client, people["viewer"])
    assert "PT5S" in html
    assert "PT9S" not in html
    assert reverse("version_publish", args=["restore-shop", 2]) in html


def test_description_steps_parameters_and_source_are_there(client: Client, people: People, team: Team) -> None:
    a_published(people, team)
    html = page(client, people["viewer"])
    for words in ("<strong>shop</strong>", 'id="step-Confirm"', 'href="#step-Rest"', "<code>Reason</code>", 'id="L12"'):
        assert words in html, words


def test_the_picture_is_data_and_never_script(client: Client, people: People, team: Team) -> None:
    text = GOOD.replace("Look first.", '"</script><script>alert(1)</script>"').replace("Brings the", "<img src=x>")
    a_draft(people, team, text)
    html = page(client, people["viewer"])
    assert "<script>alert" not in html
    assert "<img" not in html.split("<main", 1)[1].split("</main>")[0].replace("&lt;img", "")


def test_a_draft_that_cannot_be_read_shows_problems_and_source(client: Client, people: People, team: Team) -> None:
    a_draft(people, team, BROKEN)
    html = page(client, people["viewer"])
    assert "to mend before publishing" in html
    assert 'id="source"' in html
    assert "data-graph" not in html


def test_a_problem_leads_to_its_line(client: Client, people: People, team: Team) -> None:
    a_draft(people, team, UNKNOWN_ACTION)
    html = page(client, people["viewer"])
    assert 'href="#L13"' in html
    assert 'id="L13" class="has-problem"' in html


@pytest.mark.parametrize(
    ("role", "is_offered"), [("responder", True), ("admin", True), ("viewer", False), ("author", False)]
)
def test_only_those_who_may_start_are_offered_to(
    client: Client, people: People, team: Team, role: str, is_offered: bool
) -> None:
    version = a_published(people, team)
    assert (reverse("execution_start", args=[version.pk]) in page(client, people[role])) is is_offered


def test_a_draft_is_not_offered_for_starting(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    assert reverse("execution_start", args=[version.pk]) not in page(client, people["responder"])


def test_executions_of_any_version_are_listed(client: Client, people: People, team: Team) -> None:
    version = a_published(people, team)
    run = Execution.objects.create(
        version=version,
        document_sha256=version.sha256,
        purpose=Purpose.ALONE,
        reason="A rehearsal",
        team=team,
        region="us-east-1",
        started_by=people["responder"],
        exclusive_key=str(uuid.uuid4()),
    )
    html = page(client, people["viewer"])
    assert "A rehearsal" in html
    assert reverse("execution_detail", args=[run.pk]) in html


def test_a_runbook_of_another_team_does_not_exist(client: Client, people: People, team: Team) -> None:
    a_draft(people, team)
    client.force_login(people["outsider"])
    assert client.get(reverse("runbook_detail", args=["restore-shop"])).status_code == 404


def test_an_approver_archives_and_restores(client: Client, people: People, team: Team) -> None:
    runbook = a_published(people, team).runbook
    client.force_login(people["approver"])
    for is_archived in (True, False):
        client.post(reverse("runbook_archive", args=[runbook.slug]))
        runbook.refresh_from_db()
        assert runbook.is_archived is is_archived


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("author", 403), ("outsider", 404)])
def test_others_may_not_archive(client: Client, people: People, team: Team, role: str, status: int) -> None:
    runbook = a_published(people, team).runbook
    client.force_login(people[role])
    assert client.post(reverse("runbook_archive", args=[runbook.slug])).status_code == status
    runbook.refresh_from_db()
    assert not runbook.is_archived


def test_reading_does_not_archive(client: Client, people: People, team: Team) -> None:
    client.force_login(people["approver"])
    a_published(people, team)
    assert client.get(reverse("runbook_archive", args=["restore-shop"])).status_code == 405


def test_an_archived_runbook_is_not_offered_for_starting(client: Client, people: People, team: Team) -> None:
    version = a_published(people, team)
    versions.archive_runbook(user=people["approver"], runbook=version.runbook)
    assert reverse("execution_start", args=[version.pk]) not in page(client, people["responder"])


def test_a_text_of_very_many_lines_is_shown_in_part_and_says_so(client: Client, people: People, team: Team) -> None:
    a_draft(people, team, GOOD + "# a remark\n" * 6_000)
    html = page(client, people["viewer"])
    assert 'id="L5000"' in html
    assert 'id="L5001"' not in html
    assert "1016 more lines are not shown here" in html
