"""Bringing lenses in, replacing drafts, publishing, and installing the shipped ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from assessments.lens import export, read
from assessments.models import Lens, LensVersion
from assessments.operations.lenses import (
    LIBRARY,
    StaleDraft,
    create_lens,
    decoded,
    fingerprint,
    install_lenses,
    publish_version,
    save_draft,
)
from assessments.operations.shelf import lens_of, newest_published
from assessments.tests.lenses import backup, lens, pillar, question, small, text
from assessments.tests.rows import next_version, published
from portal.audit.models import Event
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db


def second() -> dict[str, Any]:
    more = question("fail_over", "manual automatic", [("automatic", "NO_RISK"), ("default", "HIGH_RISK")])
    return lens(pillar("reliability", backup(), more))


def test_an_imported_lens_is_a_draft_kept_to_the_letter(owner: User, team: Team) -> None:
    written = json.dumps(small(), indent=7) + "\n"
    version = create_lens(user=owner, team=team, text=written)
    assert (version.text, version.status, version.number) == (written, "Draft", "draft")
    assert version.sha256 == fingerprint(written)
    assert version.lens.slug == "recovery"
    assert lens_of(version).name == "Recovery"


def test_a_text_that_is_no_lens_is_refused_whole_with_every_problem(owner: User, team: Team) -> None:
    raw = lens(pillar("reliability", backup(), backup(), question("q", "one two", [("nine", "NO_RISK")])))
    with pytest.raises(ValidationError) as refusal:
        create_lens(user=owner, team=team, text=text(raw))
    assert len(refusal.value.message_dict["text"]) >= 2
    with pytest.raises(ValidationError):
        create_lens(user=owner, team=team, text="no JSON")
    assert not Lens.objects.exists()


def test_numbers_grow_by_minor_or_major(owner: User, team: Team) -> None:
    first = published(owner, team, small())
    assert first.number == "1.0"
    assert next_version(owner, first, second()).number == "1.1"
    third = save_draft(
        user=owner, lens=first.lens, text=text(small()), base_sha256=fingerprint(text(second())), note="Back"
    )
    done = publish_version(user=owner, version=third, sha256=third.sha256, is_major=True)
    assert (done.number, done.publisher, done.note) == ("2.0", owner, "Back")
    newest = newest_published(first.lens)
    assert newest is not None
    assert newest.pk == done.pk


def test_a_published_version_is_not_published_again_nor_changed(owner: User, team: Team) -> None:
    first = published(owner, team, small())
    with pytest.raises(ValidationError, match="not the one you looked at"):
        publish_version(user=owner, version=first, sha256=first.sha256, is_major=False)
    draft = save_draft(user=owner, lens=first.lens, text=text(second()), base_sha256=first.sha256)
    assert draft.pk != first.pk
    first.refresh_from_db()
    assert (first.text, first.number) == (text(small()), "1.0")


def test_publishing_pins_what_was_looked_at(owner: User, colleague: User, team: Team) -> None:
    draft = create_lens(user=owner, team=team, text=text(small()))
    save_draft(user=colleague, lens=draft.lens, text=text(second()), base_sha256=draft.sha256)
    with pytest.raises(ValidationError, match="not the one you looked at"):
        publish_version(user=owner, version=draft, sha256=draft.sha256, is_major=False)


def test_a_draft_somebody_else_replaced_is_not_overwritten(owner: User, colleague: User, team: Team) -> None:
    draft = create_lens(user=owner, team=team, text=text(small()))
    save_draft(user=colleague, lens=draft.lens, text=text(second()), base_sha256=draft.sha256)
    with pytest.raises(StaleDraft, match="Cleo changed this lens"):
        save_draft(user=owner, lens=draft.lens, text=text(lens(pillar("a1b", backup()))), base_sha256=draft.sha256)
    assert LensVersion.objects.get().text == text(second())


def test_the_same_text_again_writes_nothing(owner: User, team: Team) -> None:
    first = published(owner, team, small())
    before = Event.objects.count()
    assert save_draft(user=owner, lens=first.lens, text=text(small()), base_sha256=first.sha256).pk == first.pk
    assert Event.objects.count() == before


def test_the_database_itself_keeps_one_draft_and_numbers_what_is_published(owner: User, team: Team) -> None:
    draft = create_lens(user=owner, team=team, text=text(small()))
    with pytest.raises(IntegrityError), transaction.atomic():
        LensVersion.objects.create(lens=draft.lens, text="{}", sha256="0" * 64, content={})
    with pytest.raises(IntegrityError), transaction.atomic():
        LensVersion.objects.filter(pk=draft.pk).update(status="Published")


@pytest.mark.parametrize("role", ["viewer", "author", "approver", "responder", "auditor", "outsider"])
def test_only_owners_and_admins_bring_lenses_in_and_publish(people: dict[str, User], team: Team, role: str) -> None:
    draft = create_lens(user=people["owner"], team=team, text=text(small()))
    with pytest.raises(PermissionDenied):
        create_lens(user=people[role], team=team, text=text(small()))
    with pytest.raises(PermissionDenied):
        save_draft(user=people[role], lens=draft.lens, text=text(second()), base_sha256=draft.sha256)
    with pytest.raises(PermissionDenied):
        publish_version(user=people[role], version=draft, sha256=draft.sha256, is_major=False)


def test_lenses_of_one_name_have_addresses_of_their_own(owner: User, team: Team) -> None:
    slugs = [create_lens(user=owner, team=team, text=text(small())).lens.slug for _ in range(3)]
    assert slugs == ["recovery", "recovery-2", "recovery-3"]
    shipped = create_lens(user=owner, team=team, text=text({**small(), "name": "Reliability"}))
    assert shipped.lens.slug == "reliability-2"


def test_the_shipped_lenses_are_installed_once_for_everybody() -> None:
    installed = install_lenses()
    assert {version.lens.slug for version in installed} == {path.stem for path in LIBRARY.glob("*.json")}
    assert {version.number for version in installed} == {"1.0"}
    assert all(version.lens.team is None for version in installed)
    assert install_lenses() == []


def test_a_shipped_lens_that_changed_is_a_new_version(tmp_path: Path) -> None:
    file = tmp_path / "recovery.json"
    numbers = []
    for raw in (small(), {**small(), "description": "Better words."}, second(), second()):
        file.write_text(text(raw))
        numbers += [version.number for version in install_lenses(tmp_path)]
    assert numbers == ["1.0", "1.1", "2.0"]


def test_nobody_changes_a_shipped_lens(people: dict[str, User], tmp_path: Path) -> None:
    (tmp_path / "recovery.json").write_text(text(small()))
    (version,) = install_lenses(tmp_path)
    with pytest.raises(PermissionDenied, match="shipped with the portal"):
        save_draft(user=people["admin"], lens=version.lens, text=text(second()), base_sha256=version.sha256)


def test_what_is_exported_reads_back_the_same(owner: User, team: Team) -> None:
    version = published(owner, team, {**small(), "_ours": {"kept": [1, 2]}})
    version.refresh_from_db()
    assert read(export(lens_of(version))).raw == {**small(), "_ours": {"kept": [1, 2]}}


def test_a_file_that_is_no_text_is_refused_and_a_byte_order_mark_is_not_kept() -> None:
    assert decoded(b"\xef\xbb\xbf{}") == "{}"
    with pytest.raises(ValidationError, match="not text"):
        decoded(b'{"name": "\xff\xfe\xfa"}')
