"""Pages of lenses: list, one lens and version, import by file and by text, difference, export, publishing."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from assessments.lens import read
from assessments.models import Lens, LensVersion
from assessments.operations.lenses import create_lens, fingerprint, install_lenses, save_draft
from assessments.tests.lenses import as_published, backup, lens, pillar, question, small, text
from assessments.tests.rows import next_version, published
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def html_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def other() -> dict[str, Any]:
    more = question("fail_over", "manual automatic", [("automatic", "NO_RISK"), ("default", "HIGH_RISK")])
    return lens(pillar("reliability", backup(description="Reworded."), more))


def test_the_list_shows_lenses_of_everybody_and_of_ones_teams(owner: User, stranger: User, team: Team) -> None:
    install_lenses()
    published(owner, team, small())
    html = html_of(signed_in(owner).get("/lenses/"))
    assert "BC/DR core" in html
    assert 'href="/lenses/recovery/"' in html
    html = html_of(signed_in(stranger).get("/lenses/"))
    assert "BC/DR core" in html
    assert "/lenses/recovery/" not in html


def test_a_file_is_imported_as_a_draft_and_published(owner: User, team: Team) -> None:
    client = signed_in(owner)
    file = SimpleUploadedFile("lens.json", text(small()).encode())
    answer = client.post("/lenses/import/", {"team": "shop", "file": file, "text": "", "note": "First"})
    assert answer["Location"] == "/lenses/recovery/versions/draft/"
    assert "It becomes version 1.0" in html_of(client.get(answer["Location"]))
    form = {"sha256": fingerprint(text(small())), "size": "minor"}
    answer = client.post("/lenses/recovery/publish/", form)
    assert answer["Location"] == "/lenses/recovery/versions/1.0/"
    assert client.post("/lenses/recovery/publish/", form).status_code == 404


def test_a_pasted_text_becomes_the_next_draft(owner: User, team: Team) -> None:
    first = published(owner, team, small())
    client = signed_in(owner)
    page = html_of(client.get("/lenses/import/?lens=recovery"))
    assert first.sha256 in page
    form = {"text": text(other()), "base_sha256": first.sha256, "note": ""}
    assert client.post("/lenses/import/?lens=recovery", form)["Location"].endswith("/draft/")
    assert LensVersion.objects.get(status="Draft").lens == first.lens


def test_a_text_that_is_no_lens_lists_every_problem_and_stays_to_be_mended(owner: User, team: Team) -> None:
    raw = text(lens(pillar("reliability", backup(), backup(), question("q", "one two", [("nine", "NO_RISK")]))))
    file = SimpleUploadedFile("lens.json", raw.encode())
    for form in ({"team": "shop", "text": raw}, {"team": "shop", "file": file}):
        html = html_of(signed_in(owner).post("/lenses/import/", form), 422)
        assert "Not imported" in html
        assert "&quot;pillars&quot;" in html
    assert not Lens.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"team": "shop"}, "There is nothing to import"),
        ({"team": "shop", "file": SimpleUploadedFile("a.json", b"\xff\xfe\xff")}, "The file is not text"),
        ({"team": "warehouse", "text": "{}"}, "Select a valid choice"),
        ({"team": "shop", "text": "{}", "file": SimpleUploadedFile("a.json", b"{}")}, "either a file or a text"),
    ],
)
def test_an_import_that_cannot_be_is_refused(
    owner: User, stranger: User, team: Team, form: dict[str, Any], words: str
) -> None:
    assert words in html_of(signed_in(owner).post("/lenses/import/", form), 422)


def test_a_draft_that_changed_meanwhile_is_not_replaced(owner: User, colleague: User, team: Team) -> None:
    draft = create_lens(user=owner, team=team, text=text(small()))
    save_draft(user=colleague, lens=draft.lens, text=text(other()), base_sha256=draft.sha256)
    form = {"text": text(lens(pillar("new", backup()))), "base_sha256": draft.sha256}
    html = html_of(signed_in(owner).post("/lenses/import/?lens=recovery", form), 422)
    assert "Cleo changed this lens since you opened it" in html
    assert LensVersion.objects.get().text == text(other())


def test_a_version_shows_its_questions_rules_and_remarks(owner: User, team: Team) -> None:
    published(owner, team, as_published())
    html = html_of(signed_in(owner).get("/lenses/recovery/versions/1.0/"))
    for words in ("AWS would refuse it", "How do you odd_rules?", "choice1", 'data-status="HIGH"'):
        assert words in html


def test_a_shipped_lens_offers_no_import(owner: User) -> None:
    install_lenses()
    client = signed_in(owner)
    assert "import/?lens=" not in html_of(client.get("/lenses/bcdr-core/"))
    assert client.get("/lenses/import/?lens=bcdr-core").status_code == 403
    assert "AWS takes it" in html_of(client.get("/lenses/bcdr-core/versions/1.0/"))


def test_the_difference_names_what_came_went_and_changed(owner: User, team: Team) -> None:
    next_version(owner, published(owner, team, small()), other())
    html = html_of(signed_in(owner).get("/lenses/recovery/difference/"))
    assert "From 1.0 to 1.1" in html
    for words in ("change-mark-NEW", "change-mark-DELETED", "change-mark-UPDATED", "Reworded."):
        assert words in html
    assert "Both versions say the same" in html_of(signed_in(owner).get("/lenses/recovery/difference/?from=1.0&to=1.0"))
    assert signed_in(owner).get("/lenses/recovery/difference/?from=7.0&to=1.0").status_code == 404


def test_a_draft_is_compared_with_the_newest_published_version(owner: User, team: Team) -> None:
    version = published(owner, team, small())
    save_draft(user=owner, lens=version.lens, text=text(other()), base_sha256=version.sha256)
    html = html_of(signed_in(owner).get("/lenses/recovery/difference/"))
    assert "From 1.0 to draft" in html
    assert "change-mark-NEW" in html


def test_a_lens_of_one_question_counts_it_as_one(owner: User, team: Team) -> None:
    published(owner, team, lens(pillar("data", backup())))
    assert "1 pillar, 1 question, " in html_of(signed_in(owner).get("/lenses/recovery/versions/1.0/"))


def test_the_export_reads_back_the_same_and_is_a_download(owner: User, team: Team) -> None:
    published(owner, team, small())
    answer = signed_in(owner).get("/lenses/recovery/versions/1.0/export/")
    assert answer["Content-Disposition"] == 'attachment; filename="recovery-1.0.json"'
    assert read(answer.content).raw == small()


def test_lenses_of_other_teams_are_not_found(owner: User, stranger: User, team: Team) -> None:
    published(owner, team, small())
    for rest in ("", "difference/", "versions/1.0/", "versions/1.0/export/"):
        assert signed_in(stranger).get(f"/lenses/recovery/{rest}").status_code == 404
    assert signed_in(stranger).get("/lenses/import/?lens=recovery").status_code == 404


def test_a_viewer_reads_and_neither_imports_nor_publishes(people: dict[str, User], team: Team) -> None:
    draft = create_lens(user=people["owner"], team=team, text=text(small()))
    client = signed_in(people["viewer"])
    assert "Publish this draft" not in html_of(client.get("/lenses/recovery/versions/draft/"))
    assert client.get("/lenses/import/").status_code == 403
    form = {"sha256": draft.sha256, "size": "minor"}
    assert client.post("/lenses/recovery/publish/", form).status_code == 403


def test_what_a_lens_says_is_shown_as_text(owner: User, team: Team) -> None:
    attack = "<script>alert(1)</script>"
    raw = lens(pillar("a1b", backup(title=attack, description=attack), name=attack), name=attack, description=attack)
    version = published(owner, team, raw)
    client = signed_in(owner)
    for address in ("/lenses/", f"/lenses/{version.lens.slug}/", f"/lenses/{version.lens.slug}/versions/1.0/"):
        html = html_of(client.get(address))
        assert attack not in html
        assert "&lt;script&gt;" in html
