"""docs/checks.md is what the table of checks says."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assessments.checks.registry import CHECKS
from assessments.management.commands import document_checks


def test_the_page_about_checks_is_what_the_table_says() -> None:
    call_command("document_checks", "--check")


def test_a_page_that_drifted_is_refused_and_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "checks.md"
    page.write_text(document_checks.written(list(CHECKS.values())[1:]), encoding="utf-8")
    monkeypatch.setattr(document_checks, "PAGE", page)
    with pytest.raises(CommandError, match=r"Run: python3 manage\.py document_checks"):
        call_command("document_checks", "--check")


def test_the_page_names_every_check_with_its_permissions() -> None:
    page = document_checks.written(CHECKS.values())
    for check in CHECKS.values():
        section = page.partition(f"## {check.name}\n")[2].partition("\n## ")[0]
        assert check.remediation in section
        assert all(f"`{permission}`" in section for permission in check.permissions)
