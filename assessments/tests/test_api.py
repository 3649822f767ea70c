"""The JSON door: the same operations and refusals as the pages; other teams' things not found; misspelt fields refused."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from assessments.lens import read
from assessments.models import Assessment
from assessments.tests.lenses import backup, lens, pillar, question, small, text
from assessments.tests.rows import answered, next_version
from portal.catalogue.models import Service
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db

LENSES, ALL = "/api/lenses/", "/api/assessments/"


def door(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def one(assessment: Assessment, rest: str = "") -> str:
    return f"{ALL}{assessment.pk}/{rest}"


def other() -> dict[str, Any]:
    more = question("fail_over", "manual automatic", [("automatic", "NO_RISK"), ("default", "HIGH_RISK")])
    return lens(pillar("reliability", backup(), more))


def test_nobody_is_answered_without_a_token(assessment: Assessment) -> None:
    for address in (LENSES, ALL, one(assessment), one(assessment, "answers/backup/")):
        assert APIClient().get(address).status_code == 401


def test_a_lens_goes_in_is_published_compared_and_comes_out(owner: User, team: Team) -> None:
    client = door(owner)
    made = client.post(LENSES, {"team": "shop", "text": text(small())}, format="json")
    assert (made.status_code, made.json()["number"]) == (201, "draft")
    sha256 = made.json()["sha256"]
    done = client.post(f"{LENSES}recovery/publish/", {"sha256": sha256}, format="json")
    assert done.json()["number"] == "1.0"
    again = {"text": text(other()), "base_sha256": sha256, "note": "Fail over"}
    draft = client.put(f"{LENSES}recovery/draft/", again, format="json").json()
    body = {"sha256": draft["sha256"], "is_major": True}
    assert client.post(f"{LENSES}recovery/publish/", body, format="json").json()["number"] == "2.0"
    assert [each["number"] for each in client.get(f"{LENSES}recovery/versions/").json()] == ["2.0", "1.0"]
    whole = client.get(f"{LENSES}recovery/versions/1.0/").json()
    assert (whole["text"], whole["remarks"]["aws_refuses"]) == (text(small()), [])
    exported = client.get(f"{LENSES}recovery/versions/2.0/export/").json()
    assert read(text(exported)).raw == other()
    found = client.get(f"{LENSES}recovery/difference/?from=1.0&to=2.0").json()
    statuses = {each["id"]: each["status"] for each in found["pillars"]}
    assert statuses == {"reliability": "UPDATED", "operations": "DELETED"}
    listed = client.get(LENSES).json()["results"]
    assert [(each["slug"], each["team"], each["published"], each["has_draft"]) for each in listed] == [
        ("recovery", "shop", "2.0", False)
    ]


def test_a_bad_lens_is_refused_with_every_problem(owner: User, team: Team) -> None:
    raw = lens(pillar("reliability", backup(), backup(), question("q", "one two", [("nine", "NO_RISK")])))
    answer = door(owner).post(LENSES, {"team": "shop", "text": text(raw)}, format="json")
    assert answer.status_code == 400
    assert len(answer.json()["fields"]["text"]) >= 2
    checked = door(owner).post(f"{LENSES}check/", {"text": text(raw)}, format="json").json()
    assert checked["is_usable"] is False
    assert len(checked["problems"]) >= 2


def test_a_draft_that_changed_meanwhile_answers_409(owner: User, colleague: User, team: Team) -> None:
    sha256 = door(owner).post(LENSES, {"team": "shop", "text": text(small())}, format="json").json()["sha256"]
    body = {"text": text(other()), "base_sha256": sha256}
    assert door(colleague).put(f"{LENSES}recovery/draft/", body, format="json").status_code == 200
    late = {"text": text(lens(pillar("new", backup()))), "base_sha256": sha256}
    answer = door(owner).put(f"{LENSES}recovery/draft/", late, format="json")
    assert (answer.status_code, answer.json()["current"]["author"]) == (409, "colleague")


def test_an_assessment_is_started_answered_and_read(owner: User, service: Service, assessment: Assessment) -> None:
    client = door(owner)
    body = {"base_revision": 0, "choices": {"tested": {"status": "SELECTED"}}, "notes": "Weekly"}
    answer = client.patch(one(assessment, "answers/backup/"), body, format="json")
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["risk"], answer.json()["revision"]) == ("MEDIUM", 1)
    body = {"base_revision": 1, "choices": {"copied": {"status": "NOT_APPLICABLE", "reason": "OUT_OF_SCOPE"}}}
    answer = client.patch(one(assessment, "answers/backup/"), body, format="json").json()
    assert answer["notes"] == "Weekly"
    assert {choice: said["status"] for choice, said in answer["choices"].items()} == {
        "tested": "SELECTED",
        "copied": "NOT_APPLICABLE",
    }
    shown = client.get(one(assessment)).json()
    assert (shown["answered"], shown["total"], shown["counts"]["MEDIUM"]) == (1, 2, 1)
    assert [each["risk"] for each in client.get(one(assessment, "answers/")).json()] == ["MEDIUM", "UNANSWERED"]
    assert [each["id"] for each in client.get(f"{ALL}?service=checkout").json()["results"]] == [str(assessment.pk)]
    assert client.get(f"{ALL}?closed=true").json()["results"] == []


def test_starting_twice_is_refused(owner: User, assessment: Assessment) -> None:
    body = {"service": "checkout", "lens": assessment.lens.slug}
    answer = door(owner).post(ALL, body, format="json")
    assert answer.status_code == 400
    assert "is being assessed" in answer.json()["detail"]


def test_a_stale_answer_tells_both_values(owner: User, colleague: User, assessment: Assessment) -> None:
    answered(colleague, assessment, "backup", "tested")
    body = {"base_revision": 0, "notes": "Mine"}
    answer = door(owner).patch(one(assessment, "answers/backup/"), body, format="json")
    assert answer.status_code == 409
    assert (answer.json()["revision"], answer.json()["differences"]) == (
        1,
        [{"key": "notes", "label": "Notes", "stored": "", "yours": "Mine"}],
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"base_revision": 0, "note": "x"}, "note"),
        ({"notes": "x"}, "base_revision"),
        ({"base_revision": 0, "choices": {"tested": {"status": "MAYBE"}}}, "choices.tested.status"),
        ({"base_revision": 0, "choices": {"nothing": {"status": "SELECTED"}}}, "choices"),
        ({"base_revision": 0, "is_applicable": False}, "reason"),
        ({"base_revision": 0, "assignee": "viewer"}, "assignee"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    owner: User, assessment: Assessment, body: dict[str, Any], field: str
) -> None:
    answer = door(owner).patch(one(assessment, "answers/backup/"), body, format="json")
    assert answer.status_code == 400, answer.json()
    assert field in answer.json()["fields"]


def test_evidence_and_comments_come_with_the_answer(owner: User, assessment: Assessment) -> None:
    client = door(owner)
    link = client.post(one(assessment, "answers/backup/evidence/"), {"value": "https://example.com/"}, format="json")
    file = {"file": SimpleUploadedFile("report.txt", b"All well"), "note": "May", "kind": "file"}
    sent = client.post(one(assessment, "answers/backup/evidence/"), file, format="multipart")
    said = client.post(one(assessment, "answers/backup/comments/"), {"text": "Since when?"}, format="json")
    assert [each.status_code for each in (link, sent, said)] == [201, 201, 201]
    whole = client.get(one(assessment, "answers/backup/")).json()
    assert [(each["kind"], each["value"]) for each in whole["evidence"]] == [
        ("link", "https://example.com/"),
        ("file", "report.txt"),
    ]
    assert [each["text"] for each in whole["comments"]] == ["Since when?"]
    assert client.delete(one(assessment, f"evidence/{link.json()['id']}/")).status_code == 204
    assert len(client.get(one(assessment, "answers/backup/")).json()["evidence"]) == 1


def test_milestones_upgrade_and_closing(owner: User, assessment: Assessment) -> None:
    client = door(owner)
    answered(owner, assessment, "restore", "timed")
    assert client.post(one(assessment, "upgrade/"), {"milestone": "Before"}, format="json").status_code == 400
    next_version(owner, assessment.lens_version, other())
    done = client.post(one(assessment, "upgrade/"), {"milestone": "Before"}, format="json").json()
    assert (done["version"], done["milestone"], done["dropped"]) == ("1.1", 1, {"restore": "How do you restore?"})
    made = client.post(one(assessment, "milestones/"), {"name": "Second"}, format="json")
    assert (made.status_code, made.json()["number"]) == (201, 2)
    assert client.post(one(assessment, "close/"), {"name": "Done"}, format="json").json()["number"] == 3
    numbers = [each["number"] for each in client.get(one(assessment, "milestones/")).json()]
    assert numbers == [3, 2, 1]
    first = client.get(one(assessment, "milestones/1/")).json()
    assert first["content"]["pillars"][1]["questions"][0]["risk"] == "MEDIUM"
    assert client.get(one(assessment, "milestones/9/")).status_code == 404
    body = {"base_revision": 0, "notes": "late"}
    assert client.patch(one(assessment, "answers/backup/"), body, format="json").status_code == 400


def test_things_of_other_teams_are_not_found(stranger: User, assessment: Assessment) -> None:
    client = door(stranger)
    for rest in ("", "answers/", "answers/backup/", "milestones/"):
        assert client.get(one(assessment, rest)).status_code == 404
    assert client.get(f"{LENSES}{assessment.lens.slug}/").status_code == 404
    assert client.get(ALL).json()["results"] == []
    body = {"service": "checkout", "lens": assessment.lens.slug}
    assert set(client.post(ALL, body, format="json").json()["fields"]) == {"service", "lens"}


def test_a_viewer_reads_and_may_not_write(people: dict[str, User], assessment: Assessment) -> None:
    client = door(people["viewer"])
    assert client.get(one(assessment, "answers/backup/")).status_code == 200
    body = {"base_revision": 0, "notes": "x"}
    assert client.patch(one(assessment, "answers/backup/"), body, format="json").status_code == 403
    assert client.post(one(assessment, "milestones/"), {"name": "Mine"}, format="json").status_code == 403
    assert client.post(LENSES, {"team": "shop", "text": text(small())}, format="json").status_code == 403
