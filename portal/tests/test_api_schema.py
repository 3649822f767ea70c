"""The API's OpenAPI document: valid, and generated without a warning, so that every component has a name that stays."""

from pathlib import Path

from django.core.management import call_command


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path: Path) -> None:
    written = tmp_path / "schema.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(written))
    assert "VersionStatusEnum:" in written.read_text()
