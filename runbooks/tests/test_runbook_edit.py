"""The page `runbook_edit`: saving, problems, and two people at once."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.models import RunbookVersion, VersionStatus
from runbooks.operations import versions
from runbooks.tests.runbook_rows import BROKEN, CHANGED, GOOD, a_draft, a_published

pytestmark = pytest.mark.django_db
People = dict[str, User]
MINE = GOOD.replace("PT5S", "PT7S")


def url(version: RunbookVersion) -> str:
    return reverse("runbook_edit", args=[version.runbook.slug])


def test_the_editor_begins_with_the_newest_text_and_its_fingerprint(client: Client, people: People, team: Team) -> None:
    version = a_published(people, team)
    client.force_login(people["author"])
    html = client.get(url(version)).content.decode()
    assert "Duration: PT5S" in html
    assert version.sha256 in html
    assert 'data-problems="document-problems"' in html


def test_saving_makes_the_next_draft(client: Client, people: People, team: Team) -> None:
    version = a_published(people, team)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": CHANGED, "base_sha256": version.sha256, "note": "Longer"})
    assert answer["Location"] == reverse("version_detail", args=["restore-shop", 2])
    draft = RunbookVersion.objects.get(number=2)
    assert (draft.text, draft.note, draft.status) == (CHANGED, "Longer", VersionStatus.DRAFT)


def test_a_draft_with_problems_is_saved_and_the_editor_stays_open(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": BROKEN, "base_sha256": version.sha256}, follow=True)
    assert answer.redirect_chain == [(url(version), 302)]
    version.refresh_from_db()
    assert version.text == BROKEN


def test_a_stale_save_shows_both_texts_and_their_difference(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    versions.save_draft(user=people["admin"], runbook=version.runbook, text=CHANGED, base_sha256=version.sha256)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": MINE, "base_sha256": version.sha256, "note": "My note"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert all(
        words in html for words in ("Admin Tester changed", "PT9S", "PT7S", "<del>9</del>", "<ins>7</ins>", "My note")
    )
    version.refresh_from_db()
    assert version.text == CHANGED


def test_saving_again_after_seeing_both_is_meant(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    stored = versions.save_draft(
        user=people["admin"], runbook=version.runbook, text=CHANGED, base_sha256=version.sha256
    )
    client.force_login(people["author"])
    html = client.post(url(version), {"text": MINE, "base_sha256": version.sha256}).content.decode()
    assert f'name="base_sha256" value="{stored.sha256}"' in html
    client.post(url(version), {"text": MINE, "base_sha256": stored.sha256})
    version.refresh_from_db()
    assert version.text == MINE


def test_an_empty_text_is_refused_and_nothing_changes(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": " ", "base_sha256": version.sha256, "note": "Kept note"})
    assert answer.status_code == 422
    assert "Kept note" in answer.content.decode()
    version.refresh_from_db()
    assert version.text == GOOD


@pytest.mark.parametrize("fingerprint", ["", "x", "A" * 64])
def test_a_form_that_was_tampered_with_is_refused(client: Client, people: People, team: Team, fingerprint: str) -> None:
    version = a_draft(people, team)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": MINE, "base_sha256": fingerprint})
    assert answer.status_code == 422
    assert "PT7S" in answer.content.decode()


def test_checking_without_scripts_saves_nothing(client: Client, people: People, team: Team) -> None:
    version = a_draft(people, team)
    client.force_login(people["author"])
    answer = client.post(url(version), {"text": BROKEN, "base_sha256": version.sha256, "check": "yes"})
    assert "to mend before publishing" in answer.content.decode()
    version.refresh_from_db()
    assert version.text == GOOD


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("approver", 403), ("outsider", 404)])
def test_others_may_not_edit(client: Client, people: People, team: Team, role: str, status: int) -> None:
    version = a_draft(people, team)
    client.force_login(people[role])
    assert client.get(url(version)).status_code == status
    assert client.post(url(version), {"text": MINE, "base_sha256": version.sha256}).status_code == status
    version.refresh_from_db()
    assert version.text == GOOD
