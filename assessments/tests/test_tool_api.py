"""Syncs with the Well-Architected Tool by the JSON door: the same rows, rules and refusals as the page's buttons."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from assessments import tool_runner
from assessments.models import ToolSync
from assessments.tests.tool_stage import Stage
from portal.people.models import User

pytestmark = pytest.mark.django_db
Call = Callable[..., Any]


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Connected, one question answered here."""
    stage.connect()
    stage.answer("backup", "tested")
    return stage


@pytest.fixture
def call(stage: Stage) -> Call:
    """A request to the syncs of the stage's assessment, by its owner unless another is named."""

    def called(method: str, path: str = "", body: Any = None, user: User | None = None) -> Any:
        client = Client()
        client.force_login(user or stage.user)
        address = f"/api/assessments/{stage.assessment.pk}/tool-syncs/{path}"
        sent = "" if body is None else json.dumps(body)
        return client.generic(method, address, sent, content_type="application/json")

    return called


def carried(call: Call, **body: Any) -> dict[str, Any]:
    """Asked for, carried by a worker, read back."""
    made = call("POST", body=body)
    assert made.status_code == 201, made.content
    tool_runner.carry(made.json()["id"])
    return call("GET", f"{made.json()['id']}/").json()


def test_compare_push_milestone_and_pull_through_the_api(stage: Stage, call: Call) -> None:
    seen = carried(call, kind="Compare")
    (question,) = [each for each in seen["comparison"]["questions"] if each["verdict"] == "Push"]
    assert (question["id"], question["differences"][0]["ours"]) == ("backup", "chosen")
    pushed = carried(call, kind="Push", seen=seen["id"])
    assert (pushed["status"], pushed["result"]["done"]) == ("Success", ["How do you backup?"])
    frozen = carried(call, kind="PushMilestone", seen=pushed["id"], name="Before the summer")
    assert (frozen["result"]["milestone"], frozen["result"]["in_the_tool"]) == (1, 1)
    stage.answer_in_tool("backup", SelectedChoices=["copied"])
    stage.aws("CreateMilestone", WorkloadId=stage.names["WorkloadId"], MilestoneName="By hand", ClientRequestToken="x")
    seen = carried(call, kind="Compare")
    assert [each["name"] for each in seen["comparison"]["milestones"]] == ["Before the summer", "By hand"]
    assert carried(call, kind="Pull", seen=seen["id"])["result"]["done"] == ["How do you backup?"]
    assert carried(call, kind="PullMilestone", number=2)["result"]["milestone"] == 2
    rows = call("GET").json()["results"]
    assert [each["kind"] for each in rows][::-1] == [
        "Compare",
        "Push",
        "PushMilestone",
        "Compare",
        "Pull",
        "PullMilestone",
    ]
    assert "comparison" not in rows[0]


def test_a_conflict_is_decided_by_its_fingerprint(stage: Stage, call: Call) -> None:
    stage.push()
    stage.answer("backup", "owned")
    stage.answer_in_tool("backup", SelectedChoices=["copied"])
    seen = carried(call, kind="Compare")
    (conflict,) = [each for each in seen["comparison"]["questions"] if each["verdict"] == "Conflict"]
    decisions = {"backup": f"theirs:{conflict['fingerprint']}"}
    assert carried(call, kind="Pull", seen=seen["id"], decisions=decisions)["result"]["conflicts"] == 0
    assert stage.chosen("backup") == {"copied"}


def test_what_went_wrong_is_in_the_row(stage: Stage, call: Call) -> None:
    seen = carried(call, kind="Compare")
    stage.answer("backup", "copied")
    refused = carried(call, kind="Push", seen=seen["id"])
    assert (refused["status"], refused["result"]) == ("Failed", {})
    assert "How do you backup" in refused["status_message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "Push"}, "seen"),
        ({"kind": "Push", "seen": "00000000-0000-4000-8000-000000000000"}, "seen"),
        ({"kind": "Compare", "name": "Odd"}, "name"),
        ({"kind": "PullMilestone"}, "number"),
        ({"kind": "PullMilestone", "number": 0}, "number"),
        ({"kind": "PullMilestone", "number": 10**30}, "number"),
        ({"kind": "Everything"}, "kind"),
        (
            {"kind": "Push", "seen": "00000000-0000-4000-8000-000000000000", "decisions": {"backup": "mine:1"}},
            "decisions",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_field(call: Call, body: dict[str, Any], field: str) -> None:
    answer = call("POST", body=body)
    assert answer.status_code == 400
    assert [name.partition(".")[0] for name in answer.json()["fields"]] == [field]
    assert not ToolSync.objects.exists()


def test_viewers_read_and_ask_for_nothing_and_others_see_nothing(
    stage: Stage, call: Call, people: dict[str, User]
) -> None:
    seen = stage.compare()
    viewer, outsider = people["viewer"], people["outsider"]
    assert call("GET", f"{seen.pk}/", user=viewer).json()["comparison"]
    for body in ({"kind": "Compare"}, {"kind": "Push", "seen": str(seen.pk)}, {"kind": "PullMilestone", "number": 1}):
        assert call("POST", body=body, user=viewer).status_code == 403
        assert call("POST", body=body, user=outsider).status_code == 404
    assert call("GET", user=outsider).status_code == 404
    assert call("GET", f"{seen.pk}/", user=outsider).status_code == 404
    assert ToolSync.objects.count() == 1
