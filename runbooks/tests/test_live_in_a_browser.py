"""Live pages in Chromium before a server with streams: what is told arrives, what is typed stays, silence is admitted.

How the page does without streams is tested in `test_execution_in_a_browser`, whose server has none.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from portal.people.models import Team, User
from runbooks.models import Drill, Execution, Phase, SignalKind, Status
from runbooks.tests.asgi_server import AsgiServer, serving, wait_for
from runbooks.tests.drill_stage import Stage
from runbooks.tests.rows import a_signal, a_waiting_approval
from runbooks.tests.test_execution_in_a_browser import finish
from runbooks.views.live import HUB

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
People = dict[str, User]
Open = Callable[[User, str], Page]
STREAMS, FRAGMENTS = re.compile("/stream/"), re.compile("/fragment/")


@pytest.fixture
def portal(transactional_db: None) -> Iterator[AsgiServer]:
    with serving() as server:
        yield server


@pytest.fixture
def opened(browser: Browser, portal: AsgiServer) -> Iterator[Open]:
    """Opens an address as somebody; the test fails on any error of a script or breach of the policy."""
    wrong: list[str] = []
    contexts = []

    def open_as(user: User, address: str) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=portal.url, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": portal.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert wrong == []


def address_of(execution: Execution) -> str:
    return reverse("execution_detail", args=[execution.pk])


def pause(execution: Execution, people: People) -> None:
    a_signal(execution, SignalKind.PAUSE, people["responder"])


def is_heard(page: Page) -> None:
    """Wait until the page's stream has told something."""
    expect(page.locator("html[data-live-by=stream]")).to_have_count(1)


def test_a_stream_brings_the_change_and_what_is_typed_stays(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["approver"], address_of(execution))
    comment = page.locator("textarea[name=comment]")
    comment.fill("Half a thou")
    page.locator("#step-Approve summary").click()
    comment.focus()
    is_heard(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    pause(execution, people)
    expect(page.get_by_text("is not applied yet")).to_be_visible()
    expect(comment).to_have_value("Half a thou")
    expect(comment).to_be_focused()
    expect(page.locator("#step-Approve details")).to_have_attribute("open", "")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Approve was sent by Approver Tester")).to_be_visible()
    assert execution.signals.get(kind="Approve").comment == "Half a thou"
    assert [url for url in asked if FRAGMENTS.search(url)] == []


def test_the_last_picture_ends_the_listening(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], address_of(execution))
    is_heard(page)
    finish(execution)
    expect(page.locator(".run-head-success")).to_be_visible()
    expect(page.locator("[data-node=Approve]")).to_have_attribute("aria-label", re.compile("Success"))
    wait_for(HUB.is_idle, "nobody listens any more")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_a_page_without_contact_says_since_when_and_catches_up(
    people: People, team: Team, opened: Open, portal: AsgiServer
) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], address_of(execution))
    is_heard(page)
    portal.stop()
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"Not updated since \d\d:\d\d:\d\d UTC"))
    pause(execution, people)
    portal.start()
    expect(page.get_by_text("is not applied yet")).to_be_visible()
    expect(page.locator("#live-contact")).to_have_count(0)
    is_heard(page)


@pytest.mark.parametrize("how", ["refused", "held back"])
def test_a_page_asks_where_no_stream_comes_through(people: People, team: Team, opened: Open, how: str) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], reverse("execution_list"))
    page.route(STREAMS, lambda route: route.abort() if how == "refused" else None)
    page.goto(address_of(execution))
    pause(execution, people)
    expect(page.get_by_text("is not applied yet")).to_be_visible()
    expect(page.locator("#live-contact")).to_have_count(0)


def test_a_hidden_page_hears_nothing_and_catches_up_when_it_is_shown(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], address_of(execution))
    is_heard(page)
    turn = """(isHidden) => {
        Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(turn, True)
    wait_for(lambda: page.evaluate("1") and HUB.is_idle(), "the hidden page has hung up")
    pause(execution, people)
    page.evaluate(turn, False)
    expect(page.get_by_text("is not applied yet")).to_be_visible()


def test_whoever_signed_out_elsewhere_is_shown_the_way_back_in(people: People, team: Team, opened: Open) -> None:
    execution, _ = a_waiting_approval(people, team)
    page = opened(people["viewer"], address_of(execution))
    is_heard(page)
    client = Client()
    client.cookies["sessionid"] = next(one for one in page.context.cookies() if one["name"] == "sessionid")["value"]
    client.post(reverse("account_logout"))
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_drill_is_told_of_too_and_loaded_anew_when_it_is_over(stage: Stage, opened: Open) -> None:
    drill = stage.start()
    page = opened(stage.people["viewer"], reverse("drill_detail", args=[drill.pk]))
    is_heard(page)
    changed = Drill.objects.filter(pk=drill.pk)
    changed.update(status_message="Looks at the baseline", revision=F("revision") + 1)
    expect(page.get_by_text("Looks at the baseline")).to_be_visible()
    page.evaluate("window.isTheSamePage = true")
    columns = {"status": Status.FAILED, "phase": Phase.CLOSE, "wake_at": None}
    changed.update(ended_at=F("created_at"), revision=F("revision") + 1, **columns)
    expect(page.locator("[data-live]")).to_have_count(0)
    page.wait_for_function("!window.isTheSamePage")  # goes on asking while the page is exchanged
