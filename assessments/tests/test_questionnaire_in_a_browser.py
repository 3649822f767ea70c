"""The questionnaire in Chromium under the real policy: saving by itself, lost connections, two people, keyboard.

How the pages look, and axe, are in test_pages_in_a_browser.py. A test waits for what it expects to see, never for a time: saving
may take one request or two, as fast as the machine is.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from assessments.models import Answer, Assessment
from assessments.operations.answers import save_answer
from assessments.tests.rows import answered, chosen
from portal.people.models import User
from portal.tests.browser import PATIENCE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SAVED = re.compile(r"Saved \d\d:\d\d:\d\d UTC")
KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('assessment-answer:')).length"
Open = Callable[..., Page]


def at(assessment: Assessment, rest: str = "question/backup") -> str:
    return f"/assessments/{assessment.pk}/{rest}"


def box(page: Page, choice: str) -> object:
    return page.locator(f"input[name=choice][value={choice}]")


def saved(page: Page) -> None:
    expect(page.locator("[data-slot=saved]")).to_have_text(SAVED)


def revision(page: Page, number: int) -> None:
    expect(page.locator("input[name=base_revision]")).to_have_value(str(number))


def comes_to_nothing(page: Page, expression: str) -> None:
    """The expression comes to nothing, at once or soon; the policy forbids waiting by a function in the page."""
    deadline = time.monotonic() + PATIENCE / 1000
    while (found := page.evaluate(expression)) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert not found


def settled(page: Page) -> None:
    """Nothing is kept in the browser any more."""
    comes_to_nothing(page, KEPT)


def written(page: Page, words: str) -> None:
    """The notes, and the field left, which saves without waiting for more typing."""
    page.fill("textarea[name=notes]", words)
    page.locator("textarea[name=notes]").blur()


def test_a_change_saves_by_itself_and_risk_and_progress_follow(
    owner: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment))
    expect(page.locator("[data-slot=saved]")).to_contain_text("Nobody has answered yet")
    box(page, "tested").check()
    saved(page)
    expect(page.locator("[data-slot=risk] .state")).to_have_attribute("data-status", "MEDIUM")
    expect(page.locator("[data-slot=progress]")).to_contain_text("1 of 2 answered")
    expect(page.locator("[data-slot='pillar:1']")).to_have_text("1/1")
    written(page, "Every Monday")
    revision(page, 2)
    saved(page)
    answer = Answer.objects.get()
    assert (answer.revision, answer.notes, list(answer.choices)) == (2, "Every Monday", ["tested"])
    assert page.evaluate(KEPT) == 0


def test_none_of_these_and_the_others_exclude_each_other(owner: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment))
    box(page, "tested").check()
    box(page, "copied").check()
    box(page, "backup_no").check()
    expect(page.locator("input[name=choice]:checked")).to_have_count(1)
    saved(page)
    box(page, "owned").check()
    expect(box(page, "backup_no")).not_to_be_checked()
    page.locator("[data-choice]").nth(2).locator("summary").click()
    page.locator("select[name='excuse.owned']").select_option("OUT_OF_SCOPE")
    expect(box(page, "owned")).not_to_be_checked()
    settled(page)  # one save or two, as fast as this machine is
    saved(page)
    assert Answer.objects.get().choices["owned"]["status"] == "NOT_APPLICABLE"


def test_what_is_typed_without_a_connection_is_kept_and_saved_later(
    owner: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment))
    page.context.set_offline(True)
    box(page, "tested").check()
    written(page, "Typed in the cellar")
    line = page.locator("[data-slot=saved]")
    expect(line).to_have_text("Not saved: connection lost, kept in this browser, trying again")
    assert page.evaluate(KEPT) == 1
    assert not Answer.objects.exists()
    page.context.set_offline(False)
    saved(page)
    assert Answer.objects.get().notes == "Typed in the cellar"
    assert page.evaluate(KEPT) == 0


def test_what_is_kept_survives_closing_the_page(owner: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment))
    page.context.route(
        "**/question/**", lambda route: route.abort() if route.request.method == "POST" else route.fallback()
    )
    written(page, "Not lost")
    expect(page.locator("[data-slot=saved]")).to_contain_text("connection lost")
    page.goto("about:blank")
    page.context.unroute_all()
    assert not Answer.objects.exists()
    page.goto(at(assessment))
    saved(page)
    expect(page.locator("textarea[name=notes]")).to_have_value("Not lost")
    assert Answer.objects.get().notes == "Not lost"


def test_what_is_kept_for_another_question_is_sent_from_the_next_page(
    owner: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment))
    page.context.route(
        "**/question/**", lambda route: route.abort() if route.request.method == "POST" else route.fallback()
    )
    box(page, "tested").check()
    expect(page.locator("[data-slot=saved]")).to_contain_text("connection lost")
    page.goto("about:blank")
    page.context.unroute_all()
    page.goto(at(assessment, "question/restore"))
    settled(page)
    assert list(Answer.objects.get().choices) == ["tested"]


def test_leaving_at_once_after_a_click_saves_it(owner: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment))
    box(page, "tested").check()
    page.click("a[rel=next]")
    page.wait_for_url("**/question/restore")
    page.goto(at(assessment))
    expect(box(page, "tested")).to_be_checked()
    saved(page)
    assert list(Answer.objects.get().choices) == ["tested"]


def test_an_answer_whose_confirmation_is_lost_is_no_conflict_with_oneself(
    owner: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment))

    def swallow(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.context.route("**/question/backup", swallow, times=1)
    box(page, "tested").check()
    expect(page.locator("[data-slot=saved]")).to_contain_text("connection lost")
    assert Answer.objects.get().revision == 1
    box(page, "copied").check()
    saved(page)
    assert sorted(Answer.objects.get().choices) == ["copied", "tested"]
    expect(page.locator(".conflict")).to_have_count(0)


def test_an_idle_page_shows_what_somebody_else_saved(
    owner: User, colleague: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment), has_own_clock=True)
    answered(colleague, assessment, "backup", "tested")
    page.clock.fast_forward(5_000)
    expect(page.locator("[data-slot=saved]")).to_contain_text("Cleo changed this question at")
    expect(box(page, "tested")).to_be_checked()
    box(page, "copied").check()
    saved(page)
    assert Answer.objects.get().revision == 2


def test_two_people_choose_whose_words_stay(owner: User, colleague: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment))
    page.context.route("**/questions/state/", lambda route: route.abort())
    theirs = chosen("tested", notes="Theirs")
    save_answer(user=colleague, assessment=assessment, question_id="backup", draft=theirs, base_revision=0)
    written(page, "Mine")
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("Cleo answered this question")
    expect(conflict).to_be_focused()
    assert Answer.objects.get().notes == "Theirs"
    page.click("text=Save what I chose")
    assert Answer.objects.get().revision == 1, "each field needs a choice"
    page.locator("input[name='take.notes'][value=mine]").check()
    page.locator("input[name='take.choice:tested'][value=stored]").check()
    page.click("text=Save what I chose")
    saved(page)
    expect(conflict).to_have_count(0)
    expect(box(page, "tested")).to_be_checked()
    answer = Answer.objects.get()
    assert (answer.notes, list(answer.choices), answer.revision) == ("Mine", ["tested"], 2)
    assert page.evaluate(KEPT) == 0


def test_a_question_of_the_list_opens_where_it_stands(owner: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment, "questions/"))
    page.locator(".row-question summary").nth(1).click()
    box(page, "timed").check()
    saved(page)
    expect(page.locator("[data-slot='dot:2'] .dot")).to_have_class("dot dot-MEDIUM")
    expect(page.locator("[data-slot=progress]")).to_contain_text("1 of 2 answered")
    page.locator("summary", has_text="Add evidence").click()
    page.get_by_label("Link").fill("https://example.com/drill")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".evidence")).to_contain_text("https://example.com/drill")


def test_the_keyboard_is_enough(owner: User, assessment: Assessment, opened: Open) -> None:
    page = opened(owner, at(assessment), has_own_clock=True)

    def reach(selector: str) -> None:
        for _ in range(80):
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached with Tab")

    reach("input[name=choice][value=tested]")
    page.keyboard.press("Space")
    saved(page)
    reach("input[name=choice][value=tested] ~ *, .choice-more summary")
    page.keyboard.press("Enter")
    reach("select[name='excuse.tested']")
    reach("textarea[name='notes.tested']")
    page.keyboard.type("By Rob")
    reach("textarea[name=notes]")
    revision(page, 2)
    reach("a[rel=next]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/question/restore")
    # Two keys are a shortcut only when they follow at once, which a busy machine does not promise.
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    page.keyboard.press("q")
    page.keyboard.press("p")
    page.wait_for_url("**/question/backup")
    assert Answer.objects.get().choices["tested"] == {"status": "SELECTED", "reason": "", "notes": "By Rob"}


def test_what_has_the_focus_is_never_behind_the_bar_at_the_bottom(
    owner: User, assessment: Assessment, opened: Open
) -> None:
    page = opened(owner, at(assessment))
    page.set_viewport_size({"width": 390, "height": 640})
    hidden = """() => {
        const bar = document.querySelector(".neighbours"), focused = document.activeElement;
        if (bar.contains(focused) || focused === document.body) return "";
        const { top, bottom } = focused.getBoundingClientRect();
        return top >= bar.getBoundingClientRect().top && bottom > 0 ? focused.outerHTML : "";
    }"""
    seen = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.name || document.activeElement.rel"))
        comes_to_nothing(page, hidden)  # the page moves a moment after the focus
        if page.evaluate("document.activeElement.matches('a[rel=next]')"):
            break
    assert {"choice", "notes", "assignee", "text", "next"} <= seen
