"""The pages `version_detail`, `version_source`, `version_diff` and `version_publish`."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.automation.document import load
from runbooks.models import RunbookVersion, VersionStatus
from runbooks.operations import versions
from runbooks.tests.runbook_rows import BROKEN, CHANGED, GOOD, UNKNOWN_ACTION, a_draft, a_published, the_next_draft
from runbooks.views.version_page import checks

pytestmark = pytest.mark.django_db
People = dict[str, User]


def read(client: Client, user: User, name: str, *arguments: object, query: str = "") -> str:
    client.force_login(user)
    answer = client.get(reverse(name, args=arguments) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_old_version_is_read_as_it_was(client: Client, people: People, team: Team) -> None:
    the_next_draft(people, a_published(people, team))
    assert "PT5S" in read(client, people["viewer"], "version_detail", "restore-shop", 1)
    assert "PT9S" in read(client, people["viewer"], "version_detail", "restore-shop", 2)


@pytest.mark.parametrize("number", [2, 999_999_999_999_999_999_999])
def test_a_version_that_is_not_there_is_not_found(client: Client, people: People, team: Team, number: int) -> None:
    a_draft(people, team)
    client.force_login(people["viewer"])
    assert client.get(reverse("version_detail", args=["restore-shop", number])).status_code == 404


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("version_detail", ["restore-shop", 1]),
        ("version_source", ["restore-shop", 1]),
        ("version_diff", ["restore-shop"]),
        ("version_publish", ["restore-shop", 1]),
    ],
)
def test_versions_of_another_team_do_not_exist(
    client: Client, people: People, team: Team, name: str, arguments: list[object]
) -> None:
    a_draft(people, team)
    client.force_login(people["outsider"])
    assert client.get(reverse(name, args=arguments)).status_code == 404


def test_the_text_is_handed_out_byte_for_byte_as_a_file(client: Client, people: People, team: Team) -> None:
    text = GOOD.replace("\n", "\r\n")
    a_draft(people, team, text)
    client.force_login(people["viewer"])
    answer = client.get(reverse("version_source", args=["restore-shop", 1]))
    assert answer.content.decode() == text
    assert answer["Content-Disposition"] == 'attachment; filename="Restore-Shop.v1.yaml"'


def test_the_difference_begins_with_the_published_version_before(client: Client, people: People, team: Team) -> None:
    the_next_draft(people, a_published(people, team))
    html = read(client, people["viewer"], "version_diff", "restore-shop")
    assert "From version 1 to version 2" in html
    assert all(words in html for words in ("<del>5</del>", "<ins>9</ins>", "inputs.Duration", "Rest"))


def test_any_two_versions_are_compared_either_way_and_side_by_side(client: Client, people: People, team: Team) -> None:
    the_next_draft(people, a_published(people, team))
    html = read(client, people["viewer"], "version_diff", "restore-shop", query="?from=2&to=1&view=split")
    assert "From version 2 to version 1" in html
    assert "<ins>5</ins>" in html
    assert "diff-split" in html


@pytest.mark.parametrize("query", ["?from=x&to=", "?from=-1", "?from=%F0%9F%98%80", "?view=nonsense"])
def test_a_nonsense_question_falls_back_to_the_usual_one(
    client: Client, people: People, team: Team, query: str
) -> None:
    the_next_draft(people, a_published(people, team))
    assert "From version 1 to version 2" in read(client, people["viewer"], "version_diff", "restore-shop", query=query)


def test_the_first_version_has_nothing_to_compare_with(client: Client, people: People, team: Team) -> None:
    a_draft(people, team)
    assert "Nothing to compare with" in read(client, people["viewer"], "version_diff", "restore-shop")


def test_a_draft_that_cannot_be_read_is_still_compared_by_line(client: Client, people: People, team: Team) -> None:
    the_next_draft(people, a_published(people, team), BROKEN)
    html = read(client, people["viewer"], "version_diff", "restore-shop")
    assert "diff-removed" in html
    assert "change-summary" not in html


def publish(client: Client, user: User, version: RunbookVersion, sha256: str = "") -> tuple[int, str]:
    client.force_login(user)
    address = reverse("version_publish", args=[version.runbook.slug, version.number])
    answer = client.post(address, {"sha256": sha256 or version.sha256})
    return answer.status_code, answer.content.decode()


def test_an_approver_sees_the_change_and_publishes_it(client: Client, people: People, team: Team) -> None:
    draft = the_next_draft(people, a_published(people, team))
    html = read(client, people["approver"], "version_publish", "restore-shop", 2)
    assert all(words in html for words in ("What changed since version 1", "<ins>9</ins>", draft.sha256))
    assert publish(client, people["approver"], draft)[0] == 302
    draft.refresh_from_db()
    assert (draft.status, draft.publisher) == (VersionStatus.PUBLISHED, people["approver"])


def test_what_changed_after_the_review_is_not_published_and_the_page_shows_the_new_text(
    client: Client, people: People, team: Team
) -> None:
    draft = a_draft(people, team)
    reviewed = draft.sha256
    saved = versions.save_draft(user=people["author"], runbook=draft.runbook, text=CHANGED, base_sha256=reviewed)
    status, html = publish(client, people["approver"], draft, reviewed)
    assert status == 422
    assert "not the text that was reviewed" in html
    assert saved.sha256 in html
    saved.refresh_from_db()
    assert saved.status == VersionStatus.DRAFT


@pytest.mark.parametrize(
    ("role", "words"),
    [("viewer", "needs the role approver"), ("author", "You wrote some"), ("responder", "needs the role")],
)
def test_others_are_told_why_they_may_not(client: Client, people: People, team: Team, role: str, words: str) -> None:
    draft = a_draft(people, team)
    html = read(client, people[role], "version_publish", "restore-shop", 1)
    assert words in html
    assert 'type="submit" disabled' in html
    assert publish(client, people[role], draft)[0] == 422
    draft.refresh_from_db()
    assert draft.status == VersionStatus.DRAFT


def test_unknown_actions_are_refused_by_name_when_publishing(client: Client, people: People, team: Team) -> None:
    draft = a_draft(people, team, UNKNOWN_ACTION)
    status, html = publish(client, people["approver"], draft)
    assert status == 422
    assert "line 13, mainSteps[1].action: Step Rest uses aws:teleport" in html


def test_a_runbook_that_it_starts_and_nobody_published_is_pointed_out(people: People, team: Team) -> None:
    a_published(people, team, name="Is-Here")
    names = ["Is-Here", "Not-Here", "{{ Chosen }}"]
    steps = [
        {"name": f"s{n}", "action": "aws:executeAutomation", "inputs": {"DocumentName": n_}}
        for n, n_ in enumerate(names)
    ]
    document = load({"schemaVersion": "0.3", "mainSteps": steps})
    draft = a_draft(people, team, name="Parent")
    warned = [check.text for check in checks(people["approver"], draft, (), document) if check.state == "warning"]
    assert warned == ["It starts the runbook Not-Here, which is not published here."]


def test_the_class_of_each_step_is_said_in_words(client: Client, people: People, team: Team) -> None:
    a_published(people, team)
    html = read(client, people["viewer"], "version_detail", "restore-shop", 1)
    assert html.count('class="step-class ') == html.count('<li class="flow-item"')
    assert "What the classes of steps mean" in html
    client.force_login(people["author"])
    checked = client.post(reverse("runbook_check"), {"text": GOOD}).content.decode()
    assert "What each step does" in checked
    assert checked.count('class="step-class ') == html.count('<li class="flow-item"')
