"""Operations on runbooks and versions: who may, what is refused, what is kept, what is recorded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.people.models import Membership, Role, Team, User
from runbooks.models import Runbook, RunbookVersion, VersionStatus
from runbooks.operations import versions
from runbooks.operations.versions import StaleDraft, create_runbook, fingerprint, publish_version, save_draft
from runbooks.tests.runbook_rows import BROKEN, CHANGED, GOOD, UNKNOWN_ACTION

pytestmark = pytest.mark.django_db
People = dict[str, User]


@pytest.fixture
def draft(people: People, team: Team) -> RunbookVersion:
    return create_runbook(user=people["author"], team=team, name="Restore-Shop.v2", text=GOOD, note="First")


@pytest.fixture
def published(draft: RunbookVersion, people: People) -> RunbookVersion:
    return publish_version(user=people["approver"], version=draft, sha256=draft.sha256)


def test_a_runbook_begins_as_a_draft_that_holds_the_text_byte_for_byte(draft: RunbookVersion) -> None:
    draft.refresh_from_db()
    assert (draft.number, draft.status, draft.text, draft.sha256) == (1, VersionStatus.DRAFT, GOOD, fingerprint(GOOD))
    assert draft.content is not None
    assert draft.content["mainSteps"][1]["inputs"] == {"Duration": "PT5S"}
    assert draft.runbook.slug == "restore-shop-v2"


def test_two_names_with_one_address_get_two_addresses(draft: RunbookVersion, people: People, team: Team) -> None:
    other = create_runbook(user=people["author"], team=team, name="restore-shop-v2", text=GOOD)
    assert other.runbook.slug == "restore-shop-v2-2"


def test_a_name_that_a_page_has_gets_another_address(people: People, team: Team) -> None:
    assert create_runbook(user=people["author"], team=team, name="import", text=GOOD).runbook.slug == "import-2"


@pytest.mark.parametrize("name", ["ab", "a" * 129, "with space", "slash/name", "", "umläut", "line\nbreak", "abc\n"])
def test_a_name_outside_the_pattern_is_refused_by_the_rule(people: People, team: Team, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_runbook(user=people["author"], team=team, name=name, text=GOOD)
    assert "3 to 128" in refused.value.message_dict["name"][0]


def test_name_and_text_are_refused_together_and_nothing_is_stored(people: People, team: Team) -> None:
    with pytest.raises(ValidationError) as refused:
        create_runbook(user=people["author"], team=team, name="x", text="  ")
    assert set(refused.value.message_dict) == {"name", "text"}
    assert not Runbook.objects.exists()


@pytest.mark.parametrize("text", ["a: \x00", "a: \ud800", "x" * 262_145])
def test_a_text_that_cannot_be_stored_is_refused(people: People, team: Team, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_runbook(user=people["author"], team=team, name="Odd-Text", text=text)
    assert set(refused.value.message_dict) == {"text"}


def test_a_taken_name_is_refused(draft: RunbookVersion, people: People, team: Team) -> None:
    with pytest.raises(ValidationError) as refused:
        create_runbook(user=people["author"], team=team, name=draft.runbook.name, text=GOOD)
    assert "already" in refused.value.message_dict["name"][0]


@pytest.mark.parametrize("role", ["viewer", "owner", "approver", "responder", "auditor", "outsider"])
def test_only_authors_write(people: People, team: Team, draft: RunbookVersion, role: str) -> None:
    with pytest.raises(PermissionDenied):
        create_runbook(user=people[role], team=team, name="Another", text=GOOD)
    with pytest.raises(PermissionDenied):
        save_draft(user=people[role], runbook=draft.runbook, text=CHANGED, base_sha256=draft.sha256)
    draft.refresh_from_db()
    assert draft.text == GOOD


def test_a_draft_with_problems_is_kept_without_content(draft: RunbookVersion, people: People) -> None:
    saved = save_draft(user=people["author"], runbook=draft.runbook, text=BROKEN, base_sha256=draft.sha256)
    saved.refresh_from_db()
    assert (saved.pk, saved.text, saved.content) == (draft.pk, BROKEN, None)


def test_saving_after_publishing_begins_the_next_number(published: RunbookVersion, people: People) -> None:
    saved = save_draft(
        user=people["author"], runbook=published.runbook, text=CHANGED, base_sha256=published.sha256, note="Longer"
    )
    assert (saved.number, saved.status, saved.note) == (2, VersionStatus.DRAFT, "Longer")
    published.refresh_from_db()
    assert published.text == GOOD


def test_a_stale_save_changes_nothing_and_hands_out_what_is_stored(draft: RunbookVersion, people: People) -> None:
    save_draft(user=people["admin"], runbook=draft.runbook, text=CHANGED, base_sha256=draft.sha256)
    with pytest.raises(StaleDraft) as refused:
        save_draft(user=people["author"], runbook=draft.runbook, text=BROKEN, base_sha256=draft.sha256)
    assert refused.value.current.text == CHANGED
    draft.refresh_from_db()
    assert draft.text == CHANGED


def test_a_draft_begun_from_a_version_that_is_no_longer_the_newest_is_stale(
    published: RunbookVersion, people: People
) -> None:
    save_draft(user=people["admin"], runbook=published.runbook, text=CHANGED, base_sha256=published.sha256)
    with pytest.raises(StaleDraft):
        save_draft(user=people["author"], runbook=published.runbook, text=BROKEN, base_sha256=published.sha256)


def test_publishing_pins_the_text_the_publisher_and_the_time(published: RunbookVersion, people: People) -> None:
    published.refresh_from_db()
    assert (published.status, published.publisher) == (VersionStatus.PUBLISHED, people["approver"])
    assert published.published_at is not None
    assert published.content is not None


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "responder", "auditor", "outsider"])
def test_only_approvers_publish(draft: RunbookVersion, people: People, role: str) -> None:
    with pytest.raises(PermissionDenied):
        publish_version(user=people[role], version=draft, sha256=draft.sha256)
    draft.refresh_from_db()
    assert draft.status == VersionStatus.DRAFT


def test_an_author_who_is_also_an_approver_may_not_publish_what_he_wrote(
    draft: RunbookVersion, people: People, team: Team
) -> None:
    Membership.objects.create(user=people["author"], team=team, role=Role.APPROVER)
    with pytest.raises(ValidationError, match="You wrote some"):
        publish_version(user=people["author"], version=draft, sha256=draft.sha256)


def test_whoever_wrote_an_earlier_state_of_the_draft_may_not_publish_it_either(
    draft: RunbookVersion, people: People, team: Team
) -> None:
    Membership.objects.create(user=people["author"], team=team, role=Role.APPROVER)
    saved = save_draft(user=people["admin"], runbook=draft.runbook, text=CHANGED, base_sha256=draft.sha256)
    with pytest.raises(ValidationError, match="You wrote some"):
        publish_version(user=people["author"], version=saved, sha256=saved.sha256)


def test_who_wrote_the_version_before_may_publish_the_next(
    published: RunbookVersion, people: People, team: Team
) -> None:
    Membership.objects.create(user=people["author"], team=team, role=Role.APPROVER)
    saved = save_draft(user=people["admin"], runbook=published.runbook, text=CHANGED, base_sha256=published.sha256)
    publish_version(user=people["author"], version=saved, sha256=saved.sha256)
    saved.refresh_from_db()
    assert saved.publisher == people["author"]


def test_an_unknown_action_is_refused_by_name_and_place(draft: RunbookVersion, people: People) -> None:
    saved = save_draft(user=people["author"], runbook=draft.runbook, text=UNKNOWN_ACTION, base_sha256=draft.sha256)
    with pytest.raises(ValidationError) as refused:
        publish_version(user=people["approver"], version=saved, sha256=saved.sha256)
    assert any("aws:teleport" in message and "line " in message for message in refused.value.messages)
    saved.refresh_from_db()
    assert saved.status == VersionStatus.DRAFT


def test_every_problem_of_the_document_is_in_the_refusal(draft: RunbookVersion, people: People) -> None:
    text = UNKNOWN_ACTION.replace("aws:pause", "aws:vanish").replace("type: String", "type: Colour")
    saved = save_draft(user=people["author"], runbook=draft.runbook, text=text, base_sha256=draft.sha256)
    with pytest.raises(ValidationError) as refused:
        publish_version(user=people["approver"], version=saved, sha256=saved.sha256)
    said = " ".join(refused.value.messages)
    assert all(word in said for word in ("aws:teleport", "aws:vanish", "Colour"))


def test_a_text_that_changed_since_the_review_is_not_published(draft: RunbookVersion, people: People) -> None:
    reviewed = draft.sha256
    save_draft(user=people["author"], runbook=draft.runbook, text=CHANGED, base_sha256=reviewed)
    with pytest.raises(ValidationError, match="not the text that was reviewed"):
        publish_version(user=people["approver"], version=draft, sha256=reviewed)
    draft.refresh_from_db()
    assert (draft.status, draft.text) == (VersionStatus.DRAFT, CHANGED)


def test_a_published_version_is_not_published_again(published: RunbookVersion, people: People) -> None:
    with pytest.raises(ValidationError, match="published already"):
        publish_version(user=people["approver"], version=published, sha256=published.sha256)


def test_an_archived_runbook_is_neither_edited_nor_published_until_restored(
    draft: RunbookVersion, people: People
) -> None:
    runbook = versions.archive_runbook(user=people["approver"], runbook=draft.runbook)
    with pytest.raises(ValidationError, match="archived"):
        save_draft(user=people["author"], runbook=runbook, text=CHANGED, base_sha256=draft.sha256)
    with pytest.raises(ValidationError, match="archived"):
        publish_version(user=people["approver"], version=draft, sha256=draft.sha256)
    restored = versions.restore_runbook(user=people["approver"], runbook=runbook)
    assert save_draft(user=people["author"], runbook=restored, text=CHANGED, base_sha256=draft.sha256).text == CHANGED


def test_archiving_twice_is_refused_and_an_author_may_not(draft: RunbookVersion, people: People) -> None:
    versions.archive_runbook(user=people["approver"], runbook=draft.runbook)
    with pytest.raises(ValidationError, match="archived already"):
        versions.archive_runbook(user=people["approver"], runbook=draft.runbook)
    with pytest.raises(PermissionDenied):
        versions.restore_runbook(user=people["author"], runbook=draft.runbook)


def test_the_history_tells_who_did_what_and_holds(published: RunbookVersion, people: People) -> None:
    save_draft(user=people["author"], runbook=published.runbook, text=CHANGED, base_sha256=published.sha256)
    chain = versions.chain_of(published.runbook)
    told = Event.objects.filter(chain=chain).order_by("sequence").values_list("verb", "actor__username")
    assert list(told) == [
        ("created", "author"),
        ("published a version", "approver"),
        ("saved a draft", "author"),
    ]
    assert broken_link(chain) is None


def test_the_shipped_library_can_be_published_and_twice_is_once(people: People, team: Team) -> None:
    shipped = sorted(path.stem for path in versions.LIBRARY.glob("*.yaml"))
    first = versions.install_library(author=people["author"], publisher=people["approver"], team=team)
    again = versions.install_library(author=people["author"], publisher=people["approver"], team=team)
    assert [version.runbook.name for version in first] == shipped
    assert again == []
    assert RunbookVersion.objects.filter(status=VersionStatus.PUBLISHED).count() == len(shipped)


def test_the_library_leaves_alone_what_the_team_changed(
    people: People, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "LIBRARY", tmp_path)
    (tmp_path / "Fail-Over.yaml").write_text(GOOD)
    (first,) = versions.install_library(author=people["author"], publisher=people["approver"], team=team)
    mine = save_draft(user=people["admin"], runbook=first.runbook, text=BROKEN, base_sha256=first.sha256)
    (tmp_path / "Fail-Over.yaml").write_text(CHANGED)
    assert versions.install_library(author=people["author"], publisher=people["approver"], team=team) == []
    mine.refresh_from_db()
    assert mine.text == BROKEN


def test_a_newer_shipped_document_becomes_the_next_version(
    people: People, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "LIBRARY", tmp_path)
    (tmp_path / "Fail-Over.yaml").write_text(GOOD)
    versions.install_library(author=people["author"], publisher=people["approver"], team=team)
    (tmp_path / "Fail-Over.yaml").write_text(CHANGED)
    (second,) = versions.install_library(author=people["author"], publisher=people["approver"], team=team)
    assert (second.number, second.status, second.text) == (2, VersionStatus.PUBLISHED, CHANGED)


def at_once(*acts: Callable[[], RunbookVersion]) -> list[RunbookVersion | ValidationError]:
    """Run operations in threads with a connection each, begun together; answers and refusals in the order given."""
    ready = Barrier(len(acts), timeout=60)

    def one(act: Callable[[], RunbookVersion]) -> RunbookVersion | ValidationError:
        ready.wait()
        try:
            return act()
        except ValidationError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=120) for future in [pool.submit(one, act) for act in acts]]


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_wins_and_the_other_is_told(draft: RunbookVersion, people: People) -> None:
    texts = {name: GOOD.replace("PT5S", length) for name, length in (("author", "PT6S"), ("admin", "PT7S"))}
    results = at_once(
        *(
            partial(save_draft, user=people[name], runbook=draft.runbook, text=text, base_sha256=draft.sha256)
            for name, text in texts.items()
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["RunbookVersion", "StaleDraft"]
    (winner,) = (result for result in results if isinstance(result, RunbookVersion))
    draft.refresh_from_db()
    assert draft.text == winner.text
    assert broken_link(versions.chain_of(draft.runbook)) is None


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_the_next_draft_at_once_one_wins(published: RunbookVersion, people: People) -> None:
    results = at_once(
        *(
            partial(save_draft, user=people[name], runbook=published.runbook, text=text, base_sha256=published.sha256)
            for name, text in (("author", CHANGED), ("admin", UNKNOWN_ACTION))
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["RunbookVersion", "StaleDraft"]
    assert published.runbook.versions.count() == 2


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_does(draft: RunbookVersion, people: People) -> None:
    results = at_once(
        *(
            partial(publish_version, user=people[name], version=RunbookVersion.objects.get(), sha256=draft.sha256)
            for name in ("approver", "admin")
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["RunbookVersion", "ValidationError"]
    chain = versions.chain_of(draft.runbook)
    assert Event.objects.filter(chain=chain, verb=versions.PUBLISHED).count() == 1
