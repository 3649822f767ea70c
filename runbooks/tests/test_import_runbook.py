"""Importing documents: the command on real files, and the operation behind it and behind the page."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from portal.people.models import Membership, Role, Team, User
from runbooks.models import Runbook, RunbookVersion, VersionStatus
from runbooks.operations import imports, versions
from runbooks.operations.imports import Fate, import_documents
from runbooks.tests.runbook_rows import CHANGED, GOOD, UNKNOWN_ACTION

pytestmark = pytest.mark.django_db
People = dict[str, User]


def run(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("import_runbook", *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_folder_becomes_drafts_named_like_its_files(people: People, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "Restore-Shop.yaml").write_text(GOOD)
    (tmp_path / "below" / "Other.v1.json").write_text(json.dumps({"schemaVersion": "0.3", "mainSteps": []}))
    (tmp_path / "README.md").write_text("not a document")
    run(str(tmp_path), "--as", "author")
    assert sorted(Runbook.objects.values_list("name", flat=True)) == ["Other.v1", "Restore-Shop"]
    assert set(RunbookVersion.objects.values_list("status", "author__username")) == {("Draft", "author")}


def test_the_report_names_the_problem_and_its_line(people: People, tmp_path: Path) -> None:
    (tmp_path / "Teleport.yaml").write_text(UNKNOWN_ACTION)
    out = run(str(tmp_path / "Teleport.yaml"), "--as", "author")
    assert "cannot be published yet" in out
    assert "aws:teleport" in out
    assert "line 13" in out


def test_a_refused_document_does_not_stop_the_others_and_the_command_fails(people: People, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "bad name.yaml").write_text(GOOD)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "list.yaml").write_text("- just\n- a list\n")
    (tmp_path / "good.yaml").write_text(GOOD)
    out = StringIO()
    with pytest.raises(CommandError, match="4 of 5"):
        call_command("import_runbook", str(tmp_path), "--as", "author", "--json", stdout=out)
    fates = {entry["name"]: entry["fate"] for entry in json.loads(out.getvalue())}
    assert fates == {"a": "refused", "bad name": "refused", "binary": "refused", "list": "refused", "good": "created"}


def test_the_same_document_again_is_unchanged(people: People, tmp_path: Path) -> None:
    (tmp_path / "Restore-Shop.yaml").write_text(GOOD)
    run(str(tmp_path), "--as", "author")
    assert "unchanged" in run(str(tmp_path), "--as", "author")
    assert RunbookVersion.objects.count() == 1


def test_line_ends_of_the_file_are_kept(people: People, tmp_path: Path) -> None:
    (tmp_path / "Windows.yaml").write_bytes(GOOD.replace("\n", "\r\n").encode())
    run(str(tmp_path), "--as", "author")
    assert RunbookVersion.objects.get().text == GOOD.replace("\n", "\r\n")


def test_a_path_that_is_not_there_is_refused_before_anything_is_imported(people: People, tmp_path: Path) -> None:
    (tmp_path / "Restore-Shop.yaml").write_text(GOOD)
    with pytest.raises(CommandError, match="does not exist"):
        run(str(tmp_path), str(tmp_path / "nothing"), "--as", "author")
    assert not Runbook.objects.exists()


def test_a_folder_without_documents_is_refused(people: People, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"\.yaml"):
        run(str(tmp_path), "--as", "author")


@pytest.mark.parametrize("name", ["viewer", "approver", "nobody"])
def test_somebody_who_is_no_author_is_refused(people: People, tmp_path: Path, name: str) -> None:
    (tmp_path / "Restore-Shop.yaml").write_text(GOOD)
    with pytest.raises(CommandError, match=name):
        run(str(tmp_path), "--as", name)
    assert not Runbook.objects.exists()


def test_an_author_of_several_teams_must_choose(people: People, tmp_path: Path) -> None:
    other = Team.objects.create(slug="other", name="Other")
    Membership.objects.create(user=people["author"], team=other, role=Role.AUTHOR)
    (tmp_path / "Restore-Shop.yaml").write_text(GOOD)
    with pytest.raises(CommandError, match="--team"):
        run(str(tmp_path), "--as", "author")
    run(str(tmp_path), "--as", "author", "--team", "other")
    assert Runbook.objects.get().team == other


def test_a_changed_document_becomes_the_next_draft_of_a_published_runbook(people: People, team: Team) -> None:
    first = versions.create_runbook(user=people["author"], team=team, name="Shop", text=GOOD)
    versions.publish_version(user=people["approver"], version=first, sha256=first.sha256)
    (report,) = import_documents(user=people["author"], team=team, documents=[("Shop", CHANGED)])
    assert report.fate == Fate.DRAFTED
    assert report.version is not None
    assert (report.version.number, report.version.status) == (2, VersionStatus.DRAFT)


def test_a_draft_that_differs_is_never_overwritten(people: People, team: Team) -> None:
    versions.create_runbook(user=people["author"], team=team, name="Shop", text=GOOD)
    (report,) = import_documents(user=people["admin"], team=team, documents=[("Shop", CHANGED)])
    assert report.fate == Fate.REFUSED
    assert "draft by Author Tester" in report.reasons[0]
    assert RunbookVersion.objects.get().text == GOOD


def test_a_runbook_of_another_team_is_not_touched(people: People, team: Team) -> None:
    other = Team.objects.create(slug="other", name="Other")
    Membership.objects.create(user=people["outsider"], team=other, role=Role.AUTHOR)
    versions.create_runbook(user=people["outsider"], team=other, name="Shop", text=GOOD)
    (report,) = import_documents(user=people["author"], team=team, documents=[("Shop", CHANGED)])
    assert report.fate == Fate.REFUSED
    assert RunbookVersion.objects.get().text == GOOD


def test_a_reader_may_not_import(people: People, team: Team) -> None:
    with pytest.raises(PermissionDenied):
        import_documents(user=people["viewer"], team=team, documents=[("Shop", GOOD)])


def test_too_many_documents_are_refused_whole(people: People, team: Team) -> None:
    many = [(f"Shop-{number}", GOOD) for number in range(imports.MAXIMUM_DOCUMENTS + 1)]
    with pytest.raises(ValidationError, match="Nothing was imported"):
        import_documents(user=people["author"], team=team, documents=many)
    assert not Runbook.objects.exists()


@pytest.mark.parametrize(
    ("file_name", "name"),
    [("a/b/Fail-Over.yaml", "Fail-Over"), ("C:\\x\\Old.v2.YML", "Old.v2"), ("x.json", "x"), ("plain", "plain")],
)
def test_a_file_gives_its_name_without_folder_and_ending(file_name: str, name: str) -> None:
    assert imports.name_from_file(file_name) == name


def test_a_file_beyond_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(ValidationError, match="262,145 bytes"):
        imports.decode(b"x" * 262_145)
