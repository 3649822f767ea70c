"""The page about actions says what the table of actions says."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from runbooks.actions.registry import ACTIONS
from runbooks.management.commands import document_actions


def test_the_page_about_actions_is_up_to_date() -> None:
    call_command("document_actions", "--check", stdout=StringIO())


def test_a_page_that_drifted_is_refused_and_writing_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "docs" / "actions.md"
    page.parent.mkdir()
    monkeypatch.setattr(document_actions, "PAGE", page)
    monkeypatch.setattr(document_actions.settings, "ROOT", tmp_path)
    with pytest.raises(CommandError, match="document_actions"):
        call_command("document_actions", "--check")
    call_command("document_actions", stdout=StringIO())
    call_command("document_actions", "--check")
    page.write_text(page.read_text() + "by hand\n")
    with pytest.raises(CommandError, match="document_actions"):
        call_command("document_actions", "--check")


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_says_what_it_does_and_takes(name: str) -> None:
    action = ACTIONS[name]
    page = document_actions.written([action])
    assert f"## {name}\n\n{action.summary}" in page
    assert all(f"`{needed}`" in page for needed in action.shape.required)
