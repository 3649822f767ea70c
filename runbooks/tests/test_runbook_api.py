"""Runbooks through the JSON door: what is answered, what is refused and how, who sees what."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.people.models import Team, User
from runbooks.models import Runbook, RunbookVersion, VersionStatus
from runbooks.operations import versions
from runbooks.tests.runbook_rows import BROKEN, CHANGED, GOOD, UNKNOWN_ACTION

pytestmark = pytest.mark.django_db
People = dict[str, User]


def as_person(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def draft(people: People, team: Team) -> RunbookVersion:
    return versions.create_runbook(user=people["author"], team=team, name="Restore-Shop", text=GOOD)


def test_nobody_reads_without_signing_in(db: None) -> None:
    assert APIClient().get("/api/runbooks/").status_code == 401


def test_an_author_makes_a_runbook(people: People, team: Team) -> None:
    given = {"team": "shop", "name": "Restore-Shop", "text": GOOD, "note": "First"}
    answer = as_person(people["author"]).post("/api/runbooks/", given, format="json")
    assert answer.status_code == 201
    assert (answer.json()["number"], answer.json()["status"], answer.json()["text"]) == (1, "Draft", GOOD)


def test_an_unknown_field_is_refused_by_name_with_the_other_problems(people: People, team: Team) -> None:
    given = {"team": "shop", "nmae": "Restore-Shop", "text": GOOD}
    answer = as_person(people["author"]).post("/api/runbooks/", given, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"nmae", "name"}
    assert not Runbook.objects.exists()


@pytest.mark.parametrize("body", [[], "text", None, 3])
def test_a_body_that_is_no_object_is_refused(people: People, body: Any) -> None:
    answer = as_person(people["author"]).post("/api/runbooks/", body, format="json")
    assert answer.status_code == 400


def test_refusals_of_the_operation_are_listed_by_field(people: People, team: Team) -> None:
    given = {"team": "shop", "name": "x", "text": " "}
    answer = as_person(people["author"]).post("/api/runbooks/", given, format="json")
    assert answer.status_code == 400


def test_a_viewer_may_not_make_one(people: People, team: Team) -> None:
    given = {"team": "shop", "name": "Restore-Shop", "text": GOOD}
    answer = as_person(people["viewer"]).post("/api/runbooks/", given, format="json")
    assert answer.status_code == 403
    assert "author" in answer.json()["detail"]


def test_a_team_that_is_not_mine_is_refused_like_one_that_is_not(people: People, team: Team) -> None:
    Team.objects.create(slug="other", name="Other")
    client = as_person(people["author"])
    said = [
        client.post("/api/runbooks/", {"team": slug, "name": "Restore-Shop", "text": GOOD}, format="json").json()[
            "detail"
        ]
        for slug in ("other", "nothing")
    ]
    assert said[0].replace("other", "nothing") == said[1]


def test_lists_hold_only_what_the_teams_of_the_caller_have(people: People, draft: RunbookVersion) -> None:
    seen = as_person(people["viewer"]).get("/api/runbooks/").json()["results"]
    assert [(row["name"], row["draft_number"], row["published_number"]) for row in seen] == [("Restore-Shop", 1, None)]
    assert as_person(people["outsider"]).get("/api/runbooks/").json()["results"] == []


def test_a_list_is_narrowed_by_state_and_search(people: People, draft: RunbookVersion) -> None:
    client = as_person(people["viewer"])
    found = {
        query: client.get(f"/api/runbooks/?{query}").json()["count"]
        for query in ("state=draft", "state=published", "state=archived", "search=shop", "search=bank", "team=shop")
    }
    assert found == {
        "state=draft": 1,
        "state=published": 0,
        "state=archived": 0,
        "search=shop": 1,
        "search=bank": 0,
        "team=shop": 1,
    }


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", ""),
        ("put", "draft/"),
        ("get", "versions/"),
        ("get", "versions/1/"),
        ("post", "versions/1/publish/"),
        ("post", "archive/"),
    ],
)
def test_a_runbook_of_another_team_does_not_exist(
    people: People, draft: RunbookVersion, method: str, address: str
) -> None:
    answer = getattr(as_person(people["outsider"]), method)(f"/api/runbooks/restore-shop/{address}", {}, format="json")
    assert answer.status_code == 404


def test_a_draft_with_problems_is_kept_and_answered_with_all_of_them(people: People, draft: RunbookVersion) -> None:
    given = {"text": UNKNOWN_ACTION, "base_sha256": draft.sha256}
    answer = as_person(people["author"]).put("/api/runbooks/restore-shop/draft/", given, format="json")
    assert answer.status_code == 200
    (problem,) = answer.json()["problems"]
    assert (problem["line"], problem["path"], problem["severity"]) == (13, "mainSteps[1].action", "error")


def test_a_stale_draft_is_a_conflict_with_the_stored_text(people: People, draft: RunbookVersion) -> None:
    client = as_person(people["author"])
    client.put("/api/runbooks/restore-shop/draft/", {"text": CHANGED, "base_sha256": draft.sha256}, format="json")
    late = {"text": BROKEN, "base_sha256": draft.sha256}
    answer = client.put("/api/runbooks/restore-shop/draft/", late, format="json")
    assert answer.status_code == 409
    assert answer.json()["current"]["text"] == CHANGED
    draft.refresh_from_db()
    assert draft.text == CHANGED


def test_an_approver_publishes_what_was_reviewed(people: People, draft: RunbookVersion) -> None:
    address = "/api/runbooks/restore-shop/versions/1/publish/"
    answer = as_person(people["approver"]).post(address, {"sha256": draft.sha256}, format="json")
    assert (answer.status_code, answer.json()["status"], answer.json()["publisher"]) == (200, "Published", "approver")


def test_publishing_with_problems_lists_each_by_place(people: People, draft: RunbookVersion) -> None:
    saved = versions.save_draft(
        user=people["author"], runbook=draft.runbook, text=UNKNOWN_ACTION, base_sha256=draft.sha256
    )
    address = "/api/runbooks/restore-shop/versions/1/publish/"
    answer = as_person(people["approver"]).post(address, {"sha256": saved.sha256}, format="json")
    assert answer.status_code == 400
    assert answer.json()["problems"][0].startswith("line 13, mainSteps[1].action: ")
    draft.refresh_from_db()
    assert draft.status == VersionStatus.DRAFT


def test_an_author_may_not_publish(people: People, draft: RunbookVersion) -> None:
    address = "/api/runbooks/restore-shop/versions/1/publish/"
    assert as_person(people["author"]).post(address, {"sha256": draft.sha256}, format="json").status_code == 403


def test_a_version_is_read_with_its_text_and_a_missing_one_is_not_found(people: People, draft: RunbookVersion) -> None:
    client = as_person(people["viewer"])
    assert client.get("/api/runbooks/restore-shop/versions/1/").json()["text"] == GOOD
    assert client.get("/api/runbooks/restore-shop/versions/2/").status_code == 404
    assert [row["number"] for row in client.get("/api/runbooks/restore-shop/versions/").json()] == [1]


def test_archive_and_restore_answer_the_state(people: People, draft: RunbookVersion) -> None:
    client = as_person(people["approver"])
    assert client.post("/api/runbooks/restore-shop/archive/").json()["is_archived"] is True
    assert client.post("/api/runbooks/restore-shop/restore/").json()["is_archived"] is False


def test_checking_a_text_keeps_nothing(people: People) -> None:
    client = as_person(people["viewer"])
    good = client.post("/api/runbooks/check/", {"text": GOOD}, format="json").json()
    bad = client.post("/api/runbooks/check/", {"text": UNKNOWN_ACTION}, format="json").json()
    assert (good["is_publishable"], good["problems"]) == (True, [])
    assert bad["is_publishable"] is False
    assert "aws:teleport" in bad["problems"][0]["message"]
    assert not Runbook.objects.exists()


def test_an_odd_character_in_a_text_is_refused_and_not_a_server_error(people: People, team: Team) -> None:
    client = as_person(people["author"])
    body = '{"team": "shop", "name": "Restore-Shop", "text": "a: \\ud800"}'
    assert client.post("/api/runbooks/", body, content_type="application/json").status_code == 400
