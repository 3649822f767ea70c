"""How the parts behave in Chromium under the real content security policy: dialogs, graph, strip, editor, themes, axe.

Not here: the product's own pages, which their own tests look at.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.people.models import User
from portal.tests import pages_for_look

pytestmark = [
    pytest.mark.journey,
    pytest.mark.urls("portal.tests.pages_for_look"),
    pytest.mark.django_db(transaction=True),
]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = json.dumps({"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, db: None) -> Iterator[Page]:
    """A signed-in page; the test fails on any error of a script, breach of the policy or request to another host."""
    client = Client()
    client.force_login(User.objects.create_superuser("rosa", "rosa@example.test", "password for tests"))
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 1600})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    opened.on("request", lambda asked: None if _is_own(asked.url, live_server.url) else wrong.append(asked.url))
    yield opened
    context.close()
    assert wrong == []


def _is_own(address: str, own: str) -> bool:
    return address.startswith((own, "data:", "blob:"))


@pytest.fixture(autouse=True)
def statuses() -> Iterator[dict[str, str]]:
    pages_for_look.STATUSES.clear()
    yield pages_for_look.STATUSES
    pages_for_look.STATUSES.clear()


@pytest.mark.parametrize("address", ["/look/parts", "/look/run"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_parts_pass_axe_and_fit_the_screen(page: Page, address: str, theme: str) -> None:
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    page.evaluate(AXE + ";0")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], f"{width} pixels wide"


def test_an_act_that_asks_for_a_word_is_sent_only_with_it(page: Page) -> None:
    page.goto("/look/parts")
    page.click("#stop button")
    expect(page.locator("#confirm-yes")).to_be_disabled()
    page.keyboard.type("check")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    page.keyboard.type("out")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_text("confirmation=checkout")


def test_an_act_is_not_sent_when_the_dialog_is_left(page: Page) -> None:
    page.goto("/look/parts")
    page.click("#stop button")
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    assert page.url.endswith("/look/parts")


def test_a_refusal_of_a_fragment_is_shown_and_the_page_is_kept(page: Page) -> None:
    page.goto("/look/parts")
    page.click("#refused")
    page.click("#confirm-yes")
    expect(page.locator("#notices")).to_contain_text("The version is not approved. Ask an approver.")
    expect(page.locator("#refused")).to_have_text("Refuse")


def test_the_graph_takes_the_colours_of_swapped_rows_without_being_drawn_again(
    page: Page, statuses: dict[str, str]
) -> None:
    page.goto("/look/run")
    node = page.locator("#flow [data-node=promote]")
    expect(node).to_have_class("graph-node graph-node-quiet")
    page.evaluate("document.querySelector('#flow svg').dataset.first = 'yes'")
    statuses["promote"] = "Failed"
    page.evaluate("htmx.trigger('#rows', 'refresh')")
    expect(node).to_have_class("graph-node graph-node-bad")
    expect(node).to_have_attribute("aria-label", "promote aws:sleep Failed")
    assert page.evaluate("document.querySelector('#flow svg').dataset.first") == "yes"


def test_a_node_leads_to_its_step_by_keyboard(page: Page) -> None:
    page.goto("/look/run")
    page.locator("#flow [data-node=moveTraffic]").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#step-moveTraffic")


def test_the_strip_says_the_recovery_time_over_the_time_scale_and_what_was_unobserved(page: Page) -> None:
    page.goto("/look/run")
    expect(page.locator("[data-clock-value]")).to_have_text("3 min 20 s")  # 20 s measured at 0.1
    expect(page.locator("[data-clock]")).to_have_attribute("data-state", "late")  # the objective is 2 min
    expect(page.locator("[data-clock-measured]")).to_have_text("Measured 20 s at time scale 0.1")
    page.click(".strip summary")
    assert page.locator(".strip tbody tr").all_inner_texts() == [
        "10:00:00\t10:00:09\tAnswered by us-west-2\t10",
        "10:00:10\t10:00:29\tNo good answer\t20",
        "10:00:30\t10:00:39\tAnswered by us-east-1\t10",
        "10:00:39\t10:00:50\tUnobserved\t–",
        "10:00:50\t10:00:50\tAnswered by us-east-1\t1",
    ]


def test_the_editor_keeps_the_field_of_the_form_in_step_and_can_be_left_by_keyboard(page: Page) -> None:
    page.goto("/look/parts")
    page.click("[data-editor-line]")
    page.keyboard.press("End")
    page.keyboard.type("0")
    assert page.input_value("#text") == "a: 1\nb: 20"
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    page.wait_for_function("!document.activeElement.closest('.cm-editor')")


def test_two_keys_lead_to_a_page_until_shortcuts_are_switched_off(page: Page) -> None:
    page.goto("/look/parts")
    page.keyboard.press("?")
    page.uncheck("[data-shortcuts-on]")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("h")
    assert page.url.endswith("/look/parts")
    page.evaluate("localStorage.setItem('shortcuts', 'on')")
    page.evaluate("document.querySelector('[data-shortcut=\"g h\"]').href = '/look/run'")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/look/run")


def test_the_theme_chosen_is_kept_and_set_before_the_page_is_painted(page: Page) -> None:
    page.goto("/look/parts")
    page.click(".user-button")
    page.click("[data-theme=dark]")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.goto("/look/run", wait_until="commit")
    page.wait_for_selector("body", state="attached")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_paper_is_light_whatever_the_theme(page: Page) -> None:
    page.add_init_script("localStorage.setItem('theme', 'dark')")
    page.goto("/look/run")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
