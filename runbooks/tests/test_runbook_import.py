"""The page `runbook_import`: files and pasted documents, each with its own report."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.people.models import Team, User
from runbooks.models import Runbook
from runbooks.operations import imports
from runbooks.tests.runbook_rows import GOOD, UNKNOWN_ACTION

pytestmark = pytest.mark.django_db
People = dict[str, User]
URL = "/runbooks/import/"


def file(name: str, content: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


def test_several_files_at_once_each_get_a_report(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    files = [file("Good.yaml", GOOD), file("Teleport.yml", UNKNOWN_ACTION), file("bad name.yaml", GOOD)]
    html = client.post(URL, {"team": team.pk, "uploads": files}).content.decode()
    assert sorted(Runbook.objects.values_list("name", flat=True)) == ["Good", "Teleport"]
    assert all(words in html for words in ("created, with problems", "aws:teleport", "refused", "3 to 128"))


def test_a_refused_document_comes_back_whole_to_be_mended(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    html = client.post(URL, {"team": team.pk, "name": "bad name", "document": GOOD}).content.decode()
    assert 'value="bad name"' in html
    assert "Duration: PT5S" in html
    assert not Runbook.objects.exists()


def test_pasted_documents_and_files_go_together(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    pasted = {"name": ["First", "Second"], "document": [GOOD, GOOD]}
    client.post(URL, {"team": team.pk, "uploads": [file("Third.json", GOOD)], **pasted})
    assert sorted(Runbook.objects.values_list("name", flat=True)) == ["First", "Second", "Third"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * 262_145, "262,145 bytes"),
        (b"just words", "not an Automation document"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_no_document_is_refused_with_its_reason(
    client: Client, people: People, team: Team, content: bytes, words: str
) -> None:
    client.force_login(people["author"])
    html = client.post(URL, {"team": team.pk, "uploads": [file("Odd.yaml", content)]}).content.decode()
    assert words in html
    assert not Runbook.objects.exists()


def test_nothing_at_all_is_refused(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    answer = client.post(URL, {"team": team.pk, "name": "", "document": ""})
    assert answer.status_code == 422
    assert "nothing to import" in answer.content.decode()


def test_too_many_files_are_refused_whole(client: Client, people: People, team: Team) -> None:
    client.force_login(people["author"])
    files = [file(f"Doc-{number}.yaml", GOOD) for number in range(imports.MAXIMUM_DOCUMENTS + 1)]
    answer = client.post(URL, {"team": team.pk, "uploads": files})
    assert answer.status_code == 422
    assert "Nothing was imported" in answer.content.decode()
    assert not Runbook.objects.exists()


def test_a_wrong_team_keeps_what_was_pasted(client: Client, people: People, team: Team) -> None:
    other = Team.objects.create(slug="other", name="Other")
    client.force_login(people["author"])
    answer = client.post(URL, {"team": other.pk, "name": "Kept", "document": GOOD})
    assert answer.status_code == 422
    assert "Duration: PT5S" in answer.content.decode()


@pytest.mark.parametrize("role", ["viewer", "approver", "outsider"])
def test_others_may_not(client: Client, people: People, team: Team, role: str) -> None:
    client.force_login(people[role])
    assert client.get(reverse("runbook_import")).status_code == 403
    assert client.post(URL, {"team": team.pk, "uploads": [file("Good.yaml", GOOD)]}).status_code == 403
    assert not Runbook.objects.exists()
