"""Pages of drills: what is seen, who may, live answers. Starting one is in `test_drill_start.py`, JSON in `test_drill_api.py`."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.audit.log import database_now
from portal.people.models import User
from runbooks import drill_strip
from runbooks.models import Drill, Phase, Sample, Status
from runbooks.tests.drill_stage import INTERVAL, OUTAGE, PATIENT, Stage, look

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(stage: Stage) -> Drill:
    """A drill whose recovery waits for a person."""
    drill = stage.start(recovery=stage.version(PATIENT, "ask-first"))
    stage.good_before(drill)
    drill = stage.until_phase(drill, Phase.INJECT)
    stage.after_injection(drill, OUTAGE)
    return stage.until(stage.until_phase(drill, Phase.RECOVER), lambda one: one.status == Status.WAITING)


def get(client: Client, user: User, name: str, *arguments: object, query: str = "") -> HttpResponse:
    client.force_login(user)
    return client.get(reverse(name, args=arguments) + query)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


# --- list ------------------------------------------------------------------------------------------------------------


def test_an_empty_list_invites_responders_and_tells_others(client: Client, people: dict[str, User]) -> None:
    assert reverse("drill_start") in text(get(client, people["responder"], "drill_list"))
    answer = get(client, people["viewer"], "drill_list")
    assert (answer.status_code, reverse("drill_start") in text(answer)) == (200, False)


def test_the_list_shows_the_verdict_beside_the_objective(client: Client, stage: Stage, closed: Drill) -> None:
    shown = text(get(client, stage.people["viewer"], "drill_list"))
    assert "Met" in shown
    assert "1\u00a0min\u00a015\u00a0s" in shown
    assert "15\u00a0min" in shown


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [("?verdict=Met", True), ("?verdict=Not met", False), ("?service=checkout", True), ("?text=nothing", False)],
)
def test_the_list_is_narrowed(client: Client, stage: Stage, closed: Drill, query: str, is_shown: bool) -> None:
    assert (closed.title in text(get(client, stage.people["viewer"], "drill_list", query=query))) == is_shown


@pytest.mark.parametrize("name", ["drill_detail", "drill_fragment", "drill_samples"])
def test_another_teams_drill_does_not_exist(client: Client, stage: Stage, name: str) -> None:
    assert get(client, stage.people["outsider"], name, stage.start().pk).status_code == 404


# --- one drill -------------------------------------------------------------------------------------------------------


def test_a_running_drill_shows_its_phases_and_asks_for_more(client: Client, stage: Stage) -> None:
    drill = stage.start()
    look(drill)
    shown = text(get(client, stage.people["viewer"], "drill_detail", drill.pk))
    assert reverse("drill_fragment", args=[drill.pk]) in shown
    assert 'aria-current="step"' in shown
    assert "manage.py sample" in shown or "good samples" in shown


def test_a_closed_drill_shows_its_record_and_asks_for_nothing(client: Client, stage: Stage, closed: Drill) -> None:
    shown = text(get(client, stage.people["viewer"], "drill_detail", closed.pk))
    for part in (
        "What was measured",
        "the objective is",
        "How it was measured",
        "numbers 8–10",
        "us-east-1",
        "Success",
    ):
        assert part in shown
    assert reverse("drill_fragment", args=[closed.pk]) not in shown
    assert " style=" not in shown


def test_a_fragment_that_would_look_the_same_is_not_sent(client: Client, stage: Stage) -> None:
    drill = stage.start()
    look(drill)
    first = text(get(client, stage.people["viewer"], "drill_fragment", drill.pk))
    seen = re.search(r"data-seen=\"([^\"]+)", first)[1]
    assert get(client, stage.people["viewer"], "drill_fragment", drill.pk, query=f"?seen={seen}").status_code == 204
    stage.good_before(drill)
    look(drill)
    assert get(client, stage.people["viewer"], "drill_fragment", drill.pk, query=f"?seen={seen}").status_code == 200


def test_a_drill_that_is_over_is_asked_for_no_more(client: Client, stage: Stage, closed: Drill) -> None:
    answer = get(client, stage.people["viewer"], "drill_fragment", closed.pk, query="?seen=0")
    assert "data-live" not in text(answer)
    assert "data-reload-at-end" not in text(answer)


def test_a_waiting_recovery_can_be_answered_in_place(client: Client, stage: Stage, waiting: Drill) -> None:
    shown = text(get(client, stage.people["responder"], "drill_fragment", waiting.pk))
    execution = waiting.executions.get(part="recovery")
    assert reverse("execution_signal", args=[execution.pk]) in shown
    assert 'value="Resume"' in shown


def test_a_drill_is_cancelled_with_a_reason(client: Client, stage: Stage) -> None:
    drill = stage.start()
    client.force_login(stage.people["responder"])
    refused = client.post(reverse("drill_cancel", args=[drill.pk]), {"comment": "", "is_restored": "on"})
    assert (refused.status_code, "Say why" in text(refused)) == (422, True)
    client.post(reverse("drill_cancel", args=[drill.pk]), {"comment": "Wrong day", "is_restored": "on"})
    drill.refresh_from_db()
    assert (drill.is_cancelling, drill.restoration is None) == (True, False)


def test_unticking_the_restoration_declines_it(client: Client, stage: Stage) -> None:
    drill = stage.start()
    client.force_login(stage.people["responder"])
    client.post(reverse("drill_cancel", args=[drill.pk]), {"comment": "Leave it as it is"})
    drill.refresh_from_db()
    assert drill.restoration is None


def test_who_may_not_cancel_sees_no_form_and_is_refused(client: Client, stage: Stage) -> None:
    drill = stage.start()
    assert "Cancel the drill" not in text(get(client, stage.people["viewer"], "drill_detail", drill.pk))
    answer = client.post(reverse("drill_cancel", args=[drill.pk]), {"comment": "No"})
    assert answer.status_code == 403


# --- samples ---------------------------------------------------------------------------------------------------------


def strip(client: Client, user: User, drill: Drill, query: str = "") -> dict[str, Any]:
    return json.loads(get(client, user, "drill_samples", drill.pk, query=query).content)


def test_the_strip_of_a_closed_drill_stands_still(client: Client, stage: Stage, closed: Drill) -> None:
    found = strip(client, stage.people["viewer"], closed)
    assert (found["is_live"], found["is_partial"], found["time_scale"]) == (False, False, 0.02)
    assert found["clock"]["from"] == closed.record["measured"]["disrupted_at"]
    assert found["clock"]["to"] == closed.record["measured"]["recovered_at"]
    assert [mark["label"] for mark in found["markers"]] == ["Injection", "Recovery"]
    assert {(one["ok"], one["region"]) for one in found["samples"]} == {
        (True, "us-west-2"), (True, "us-east-1"), (False, ""),
    }  # fmt: skip


def test_the_clock_runs_while_the_service_is_disrupted(client: Client, stage: Stage, waiting: Drill) -> None:
    clock = strip(client, stage.people["viewer"], waiting)["clock"]
    assert clock["from"] is not None
    assert clock["to"] is None


def test_later_samples_come_alone_with_those_that_may_have_been_late(client: Client, stage: Stage) -> None:
    drill = stage.start()
    stage.good_before(drill, "." * 200)
    newest = Sample.objects.order_by("-sent_at").first().sent_at
    found = strip(client, stage.people["viewer"], drill, f"?after={newest.isoformat().replace('+', '%2B')}")
    assert found["is_partial"] is True
    assert len(found["samples"]) < 200
    assert found["samples"][0]["at"] >= found["samples_from"]
    assert newest - timedelta(seconds=4) < drill_strip.datetime.fromisoformat(found["samples"][0]["at"]) < newest


@pytest.mark.parametrize("after", ["rubbish", "2026-13-45T00:00:00Z", ""])
def test_rubbish_for_a_time_answers_everything(client: Client, stage: Stage, after: str) -> None:
    drill = stage.start()
    stage.good_before(drill)
    assert len(strip(client, stage.people["viewer"], drill, f"?after={after}")["samples"]) == 60


def test_a_long_drill_is_shown_in_fewer_cells_and_hides_no_failure(
    client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill_strip, "MOST_CELLS", 50)
    drill = stage.start()
    stage.sample(drill, "." * 99 + "x" + "." * 100, database_now() - INTERVAL * 200)
    found = strip(client, stage.people["viewer"], drill)
    assert len(found["samples"]) <= 51
    assert found["interval_seconds"] == 0.2
    assert sum(not one["ok"] for one in found["samples"]) == 1
