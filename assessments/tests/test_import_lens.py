"""The command that reads lenses from files: its report for people and for programs, and what it refuses."""

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assessments.management.commands.import_lens import Command
from assessments.models import LensVersion
from assessments.tests.lenses import as_published, small
from portal.people.models import Team, User


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "good.json").write_text(json.dumps(small()))
    (tmp_path / "odd.json").write_text(json.dumps(as_published()))
    (tmp_path / "list.json").write_text("[1]")
    return tmp_path


def run(*paths: Path, is_json: bool = False) -> str:
    out = StringIO()
    call_command(Command(), *map(str, paths), is_json=is_json, stdout=out)
    return out.getvalue()


def told(*paths: Path) -> list[dict[str, Any]]:
    return json.loads(run(*paths, is_json=True))


def test_the_report_tells_what_a_lens_holds_and_whether_aws_takes_it(files: Path) -> None:
    assert "good.json: Recovery: 2 pillars, 2 questions, 6 choices, 5 rules; AWS would take it" in run(
        files / "good.json"
    )


def test_the_report_names_problems_and_findings_with_their_place(files: Path) -> None:
    report = run(files / "odd.json")
    assert "AWS would refuse it for" in report
    assert "warning  pillars[0].questions[0].riskRules: No rule has the condition default" in report
    assert "warning  pillars[0].questions[2].choices[1]: No rule reads choice2" in report


def test_a_thing_that_the_linter_tells_with_a_witness_is_told_once(files: Path) -> None:
    (report,) = told(files / "odd.json")
    both = [(item["code"], item["path"]) for item in (*report["problems"], *report["findings"])]
    assert len(both) == len(set(both))
    missing = [item for item in report["findings"] if item["code"] == "no-default"]
    assert [item["path"] for item in missing] == [
        "pillars[0].questions[0].riskRules",
        "pillars[1].questions[0].riskRules",
    ]


def test_json_has_everything_of_every_file(files: Path) -> None:
    good, odd = told(files / "good.json", files / "odd.json")
    assert (good["file"], good["is_usable"], good["problems"], good["aws_refuses"]) == (
        str(files / "good.json"),
        True,
        [],
        [],
    )
    assert good["counts"] == {"pillars": 2, "questions": 2, "choices": 6, "rules": 5}
    order = next(item for item in good["findings"] if item["code"] == "order-decides")
    assert (order["question"], order["rules"], order["choices"]) == ("backup", [1, 0], ["tested", "copied", "owned"])
    assert odd["is_usable"]
    assert odd["aws_refuses"]


def test_a_refused_file_does_not_stop_the_others_and_the_command_fails(files: Path) -> None:
    out = StringIO()
    paths = [str(files / name) for name in ("list.json", "missing.json", "good.json")]
    with pytest.raises(CommandError, match="2 of 3 files hold no usable lens") as caught:
        call_command(Command(), *paths, is_json=True, stdout=out)
    assert caught.value.returncode == 1
    reports = json.loads(out.getvalue())
    assert [report["is_usable"] for report in reports] == [False, False, True]
    assert "JSON object" in reports[0]["problems"][0]["message"]
    assert "No such file" in reports[1]["problems"][0]["message"]


def test_a_folder_in_the_place_of_a_file_is_refused(files: Path) -> None:
    with pytest.raises(CommandError, match="1 of 1"):
        run(files)


def test_a_file_of_fifty_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        os.truncate(file.fileno(), 50_000_000)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command(Command(), str(huge), stdout=out)
    assert "more than 2,000,000 bytes" in out.getvalue()


@pytest.mark.django_db
def test_usable_lenses_are_kept_as_drafts_of_a_team(files: Path, people: dict[str, User], team: Team) -> None:
    out = StringIO()
    call_command("import_lens", str(files / "good.json"), "--as", "owner", "--team", "shop", stdout=out)
    assert "kept as draft of recovery" in out.getvalue()
    version = LensVersion.objects.get()
    assert (version.text, version.author) == ((files / "good.json").read_text(), people["owner"])
    (files / "good.json").write_text(json.dumps({**small(), "description": "Better."}))
    call_command("import_lens", str(files / "good.json"), "--as", "owner", "--lens", "recovery", stdout=out)
    assert LensVersion.objects.get().content["description"] == "Better."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--as", "nobody", "--team", "shop"], "no active person"),
        (["--as", "owner"], "either the --team"),
        (["--as", "owner", "--team", "nowhere"], "There is no team nowhere. There are: shop."),
        (["--as", "viewer", "--team", "shop"], "You may not edit a service"),
        (["--as", "owner", "--lens", "nothing"], "no lens of this name"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    files: Path, people: dict[str, User], team: Team, options: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("import_lens", str(files / "good.json"), *options, stdout=StringIO())
    assert not LensVersion.objects.exists()


@pytest.mark.django_db
def test_the_shipped_lenses_are_installed_from_the_terminal_once() -> None:
    first, second = StringIO(), StringIO()
    call_command("install_lenses", stdout=first)
    call_command("install_lenses", stdout=second)
    assert "Installed version 1.0 of bcdr-core." in first.getvalue()
    assert second.getvalue() == ""
