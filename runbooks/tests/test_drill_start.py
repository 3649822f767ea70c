"""Starting a drill from its form: what is proposed, who may, refusals that lose nothing typed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.people.models import User
from runbooks.models import Drill
from runbooks.tests.drill_stage import CHANGING, Stage

pytestmark = pytest.mark.django_db(transaction=True)


def typed(stage: Stage, **changes: str) -> dict[str, Any]:
    plan = stage.plan()
    return {
        "service": plan["service"].slug,
        "scope": "region",
        "title": plan["title"],
        "injection": plan["injection"].pk,
        "recovery": plan["recovery"].pk,
        "restoration": plan["restoration"].pk,
        "recovery-version": plan["recovery"].pk,
        "recovery-parameters.EntryUrl": "http://127.0.0.1:9/",
        "recovery-parameters.Count": "2",
        "detection_timeout": "10 min",
        "recovery_timeout": "30 min",
        "participants": [stage.people["responder"].pk],
        **changes,
    }


def post(client: Client, stage: Stage, **changes: str) -> HttpResponse:
    client.force_login(stage.people["responder"])
    return client.post(reverse("drill_start"), typed(stage, **changes))


def get(client: Client, user: User, name: str, query: str = "") -> HttpResponse:
    client.force_login(user)
    return client.get(reverse(name) + query)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_a_drill_is_started_from_the_form_with_the_catalogues_objectives(client: Client, stage: Stage) -> None:
    answer = post(client, stage)
    drill = Drill.objects.get()
    assert answer.headers["Location"] == reverse("drill_detail", args=[drill.pk])
    assert (drill.rto, drill.rpo) == (timedelta(minutes=15), timedelta(minutes=1))
    assert drill.parameters["recovery"]["Count"] == "2"


def test_a_double_click_starts_one_drill(client: Client, stage: Stage) -> None:
    key = "7d9b6f2e-58a5-4d0e-9a39-7a1b0c7f5a11"
    first, second = post(client, stage, start_key=key), post(client, stage, start_key=key)
    assert first.headers["Location"] == second.headers["Location"]
    assert Drill.objects.count() == 1


def test_every_problem_is_shown_and_nothing_typed_is_lost(client: Client, stage: Stage) -> None:
    answer = post(client, stage, **{"title": "", "rto": "0 s", "recovery-parameters.Count": "77"})
    shown = text(answer)
    assert answer.status_code == 422
    assert "Give the drill a title" in shown
    assert "longer than nothing" in shown
    assert 'value="77"' in shown
    assert re.search(r"Recovery, Count</a>: [^<]+", shown)
    assert not Drill.objects.exists()


def test_a_running_drill_is_linked_from_the_refusal(client: Client, stage: Stage) -> None:
    running = stage.start()
    shown = text(post(client, stage, title="Another"))
    assert f'href="{reverse("drill_detail", args=[running.pk])}">Open the running drill' in shown


def test_a_form_without_choices_is_refused_whole(client: Client, stage: Stage) -> None:
    client.force_login(stage.people["responder"])
    answer = client.post(reverse("drill_start"), {})
    assert answer.status_code == 422
    assert "Choose the service." in text(answer)
    assert "Choose what disrupts it." in text(answer)


def test_who_may_not_start_gets_no_form(client: Client, stage: Stage) -> None:
    assert get(client, stage.people["viewer"], "drill_start").status_code == 403


def test_parameters_follow_the_chosen_runbooks(client: Client, stage: Stage) -> None:
    stage.plan()
    query = f"?service=checkout&recovery={stage.version(CHANGING, 'mend-it').pk}"
    shown = text(get(client, stage.people["responder"], "drill_parameters", query))
    assert 'name="recovery-parameters.Count"' in shown
    assert 'value="http://127.0.0.1:9/"' in shown
