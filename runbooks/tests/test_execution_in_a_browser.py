"""The live page in Chromium under the real policy: what somebody types survives what happens meanwhile."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.catalogue.models import AwsAccount
from portal.people.models import Team, User
from runbooks.models import Execution, SignalKind, Status, StepExecution
from runbooks.tests.rows import a_deviation, a_signal, a_version, a_waiting_approval
from runbooks.tests.test_execution_controls import PARAMETERS, a_question, an_unknown

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
People = dict[str, User]
Open = Callable[[User, str], Page]


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """Opens an address as somebody; the test fails on any error of a script or breach of the policy."""
    wrong: list[str] = []
    contexts = []

    def open_as(user: User, address: str) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert wrong == []


def finish(execution: Execution) -> None:
    now = timezone.now()
    StepExecution.objects.filter(execution=execution, ended_at=None).update(status=Status.SUCCESS, ended_at=now)
    Execution.objects.filter(pk=execution.pk).update(
        status=Status.SUCCESS, ended_at=now, revision=execution.revision + 1
    )


def test_what_is_being_typed_stays_while_the_page_changes(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["approver"], reverse("execution_detail", args=[execution.pk]))
    comment = page.locator("textarea[name=comment]")
    comment.fill("Half a thou")
    page.locator("#step-Approve summary").click()
    comment.focus()
    a_signal(execution, SignalKind.PAUSE, people["responder"])
    expect(page.get_by_text("is not applied yet")).to_be_visible()
    expect(comment).to_have_value("Half a thou")
    expect(comment).to_be_focused()
    expect(page.locator("#step-Approve details")).to_have_attribute("open", "")


def test_a_double_click_on_approve_sends_one_signal(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["approver"], reverse("execution_detail", args=[execution.pk]))
    page.get_by_role("button", name="Approve", exact=True).dblclick()
    expect(page.get_by_text("Approve was sent by Approver Tester")).to_be_visible()
    assert execution.signals.count() == 1


def test_a_refusal_is_shown_in_place(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["approver"], reverse("execution_detail", args=[execution.pk]))
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("reject needs a reason")).to_be_visible()
    assert not execution.signals.exists()


def test_the_end_recolours_the_picture_and_stops_the_questions(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], reverse("execution_detail", args=[execution.pk]))
    node = page.locator("[data-node=Approve]")
    expect(node).to_have_attribute("aria-label", re.compile("Waiting"))
    finish(execution)
    expect(page.locator(".run-head-success")).to_be_visible()
    expect(node).to_have_attribute("aria-label", re.compile("Success"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_cancelling_asks_first_and_keeps_the_reason(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["responder"], reverse("execution_detail", args=[execution.pk]))
    page.locator("#control-Cancel summary").click()
    page.locator("#control-Cancel").get_by_label("Reason").fill("Wrong service")
    page.locator("#control-Cancel button").click()
    page.get_by_role("button", name="Go back").click()
    assert not execution.signals.exists()
    page.locator("#control-Cancel button").click()
    page.locator("#confirm").get_by_role("button", name="Cancel the execution").click()
    expect(page.get_by_text("Cancel was sent by Responder Tester")).to_be_visible()
    assert execution.signals.get().comment == "Wrong service"


def test_without_scripts_an_approval_is_a_form_like_any_other(
    people: People, team: Team, browser: Browser, live_server: LiveServer
) -> None:
    execution, _ = a_waiting_approval(people, team)
    client = Client()
    client.force_login(people["approver"])
    with browser.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.goto(reverse("execution_detail", args=[execution.pk]))
        page.get_by_role("button", name="Approve", exact=True).click()
        page.wait_for_load_state()
        assert "Approve was sent by" in page.content()
    assert execution.signals.count() == 1


def test_the_name_is_asked_for_only_where_the_account_is_production(
    people: People, team: Team, account: AwsAccount, opened: Open
) -> None:
    AwsAccount.objects.create(name="Live", team=team, account_id="210987654321", is_production=True)
    version = a_version(people, team)
    page = opened(people["responder"], reverse("execution_start", args=[version.pk]))
    expect(page.locator("[name=typed_name]")).to_be_hidden()
    page.locator("[name=account]").select_option(label="Live (210987654321)")
    expect(page.locator("[name=typed_name]")).to_be_visible()


def test_a_change_that_is_being_typed_survives_what_happens_meanwhile(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_question(people, team, parameters=PARAMETERS)
    page = opened(people["responder"], reverse("execution_detail", args=[execution.pk]))
    page.locator("#control-Change summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name='parameters.Cluster']")).to_be_hidden()
    page.locator("#change-parameter").select_option("DesiredCount")
    page.locator("[name='parameters.DesiredCount']").fill("5")
    a_signal(execution, SignalKind.PAUSE, people["responder"])
    expect(page.get_by_text("is not applied yet")).to_be_visible()
    expect(page.locator("#change-parameter")).to_have_value("DesiredCount")
    expect(page.locator("[name='parameters.DesiredCount']")).to_have_value("5")
    expect(page.locator("[name='parameters.DesiredCount']")).to_be_visible()
    expect(page.locator("[name='parameters.Cluster']")).to_be_hidden()
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("needs a reason")).to_be_visible()
    expect(page.locator("[name='parameters.DesiredCount']")).to_have_value("5")
    page.locator("#change-comment").fill("More load")
    expect(page.get_by_role("button", name="Change it")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Change a parameter was sent by Responder Tester")).to_be_visible()
    assert execution.signals.get(kind="Change").payload == {"parameter": "DesiredCount", "value": 5}


def test_a_change_of_parameters_is_shown_beside_without_loading_the_page(
    people: People, team: Team, opened: Open
) -> None:
    execution, _ = a_question(people, team, parameters=PARAMETERS)
    page = opened(people["viewer"], reverse("execution_detail", args=[execution.pk]))
    expect(page.locator("#execution-parameters")).to_contain_text("mysfits")
    Execution.objects.filter(pk=execution.pk).update(
        parameters={**PARAMETERS, "Cluster": "moved"},
        deviations=[a_deviation("Cluster", "mysfits", "moved")],
        revision=execution.revision + 1,
    )
    expect(page.get_by_text("Changed under way: 1 parameter differs")).to_be_visible()
    expect(page.locator("#execution-parameters")).to_contain_text("moved")
    expect(page.locator("#execution-parameters")).to_have_count(1)


def test_a_failed_step_is_answered_by_keyboard(people: People, team: Team, opened: Open) -> None:
    execution, failed = a_question(people, team)
    page = opened(people["responder"], reverse("execution_detail", args=[execution.pk]))
    page.get_by_label("Reason").first.focus()
    page.keyboard.type("Done in the console")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Mark as done was sent by Responder Tester")).to_be_visible()
    assert (execution.signals.get().kind, execution.signals.get().step_execution) == ("MarkDone", failed)


def test_the_countdown_to_a_retry_ends_with_a_button_that_works(
    people: People, team: Team, opened: Open, settings: Settings
) -> None:
    settings.QUARANTINE = timedelta(seconds=6)
    execution, _ = an_unknown(people, team)
    page = opened(people["responder"], reverse("execution_detail", args=[execution.pk]))
    expect(page.get_by_role("button", name="Retry")).to_be_disabled()
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^[1-5]\ss$"))
    expect(page.get_by_role("button", name="Retry")).to_be_enabled()
    expect(page.locator("[data-countdown]")).to_have_count(0)
