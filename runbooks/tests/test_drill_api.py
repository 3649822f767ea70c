"""Drills by JSON: started, read, cancelled; refusals name every field; other teams' drills do not exist."""

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from runbooks.models import Drill
from runbooks.tests.drill_stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(stage: Stage) -> APIClient:
    stage.plan()
    made = APIClient()
    made.force_authenticate(stage.people["responder"])
    return made


PLAN = {
    "service": "checkout",
    "title": "By API",
    "injection": "break-it",
    "recovery": "mend-it",
    "restoration": "tidy-up",
}


def test_a_drill_is_started_read_and_cancelled_by_json(api: APIClient, stage: Stage) -> None:
    started = api.post("/api/drills/", PLAN, format="json")
    assert started.status_code == 201, started.json()
    pk = started.json()["id"]
    assert api.get("/api/drills/").json()["results"][0]["id"] == pk
    assert api.get(f"/api/drills/{pk}/").json()["record"] is None
    assert api.post(f"/api/drills/{pk}/cancel/", {"comment": ""}, format="json").status_code == 400
    assert api.post(f"/api/drills/{pk}/cancel/", {"comment": "Enough"}, format="json").json()["is_cancelling"] is True


def test_the_record_and_the_samples_are_read_by_json(api: APIClient, closed: Drill) -> None:
    assert api.get(f"/api/drills/{closed.pk}/").json()["record"]["verdict"]["word"] == "Met"
    assert len(api.get(f"/api/drills/{closed.pk}/samples/").json()["samples"]) >= 170


def test_unknown_names_and_fields_are_refused_together(api: APIClient) -> None:
    answer = api.post("/api/drills/", {**PLAN, "recovery": "nothing", "participants": ["nobody"]}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"recovery", "participants"}
    assert api.post("/api/drills/", {**PLAN, "colour": "red"}, format="json").status_code == 400


def test_another_teams_drill_does_not_exist_in_json(stage: Stage) -> None:
    drill = stage.start()
    stranger = APIClient()
    stranger.force_authenticate(stage.people["outsider"])
    assert stranger.get(f"/api/drills/{drill.pk}/").status_code == 404
    assert stranger.get("/api/drills/").json()["count"] == 0
    assert stranger.post(f"/api/drills/{drill.pk}/cancel/", {"comment": "x"}, format="json").status_code == 404


def test_who_may_not_start_is_refused_in_json(stage: Stage) -> None:
    stage.plan()
    viewer = APIClient()
    viewer.force_authenticate(stage.people["viewer"])
    assert viewer.post("/api/drills/", PLAN, format="json").status_code == 403


def test_nobody_is_answered_without_signing_in(client: Client, stage: Stage) -> None:
    assert client.get(reverse("drill_list")).status_code == 302
    assert APIClient().get("/api/drills/").status_code in (401, 403)
