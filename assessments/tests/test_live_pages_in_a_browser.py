"""Pages that a worker fills in, in Chromium under the real policy: what is opened, focused and typed survives, and it ends."""

from collections.abc import Callable, Iterator

import pytest
from django.db.models.functions import Now
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assessments.models import Assessment, CheckResult, CheckRun, RunStatus, SyncKind, ToolSync
from assessments.tool_connect import connect
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """Opens an address as somebody; the test fails on any error of a script or breach of the policy."""
    wrong: list[str] = []
    contexts = []

    def open_as(user: User, address: str, *, has_scripts: bool = True) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, java_script_enabled=has_scripts)
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


def saw(run: CheckRun, check: str, outcome: str) -> None:
    CheckResult.objects.create(
        run=run, service=run.service, check_name=check, outcome=outcome, is_conclusive=True, sentence=f"It {outcome}."
    )


def test_the_checks_page_follows_a_run_and_keeps_what_is_open_focused_and_typed(
    owner: User, service: Service, account: AwsAccount, opened: Open
) -> None:
    run = CheckRun.objects.create(service=service, account=account, requested_by=owner, status=RunStatus.IN_PROGRESS)
    page = opened(owner, "/services/checkout/checks/")
    line = page.locator("#check-backups_recent")
    line.locator("summary").click()
    expect(page.locator("#checks-start")).to_be_disabled()
    page.locator("input[name=tag_key]").fill("application")
    line.locator("summary").focus()
    saw(run, "backups_recent", "Failed")
    expect(line.locator("summary .state")).to_have_attribute("data-status", "Failed")
    expect(page.locator("#checks-run")).to_contain_text("1 of")
    expect(line).to_have_attribute("open", "")
    expect(line.locator("summary")).to_be_focused()
    expect(page.locator("input[name=tag_key]")).to_have_value("application")
    CheckRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCESS, ended_at=Now())
    expect(page.locator("#checks-run .state")).to_have_attribute("data-status", "Success")
    expect(page.locator("#checks-start")).to_be_enabled()
    expect(page.locator("[hx-trigger='every 2s']")).to_have_count(0)
    expect(line).to_have_attribute("open", "")
    expect(page.locator("input[name=tag_key]")).to_have_value("application")


def test_without_scripts_the_checks_page_comes_again_by_itself_while_a_run_is_under_way(
    owner: User, service: Service, account: AwsAccount, opened: Open
) -> None:
    run = CheckRun.objects.create(service=service, account=account, requested_by=owner, status=RunStatus.IN_PROGRESS)
    page = opened(owner, "/services/checkout/checks/", has_scripts=False)
    expect(page.locator("#checks-run .state")).to_have_attribute("data-status", "InProgress")
    CheckRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCESS, ended_at=Now())
    expect(page.locator("#checks-run .state")).to_have_attribute("data-status", "Success")


def test_the_tools_page_tells_how_far_a_sync_is_and_how_it_ended(
    owner: User, assessment: Assessment, account: AwsAccount, opened: Open
) -> None:
    link = connect(user=owner, assessment=assessment, account=account, region="us-west-2")
    page = opened(owner, f"/assessments/{assessment.pk}/tool/")
    page.get_by_role("button", name="Compare").last.click()
    expect(page.locator("#tool-live")).to_contain_text("Waiting for a worker.")
    sync = ToolSync.objects.get(link=link, kind=SyncKind.COMPARE)
    changed = ToolSync.objects.filter(pk=sync.pk)
    changed.update(status=RunStatus.IN_PROGRESS, steps_done=12, steps_total=65)
    expect(page.locator("#tool-live")).to_contain_text("12 of 65 answers.")
    changed.update(status=RunStatus.FAILED, ended_at=Now(), status_message="AWS is away. Try again.")
    expect(page.locator("#tool-live")).to_contain_text("Comparison failed. AWS is away. Try again.")
    expect(page.locator("[hx-trigger='every 2s']")).to_have_count(0)
